/* SPDX-License-Identifier: MIT */
/*
 * The virtual addresses of an instance, its routes and its rules: on the interface while it owns
 * them. Each is a lease: the kernel takes it away unless the failover thread renews it in time.
 */
#ifndef FAILOVER_ADDRESS_H
#define FAILOVER_ADDRESS_H

#include "failover/link.h"

#include "net/netlink.h"

struct instance;
struct model_vrrp_address;

struct vip {
	const struct model_vrrp_address *conf;
	struct link *link;
	unsigned int index; /* where it was or will be put: the link's, or its macvlan's; 0: none */
	uint8_t mac[6];
	bool set;    /* we put it there */
	bool native; /* it was there before us: the owner's own (priority 255), never touched */
};

struct vips {
	struct vip *all; /* virtual_ipaddress, then virtual_ipaddress_excluded */
	unsigned int n;
	bool owned; /* they are to be on the interface */
	uint64_t renewed_us;
	struct timer lease;
};

void address_init(struct instance *i);
void address_fini(struct instance *i);
/* Makes the list of what the instance's conf names; what is owned and stays is not touched, what is
 * new is added, what is gone removed. True where something was added while owned. */
bool address_configure(struct instance *i);
/* Links came, went or are others now. */
void address_relink(struct instance *i);
void address_take(struct instance *i);
void address_drop(struct instance *i);
/* Puts what is owned there again, whatever has become of it. */
void address_renew(struct instance *i);
/* Left by somebody who died: taken off. To be called before the start. */
void address_clean(struct instance *i);
/* The kernel says that an address has gone (or come): ours is put back. */
void address_seen(struct instance *i, const struct netlink_address *a);
/* The lease was not renewed in time: the kernel has taken the addresses away. */
bool address_lapsed(const struct instance *i);
/* One of the virtual addresses of any instance. */
bool address_is_virtual(const struct failover *f, const struct inet *a);

#endif
