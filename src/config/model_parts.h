/* SPDX-License-Identifier: MIT */
/* The parts of the configuration model that hang on a proxy: binds, servers, checks, cookies,
 * balance, logs, stats, replies. */
#ifndef CONFIG_MODEL_PARTS_H
#define CONFIG_MODEL_PARTS_H

#include "balance/balance.h"
#include "balance/hash_key.h"

#include "proto/check_dialogue.h"

#include "base/inet.h"
#include "base/log.h"

struct condition;  /* rule/condition.h */
struct log_format; /* rule/log_format.h */
struct model_proxy;

struct model_log {
	struct model_log *next;
	struct address to;
	unsigned int facility;
	enum log_level max_level, min_level; /* sent when min_level <= level <= max_level; less
						severe ones than max are dropped, more severe ones
						than min are shown as min */
	enum log_form form;
	unsigned int max_bytes; /* len */
	unsigned int sample_of; /* log … sample: 0 none */
	struct model_log_range {
		unsigned int from, to;
	} * sample_ranges; /* which of each sample_of lines are sent, counted from 1 */
	unsigned int n_sample_ranges;
	bool is_global; /* "log global" in a proxy, until config_finish_log puts the global ones in
			   its place */
};

enum bind_level { BIND_LEVEL_USER, BIND_LEVEL_OPERATOR, BIND_LEVEL_ADMIN };

struct model_bind { /* one listening address: ranges and lists are expanded */
	struct model_bind *next;
	struct address address;
	const char *word; /* the address as written, with this port: messages, passing listeners on
			   */
	const char *name; /* NULL: none */
	const char *interface; /* NULL: any */
	unsigned int id, maxconn, backlog, mss, nice;
	bool accept_proxy, v4v6, v6only, transparent, defer_accept;
	int unix_mode, unix_uid, unix_gid; /* -1: not set */
	enum bind_level level;             /* stats sockets */
	bool expose_fd_listeners;
	const char *file;
	int line;
};

enum observe_layer { OBSERVE_NONE, OBSERVE_LAYER4, OBSERVE_LAYER7 };

struct model_server {
	struct model_server *next;
	const char *name, *file;
	int line;
	unsigned int id, index; /* index: its place in the backend */
	struct address address; /* port 0 with port_offset semantics when `port_from_client` */
	bool port_from_client;  /* no port, or +N/-N: the client's destination port plus port_offset
				 */
	int port_offset;
	unsigned int weight; /* 0-256 */
	unsigned int maxconn, minconn, maxqueue;
	bool backup, disabled, check;
	uint32_t inter, fastinter, downinter; /* fastinter, downinter 0: as inter */
	int rise, fall;
	struct address check_address; /* kind inet, family none: the server's own */
	uint16_t check_port;          /* 0: the server's own */
	bool check_send_proxy;
	uint32_t slowstart;
	enum observe_layer observe; /* "observe"; where check is set without it: layer4 connection
				       refusals still count (DESIGN) */
	enum health_on_error on_error;
	unsigned int error_limit;
	bool on_marked_down_shutdown, on_marked_up_shutdown_backup;
	const char *track_name;     /* "backend/server" or "server" */
	struct model_server *track; /* resolved */
	struct model_proxy *track_proxy;
	struct span cookie;      /* value; p NULL: none */
	unsigned int send_proxy; /* 0, 1, 2 */
	int pool_max_conn;       /* idle connections kept, -1: no limit */
	uint32_t pool_purge_delay;
	int max_reuse; /* -1: no limit */
	struct inet source;
	const char *source_interface;
	const char *redir; /* prefix, or NULL */
	bool init_addr_none;
};

enum balance_key { KEY_NONE, KEY_SOURCE, KEY_URI, KEY_URL_PARAM, KEY_HDR };

struct model_balance {
	const struct balance_algorithm *algorithm; /* never NULL in a resolved model */
	enum balance_key key;
	const char *method;      /* as shown in stats: "roundrobin", "source", … */
	struct hash_key_uri uri; /* balance uri: depth, len, whole, path-only */
	struct span name;        /* url_param or hdr name */
	bool use_domain_only;
	unsigned int random_draws, hash_balance_factor;
	enum balance_hash_type hash_type;
	struct hash_key_type hash;
};

enum cookie_mode { COOKIE_PASSIVE, COOKIE_REWRITE, COOKIE_INSERT, COOKIE_PREFIX };

struct model_cookie {
	struct span name;
	enum cookie_mode mode;
	bool indirect, nocache, postonly, preserve, httponly, secure;
	uint32_t maxidle_s, maxlife_s;
	struct {
		const char **v;
		unsigned int n;
	} domains, attributes; /* "domain", "attr" */
};

struct model_forwarded { /* option forwardfor / originalto */
	bool on, if_none;
	struct inet_net except; /* address.family INET_NONE: none */
	struct span header;     /* "X-Forwarded-For" / "X-Original-To" by default */
};

struct model_capture {
	struct model_capture *next;
	struct span name;
	unsigned int max_bytes, index;
};

enum redirect_kind { REDIRECT_LOCATION, REDIRECT_PREFIX, REDIRECT_SCHEME };

struct model_redirect {
	struct model_redirect *next;
	enum redirect_kind kind;
	struct span to;
	unsigned int code; /* 301 302 303 307 308 */
	bool drop_query, append_slash, ignore_empty;
	struct span set_cookie; /* whole Set-Cookie value, p NULL: none */
	struct condition *condition;
	const char *file;
	int line;
};

enum reply_kind {
	REPLY_200,
	REPLY_400,
	REPLY_401,
	REPLY_403,
	REPLY_404,
	REPLY_405,
	REPLY_407,
	REPLY_408,
	REPLY_410,
	REPLY_413,
	REPLY_425,
	REPLY_429,
	REPLY_500,
	REPLY_501,
	REPLY_502,
	REPLY_503,
	REPLY_504,
	REPLY_KINDS
};

struct model_reply {          /* what stands in for a built-in answer */
	struct span raw;      /* errorfile: the whole response, checked; p NULL for errorloc */
	struct span location; /* errorloc */
	unsigned int code;    /* errorloc: 302 or 303 */
};

struct model_user {
	struct model_user *next;
	struct span name_and_password; /* "admin:admin" */
};

struct model_stats {
	bool enabled, hide_version, show_legends, show_node, show_modules;
	const char *node, *description; /* NULL: the global one */
	bool show_description;
	struct span uri, realm; /* "/haproxy?stats", "HAProxy Statistics" by default */
	struct model_user *users;
	uint32_t refresh_s;
	struct model_scope {
		struct model_scope *next;
		struct span name; /* "." : this proxy */
	} * scopes;
	bool admin;                        /* stats admin if … */
	struct condition *admin_condition; /* NULL with admin: always */
	const struct model_proxy *owner;   /* whose lines these are: a proxy with lines of its own
					      inherits none, as with haproxy */
};

enum check_kind { CHECK_KIND_TCP, CHECK_KIND_HTTP, CHECK_KIND_TCP_SCRIPT };

struct model_check {
	enum check_kind kind;
	struct check_dialogue dialogue; /* complete for every kind: also the plain TCP check is one
					   step */
	bool log_health_checks;

	/* what the lines say, from which config_finish_check makes the dialogue */
	struct model_check_rules {
		const struct check_step *v;
		unsigned int n;
		const struct model_proxy *owner; /* a proxy's first rule replaces those it inherited
						  */
		struct span comment; /* of a "comment" line, for the next rule; p NULL: none */
		unsigned int lines;  /* rules and comments: "at step N" counts both */
	} http_rules, tcp_rules;
	const struct check_step *httpchk_send; /* the request of the "option httpchk" line, or NULL
						*/
	bool send_state, disable_on_404;
};

/* 200 for REPLY_200 and so on; and back (REPLY_KINDS when there is no such reply). */
unsigned int reply_status(enum reply_kind k);
enum reply_kind reply_of_status(unsigned int status);

#endif
