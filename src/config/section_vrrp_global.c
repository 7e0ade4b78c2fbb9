/* SPDX-License-Identifier: MIT */
/*
 * global_defs, and the lone words of the top level: what all instances start with, what the process
 * is like, halb's own words, and those that have no meaning here, each with what is there instead.
 * global_defs is read before all other blocks, wherever it stands.
 */
#include "config/section_vrrp.h"

static void parse_global_defs(struct vrrp_reader *r, const struct node *n)
{
	block_expect_end(r, n, 1);
	block_read(r, n->children, BLOCK_GLOBAL, &r->globals);
}

static void parse_version(struct vrrp_reader *r, const struct node *n)
{
	long value;

	if (!block_parse_int(r, n, 1, 2, 3, &value))
		return;
	r->globals.global.version = r->globals.each.version = (uint8_t)value;
	block_expect_end(r, n, 2);
}

/* MS [MULTIPLIER] */
static void parse_bfd_interval(struct vrrp_reader *r, const struct node *n)
{
	struct model_vrrp_global *g = &r->globals.global;
	long ms, multiplier = g->bfd_multiplier;

	if (!block_parse_int(r, n, 1, 0, 10000, &ms) ||
	    (n->n_words > 2 && !block_parse_int(r, n, 2, 1, 255, &multiplier)))
		return;
	if (ms > 0 && ms < 10) {
		block_alert(r, n,
			    "'halb_bfd_interval' expects 10 to 10000 milliseconds, or 0: no "
			    "BFD (got '%s')",
			    n->words[1].p);
		return;
	}
	g->bfd_interval_ms = (uint32_t)ms;
	g->bfd_multiplier = (unsigned int)multiplier;
	block_expect_end(r, n, 3);
}

static void parse_lease(struct vrrp_reader *r, const struct node *n)
{
	long ms;

	if (!block_parse_int(r, n, 1, 0, 3600000, &ms))
		return;
	if (ms > 0 && ms < 1000) {
		block_alert(r, n,
			    "'halb_vip_lease' expects 1000 milliseconds or more, as the "
			    "kernel counts seconds, or 0: no lease (got '%s')",
			    n->words[1].p);
		return;
	}
	r->globals.global.lease_ms = (uint32_t)ms;
	block_expect_end(r, n, 2);
}

static void parse_service_health(struct vrrp_reader *r, const struct node *n)
{
	if (block_need_word(r, n, 1, "on or off"))
		block_parse_bool(r, n, 1, &r->globals.global.service_health);
	block_expect_end(r, n, 2);
}

static void parse_second_chance(struct vrrp_reader *r, const struct node *n)
{
	if (block_need_word(r, n, 1, "on or off"))
		block_parse_bool(r, n, 1, &r->globals.global.second_chance);
	block_expect_end(r, n, 2);
}

static void parse_group(struct vrrp_reader *r, const struct node *n)
{
	bool v6 = node_word_is(n, 0, "vrrp_mcast_group6");
	struct inet a;

	if (!block_parse_inet(r, n, 1, &a))
		return;
	if (v6 ? a.family != INET_V6 || a.ip[0] != 0xff || (a.ip[1] & 0xf) != 2
	       : a.family != INET_V4 || (a.ip[0] & 0xf0) != 0xe0) {
		block_alert(r, n, "'%s' expects a multicast address, %s (got '%s')", n->words[0].p,
			    v6 ? "ff02::/16" : "224.0.0.0/4", n->words[1].p);
		return;
	}
	*(v6 ? &r->globals.multicast6 : &r->globals.multicast4) = a;
	block_expect_end(r, n, 2);
}

#define GLOBAL(member) offsetof(struct vrrp_globals, global.member)
#define EACH(member) offsetof(struct vrrp_globals, each.member)

#define IGNORED(name, help)                                                                        \
	{                                                                                          \
		name, IN(GLOBAL), SETTING_IGNORED, 0, 0, 0, NULL, help                             \
	}
#define SILENT(name, help)                                                                         \
	{                                                                                          \
		name, IN(GLOBAL), SETTING_SILENT, 0, 0, 0, NULL, help                              \
	}
#define INSTEAD(name, help)                                                                        \
	{                                                                                          \
		name, IN(TOP), SETTING_INSTEAD, 0, 0, 0, NULL, help                                \
	}
#define NO_MAIL "it sends no mail; write a notify script that does"
#define NO_SNMP "it has no SNMP; ask the stats socket ('show vrrp') or the stats page"
#define NO_DBUS "it has no D-Bus; ask the stats socket ('show vrrp')"
#define NO_IPVS "it has no IPVS; write 'listen' sections in haproxy.cfg"
#define NO_CHECKER "servers are checked by the proxy; see 'check' in haproxy.cfg"
#define NO_FIREWALL "it drops packets to the addresses (no_accept) by itself; remove the line"
#define NO_CHILD "there is one process for VRRP and BFD; see vrrp_priority and vrrp_rt_priority"
#define NO_BUFFER "it sizes its sockets itself; remove the line"
#define NO_NAME "its processes have fixed names; remove the line"

SETTINGS(
    section_vrrp_global,
    {"global_defs", IN(TOP), SETTING_BLOCK, 0, 0, 0, parse_global_defs,
     "{ }: what all instances start with"},
    {"router_id", IN(GLOBAL), SETTING_TEXT, GLOBAL(router_id), 0, 0, NULL,
     "name of this machine, its host name unless set"},
    {"vrrp_version", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_version,
     "2|3: of all instances that say none"},
    {"vrrp_mcast_group4", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_group,
     "ADDRESS: 224.0.0.18 unless set"},
    {"vrrp_mcast_group6", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_group,
     "ADDRESS: ff02::12 unless set"},
    {"vrrp_startup_delay", IN(GLOBAL), SETTING_MS, GLOBAL(startup_delay_ms), 0, 3600000, NULL,
     "seconds before instances begin"},
    {"vrrp_priority", IN(GLOBAL), SETTING_INT, GLOBAL(priority), -20, 19, NULL, "nice value"},
    {"vrrp_rt_priority", IN(GLOBAL), SETTING_INT, GLOBAL(rt_priority), 1, 99, NULL,
     "real-time priority"},
    {"vrrp_no_swap", IN(GLOBAL), SETTING_ON, GLOBAL(no_swap), 0, 0, NULL, "its memory is locked"},
    {"vrrp_strict", IN(GLOBAL), SETTING_ON, EACH(strict), 0, 0, NULL, "only what the RFC has"},
    {"vrrp_check_unicast_src", IN(GLOBAL), SETTING_ON, EACH(check_unicast_src), 0, 0, NULL,
     "adverts only from unicast_peer addresses"},
    {"vrrp_skip_check_adv_addr", IN(GLOBAL), SETTING_BOOL, EACH(skip_check_adv_addr), 0, 0, NULL,
     "addresses in adverts of the same master are not compared again"},
    {"vrrp_lower_prio_no_advert", IN(GLOBAL), SETTING_BOOL, EACH(lower_prio_no_advert), 0, 0, NULL,
     "a master does not answer an advert of lower priority"},
    {"vrrp_higher_prio_send_advert", IN(GLOBAL), SETTING_BOOL, EACH(higher_prio_send_advert), 0, 0,
     NULL, "a master sends once more before it yields to a higher one"},
    {"vrrp_down_timer_adverts", IN(GLOBAL), SETTING_UINT, EACH(down_timer_adverts), 1, 100, NULL,
     "adverts that may be missing before a backup takes over"},
    {"default_interface", IN(GLOBAL), SETTING_TEXT,
     offsetof(struct vrrp_globals, default_interface), 0, 0, NULL, "of instances that name none"},
    {"halb_bfd_interval", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_bfd_interval,
     "MS [MULTIPLIER]: BFD between halbs, 100 3 unless set; 0: none"},
    {"halb_vip_lease", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_lease,
     "MS: how long an address outlives a frozen halb, 2000 unless set; 0: for ever"},
    {"halb_service_health", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_service_health,
     "on|off: the health of the proxy's servers decides who is master, too"},
    {"halb_second_chance", IN(GLOBAL), SETTING_PARSE, 0, 0, 0, parse_second_chance,
     "on|off: connections outlive a move of their address between two halbs"},
    IGNORED("notification_email", NO_MAIL), IGNORED("notification_email_from", NO_MAIL),
    IGNORED("smtp_server", NO_MAIL), IGNORED("smtp_helo_name", NO_MAIL),
    IGNORED("smtp_connect_timeout", NO_MAIL), IGNORED("smtp_alert", NO_MAIL),
    IGNORED("smtp_alert_vrrp", NO_MAIL), IGNORED("smtp_alert_checker", NO_MAIL),
    IGNORED("no_email_faults", NO_MAIL), IGNORED("no_checker_emails", NO_MAIL),
    IGNORED("snmp_socket", NO_SNMP), IGNORED("enable_snmp_keepalived", NO_SNMP),
    IGNORED("enable_snmp_vrrp", NO_SNMP), IGNORED("enable_snmp_checker", NO_SNMP),
    IGNORED("enable_snmp_rfc", NO_SNMP), IGNORED("enable_snmp_rfcv2", NO_SNMP),
    IGNORED("enable_snmp_rfcv3", NO_SNMP), IGNORED("enable_traps", NO_SNMP),
    IGNORED("enable_dbus", NO_DBUS), IGNORED("dbus_service_name", NO_DBUS),
    IGNORED("lvs_sync_daemon", NO_IPVS), IGNORED("lvs_timeouts", NO_IPVS),
    IGNORED("lvs_flush", NO_IPVS), IGNORED("lvs_flush_on_stop", NO_IPVS),
    IGNORED("lvs_flush_onstop", NO_IPVS), IGNORED("lvs_notify_fifo", NO_IPVS),
    IGNORED("lvs_notify_fifo_script", NO_IPVS), IGNORED("lvs_netlink_cmd_rcv_bufs", NO_IPVS),
    IGNORED("lvs_netlink_cmd_rcv_bufs_force", NO_IPVS),
    IGNORED("lvs_netlink_monitor_rcv_bufs", NO_IPVS),
    IGNORED("lvs_netlink_monitor_rcv_bufs_force", NO_IPVS), IGNORED("nftables_ipvs", NO_IPVS),
    IGNORED("nftables_ipvs_priority", NO_IPVS), IGNORED("nftables_ipvs_start_fwmark", NO_IPVS),
    IGNORED("net_namespace_ipvs", NO_IPVS), IGNORED("checker_log_all_failures", NO_CHECKER),
    IGNORED("rs_init_notifies", NO_CHECKER), IGNORED("checker_priority", NO_CHECKER),
    IGNORED("checker_no_swap", NO_CHECKER), IGNORED("checker_cpu_affinity", NO_CHECKER),
    IGNORED("checker_rt_priority", NO_CHECKER), IGNORED("checker_rlimit_rttime", NO_CHECKER),
    IGNORED("checker_rlimit_rtime", NO_CHECKER), IGNORED("nftables", NO_FIREWALL),
    IGNORED("nftables_priority", NO_FIREWALL), IGNORED("nftables_counters", NO_FIREWALL),
    IGNORED("nftables_ifindex", NO_FIREWALL), IGNORED("vrrp_iptables", NO_FIREWALL),
    IGNORED("vrrp_ipsets", NO_FIREWALL), IGNORED("namespace_with_ipsets", NO_FIREWALL),
    IGNORED("disable_local_igmp", NO_FIREWALL), IGNORED("bfd_priority", NO_CHILD),
    IGNORED("bfd_no_swap", NO_CHILD), IGNORED("bfd_cpu_affinity", NO_CHILD),
    IGNORED("bfd_rt_priority", NO_CHILD), IGNORED("bfd_rlimit_rttime", NO_CHILD),
    IGNORED("bfd_rlimit_rtime", NO_CHILD), IGNORED("process_names", NO_NAME),
    IGNORED("process_name", NO_NAME), IGNORED("vrrp_process_name", NO_NAME),
    IGNORED("checker_process_name", NO_NAME), IGNORED("bfd_process_name", NO_NAME),
    IGNORED("vrrp_cpu_affinity", "start it with taskset(1)"),
    SILENT("max_auto_priority", "its VRRP is real-time from the start"),
    SILENT("min_auto_priority_delay", "its VRRP is real-time from the start"),
    SILENT("vrrp_rlimit_rttime", "its own limit"), SILENT("vrrp_rlimit_rtime", "its own limit"),
    SILENT("vrrp_netlink_cmd_rcv_bufs", NO_BUFFER),
    SILENT("vrrp_netlink_cmd_rcv_bufs_force", NO_BUFFER),
    SILENT("vrrp_netlink_monitor_rcv_bufs", NO_BUFFER),
    SILENT("vrrp_netlink_monitor_rcv_bufs_force", NO_BUFFER),
    SILENT("process_monitor_rcv_bufs", NO_BUFFER),
    SILENT("process_monitor_rcv_bufs_force", NO_BUFFER), SILENT("vrrp_rx_bufs_policy", NO_BUFFER),
    SILENT("vrrp_rx_bufs_multiplier", NO_BUFFER),
    SILENT("dynamic_interfaces", "interfaces may come and go anyway"),
    SILENT("reload_check_config", "a reload with errors changes nothing anyway"),
    SILENT("fifo_write_vrrp_states_on_reload", "states are written after each reload"),
    SILENT("tmp_config_directory", "the files are read once"),
    SILENT("random_seed", "there is no ${_RANDOM}"),
    IGNORED("config_save_dir", "the files stay where they are; remove the line"),
    IGNORED("startup_script", "start it from the service's unit (ExecStartPre=)"),
    IGNORED("startup_script_timeout", "start it from the service's unit (ExecStartPre=)"),
    IGNORED("shutdown_script", "start it from the service's unit (ExecStopPost=)"),
    IGNORED("shutdown_script_timeout", "start it from the service's unit (ExecStopPost=)"),
    IGNORED("log_unknown_vrids", "such adverts are counted: 'show vrrp' on the stats socket"),
    IGNORED("vmac_prefix", "write 'use_vmac NAME' in the instance"),
    IGNORED("vmac_addr_prefix", "write 'use_vmac NAME' in the instance"),
    IGNORED("umask", "set it in the service's unit (UMask=)"),
    IGNORED("include_check", "write 'includea' where a file must be there"),
    IGNORED("reload_time_file", "reload it with a timer of the system"),
    IGNORED("reload_repeat", "reload it with a timer of the system"),
    IGNORED("reload_file", "write a new file beside the old one and rename it"),
    IGNORED("data_use_instance", "the data files have fixed names; remove the line"));

SETTINGS(section_vrrp_top,
	 INSTEAD("net_namespace", "start it in the namespace (ip netns exec NAME halb ...)"),
	 INSTEAD("static_ipaddress", "addresses that stay belong to the system's network "
				     "configuration (/etc/network/interfaces, systemd-networkd)"),
	 INSTEAD("static_routes", "routes that stay belong to the system's network configuration"),
	 INSTEAD("static_rules", "routing rules that stay belong to the system's network "
				 "configuration"),
	 {"track_group", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL,
	  "it is for static addresses, which belong to the system's network configuration"},
	 {"net_namespace_ipvs", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL, NO_IPVS},
	 {"namespace_with_ipsets", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL, NO_FIREWALL},
	 {"instance", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL, "name pid files with -p"},
	 {"use_pid_dir", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL, "name pid files with -p"},
	 {"linkbeat_use_polling", IN(TOP) | IN(GLOBAL), SETTING_IGNORED, 0, 0, 0, NULL,
	  "the kernel tells of links that go down; remove the line"},
	 {"linkbeat_interfaces", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL,
	  "the kernel tells of links that go down; remove the block"},
	 {"interface_up_down_delays", IN(TOP), SETTING_IGNORED, 0, 0, 0, NULL,
	  "an interface that is down is a fault at once; remove the block"},
	 {"child_wait_time", IN(TOP) | IN(GLOBAL), SETTING_SILENT, 0, 0, 0, NULL,
	  "its children end with it"});
