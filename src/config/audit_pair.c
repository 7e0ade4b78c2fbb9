/* SPDX-License-Identifier: MIT */
/*
 * haproxy.cfg against keepalived.conf, and the two nodes' keepalived.conf against each other: what
 * is right in each file by itself, but keeps the pair from working. Warnings only: the files run as
 * they are. Called by `halb -c`, and at start.
 */
#include "config/config_vrrp.h"

#define OWNER 255
#define HIGHEST 254

/* ---- addresses that are listened on */

static bool is_wildcard(const struct inet *a)
{
	static const uint8_t zero[16];

	return memcmp(a->ip, zero, a->family == INET_V6 ? 16 : 4) == 0;
}

static bool is_loopback(const struct inet *a)
{
	static const uint8_t one[16] = {[15] = 1};

	return a->family == INET_V4 ? a->ip[0] == 127 : memcmp(a->ip, one, sizeof(one)) == 0;
}

/* An address that is known from the file: no name, no socket of another kind. */
static bool is_plain(const struct model_bind *b)
{
	return b->address.kind == ADDRESS_INET && !b->address.name &&
	       (b->address.inet.family == INET_V4 || b->address.inet.family == INET_V6);
}

/* Connections to the address reach this bind. */
static bool covers(const struct model_bind *b, const struct inet *vip)
{
	const struct inet *a = &b->address.inet;

	if (!is_plain(b))
		return false;
	if (!is_wildcard(a))
		return inet_equal_ip(a, vip);
	return a->family == vip->family || (a->family == INET_V6 && !b->v6only);
}

static bool listens_on(const struct model_proxy *p, const struct model_vrrp_address *list)
{
	for (const struct model_vrrp_address *a = list; a; a = a->next) {
		for (const struct model_bind *b = p->binds; b; b = b->next) {
			if (covers(b, &a->address))
				return true;
		}
	}
	return false;
}

bool config_binds_vip(const struct model_proxy *p, const struct model_vrrp *v)
{
	if (!(p->sides & PROXY_FRONTEND) || p->disabled)
		return false;
	for (const struct model_vrrp_instance *i = v->instances; i; i = i->next) {
		if (listens_on(p, i->addresses) || listens_on(p, i->excluded))
			return true;
	}
	return false;
}

static bool is_bound(const struct model *m, const struct inet *vip)
{
	for (const struct model_proxy *p = m->proxies; p; p = p->next) {
		if (p->disabled || !(p->sides & PROXY_FRONTEND))
			continue;
		for (const struct model_bind *b = p->binds; b; b = b->next) {
			if (covers(b, vip))
				return true;
		}
	}
	return false;
}

/* Only the owner of an address takes packets to it with no_accept. */
static bool drops_packets(const struct model_vrrp_instance *v)
{
	return !v->accept && v->priority != OWNER;
}

static void audit_unreachable(const struct model *m, const struct model_vrrp_instance *v,
			      const struct model_vrrp_address *a, struct diags *d)
{
	char text[INET_TEXT_BYTES];
	int n = (int)inet_print(text, &a->address);

	for (const struct model_proxy *p = m->proxies; p; p = p->next) {
		for (const struct model_bind *b = p->binds; b; b = b->next) {
			if (p->disabled || !covers(b, &a->address))
				continue;
			diag_add(d, DIAG_WARNING, b->file, b->line,
				 "nobody reaches 'bind %s' in '%s' at the virtual address %.*s: %s "
				 "of vrrp_instance '%s' (%s:%d) drops all packets to it. Write "
				 "'accept' there.",
				 b->word, p->name, n, text,
				 v->strict ? "strict mode" : "'no_accept'", v->name, v->file,
				 v->line);
		}
	}
}

static void audit_vips(const struct model *m, const struct model_vrrp_instance *v,
		       const struct model_vrrp_address *list, struct diags *d)
{
	char text[INET_TEXT_BYTES];

	for (const struct model_vrrp_address *a = list; a; a = a->next) {
		int n = (int)inet_print(text, &a->address);
		const char *open = a->address.family == INET_V6 ? "[" : "",
			   *close = *open ? "]" : "";

		if (drops_packets(v))
			audit_unreachable(m, v, a, d);
		else if (!is_bound(m, &a->address))
			diag_add(d, DIAG_WARNING, a->file, a->line,
				 "(%s) nothing listens on the virtual address %.*s: write 'bind "
				 "%s%.*s%s:PORT' in a frontend of haproxy.cfg, or 'bind %s:PORT'",
				 v->name, n, text, open, n, text, close, *open ? "[::]" : "*");
	}
}

/* A bind that is neither of this machine nor virtual fails when the proxy starts. */
static void audit_binds(const struct model *m, const struct model_vrrp *v,
			const struct config_pair_world *world, struct diags *d)
{
	for (const struct model_proxy *p = m->proxies; p; p = p->next) {
		for (const struct model_bind *b = p->binds; b; b = b->next) {
			const struct inet *a = &b->address.inet;

			if (p->disabled || !is_plain(b) || b->transparent || is_wildcard(a) ||
			    is_loopback(a) || model_vrrp_has_address(v, a))
				continue;
			if (world->is_local && !world->is_local(world->user, a))
				diag_add(d, DIAG_WARNING, b->file, b->line,
					 "'bind %s' in '%s' is neither an address of this machine "
					 "nor a virtual one of keepalived.conf: correct it, or add "
					 "it to virtual_ipaddress",
					 b->word, p->name);
		}
	}
}

/* ---- weights */

/* The four kinds of tracked things that are well or not (files hold numbers, which are not known).
 */
#define TRACK_LISTS 4

static const struct model_vrrp_track *track_list(const struct model_vrrp_instance *v,
						 unsigned int i)
{
	const struct model_vrrp_track *const lists[TRACK_LISTS] = {
	    v->track_interfaces, v->track_scripts, v->track_processes, v->track_bfds};

	return lists[i];
}

/* What a tracked thing adds to the priority. */
static int bonus(const struct model_vrrp_track *t, bool well)
{
	int sign = t->reverse ? -1 : 1;

	if (t->weight > 0)
		return well ? sign * t->weight : 0;
	return well ? 0 : sign * t->weight;
}

/* The priority when all is well but `failing` (NULL: all). */
static int effective(const struct model_vrrp_instance *v, const struct model_vrrp_track *failing)
{
	int priority = v->priority;

	if (priority == OWNER)
		return OWNER;
	for (unsigned int i = 0; i < TRACK_LISTS; i++) {
		for (const struct model_vrrp_track *t = track_list(v, i); t; t = t->next)
			priority += bonus(t, t != failing);
	}
	return priority < 1 ? 1 : priority > HIGHEST ? HIGHEST : priority;
}

static void audit_track(const struct model_vrrp_instance *v, const struct model_vrrp_track *t,
			struct diags *d)
{
	int well = effective(v, NULL), failing = effective(v, t);

	if (v->priority == OWNER || (!t->weight && !t->reverse))
		return;
	if (!t->weight)
		diag_add(d, DIAG_WARNING, v->file, v->line,
			 "(%s) tracking '%s' with 'weight 0 reverse' is a fault while it is well. "
			 "Remove 'reverse', unless that is meant.",
			 v->name, t->name);
	else if (failing > well)
		diag_add(d, DIAG_WARNING, v->file, v->line,
			 "(%s) tracking '%s' with weight %d reverse: the priority goes up, from %d "
			 "to %d, when it fails. Remove 'reverse', unless that is meant.",
			 v->name, t->name, t->weight, well, failing);
	else if (failing == well)
		diag_add(d, DIAG_WARNING, v->file, v->line,
			 "(%s) tracking '%s' with weight %d can never cause a failover: the "
			 "priority is %d with it and without it. Take a priority farther from 1 "
			 "and 254, or a larger weight.",
			 v->name, t->name, t->weight, well);
}

void config_audit_pair(const struct model *m, const struct model_vrrp *v,
		       const struct config_pair_world *world, struct diags *d)
{
	for (const struct model_vrrp_instance *i = v->instances; i; i = i->next) {
		audit_vips(m, i, i->addresses, d);
		audit_vips(m, i, i->excluded, d);
		for (unsigned int list = 0; list < TRACK_LISTS; list++) {
			for (const struct model_vrrp_track *t = track_list(i, list); t; t = t->next)
				audit_track(i, t, d);
		}
	}
	audit_binds(m, v, world, d);
}

/* ---- the two nodes */

struct twin {
	const struct model_vrrp_instance *here, *there;
	struct diags *d;
};

static void warn(const struct twin *t, const char *fmt, ...) printf_like(2, 3);

static void warn(const struct twin *t, const char *fmt, ...)
{
	struct buffer text;
	va_list args;

	buffer_init(&text, 4096);
	va_start(args, fmt);
	buffer_vprintf(&text, fmt, args);
	va_end(args);
	diag_add(t->d, DIAG_WARNING, t->here->file, t->here->line, "(%s) %s (%s:%d)", t->here->name,
		 buffer_text(&text), t->there->file, t->there->line);
	buffer_fini(&text);
}

/* What the thing of that name adds to another node's priority while it is well there. */
static int bonus_of(const struct model_vrrp_instance *v, unsigned int list, const char *name)
{
	for (const struct model_vrrp_track *t = track_list(v, list); t; t = t->next) {
		if (strcmp(t->name, name) == 0)
			return bonus(t, true);
	}
	return 0;
}

/* A failure on the better node must let the other one win. */
static void compare_weights(const struct twin *t)
{
	bool better = effective(t->here, NULL) > effective(t->there, NULL);
	const struct model_vrrp_instance *high = better ? t->here : t->there;
	const struct model_vrrp_instance *low = better ? t->there : t->here;
	int rival = effective(low, NULL);

	if (effective(high, NULL) == rival || high->priority == OWNER)
		return;
	for (unsigned int i = 0; i < TRACK_LISTS; i++) {
		for (const struct model_vrrp_track *k = track_list(high, i); k; k = k->next) {
			int failing = effective(high, k), shared = bonus_of(low, i, k->name), need;

			if (!k->weight || k->reverse || failing < rival)
				continue;
			need = failing - rival + 1 + shared - (k->weight < 0 ? k->weight : 0);
			warn(t,
			     "tracking '%s' with weight %d can never cause a failover: while it "
			     "fails the priority is %d, and the other node's %d. Take weight %d "
			     "on both nodes, or priorities that are nearer to each other",
			     k->name, k->weight, failing, rival, shared > 0 ? need : -need);
		}
	}
}

static void compare_priorities(const struct twin *t)
{
	if (t->here->priority == OWNER && t->there->priority == OWNER)
		warn(t, "both nodes have priority 255: both are master always. Only one node can "
			"own the addresses; take 254 or less on the other one");
	else if (t->here->priority == t->there->priority)
		warn(t,
		     "both nodes have priority %u: which one is master is left to their "
		     "addresses. Take two priorities",
		     t->here->priority);
	compare_weights(t);
}

static bool has_all(const struct model_vrrp_address *list, const struct model_vrrp_address *of)
{
	for (const struct model_vrrp_address *a = list; a; a = a->next) {
		const struct model_vrrp_address *b = of;

		while (b && !inet_equal_ip(&a->address, &b->address))
			b = b->next;
		if (!b)
			return false;
	}
	return true;
}

static bool same_addresses(const struct model_vrrp_address *a, const struct model_vrrp_address *b)
{
	return has_all(a, b) && has_all(b, a);
}

static void compare_adverts(const struct twin *t)
{
	const struct model_vrrp_instance *a = t->here, *b = t->there;

	if (a->version != b->version)
		warn(t,
		     "VRRP version %u here, %u there: each refuses the other's adverts, both are "
		     "master. Write 'version' the same",
		     a->version, b->version);
	if (a->advert_us != b->advert_us)
		warn(t, "'advert_int' is not the same: %g s here, %g s there. Write it the same",
		     (double)a->advert_us / 1e6, (double)b->advert_us / 1e6);
	if (a->auth != b->auth || memcmp(a->auth_pass, b->auth_pass, sizeof(a->auth_pass)) != 0)
		warn(t, "authentication is not the same: each refuses the other's adverts, both "
			"are master. Write 'auth_type' and 'auth_pass' the same");
	if (!same_addresses(a->addresses, b->addresses))
		warn(t, "the addresses in virtual_ipaddress are not the same: write the same ones");
	if (!same_addresses(a->excluded, b->excluded))
		warn(t, "the addresses in virtual_ipaddress_excluded are not the same: write the "
			"same ones");
	if (!a->unicast_peers != !b->unicast_peers)
		warn(t, "unicast on one node, multicast on the other: both are master. Write "
			"unicast_peer on both or on none");
	else if (!a->unicast_peers && !inet_equal_ip(&a->multicast, &b->multicast))
		warn(t, "two multicast groups: both nodes are master. Write the same one");
}

static bool names_peer(const struct model_vrrp_instance *v, const struct inet *address)
{
	for (const struct model_vrrp_peer *p = v->unicast_peers; p; p = p->next) {
		if (inet_equal_ip(&p->address, address))
			return true;
	}
	return !v->unicast_peers || address->family == INET_NONE;
}

static void compare_peers(const struct twin *t)
{
	if (!names_peer(t->here, &t->there->source) || !names_peer(t->there, &t->here->source))
		warn(t, "unicast_peer on one node lacks the unicast_src_ip of the other: write it "
			"there");
}

static const struct model_vrrp_instance *find_twin(const struct model_vrrp_instance *v,
						   const struct model_vrrp *there)
{
	const struct model_vrrp_instance *named = NULL;

	for (const struct model_vrrp_instance *o = there->instances; o; o = o->next) {
		if (o->vrid == v->vrid && o->family == v->family)
			return o;
		if (strcmp(o->name, v->name) == 0)
			named = o;
	}
	return named;
}

static void compare(const struct twin *t)
{
	if (t->here->vrid != t->there->vrid || t->here->family != t->there->family) {
		warn(t,
		     "virtual_router_id %u here, %u there, or another family: the nodes do not "
		     "hear each other, both are master. Write the same",
		     t->here->vrid, t->there->vrid);
		return;
	}
	compare_adverts(t);
	compare_peers(t);
	compare_priorities(t);
}

void config_audit_nodes(const struct model_vrrp *here, const struct model_vrrp *there,
			struct diags *d)
{
	for (const struct model_vrrp_instance *v = here->instances; v; v = v->next) {
		struct twin t = {v, find_twin(v, there), d};

		if (t.there)
			compare(&t);
		else
			diag_add(d, DIAG_WARNING, v->file, v->line,
				 "(%s) the other node has no vrrp_instance with virtual_router_id "
				 "%u: its addresses have no backup",
				 v->name, v->vrid);
	}
	for (const struct model_vrrp_instance *v = there->instances; v; v = v->next) {
		if (!find_twin(v, here))
			diag_add(d, DIAG_WARNING, v->file, v->line,
				 "(%s) the other node has no vrrp_instance with virtual_router_id "
				 "%u: its addresses have no backup",
				 v->name, v->vrid);
	}
}
