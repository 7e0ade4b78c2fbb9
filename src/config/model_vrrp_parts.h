/* SPDX-License-Identifier: MIT */
/* The parts of a keepalived model: addresses, routes, rules, tracked things, notify scripts. */
#ifndef CONFIG_MODEL_VRRP_PARTS_H
#define CONFIG_MODEL_VRRP_PARTS_H

#include "base/arena.h"
#include "base/check.h"
#include "base/inet.h"

#include <stdatomic.h>
#include <stdbool.h>

enum vrrp_auth { VRRP_AUTH_NONE, VRRP_AUTH_PASS, VRRP_AUTH_AH /* an error: not in any RFC now */ };

struct model_vrrp_address {
	struct model_vrrp_address *next;
	struct inet address;
	uint8_t prefix;    /* bits: 32 or 128 where the file names none */
	uint8_t scope;     /* rtnetlink's RT_SCOPE_*: 0 universe (global), 253 link, 254 host */
	const char *dev;   /* NULL: the instance's interface */
	const char *label; /* NULL: none */
	struct inet peer, broadcast; /* INET_NONE: none */
	bool no_track, home, nodad, noprefixroute, mngtmpaddr;
	bool deprecated; /* preferred lifetime 0: IPv6 /128, or "preferred_lft 0" */
	const char *file;
	int line;
};

struct model_vrrp_route {
	struct model_vrrp_route *next;
	uint8_t family;         /* enum inet_family */
	struct inet_net to;     /* prefix 0: default */
	struct inet via, src;   /* INET_NONE: none */
	const char *dev;        /* NULL: none */
	uint32_t table, metric; /* table 254 main unless set; metric 0: none */
	uint8_t type; /* rtnetlink's RTN_*: unicast 1, blackhole 6, unreachable 7, prohibit 8 */
	uint8_t scope, protocol; /* RT_SCOPE_*, RTPROT_* (keepalived: 18) */
	bool scope_set, no_track;
	uint32_t mtu; /* 0: none */
	const char *file;
	int line;
};

struct model_vrrp_rule {
	struct model_vrrp_rule *next;
	uint8_t family, action;   /* action: FR_ACT_* 1 to a table, 6 blackhole, 7 unreachable, 8
				     prohibit */
	struct inet_net from, to; /* family INET_NONE: any */
	const char *iif, *oif;
	uint32_t table, priority, fwmark, fwmask; /* priority 0: the kernel's choice */
	uint8_t tos;
	bool inverted, no_track;
	const char *file;
	int line;
};

struct model_vrrp_peer {
	struct model_vrrp_peer *next;
	struct inet address;
	uint8_t ttl_min, ttl_max; /* 0, 255 unless set */
};

/* A tracked thing of an instance or group: weight 0 means that its failure is a fault; else it is
 * added to the priority (positive: while well; negative: while failing). */
struct model_vrrp_track {
	struct model_vrrp_track *next;
	const char *name; /* of the interface, script, file, process or bfd */
	int weight;       /* -253 … 253; files: a multiplier */
	bool reverse;
	union { /* resolved; for interfaces nothing */
		struct model_vrrp_script *script;
		struct model_vrrp_file *file;
		struct model_vrrp_process *process;
		struct model_vrrp_bfd *bfd;
	};
};

/* A command: words as execv wants them, NULL-ended. */
struct model_command {
	const char *const *argv;  /* NULL: none */
	const char *user, *group; /* NULL: script_user */
	const char *file;
	int line;
};

struct model_vrrp_script {
	struct model_vrrp_script *next;
	const char *name, *file;
	int line;
	struct model_command command;
	bool asks_service; /* it only asks whether haproxy or halb lives: answered from inside */
	uint32_t interval_ms, timeout_ms; /* 1000; timeout 0: the interval */
	int weight;                       /* the default for track_script lines without one */
	bool weight_reverse;
	unsigned int fall, rise; /* 1, 1 */
	bool init_fail;
};

struct model_vrrp_file { /* its first number times the weight counts */
	struct model_vrrp_file *next;
	const char *name, *path, *file;
	int line;
	int weight; /* 1 */
	bool weight_reverse;
	bool init; /* init_file: made, with this value, where missing (or always: overwrite) */
	int init_value;
	bool overwrite;
};

struct model_vrrp_process {
	struct model_vrrp_process *next;
	const char *name, *file;
	int line;
	const char *process; /* the program's name, as /proc/PID/comm or the first word of cmdline
			      */
	const char *parameters; /* NULL: any */
	bool full_command, asks_service;
	unsigned int quorum, quorum_max; /* 1, UINT_MAX */
	uint32_t fork_delay_ms, terminate_delay_ms;
	int weight;
	bool weight_reverse;
};

struct model_vrrp_bfd {
	struct model_vrrp_bfd *next;
	const char *name, *file;
	int line;
	struct inet neighbor, source;              /* source INET_NONE: the kernel's choice */
	uint32_t min_tx_ms, min_rx_ms, idle_tx_ms; /* 10, 10, 1000 */
	unsigned int multiplier;                   /* 5 */
	bool passive;
	uint8_t ttl, max_hops;
	int weight; /* 0 */
	bool weight_reverse;
};

struct model_notify {
	struct model_command master, backup, fault, stop, deleted, all, master_rx_lower_prio;
};

#endif
