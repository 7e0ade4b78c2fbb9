/* SPDX-License-Identifier: MIT */
/*
 * The kernel program at the ingress of a virtual IP's link, before the network stack: packets of
 * connections that another node holds are handed to it at layer 2 instead of being answered with a
 * RST. tools/bpf_embed makes second_chance_code.h of it. It must pass the verifier of Linux 6.1.
 *
 * Never a loop: what another node handed over stays here. Should three nodes each take the next one
 * for the owner, the frame still ends: as with any router, each hop costs one of its TTL.
 */
#include "failover/second_chance_map.h"

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))
#define SECTION(name) __attribute__((section(name), used))
#define BE16(n) ((__be16)__builtin_bswap16(n)) /* a little-endian machine's */
#define SECOND_NS 1000000000ull
#define V4_TTL 22 /* where the TTL stands in the frame: TTL, protocol, checksum */
#define V6_HOPS 21

/* Types of ICMP errors; linux/icmp.h needs headers of the C library, which has none for BPF. */
#define ICMP_UNREACHABLE 3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETER_PROBLEM 12
#define ICMP6_FIRST_ERROR 1
#define ICMP6_LAST_ERROR 4

/* Maps: tools/bpf_embed puts CHANCE_VIPS for chance_vips, and so on. */
struct map;
extern struct map chance_vips, chance_held, chance_counters, chance_limit;

static void *(*const map_lookup)(struct map *, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
/* A tick late at most, and a third of the price of the exact time. */
static __u64 (*const now_ns)(void) = (void *)BPF_FUNC_ktime_get_coarse_ns;
static long (*const pull_data)(struct __sk_buff *, __u32 bytes) = (void *)BPF_FUNC_skb_pull_data;
static long (*const store_bytes)(struct __sk_buff *, __u32 offset, const void *from, __u32 bytes,
				 __u64 flags) = (void *)BPF_FUNC_skb_store_bytes;
static long (*const redirect)(__u32 link, __u64 flags) = (void *)BPF_FUNC_redirect;
static long (*const clone_redirect)(struct __sk_buff *, __u32 link,
				    __u64 flags) = (void *)BPF_FUNC_clone_redirect;
static struct bpf_sock *(*const lookup_tcp)(struct __sk_buff *, const void *tuple, __u32 bytes,
					    __u64 netns,
					    __u64 flags) = (void *)BPF_FUNC_skc_lookup_tcp;
static long (*const check_cookie)(struct bpf_sock *, const void *ip, __u32 ip_bytes,
				  const struct tcphdr *,
				  __u32 tcp_bytes) = (void *)BPF_FUNC_tcp_check_syncookie;
static long (*const release)(struct bpf_sock *) = (void *)BPF_FUNC_sk_release;

struct mac {
	__u16 part[3];
} __attribute__((may_alias));

struct v6 {
	__u32 part[4];
} __attribute__((may_alias));

/* A frame whose headers are linear: of TCP, or an ICMP error. */
struct frame {
	const struct mac *to, *from;
	bool is_v4, is_tcp;
	const struct iphdr *v4; /* both: where the IP header is */
	const struct ipv6hdr *v6;
	const struct tcphdr *tcp; /* where what it carries begins */
};

INLINE bool same_mac(const void *a, const void *b)
{
	const struct mac *x = a, *y = b;

	return x->part[0] == y->part[0] && x->part[1] == y->part[1] && x->part[2] == y->part[2];
}

INLINE bool is_zero(const void *mac)
{
	const struct mac *m = mac;

	return !(m->part[0] | m->part[1] | m->part[2]);
}

INLINE void count(__u32 what)
{
	__u64 *n = map_lookup(&chance_counters, &what);

	if (n)
		++*n;
}

/* ---- what kind of a packet */

/* The first `bytes` of it, linear; false: it is shorter. */
INLINE bool read_linear(struct __sk_buff *skb, __u32 bytes, struct frame *f)
{
	const __u8 *data = (void *)(long)skb->data;

	if (data + bytes > (const __u8 *)(long)skb->data_end) {
		if (skb->len < bytes || pull_data(skb, bytes) != 0)
			return false;
		data = (void *)(long)skb->data;
		if (data + bytes > (const __u8 *)(long)skb->data_end)
			return false;
	}
	f->to = (const void *)data;
	f->from = f->to + 1;
	f->v4 = (const void *)(data + sizeof(struct ethhdr));
	f->v6 = (const void *)f->v4;
	return true;
}

INLINE bool read_v4(struct __sk_buff *skb, struct frame *f)
{
	const struct iphdr *ip;
	__u8 type;

	if (!read_linear(skb, ETH_HLEN + sizeof(*ip) + sizeof(*f->tcp), f))
		return false;
	ip = f->v4;
	if (ip->version != 4 || ip->ihl != 5 || ip->frag_off & BE16(0x3fff))
		return false;
	f->is_v4 = true;
	f->tcp = (const void *)(ip + 1);
	f->is_tcp = ip->protocol == IPPROTO_TCP;
	type = *(const __u8 *)(ip + 1);
	return f->is_tcp || (ip->protocol == IPPROTO_ICMP &&
			     (type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED ||
			      type == ICMP_PARAMETER_PROBLEM));
}

INLINE bool read_v6(struct __sk_buff *skb, struct frame *f)
{
	const struct ipv6hdr *ip;
	__u8 type;

	if (!read_linear(skb, ETH_HLEN + sizeof(*ip) + sizeof(*f->tcp), f))
		return false;
	ip = f->v6;
	if (ip->version != 6)
		return false;
	f->tcp = (const void *)(ip + 1);
	f->is_tcp = ip->nexthdr == IPPROTO_TCP;
	type = *(const __u8 *)(ip + 1);
	return f->is_tcp || (ip->nexthdr == IPPROTO_ICMPV6 && type >= ICMP6_FIRST_ERROR &&
			     type <= ICMP6_LAST_ERROR);
}

/* False: none of our business. */
INLINE bool read_frame(struct __sk_buff *skb, struct frame *f)
{
	if (skb->vlan_present)
		return false;
	if (skb->protocol == BE16(ETH_P_IP))
		return read_v4(skb, f);
	return skb->protocol == BE16(ETH_P_IPV6) && read_v6(skb, f);
}

/* ---- whom it is for */

INLINE void put_v4(struct chance_address *dst, __u32 ip)
{
	*(struct v6 *)dst = (struct v6){{0, 0, BE16(0xffff) << 16, ip}};
}

INLINE void put_address(struct chance_address *dst, const struct frame *f, bool of_client)
{
	if (f->is_v4)
		put_v4(dst, of_client ? f->v4->saddr : f->v4->daddr);
	else
		*(struct v6 *)dst = *(const struct v6 *)(of_client ? &f->v6->saddr : &f->v6->daddr);
}

/* NULL: the packet stays here, whatever it is. */
INLINE const struct chance_vip *find_vip(struct __sk_buff *skb, const struct frame *f)
{
	struct chance_vip_key key __attribute__((aligned(8)));
	const struct chance_vip *vip;

	put_address(&key.address, f, false);
	key.link = skb->ifindex;
	vip = map_lookup(&chance_vips, &key);
	if (!vip || is_zero(vip->peer_mac) || vip->valid_until_ns < now_ns())
		return NULL;
	if (!same_mac(f->to, vip->own_mac) &&
	    (is_zero(vip->virtual_mac) || !same_mac(f->to, vip->virtual_mac)))
		return NULL;
	return same_mac(f->from, vip->peer_mac) ? NULL : vip;
}

/* The MAC of the node that holds the connection; NULL: it is on no list. */
INLINE const __u8 *find_holder(const struct frame *f)
{
	struct chance_tuple tuple __attribute__((aligned(8)));
	const struct chance_holder *holder;

	put_address(&tuple.client, f, true);
	put_address(&tuple.address, f, false);
	tuple.client_port = f->tcp->source;
	tuple.port = f->tcp->dest;
	holder = map_lookup(&chance_held, &tuple);
	return holder ? holder->mac : NULL;
}

/* Whether a connection of ours is meant, or one that a SYN cookie of ours began. */
INLINE bool is_held_here(struct __sk_buff *skb, const struct frame *f)
{
	/* The addresses and ports as they stand in the packet are the tuple. */
	const void *tuple = f->is_v4 ? (const void *)&f->v4->saddr : (const void *)&f->v6->saddr;
	struct bpf_sock *sk;
	bool here;

	sk = f->is_v4 ? lookup_tcp(skb, tuple, 12, BPF_F_CURRENT_NETNS, 0)
		      : lookup_tcp(skb, tuple, 36, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	if (sk->state == BPF_TCP_LISTEN)
		here = f->tcp->ack && !f->tcp->syn &&
		       check_cookie(sk, f->v4, f->is_v4 ? sizeof(*f->v4) : sizeof(*f->v6), f->tcp,
				    sizeof(*f->tcp)) == 0;
	else
		here = sk->state != BPF_TCP_TIME_WAIT;
	release(sk);
	return here;
}

/* ---- where it goes */

struct verdict {
	const void *to; /* a MAC; NULL: it stays */
	__u32 counter;
	bool limited;
};

INLINE struct verdict on_connection(struct __sk_buff *skb, const struct frame *f,
				    const struct chance_vip *vip)
{
	const struct verdict stays = {NULL, CHANCE_HANDED_OVER, false};
	const __u8 *holder = NULL;

	/* The cheap questions first: an owner that knows of nothing elsewhere asks for no socket.
	 */
	if (vip->owner && vip->mode == CHANCE_OFF)
		return stays;
	if (vip->owner && vip->mode == CHANCE_LISTED) {
		holder = find_holder(f);
		if (!holder)
			return stays;
	}
	if (is_held_here(skb, f))
		return stays;
	if (!holder)
		holder = find_holder(f);
	if (!holder)
		return (struct verdict){vip->peer_mac, CHANCE_HANDED_OVER, true};
	if (same_mac(f->from, holder))
		return stays;
	return (struct verdict){holder, CHANCE_HANDED_OVER, false};
}

INLINE struct verdict decide(struct __sk_buff *skb, const struct frame *f,
			     const struct chance_vip *vip)
{
	/* To both: who holds the connection is not seen without looking inside the error. */
	if (!f->is_tcp)
		return (struct verdict){vip->peer_mac, CHANCE_ERRORS, true};
	if (f->tcp->syn && !f->tcp->ack)
		return (struct verdict){vip->owner ? NULL : vip->peer_mac, CHANCE_SYNS, false};
	return on_connection(skb, f, vip);
}

/* Packets of which no list knows are guesses: so many a second and CPU. */
INLINE bool within_limit(void)
{
	__u32 key = 0;
	struct chance_limit *l = map_lookup(&chance_limit, &key);
	__u64 now = now_ns();

	if (!l)
		return false;
	if (now - l->second_ns >= SECOND_NS) {
		l->second_ns = now;
		l->n = 0;
	}
	if (l->n >= CHANCE_LIMIT_PER_SECOND)
		return false;
	l->n++;
	return true;
}

/* ---- handing over */

/* What of the frame is changed for the way. */
struct outside {
	struct mac to, from;
	__u8 hops, protocol; /* IPv4: with the checksum behind */
	__u16 check;
};

INLINE struct outside outside_of(const struct frame *f)
{
	struct outside o = {.to = *f->to, .from = *f->from};

	if (f->is_v4) {
		o.hops = f->v4->ttl;
		o.protocol = f->v4->protocol;
		o.check = f->v4->check;
	} else {
		o.hops = f->v6->hop_limit;
	}
	return o;
}

/* In the IPv4 header the checksum makes up for the TTL: no sum of the whole changes. */
INLINE bool write_outside(struct __sk_buff *skb, bool v4, const struct outside *o)
{
	long error = v4 ? store_bytes(skb, V4_TTL, &o->hops, 4, 0)
			: store_bytes(skb, V6_HOPS, &o->hops, 1, BPF_F_RECOMPUTE_CSUM);

	return error == 0 && store_bytes(skb, 0, &o->to, 2 * ETH_ALEN, 0) == 0;
}

/* For the node `to`, one hop further: false where that was the last, or there is no memory. */
INLINE bool address_to(struct __sk_buff *skb, bool v4, struct outside o, const void *to,
		       const struct chance_vip *vip)
{
	__u32 check = (__u32)o.check + BE16(0x0100); /* RFC 1624, as the kernel's forwarding */

	if (o.hops <= 1)
		return false;
	o.to = *(const struct mac *)to;
	o.from = *(const struct mac *)vip->own_mac;
	o.hops--;
	o.check = (__u16)(check + (check >= 0xffff));
	return write_outside(skb, v4, &o);
}

SECTION("tc") int second_chance(struct __sk_buff *skb)
{
	struct frame f = {0};
	const struct chance_vip *vip;
	struct outside before;
	struct verdict v;
	bool v4, is_error;

	if (!read_frame(skb, &f))
		return TC_ACT_OK;
	vip = find_vip(skb, &f);
	if (!vip)
		return TC_ACT_OK;
	v = decide(skb, &f, vip);
	if (!v.to)
		return TC_ACT_OK;
	if (v.limited && !within_limit()) {
		count(CHANCE_LIMITED);
		return TC_ACT_OK;
	}
	/* Pointers into the packet end with the first byte written. */
	before = outside_of(&f);
	v4 = f.is_v4;
	is_error = !f.is_tcp;
	if (!address_to(skb, v4, before, v.to, vip))
		return TC_ACT_OK;
	if (!is_error) {
		count(v.counter);
		return (int)redirect(skb->ifindex, 0);
	}
	if (clone_redirect(skb, skb->ifindex, 0) == 0)
		count(v.counter);
	write_outside(skb, v4, &before);
	return TC_ACT_OK;
}

SECTION("license") const char chance_license[] = "Dual MIT/GPL";
