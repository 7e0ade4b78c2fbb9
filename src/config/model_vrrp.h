/* SPDX-License-Identifier: MIT */
/*
 * What a keepalived.conf says, checked and resolved: immutable, in one arena, counted references.
 * Names are keepalived's. Intervals are microseconds (VRRP versions count differently) or
 * milliseconds, as their names say. Priorities 1 … 254, 255 for the owner of the addresses.
 */
#ifndef CONFIG_MODEL_VRRP_H
#define CONFIG_MODEL_VRRP_H

#include "config/model_vrrp_parts.h"

#define VRRP_WEIGHT_FAULT 0 /* a tracked thing without weight: its failure is a FAULT */

struct model_garp { /* pacing of gratuitous ARP and unsolicited NA; delays in ms, intervals in µs */
	uint32_t master_delay_ms;   /* 5000; 0: no second round */
	unsigned int master_repeat; /* 5: at once, and again after the delay */
	uint32_t lower_prio_delay_ms;
	unsigned int lower_prio_repeat; /* when an advert of lower priority comes to a master */
	uint32_t master_refresh_ms;     /* 0: never */
	unsigned int master_refresh_repeat;
	uint32_t interval_us, gna_interval_us; /* between two of them */
	unsigned int extra_if;                 /* ms between two, on other links; 0: none */
};

struct model_vrrp_instance {
	struct model_vrrp_instance *next;
	const char *name, *file;
	int line;
	unsigned int index;
	const char *interface;
	uint8_t vrid, version, family; /* version 2 or 3; enum inet_family */
	uint8_t priority;
	bool start_master; /* "state MASTER" */
	bool nopreempt, accept, dont_track_primary, track_src_ip, strict, skip_check_adv_addr,
	    lower_prio_no_advert, higher_prio_send_advert, native_ipv6, promote_secondaries;
	uint32_t preempt_delay_ms;
	uint64_t advert_us;          /* v2: whole seconds; v3: centiseconds */
	uint32_t down_timer_adverts; /* 3 */
	bool use_vmac, vmac_xmit_base;
	const char *vmac_name; /* NULL: "vrrp.VRID" */
	struct inet source;    /* mcast_src_ip or unicast_src_ip; INET_NONE: the interface's */
	struct inet multicast; /* 224.0.0.18, ff02::12 */
	struct model_vrrp_peer *unicast_peers;
	uint8_t unicast_ttl_min, unicast_ttl; /* 255 unless set */
	bool check_unicast_src;
	enum vrrp_auth auth;
	char auth_pass[8];                               /* padded with zero bytes */
	struct model_vrrp_address *addresses, *excluded; /* the first go into adverts */
	unsigned int n_addresses;
	struct model_vrrp_route *routes;
	struct model_vrrp_rule *rules;
	struct model_vrrp_track *track_interfaces, *track_scripts, *track_files, *track_processes,
	    *track_bfds;
	struct model_garp garp;
	struct model_notify notify;
	struct model_vrrp_group *group; /* NULL: in none */
	unsigned int debug;
};

struct model_vrrp_group {
	struct model_vrrp_group *next;
	const char *name, *file;
	int line;
	struct model_vrrp_instance **members;
	unsigned int n_members;
	bool global_tracking;
	struct model_vrrp_track *track_interfaces, *track_scripts, *track_files, *track_processes,
	    *track_bfds;
	struct model_notify notify;
};

struct model_vrrp_global {
	const char *router_id; /* NULL: the host's name */
	uint8_t version;       /* 2 */
	uint32_t startup_delay_ms;
	const char *script_user, *script_group;
	bool enable_script_security;
	const char *notify_fifo, *notify_fifo_script, *vrrp_notify_fifo, *vrrp_notify_fifo_script;
	unsigned int notify_priority_changes;
	int priority, rt_priority; /* nice value (0: not set), SCHED_RR priority (0: halb's own) */
	bool no_swap;
	uint32_t bfd_interval_ms;    /* towards other halbs: 100; 0: none ("halb_bfd_interval") */
	unsigned int bfd_multiplier; /* 3 */
	uint32_t lease_ms;   /* of a VIP in the kernel: 2000; 0: no lease ("halb_vip_lease") */
	bool service_health; /* the health of the proxy's servers decides too: true */
	bool second_chance;  /* packets of connections that a peer holds go to it: true */
};

struct model_vrrp {
	struct arena arena;
	_Atomic unsigned int refs;
	struct model_vrrp_global global;
	struct model_vrrp_instance *instances; /* in order */
	unsigned int n_instances;
	struct model_vrrp_group *groups;
	struct model_vrrp_script *scripts;
	struct model_vrrp_file *files;
	struct model_vrrp_process *processes;
	struct model_vrrp_bfd *bfds;
};

struct model_vrrp *model_vrrp_new(void) must_check;
struct model_vrrp *model_vrrp_get(struct model_vrrp *m);
void model_vrrp_put(struct model_vrrp *m);
/* One of an instance's addresses, those excluded from adverts too. */
bool model_vrrp_has_address(const struct model_vrrp *m, const struct inet *address);

#endif
