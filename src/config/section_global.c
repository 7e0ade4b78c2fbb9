/* SPDX-License-Identifier: MIT */
/*
 * The "global" section: what concerns the process as a whole. Scalars are rows; "log" is in
 * section_log.c. The words that steer what halb does by itself (cpu-map, tune.h2.*, …), or TLS,
 * which no line can ask for yet, are taken without effect, so that files that work today keep
 * working.
 */
#include "config/section_bind.h"
#include "config/section_core.h"

#include <limits.h>

#define AT(member) offsetof(struct model_global, member)

void config_global_init(struct model_global *g)
{
	g->uid = g->gid = -1;
	g->stats_timeout = 10000;
	g->stats_maxconn = 10;
	g->tune.bufsize = 16384;
	g->tune.maxrewrite = 1024;
	g->tune.maxaccept = 4;
	g->tune.http_maxhdr = 101;
	g->tune.http_logurilen = 1024;
	g->tune.http_cookielen = 63;
	g->tune.idle_pool_shared = true;
}

/* One word, the last of the line; NULL after a diagnostic that says what is expected. */
static const char *one_word(struct config_reader *r, const struct node *line, unsigned int at,
			    const char *what)
{
	if (!node_word(line, at).len) {
		config_alert(r, line, "'%s' expects %s.", line->words[at - 1].p, what);
		return NULL;
	}
	return config_expect_end(r, line, at + 1) ? line->words[at].p : NULL;
}

static bool parse_number(struct config_reader *r, const struct node *line, unsigned int at,
			 const char *instead, long *out)
{
	unsigned int value;

	if (node_word(line, at).len &&
	    (node_word(line, at).p[0] < '0' || node_word(line, at).p[0] > '9')) {
		config_alert(r, line,
			     "%s: string '%s' is not a number. You might want to use the '%s' "
			     "parameter to use a system name.",
			     line->words[at - 1].p, line->words[at].p, instead);
		return false;
	}
	if (!config_parse_uint(r, line, at, 0, INT_MAX, &value) ||
	    !config_expect_end(r, line, at + 1))
		return false;
	*out = (long)value;
	return true;
}

static void parse_uid(struct config_reader *r, const struct node *line, unsigned int at)
{
	(void)parse_number(r, line, at, "user", &r->model->global.uid);
}

static void parse_gid(struct config_reader *r, const struct node *line, unsigned int at)
{
	(void)parse_number(r, line, at, "group", &r->model->global.gid);
}

static void parse_user(struct config_reader *r, const struct node *line, unsigned int at)
{
	const char *name = one_word(r, line, at, "the name of a user");
	long id;

	if (!name)
		return;
	if (r->world->user_id && !r->world->user_id(r->world->user, name, &id))
		config_alert(r, line,
			     "cannot find user id for '%s'. Create it, for instance by 'useradd "
			     "--system %s'",
			     name, name);
	r->model->global.user = name;
}

static void parse_group(struct config_reader *r, const struct node *line, unsigned int at)
{
	const char *name = one_word(r, line, at, "the name of a group");
	long id;

	if (!name)
		return;
	if (r->world->group_id && !r->world->group_id(r->world->user, name, &id))
		config_alert(r, line,
			     "cannot find group id for '%s'. Create it, for instance by 'groupadd "
			     "--system %s'",
			     name, name);
	r->model->global.group = name;
}

static void parse_master_worker(struct config_reader *r, const struct node *line, unsigned int at)
{
	r->model->global.master_worker = true;
	if (node_word(line, at).len && !node_word_is(line, at, "no-exit-on-failure"))
		config_alert(
		    r, line,
		    "'master-worker' only supports 'no-exit-on-failure' option (got '%s').",
		    line->words[at].p);
	else
		config_expect_end(r, line, at + 1);
}

static bool is_node_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static void parse_node(struct config_reader *r, const struct node *line, unsigned int at)
{
	const char *name = one_word(r, line, at, "a node name");

	for (const char *c = name; c && *c; c++) {
		if (!is_node_char(*c)) {
			config_alert(r, line,
				     "'node' requires a valid node name - non-empty string with "
				     "digits(0-9), letters(A-Z, a-z), dot(.), "
				     "hyphen(-) or underscore(_) (got '%c').",
				     *c);
			return;
		}
	}
	if (name)
		r->model->global.node = name;
}

const char *config_parse_rest(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct buffer b;
	const char *text;

	if (!node_word(line, at).len) {
		config_alert(r, line, "'%s' expects a string argument.", line->words[at - 1].p);
		return NULL;
	}
	buffer_init(&b, 65536);
	for (unsigned int i = at; i < line->n_words; i++) {
		if (i > at)
			buffer_add_char(&b, ' ');
		buffer_add_span(&b, line->words[i]);
	}
	text = b.failed ? NULL : arena_copy(r->arena, buffer_span(&b));
	buffer_fini(&b);
	if (!text)
		config_alert(r, line, "out of memory");
	return text;
}

static void parse_description(struct config_reader *r, const struct node *line, unsigned int at)
{
	const char *text = config_parse_rest(r, line, at);

	if (text)
		r->model->global.description = text;
}

static void parse_stats_socket(struct config_reader *r, const struct node *line, unsigned int at)
{
	(void)config_parse_bind(r, line, at, true, &r->model->global.stats_sockets);
}

static void parse_stats_timeout(struct config_reader *r, const struct node *line, unsigned int at)
{
	uint32_t value = 0;

	if (!config_parse_time(r, line, at, &value) || !config_expect_end(r, line, at + 1))
		return;
	if (!value)
		config_alert(r, line, "'stats timeout' expects a positive value");
	else
		r->model->global.stats_timeout = value;
}

static void parse_close_spread_time(struct config_reader *r, const struct node *line,
				    unsigned int at)
{
	if (node_word_is(line, at, "infinite"))
		r->model->global.close_spread_time = UINT32_MAX;
	else if (!config_parse_time(r, line, at, &r->model->global.close_spread_time))
		return;
	config_expect_end(r, line, at + 1);
}

/* haproxy opens several groups of threads from 2.7 on; one is what halb needs. */
static void parse_thread_groups(struct config_reader *r, const struct node *line, unsigned int at)
{
	unsigned int groups;

	if (config_parse_uint(r, line, at, 1, 1, &groups))
		config_expect_end(r, line, at + 1);
}

static void parse_maxaccept(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (node_word_is(line, at, "-1"))
		r->model->global.tune.maxaccept = UINT_MAX;
	else if (!config_parse_uint(r, line, at, 1, INT_MAX, &r->model->global.tune.maxaccept))
		return;
	config_expect_end(r, line, at + 1);
}

static void parse_idle_pool_shared(struct config_reader *r, const struct node *line,
				   unsigned int at)
{
	bool on = node_word_is(line, at, "on");

	if (!on && !node_word_is(line, at, "off")) {
		config_alert(r, line,
			     "'tune.idle-pool.shared' expects either 'on' or 'off' but got '%s'.",
			     node_word(line, at).p);
		return;
	}
	if (config_expect_end(r, line, at + 1))
		r->model->global.tune.idle_pool_shared = on;
}

static void set_environment(struct config_reader *r, const struct node *line, unsigned int at,
			    bool keep)
{
	const struct config_world *w = r->world;
	const char *name = node_word(line, at).p;

	if (line->n_words < at + 2 || !name[0]) {
		config_alert(r, line, "'%s' expects a name and a value.", line->words[at - 1].p);
		return;
	}
	if (!config_expect_end(r, line, at + 2))
		return;
	if (w->set_env && !(keep && w->get_env && w->get_env(w->user, name)))
		w->set_env(w->user, name, line->words[at + 1].p);
}

static void parse_setenv(struct config_reader *r, const struct node *line, unsigned int at)
{
	set_environment(r, line, at, false);
}

static void parse_presetenv(struct config_reader *r, const struct node *line, unsigned int at)
{
	set_environment(r, line, at, true);
}

static void parse_unsetenv(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (!node_word(line, at).len)
		config_alert(r, line, "'unsetenv' expects at least one variable name.");
	for (; at < line->n_words && r->world->set_env; at++)
		r->world->set_env(r->world->user, line->words[at].p, NULL);
}

/* Only the variables that are named stay. */
static void parse_resetenv(struct config_reader *r, const struct node *line, unsigned int at)
{
	const struct config_world *w = r->world;
	const char **values = arena_array(r->arena, line->n_words, sizeof(char *));

	if (!values) {
		config_alert(r, line, "out of memory");
		return;
	}
	if (!w->get_env || !w->set_env)
		return;
	for (unsigned int i = at; i < line->n_words; i++) {
		const char *value = w->get_env(w->user, line->words[i].p);

		values[i] = value ? arena_strdup(r->arena, value) : NULL;
	}
	w->set_env(w->user, NULL, NULL);
	for (unsigned int i = at; i < line->n_words; i++) {
		if (values[i])
			w->set_env(w->user, line->words[i].p, values[i]);
	}
}

static void parse_default_path(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (!node_word_is(line, at, "current"))
		config_alert(r, line,
			     "'default-path %s' is known, but halb only does 'current' yet. Write "
			     "full paths instead",
			     node_word(line, at).p);
	else
		config_expect_end(r, line, at + 1);
}

static void parse_nbproc(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (!node_word_is(line, at, "1"))
		config_alert(r, line,
			     "nbproc is not supported any more; threads are used automatically "
			     "(nbthread). Remove the line");
}

#define IGNORED(name, why)                                                                         \
	{                                                                                          \
		name, IN_GLOBAL, KEYWORD_IGNORED, 0, 0, 0, NULL, "no effect: " why                 \
	}

KEYWORDS(section_global,
	 {"chroot", IN_GLOBAL, KEYWORD_TEXT, AT(chroot), 0, 0, NULL,
	  "folder that is the file system's root once started"},
	 {"close-spread-time", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_close_spread_time,
	  "taken without effect: idle connections close after their next answer"},
	 {"daemon", IN_GLOBAL, KEYWORD_FLAG, AT(daemon), 0, 0, NULL, "goes to the background"},
	 {"default-path", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_default_path,
	  "CURRENT: where relative paths begin"},
	 {"description", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_description,
	  "TEXT: shown on the statistics page"},
	 {"gid", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_gid, "NUMBER: group to run as"},
	 {"group", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_group, "NAME: group to run as"},
	 {"hard-stop-after", IN_GLOBAL, KEYWORD_TIME, AT(hard_stop_after), 0, 0, NULL,
	  "longest time that a soft stop may take"},
	 {"master-worker", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_master_worker,
	  "a master process watches the worker (as -W)"},
	 {"maxconn", IN_GLOBAL, KEYWORD_UINT, AT(maxconn), 0, INT_MAX, NULL,
	  "connections at a time in the whole process"},
	 {"maxconnrate", IN_GLOBAL, KEYWORD_UINT, AT(maxconnrate), 0, INT_MAX, NULL,
	  "connections accepted per second"},
	 {"nbproc", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_nbproc, "gone: threads are used"},
	 {"nbthread", IN_GLOBAL, KEYWORD_UINT, AT(nbthread), 1, 64, NULL,
	  "worker threads; one per core by default"},
	 {"node", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_node,
	  "NAME: this machine's on the statistics page"},
	 {"pidfile", IN_GLOBAL, KEYWORD_TEXT, AT(pidfile), 0, 0, NULL,
	  "file that gets the process's number"},
	 {"presetenv", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_presetenv,
	  "NAME VALUE: sets an environment variable that is not set"},
	 {"quiet", IN_GLOBAL, KEYWORD_FLAG, AT(quiet), 0, 0, NULL, "no messages at start"},
	 {"resetenv", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_resetenv,
	  "[NAME...]: unsets all environment variables but those named"},
	 {"setenv", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_setenv,
	  "NAME VALUE: sets an environment variable"},
	 {"spread-checks", IN_GLOBAL, KEYWORD_UINT, AT(spread_checks), 0, 50, NULL,
	  "percent of randomness in the times of checks"},
	 {"stats maxconn", IN_GLOBAL, KEYWORD_UINT, AT(stats_maxconn), 1, INT_MAX, NULL,
	  "connections at a time on stats sockets"},
	 {"stats socket", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_stats_socket,
	  "ADDRESS WORDS: where the runtime API listens; the words are those of bind"},
	 {"stats timeout", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_stats_timeout,
	  "TIME: idle time on a stats socket"},
	 {"thread-groups", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_thread_groups,
	  "groups of threads: 1"},
	 {"tune.bufsize", IN_GLOBAL, KEYWORD_UINT, AT(tune.bufsize), 1024, 1 << 24, NULL,
	  "bytes of a buffer, and of the longest head"},
	 {"tune.http.cookielen", IN_GLOBAL, KEYWORD_UINT, AT(tune.http_cookielen), 1, 65536, NULL,
	  "bytes of a captured cookie"},
	 {"tune.http.logurilen", IN_GLOBAL, KEYWORD_UINT, AT(tune.http_logurilen), 1, 65536, NULL,
	  "bytes of a request line in a log"},
	 {"tune.http.maxhdr", IN_GLOBAL, KEYWORD_UINT, AT(tune.http_maxhdr), 1, 32767, NULL,
	  "header fields of a message"},
	 {"tune.idle-pool.shared", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_idle_pool_shared,
	  "on|off: threads share idle server connections"},
	 {"tune.maxaccept", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_maxaccept,
	  "NUMBER: connections accepted in one go, -1 for no limit"},
	 {"tune.maxrewrite", IN_GLOBAL, KEYWORD_UINT, AT(tune.maxrewrite), 0, 1 << 24, NULL,
	  "bytes kept free for added header fields"},
	 {"uid", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_uid, "NUMBER: user to run as"},
	 {"ulimit-n", IN_GLOBAL, KEYWORD_UINT, AT(ulimit_n), 0, INT_MAX, NULL,
	  "open files of the process"},
	 {"unsetenv", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_unsetenv,
	  "NAME...: unsets environment variables"},
	 {"user", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_user, "NAME: user to run as"},
	 {"zero-warning", IN_GLOBAL, KEYWORD_FLAG, AT(zero_warning), 0, 0, NULL,
	  "does not start where there is a warning"});

KEYWORDS(section_global_ignored, IGNORED("busy-polling", "threads sleep when idle"),
	 IGNORED("ca-base", "TLS is not there yet"),
	 IGNORED("cluster-secret", "only peers and QUIC need it"),
	 IGNORED("cpu-map", "the kernel places the threads"),
	 IGNORED("crt-base", "TLS is not there yet"),
	 IGNORED("expose-deprecated-directives", "nothing is hidden"),
	 IGNORED("expose-experimental-directives", "nothing is hidden"),
	 IGNORED("fd-hard-limit", "maxconn decides"),
	 IGNORED("h2-workaround-bogus-websocket-clients", "HTTP/2 is not there yet"),
	 IGNORED("insecure-fork-wanted", "the worker never forks"),
	 IGNORED("insecure-setuid-wanted", "the worker never runs programs"),
	 IGNORED("issuers-chain-path", "TLS is not there yet"),
	 IGNORED("localpeer", "only peers need it"),
	 IGNORED("max-spread-checks", "checks are spread anyhow"),
	 IGNORED("maxpipes", "pipes are few"), IGNORED("maxsslconn", "TLS is not there yet"),
	 IGNORED("maxsslrate", "TLS is not there yet"),
	 IGNORED("mworker-max-reloads", "workers end with their connections"),
	 IGNORED("no-memory-trimming", "memory is not trimmed"),
	 IGNORED("noepoll", "epoll is what there is"), IGNORED("noevports", "not on Linux"),
	 IGNORED("nogetaddrinfo", "names are looked up by the system"),
	 IGNORED("nokqueue", "not on Linux"), IGNORED("nopoll", "epoll is used"),
	 IGNORED("noreuseport", "the guardian holds the sockets"),
	 IGNORED("nosplice", "it only saves copying"),
	 IGNORED("numa-cpu-mapping", "the kernel places the threads"),
	 IGNORED("prealloc-fd", "nothing to gain"), IGNORED("profiling.memory", "no profiling"),
	 IGNORED("profiling.tasks", "no profiling"),
	 IGNORED("set-dumpable", "the system's core settings apply"),
	 IGNORED("ssl-default-bind-ciphers", "TLS is not there yet"),
	 IGNORED("ssl-default-bind-ciphersuites", "TLS is not there yet"),
	 IGNORED("ssl-default-bind-curves", "TLS is not there yet"),
	 IGNORED("ssl-default-bind-options", "TLS is not there yet"),
	 IGNORED("ssl-default-bind-sigalgs", "TLS is not there yet"),
	 IGNORED("ssl-default-server-ciphers", "TLS is not there yet"),
	 IGNORED("ssl-default-server-ciphersuites", "TLS is not there yet"),
	 IGNORED("ssl-default-server-curves", "TLS is not there yet"),
	 IGNORED("ssl-default-server-options", "TLS is not there yet"),
	 IGNORED("ssl-dh-param-file", "TLS is not there yet"),
	 IGNORED("ssl-load-extra-del-ext", "TLS is not there yet"),
	 IGNORED("ssl-load-extra-files", "TLS is not there yet"),
	 IGNORED("ssl-server-verify", "TLS is not there yet"),
	 IGNORED("ssl-skip-self-issued-ca", "TLS is not there yet"),
	 IGNORED("strict-limits", "limits are strict"),
	 IGNORED("thread-group", "one group holds all threads"),
	 IGNORED("tune.buffers.limit", "buffers are lent, not allocated"),
	 IGNORED("tune.buffers.reserve", "buffers are lent"),
	 IGNORED("tune.comp.maxlevel", "compression is not there yet"),
	 IGNORED("tune.fd.edge-triggered", "always so"),
	 IGNORED("tune.h2.header-table-size", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.initial-window-size", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.max-concurrent-streams", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.max-frame-size", "HTTP/2 is not there yet"),
	 IGNORED("tune.disable-fast-forward", "bytes are always forwarded the short way"),
	 IGNORED("tune.disable-zero-copy-forwarding", "bytes are lent, not copied"),
	 IGNORED("tune.h1.zero-copy-fwd-recv", "bytes are lent, not copied"),
	 IGNORED("tune.h1.zero-copy-fwd-send", "bytes are lent, not copied"),
	 IGNORED("tune.h2.be.initial-window-size", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.be.max-concurrent-streams", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.fe.initial-window-size", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.fe.max-concurrent-streams", "HTTP/2 is not there yet"),
	 IGNORED("tune.h2.fe.max-total-streams", "HTTP/2 is not there yet"),
	 IGNORED("tune.memory.hot-size", "memory is the arena's"),
	 IGNORED("tune.ring.queues", "logs need no ring"),
	 IGNORED("tune.takeover-other-tg-connections", "one group holds all threads"),
	 IGNORED("tune.epoll.mask-events", "the loop decides"),
	 IGNORED("tune.max-rules-at-once", "rules are few"),
	 IGNORED("tune.idletimer", "pacing is the loop's"),
	 IGNORED("tune.listener.multi-queue", "the kernel shares connections out"),
	 IGNORED("tune.listener.default-shards", "the kernel shares connections out"),
	 IGNORED("tune.maxpollevents", "the loop decides"),
	 IGNORED("tune.pattern.cache-size", "no such cache"),
	 IGNORED("tune.peers.max-updates-at-once", "only peers need it"),
	 IGNORED("tune.pipesize", "the kernel decides"),
	 IGNORED("tune.pool-high-fd-ratio", "pool-max-conn decides"),
	 IGNORED("tune.pool-low-fd-ratio", "pool-max-conn decides"),
	 IGNORED("tune.rcvbuf.client", "the kernel sizes it"),
	 IGNORED("tune.rcvbuf.server", "the kernel sizes it"),
	 IGNORED("tune.recv_enough", "the loop decides"),
	 IGNORED("tune.runqueue-depth", "the loop decides"),
	 IGNORED("tune.sched.low-latency", "the loop decides"),
	 IGNORED("tune.sndbuf.client", "the kernel sizes it"),
	 IGNORED("tune.sndbuf.server", "the kernel sizes it"),
	 IGNORED("tune.ssl.cachesize", "TLS is not there yet"),
	 IGNORED("tune.ssl.capture-buffer-size", "TLS is not there yet"),
	 IGNORED("tune.ssl.capture-cipherlist-size", "TLS is not there yet"),
	 IGNORED("tune.ssl.default-dh-param", "TLS is not there yet"),
	 IGNORED("tune.ssl.force-private-cache", "TLS is not there yet"),
	 IGNORED("tune.ssl.hard-maxrecord", "TLS is not there yet"),
	 IGNORED("tune.ssl.keylog", "TLS is not there yet"),
	 IGNORED("tune.ssl.lifetime", "TLS is not there yet"),
	 IGNORED("tune.ssl.maxrecord", "TLS is not there yet"),
	 IGNORED("tune.ssl.ssl-ctx-cache-size", "TLS is not there yet"),
	 IGNORED("tune.vars.global-max-size", "variables are not there yet"),
	 IGNORED("tune.vars.proc-max-size", "variables are not there yet"),
	 IGNORED("tune.vars.reqres-max-size", "variables are not there yet"),
	 IGNORED("tune.vars.sess-max-size", "variables are not there yet"));
