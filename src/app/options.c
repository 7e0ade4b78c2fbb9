/* SPDX-License-Identifier: MIT */
/* The command line, as a table: haproxy's options are words that begin with one dash, some of them
 * more than one letter long. */
#include "app/options.h"

#include "app/options_keepalived.h"

#include "base/check.h"
#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

enum argument { NONE, ONE, MANY_PIDS };

struct option_row {
	const char *word;
	enum argument argument;
	void (*apply)(struct options *o, const char *value);
	const char *help;
};

static void on_check(struct options *o, const char *v)
{
	(void)v;
	o->check = true;
}

static void on_condition(struct options *o, const char *v)
{
	o->condition = v;
}

static void on_debug(struct options *o, const char *v)
{
	(void)v;
	o->foreground = o->verbose = true;
}

static void on_foreground(struct options *o, const char *v)
{
	(void)v;
	o->foreground = true;
}

static void on_daemon(struct options *o, const char *v)
{
	(void)v;
	o->daemon = true;
}

static void on_master(struct options *o, const char *v)
{
	(void)v;
	o->master = MASTER_ON;
}

static void on_master_notify(struct options *o, const char *v)
{
	(void)v;
	o->master = MASTER_NOTIFY;
}

static void on_file(struct options *o, const char *v)
{
	if (o->n_files < OPTIONS_MAX_FILES)
		o->files[o->n_files++] = v;
}

static void on_pidfile(struct options *o, const char *v)
{
	o->pidfile = v;
}

static void on_chdir(struct options *o, const char *v)
{
	o->chdir = v;
}

static void on_peer(struct options *o, const char *v)
{
	o->local_peer = v;
}

static unsigned int number(const char *v)
{
	uint64_t n = 0;

	return span_to_u64(span_of(v), UINT32_MAX, &n) ? (unsigned int)n : 0;
}

static void on_maxconn(struct options *o, const char *v)
{
	o->maxconn = number(v);
}

static void on_proxy_maxconn(struct options *o, const char *v)
{
	o->proxy_maxconn = number(v);
}

static void on_memory(struct options *o, const char *v)
{
	o->memory_mb = number(v);
}

static void on_quiet(struct options *o, const char *v)
{
	(void)v;
	o->quiet = true;
}

static void on_verbose(struct options *o, const char *v)
{
	(void)v;
	o->verbose = true;
}

static void on_zero_warning(struct options *o, const char *v)
{
	(void)v;
	o->zero_warning = true;
}

static void add_pid(struct options *o, const char *v)
{
	if (o->n_old_pids < OPTIONS_MAX_PIDS && number(v) > 0)
		o->old_pids[o->n_old_pids++] = (pid_t)number(v);
}

static void add_pid_to_end(struct options *o, const char *v)
{
	o->terminate_old = true;
	add_pid(o, v);
}

static void on_take_sockets(struct options *o, const char *v)
{
	o->take_sockets = v;
}

static void on_master_socket(struct options *o, const char *v)
{
	o->master_socket = v;
}

static void on_vrrp_file(struct options *o, const char *v)
{
	if (o->vrrp_file)
		o->peer_vrrp_file = v;
	else
		o->vrrp_file = v;
}

static void on_list(struct options *o, const char *v)
{
	(void)v;
	o->list_keywords = true;
}

static void on_clean(struct options *o, const char *v)
{
	(void)v;
	o->clean = true;
}

static void no_effect(struct options *o, const char *v)
{
	(void)o;
	(void)v;
}

static const struct option_row rows[] = {
    {"-f", ONE, on_file,
     "FILE|DIR  read this configuration file, or all *.cfg files of a folder; may be repeated"},
    {"-k", ONE, on_vrrp_file,
     "FILE  a keepalived.conf: hold its virtual IPs too, or alone. With -c a second one is "
     "compared: "
     "the other node's"},
    {"-c", NONE, on_check, "check the configuration and exit"},
    {"-cc", ONE, on_condition,
     "CONDITION  evaluate it as a .if line would: 0 true, 1 false, 2 malformed"},
    {"-d", NONE, on_debug, "stay in the foreground and say more"},
    {"-db", NONE, on_foreground, "stay in the foreground"},
    {"-D", NONE, on_daemon, "go into the background"},
    {"-W", NONE, on_master, "master-worker mode: SIGUSR2 or SIGHUP reloads"},
    {"-Ws", NONE, on_master_notify, "the same, telling systemd when it is ready"},
    {"-p", ONE, on_pidfile, "FILE  write the pid here"},
    {"-C", ONE, on_chdir, "DIR  change to this folder before reading files"},
    {"-L", ONE, on_peer, "NAME  the local peer's name"},
    {"-n", ONE, on_maxconn, "N  at most so many connections in all"},
    {"-N", ONE, on_proxy_maxconn, "N  at most so many connections in a proxy that sets no maxconn"},
    {"-m", ONE, on_memory, "MB  at most so much memory"},
    {"-q", NONE, on_quiet, "say nothing but errors"},
    {"-V", NONE, on_verbose, "say more"},
    {"-dW", NONE, on_zero_warning, "a warning in the configuration is an error"},
    {"-sf", MANY_PIDS, add_pid, "PID…  once started, ask these to finish and leave"},
    {"-st", MANY_PIDS, add_pid_to_end, "PID…  once started, end these at once"},
    {"-x", ONE, on_take_sockets,
     "SOCKET  take the listening sockets over from the process behind this stats socket"},
    {"-S", ONE, on_master_socket, "ADDRESS  the master's own runtime API (not yet)"},
    {"-dK", NONE, on_list, "list all keywords"},
    {"--list", NONE, on_list, "list all keywords"},
    {"--clean", NONE, on_clean,
     "remove virtual addresses that a halb which was killed has left, and exit"},
    {"-dM", NONE, no_effect, "no effect: for scripts that start haproxy so"},
    {"-dI", NONE, no_effect, "no effect"},
    {"-dL", NONE, no_effect, "no effect"},
    {"-de", NONE, no_effect, "no effect"},
    {"-dS", NONE, no_effect, "no effect"},
    {"-dr", NONE, no_effect, "no effect"},
    {"-dp", NONE, no_effect, "no effect"},
    {"-dG", NONE, no_effect, "no effect"},
};

static void print_version(const char *program, bool long_form)
{
	struct utsname u;

	if (strcmp(program, "haproxy") == 0)
		printf("HAProxy version 2.6.0-halb-%s (this is halb, called haproxy)\n",
		       HALB_VERSION);
	else
		printf("halb version %s, in place of\nHAProxy version 2.6.0\n", HALB_VERSION);
	if (uname(&u) == 0)
		printf("Running on: %s %s %s %s\n", u.sysname, u.release, u.version, u.machine);
	if (!long_form)
		return;
	printf("Build options :\n  TARGET  = linux-glibc\n  CC      = %s\n\n", __VERSION__);
	printf("Feature list : +EPOLL +THREAD +PCRE2 +CRYPT_H +GETADDRINFO +ACCEPT4 +NS -OPENSSL "
	       "-LUA\n\n");
	printf("Available polling systems :\n      epoll : pref=300,  test result OK\n");
}

static void print_help(const char *program, FILE *to)
{
	fprintf(to, "Usage: %s [-f FILE|DIR]… [OPTION]… [-- FILE…]\n", program);
	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].apply != no_effect)
			fprintf(to, "  %-6s %s\n", rows[i].word, rows[i].help);
	fprintf(to, "  -v     the version; -vv also how it was built\n");
}

static const struct option_row *find(const char *word)
{
	for (size_t i = 0; i < array_size(rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return &rows[i];
	return NULL;
}

/* Takes the option's values; returns the index of the next word, 0 where one is missing. */
static int apply(struct options *o, const struct option_row *row, int argc, char **argv, int i)
{
	switch (row->argument) {
	case NONE:
		row->apply(o, NULL);
		return i + 1;
	case ONE:
		if (i + 1 >= argc)
			return 0;
		row->apply(o, argv[i + 1]);
		return i + 2;
	default:
		for (i++; i < argc && argv[i][0] != '-'; i++)
			row->apply(o, argv[i]);
		return i;
	}
}

static enum options_result leave(int *status, int value)
{
	*status = value;
	return OPTIONS_EXIT;
}

enum options_result options_parse(struct options *o, int argc, char **argv, int *status)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	memset(o, 0, sizeof(*o));
	o->program = slash ? slash + 1 : argc > 0 ? argv[0] : "halb";
	if (strcmp(o->program, "keepalived") == 0)
		return options_parse_keepalived(o, argc, argv, status);
	for (int i = 1; i < argc;) {
		const struct option_row *row;
		const char *word = argv[i];

		if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "-vv") == 0) {
			print_version(o->program, argv[i][2] != '\0');
			return leave(status, 0);
		}
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			print_help(o->program, stdout);
			return leave(status, 0);
		}
		if (strcmp(argv[i], "--") == 0) {
			for (i++; i < argc; i++)
				on_file(o, argv[i]);
			break;
		}
		row = find(argv[i]);
		i = row ? apply(o, row, argc, argv, i) : 0;
		if (i == 0) {
			fprintf(stderr, row ? "%s: lacks its value.\n" : "%s: no such option.\n",
				word);
			print_help(o->program, stderr);
			return leave(status, 1);
		}
	}
	return OPTIONS_RUN;
}
