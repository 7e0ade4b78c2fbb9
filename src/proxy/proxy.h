/* SPDX-License-Identifier: MIT */
/*
 * A running proxy: what a model_proxy is at run time, and the program that holds them all. Made
 * before the threads start; the set of proxies and servers does not change while they run.
 */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "proxy/counters.h"

#include "balance/queue.h"

#include "config/model.h"

#include "net/log_sink.h"
#include "net/loop.h"

#include "base/diag.h"

#include <pthread.h>

struct server;
struct listener;
struct worker;
struct model_vrrp;

struct log_out { /* one "log" line at run time */
	const struct model_log *conf;
	struct log_sink sink;
	_Atomic uint64_t seen; /* lines so far: log … sample */
};

struct log_outs {
	struct log_out *v;
	unsigned int n;
	struct span tag, hostname;
};

/* New connections allowed in the second at hand: maxconnrate, rate-limit sessions. */
struct rate_gate {
	_Atomic uint64_t window; /* the second, and how many in it: second << 32 | count */
};

struct proxy {
	const struct model_proxy *conf;
	struct program *program;
	struct log_outs logs;
	_Atomic uint32_t log_counter; /* lines of requests so far: %lc */

	/* frontend */
	struct listener *listeners; /* array */
	unsigned int n_listeners;
	_Atomic uint32_t fe_connections; /* feconn */
	struct counter_set fe;
	_Atomic uint32_t fe_maxconn; /* 0: none */
	struct rate_gate fe_gate;
	_Atomic bool fe_disabled; /* by the runtime API */

	/* backend */
	_Atomic uint32_t be_connections; /* beconn: streams that use this backend */
	_Atomic uint32_t be_served;      /* of them, those on a server now */
	_Atomic uint32_t be_queued;      /* in the backend's and its servers' queues */
	struct counter_set be;
	pthread_spinlock_t lock; /* balance, queues, and the state of its servers; held for
				    nanoseconds */
	struct balance balance;
	struct queue queue;     /* of the backend as a whole */
	struct server *servers; /* array, in configuration order */
	unsigned int n_servers;
	uint64_t last_change_ms; /* up or down as a whole */
	uint64_t down_ms;        /* total */
	bool up;
	struct error_capture *bad_request, *bad_response; /* the last ones, see error_capture.h;
							     under the lock */
	bool dynamic_limits; /* some server has a minconn: see proxy_update_limits */
};

struct program {
	struct model *model;
	struct proxy *proxies; /* array, in the order of the files, indexed by model_proxy.index */
	unsigned int n_proxies;
	struct log_outs logs;    /* global's: for messages of no proxy */
	struct log_sink console; /* standard error, with fd -1 where halb is to be quiet */
	struct worker *workers;
	unsigned int n_threads;
	const char *name, *version; /* "haproxy" or "halb", for log lines */
	char host[256]; /* the machine's name, where log lines or checks show it; else empty */
	int pid;
	int64_t start_wall_us;
	uint64_t start_ms;
	_Atomic unsigned int threads_retired; /* have stopped listening for good */
	_Atomic bool stopping; /* soft stop: no new connections; leaves when the last one has gone
				*/
	_Atomic uint32_t actconn; /* all client connections */
	_Atomic uint32_t maxconn;
	struct rate_gate gate;
	_Atomic bool some_paused; /* a listener waits for the process's maxconn */
	_Atomic unsigned int errors_captured;
	struct counter_set totals;
	struct variable_set variables;     /* proc.*, under the lock */
	pthread_spinlock_t variables_lock; /* held for nanoseconds */
	_Atomic uint32_t next_stream_id;
	struct model_vrrp *vrrp; /* the virtual IPs this node may hold; NULL: none */
	/* A server's state changed, or is known now; any thread, no lock held. NULL: nobody asks.
	 */
	void (*on_health)(struct program *p);
};

/* Builds the run time of a model: proxies, servers, log sinks, counters; opens no listening
 * sockets. NULL after diagnostics (a name that does not resolve, a log target, memory). */
struct program *program_new(struct model *m, unsigned int n_threads, struct diags *d) must_check;
void program_free(struct program *p);
struct proxy *program_find_proxy(struct program *p, struct span name, unsigned int sides);
struct server *proxy_find_server(struct proxy *px, struct span name);
/* A message of this proxy at that level to its logs (px NULL: the global ones). Never blocks. */
void proxy_log(struct program *p, struct proxy *px, enum log_level level, const char *fmt, ...)
    printf_like(4, 5);
/* "[WARNING]  (PID) : TEXT" on standard error unless halb is quiet. Never blocks. */
/* In the background nobody reads standard error: before threads start. */
void program_leave_console(struct program *p);
void program_console(struct program *p, enum diag_level level, const char *text);
/* The finished line of a request. */
void proxy_log_line(struct program *p, struct proxy *px, enum log_level level, struct span line,
		    int64_t wall_us);

#endif
