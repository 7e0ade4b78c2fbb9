/* SPDX-License-Identifier: MIT */
/*
 * The immutable configuration: what the files say, checked and resolved. All of it lives in one
 * arena; streams hold references. Times are milliseconds, 0 means "not set" (no limit) unless said
 * otherwise. Run-time state is elsewhere (proxy/).
 */
#ifndef CONFIG_MODEL_H
#define CONFIG_MODEL_H

#include "config/model_parts.h"
#include "config/model_rules.h"

struct model_global {
	struct model_log *logs;
	const char *log_tag; /* NULL: the program's name */
	bool log_send_hostname;
	const char *log_hostname;                              /* NULL: the system's */
	unsigned int maxconn, maxconnrate, ulimit_n, nbthread; /* 0: automatic */
	bool daemon, master_worker, quiet, zero_warning;
	const char *pidfile, *chroot, *user, *group; /* user and group by name */
	long uid, gid;                               /* by number, -1: not set */
	const char *node, *description;
	struct model_bind *stats_sockets;
	uint32_t stats_timeout;
	unsigned int stats_maxconn;
	uint32_t hard_stop_after, close_spread_time;
	unsigned int spread_checks; /* percent */
	struct {
		unsigned int bufsize, maxrewrite, maxaccept, http_maxhdr, http_logurilen,
		    http_cookielen;
		bool idle_pool_shared;
	} tune;
};

enum proxy_mode { MODE_TCP, MODE_HTTP };
enum log_style { LOG_STYLE_DEFAULT, LOG_STYLE_TCP, LOG_STYLE_HTTP, LOG_STYLE_CLF, LOG_STYLE_OWN };
enum connection_mode { HTTP_KEEP_ALIVE, HTTP_SERVER_CLOSE, HTTP_CLOSE };
enum reuse_mode { REUSE_NEVER, REUSE_SAFE, REUSE_AGGRESSIVE, REUSE_ALWAYS };

enum retry_on {
	RETRY_CONN_FAILURE = 1 << 0,
	RETRY_EMPTY_RESPONSE = 1 << 1,
	RETRY_JUNK_RESPONSE = 1 << 2,
	RETRY_RESPONSE_TIMEOUT = 1 << 3,
	RETRY_0RTT_REJECTED = 1 << 4,
	RETRY_STATUS = 1 << 5, /* those in retry_status */
};

enum proxy_option { /* bits of model_proxy.options */
		    OPTION_ABORTONCLOSE = 1 << 0,
		    OPTION_ALLBACKUPS = 1 << 1,
		    OPTION_DONTLOGNULL = 1 << 2,
		    OPTION_DONTLOG_NORMAL = 1 << 3,
		    OPTION_LOGASAP = 1 << 4,
		    OPTION_LOG_HEALTH_CHECKS = 1 << 5,
		    OPTION_LOG_SEPARATE_ERRORS = 1 << 6,
		    OPTION_HTTP_NO_DELAY = 1 << 7,
		    OPTION_UNSAFE_REQUEST = 1 << 8,
		    OPTION_UNSAFE_RESPONSE = 1 << 9,
		    OPTION_CLITCPKA = 1 << 10,
		    OPTION_SRVTCPKA = 1 << 11,
		    OPTION_NOLINGER = 1 << 12,
		    OPTION_PREFER_LAST_SERVER = 1 << 13,
		    OPTION_PERSIST = 1 << 14,
		    OPTION_HTTP_IGNORE_PROBES = 1 << 15,
		    OPTION_SOCKET_STATS = 1 << 16,
		    OPTION_IDLE_CLOSE_ON_RESPONSE = 1 << 17,
		    OPTION_REDISPATCH = 1 << 18,
		    OPTION_HTTP_PRETEND_KEEPALIVE = 1 << 19,
		    OPTION_TCP_SMART_CONNECT = 1 << 20,
		    OPTION_CONTSTATS = 1 << 21,
};

struct model_timeouts {
	uint32_t client, client_fin, server, server_fin, connect, queue, check, http_request,
	    http_keep_alive, tunnel, tarpit;
};

#define PROXY_FRONTEND 1
#define PROXY_BACKEND 2

struct model_proxy {
	struct model_proxy *next;
	const char *name, *file, *description;
	int line;
	unsigned int id;    /* "id N" or assigned, as haproxy counts them */
	unsigned int sides; /* PROXY_FRONTEND | PROXY_BACKEND; 0 for defaults */
	unsigned int index; /* in the order of the files: run-time tables use it */
	bool disabled, is_listen;
	enum proxy_mode mode;
	unsigned int options; /* enum proxy_option */
	struct model_timeouts timeout;
	struct model_log *logs; /* with "log global" put in place already */
	const char *log_tag;
	struct log_format *log_format; /* httplog, tcplog, the default form, or log-format;
					  rule/log_format.h */
	enum log_style log_style;
	struct span log_format_text; /* "log-format", with LOG_STYLE_OWN */
	struct span unique_id_text;  /* "unique-id-format"; p NULL: none */
	struct log_format *unique_id_format;
	struct span unique_id_header; /* p NULL: none */

	/* as frontend */
	struct model_bind *binds;
	unsigned int maxconn, backlog, rate_limit_sessions;
	const char *default_backend_name;
	const char *default_backend_file; /* where the name stands */
	int default_backend_line;
	struct model_proxy *default_backend;
	struct use_backend *use_backends;
	struct span monitor_uri; /* p NULL: none */
	struct model_capture *request_captures, *response_captures;
	unsigned int n_request_captures, n_response_captures;
	struct span capture_cookie; /* name; p NULL: none */
	unsigned int capture_cookie_bytes;
	bool capture_cookie_prefix;

	/* either side, HTTP */
	enum connection_mode connection_mode;
	struct model_forwarded forwardfor, originalto;
	struct model_rules *rules;                /* NULL: none at all */
	struct acl *acls;                         /* while the files are read */
	struct model_reply *replies[REPLY_KINDS]; /* errorfile, errorloc: NULL means the built-in
						     one */
	struct model_stats *stats;                /* NULL: none */

	/* as backend */
	struct model_server default_server; /* what "server" lines start from; a defaults section
					       hands it on */
	struct model_server *servers;
	unsigned int n_servers;
	unsigned int fullconn; /* 0: 10 % of the sum of maxconn of the frontends that may route
				  here, as haproxy; computed */
	unsigned int retries, redispatch_every; /* redispatch_every: 1 = every retry, N: every Nth,
						   0: the last one only */
	unsigned int retry_on;                  /* enum retry_on */
	uint64_t retry_status[8]; /* bitmap of statuses 100 … 599, bit = status - 100 */
	struct model_balance balance;
	struct use_server *use_servers;
	struct model_cookie *cookie; /* NULL: none */
	enum reuse_mode reuse;
	struct model_check check;
	struct inet source; /* "source", INET_NONE when none */
	const char *source_interface;
	unsigned int max_keep_alive_queue;
};

/* A compiled regular expression of a check; PCRE2 owns its memory, so model_put frees each
 * (config_parts_free). */
struct model_regex {
	struct model_regex *next;
	struct check_regex *regex;
};

struct model_group;      /* section_userlist.c */
struct model_membership; /* section_userlist.c */

struct model {
	struct arena arena;
	_Atomic unsigned int refs;
	struct model_global global;
	struct model_proxy *proxies; /* frontends, backends, listens, in order; defaults are folded
					in */
	unsigned int n_proxies;
	struct model_regex *regexes;
	struct rule_program rules; /* what all rules share */
	struct model_http_errors *http_errors;
	struct model_group *groups; /* of userlists, while the files are read */
	struct model_membership *memberships;
};

/* The model with one reference, or NULL when out of memory. */
struct model *model_new(void) must_check;
struct model *model_get(struct model *m);
void model_put(struct model *m);
/* NULL when there is none with that name and any of those sides. */
struct model_proxy *model_find_proxy(const struct model *m, struct span name, unsigned int sides);
struct model_server *model_find_server(const struct model_proxy *p, struct span name);

/* Before it is used: the process's maxconn (0: not known yet, call again), which frontends without
 * one of their own take over (or proxy_maxconn, where that is not 0), and fullconn, by default 10 %
 * of what a backend's frontends may bring, rounded up. False when out of memory. */
bool model_fill_limits(struct model *m, unsigned int maxconn,
		       unsigned int proxy_maxconn) must_check;

#endif
