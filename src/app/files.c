/* SPDX-License-Identifier: MIT */
/* Reads files for the configuration reader, which may not touch the system, and prints what it
 * found. */
#include "app/files.h"

#include "app/ctl.h"

#include "net/privilege.h"
#include "net/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STANDS_FOR_VERSION "2.6.0"

void message_print(enum diag_level level, const char *fmt, ...)
{
	static const char *const words[] = {"[DIAG]", "[NOTICE]", "[WARNING]", "[ALERT]"};
	va_list args;

	fprintf(stderr, "%-10s (%d) : ", words[level], (int)getpid());
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void diags_print(const struct diags *d, bool quiet)
{
	struct list *node;
	struct buffer b;

	LIST_EACH(node, &d->all) {
		const struct diag *item = LIST_ENTRY(node, struct diag, link);

		if (quiet && item->level != DIAG_ALERT)
			continue;
		buffer_init(&b, 65536);
		diag_print(&b, item, (int)getpid());
		fwrite(b.p, 1, b.len, stderr);
		buffer_fini(&b);
	}
}

/* A whole regular file, or NULL with errno. */
static char *read_whole(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buffer b;
	char chunk[16384];
	ssize_t got = 0;

	if (fd < 0)
		return NULL;
	buffer_init(&b, CONFIG_FILE_MAX_BYTES);
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buffer_add(&b, chunk, (size_t)got);
	close(fd);
	if (got < 0 || b.failed) {
		errno = b.failed ? EFBIG : errno;
		buffer_fini(&b);
		return NULL;
	}
	*n = b.len;
	return b.p ? b.p : calloc(1, 1);
}

const char *files_get_env(void *user, const char *name)
{
	(void)user;
	return getenv(name);
}

static void set_env(void *user, const char *name, const char *value)
{
	(void)user;
	if (!name)
		clearenv();
	else if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

bool files_read(const char *path, struct arena *a, struct span *out, const char **error)
{
	size_t n = 0;
	char *bytes = read_whole(path, &n), *copy;

	if (!bytes) {
		*error = strerror(errno);
		return false;
	}
	copy = arena_copy(a, span_make(bytes, n));
	free(bytes);
	*error = "out of memory";
	*out = span_make(copy, n);
	return copy != NULL;
}

static bool read_file(void *user, const char *path, struct arena *a, struct span *out,
		      const char **error)
{
	(void)user;
	return files_read(path, a, out, error);
}

bool files_user_id(void *user, const char *name, long *uid)
{
	uid_t u;
	gid_t g;

	(void)user;
	if (privilege_find_user(name, &u, &g) != 0)
		return false;
	*uid = (long)u;
	return true;
}

static bool group_id(void *user, const char *name, long *gid)
{
	gid_t g;

	(void)user;
	if (privilege_find_group(name, &g) != 0)
		return false;
	*gid = (long)g;
	return true;
}

static void make_world(struct config_world *w, const struct options *o, char hostname[256])
{
	if (gethostname(hostname, 255) != 0)
		snprintf(hostname, 256, "localhost");
	*w = (struct config_world){.get_env = files_get_env,
				   .set_env = set_env,
				   .read_file = read_file,
				   .user_id = files_user_id,
				   .group_id = group_id,
				   .hostname = hostname,
				   .version = STANDS_FOR_VERSION,
				   .maxconn = o->maxconn,
				   .proxy_maxconn = o->proxy_maxconn};
	setenv("HAPROXY_LOCALPEER", o->local_peer ? o->local_peer : hostname, 1);
}

struct file_set {
	struct config_file v[OPTIONS_MAX_FILES + 1]; /* and our own */
	unsigned int n;
	struct arena arena;
};

static bool add_file(struct file_set *set, const char *path, struct diags *d)
{
	size_t n = 0;
	char *bytes;

	if (set->n == OPTIONS_MAX_FILES) {
		diag_add(d, DIAG_ALERT, NULL, 0,
			 "more than %d configuration files, join some of them", OPTIONS_MAX_FILES);
		return false;
	}
	bytes = read_whole(path, &n);
	if (!bytes) {
		diag_add(d, DIAG_ALERT, NULL, 0, "Could not open configuration file %s : %s", path,
			 strerror(errno));
		return false;
	}
	set->v[set->n].path = arena_strdup(&set->arena, path);
	set->v[set->n++].text = span_make(bytes, n);
	return true;
}

static int is_cfg(const struct dirent *e)
{
	return e->d_name[0] != '.' && span_ends_with(span_of(e->d_name), SPAN(".cfg"));
}

static bool add_folder(struct file_set *set, const char *path, struct diags *d)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_cfg, alphasort);
	bool ok = true;

	if (n < 0) {
		diag_add(d, DIAG_ALERT, NULL, 0, "Could not open configuration folder %s : %s",
			 path, strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		const char *whole = arena_printf(&set->arena, "%s/%s", path, entries[i]->d_name);

		ok = ok && whole && add_file(set, whole, d);
		free(entries[i]);
	}
	free(entries);
	return ok;
}

static bool gather(struct file_set *set, const struct options *o, struct diags *d)
{
	bool ok = true;
	struct stat st;

	for (unsigned int i = 0; i < o->n_files; i++) {
		if (stat(o->files[i], &st) == 0 && S_ISDIR(st.st_mode))
			ok &= add_folder(set, o->files[i], d);
		else
			ok &= add_file(set, o->files[i], d);
	}
	return ok;
}

static struct model *finish(struct model *m, const struct options *o, struct diags *d)
{
	diags_print(d, o->quiet);
	if (m && (o->zero_warning || m->global.zero_warning) && d->warnings) {
		message_print(DIAG_ALERT,
			      "config : some warnings were found and '%s' is set: they count as "
			      "errors. Aborting.",
			      o->zero_warning ? "-dW" : "zero-warning");
		model_put(m);
		return NULL;
	}
	if (!m) {
		for (unsigned int i = 0; i < o->n_files; i++)
			message_print(DIAG_ALERT,
				      "config : Error(s) found in configuration file : %s",
				      o->files[i]);
		message_print(DIAG_ALERT, "config : Fatal errors found in configuration.");
	}
	return m;
}

/* Whoever runs virtual IPs wants to ask and to release them, whatever the file says. */
static void add_own_socket(struct file_set *set, const struct options *o)
{
	static const char text[] = "global\nstats socket " CTL_SOCKET " mode 600 level admin\n";

	if (o->vrrp_file && !o->check && access("/run", W_OK) == 0)
		set->v[set->n++] = (struct config_file){"(halb)", SPAN(text)};
}

struct model *files_load(const struct options *o)
{
	struct file_set set = {.n = 0};
	struct config_world world;
	struct model *m = NULL;
	char hostname[256];
	struct diags d;
	unsigned int n_read;
	bool ok;

	diags_init(&d);
	arena_init(&set.arena, 4096, 0);
	make_world(&world, o, hostname);
	ok = gather(&set, o, &d);
	n_read = set.n;
	add_own_socket(&set, o);
	if (ok)
		m = config_read(set.v, set.n, &world, &d);
	m = finish(m, o, &d);
	for (unsigned int i = 0; i < n_read; i++)
		free((void *)(uintptr_t)set.v[i].text.p);
	arena_fini(&set.arena);
	diags_fini(&d);
	return m;
}

int files_eval_condition(const struct options *o)
{
	struct config_world world;
	char hostname[256];
	struct diags d;
	int result;

	diags_init(&d);
	make_world(&world, o, hostname);
	result = config_eval_condition(span_of(o->condition), &world, &d);
	diags_print(&d, o->quiet);
	diags_fini(&d);
	return result > 0 ? 0 : result == 0 ? 1 : 2;
}
