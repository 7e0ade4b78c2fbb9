/* SPDX-License-Identifier: MIT */
/* The parts of the configuration model that hang on a proxy: binds, servers, checks, cookies,
 * balance, logs, stats, replies. */
#ifndef CONFIG_MODEL_PARTS_H
#define CONFIG_MODEL_PARTS_H

#include "config/model_http.h"

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

#endif
