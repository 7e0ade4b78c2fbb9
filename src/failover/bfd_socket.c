/* SPDX-License-Identifier: MIT */
/* Receiving BFD packets. A socket for any address takes the place of those for one, because both
 * cannot have the port. */
#include "failover/bfd_socket.h"

#include <errno.h>
#include <stdlib.h>

#define RETRY_MS 60000
#define DRAIN_PACKETS 1024 /* of a socket at a time */
#define PACKET_BYTES 128   /* longer ones are cut, and refused for it */

struct receiver {
	struct list link;
	struct bfd_sockets *set;
	struct inet own;
	unsigned int index;
	struct io io; /* fd -1: the port is taken */
	uint64_t retry_ms;
};

void bfd_sockets_init(struct bfd_sockets *s, struct loop *l, const struct say *log)
{
	*s = (struct bfd_sockets){.loop = l, .log = log};
	list_init(&s->list);
}

/* It stays in the list, because it may be the one that is being read. */
static void receiver_retire(struct receiver *r)
{
	if (r->io.fd >= 0)
		io_close(&r->io);
	r->own.family = INET_NONE;
}

void bfd_sockets_close(struct bfd_sockets *s)
{
	struct list *node, *next;

	LIST_EACH_SAFE(node, next, &s->list) {
		struct receiver *r = LIST_ENTRY(node, struct receiver, link);

		receiver_retire(r);
		list_remove(&r->link);
		free(r);
	}
}

static void drain(struct receiver *r)
{
	struct bfd_sockets *s = r->set;
	unsigned int i;

	for (i = 0; i < DRAIN_PACKETS; i++) {
		uint8_t buf[PACKET_BYTES];
		struct raw_packet from;
		struct bfd_packet p;
		int got = raw_receive(r->io.fd, buf, sizeof(buf), &from);

		if (got <= 0)
			return;
		if (bfd_parse(from.bytes, &p))
			s->on_packet(s, &from, &p);
		if (r->io.fd < 0)
			return;
	}
}

static void on_ready(struct io *io)
{
	drain(container_of(io, struct receiver, io));
}

static const struct io_handler receiver_handler = {.name = "bfd", .on_ready = on_ready};

void bfd_sockets_drain(struct bfd_sockets *s)
{
	struct list *node;

	LIST_EACH(node, &s->list) {
		struct receiver *r = LIST_ENTRY(node, struct receiver, link);

		if (r->io.fd >= 0)
			drain(r);
	}
}

static bool is_any(const struct inet *a)
{
	static const uint8_t zero[sizeof(a->ip)];

	return memcmp(a->ip, zero, sizeof(zero)) == 0;
}

/* The one that hears `own`, or that has failed to. */
static struct receiver *find(const struct bfd_sockets *s, const struct inet *own,
			     unsigned int index)
{
	struct list *node;

	LIST_EACH(node, &s->list) {
		struct receiver *r = LIST_ENTRY(node, struct receiver, link);

		if (r->own.family == own->family &&
		    (is_any(&r->own) || (inet_equal_ip(&r->own, own) && r->index == index)))
			return r;
	}
	return NULL;
}

static bool listen_to(struct receiver *r)
{
	char text[INET_TEXT_BYTES];
	bool said = r->retry_ms != 0;
	int fd = raw_udp(r->own.family, &r->own, BFD_PORT, r->index);
	int error = fd;

	if (fd >= 0) {
		io_init(&r->io, r->set->loop, fd, &receiver_handler);
		error = io_watch(&r->io);
		if (error == 0)
			return true;
		io_close(&r->io);
	}
	r->retry_ms = r->set->loop->now_ms + RETRY_MS;
	text[inet_print(text, &r->own)] = '\0';
	if (!said)
		say(r->set->log, LOG_LEVEL_WARNING, "BFD: no port %d of %s (%s): going without",
		    BFD_PORT, text, strerror(-error));
	return false;
}

static void retire_family(struct bfd_sockets *s, uint8_t family)
{
	struct list *node;

	LIST_EACH(node, &s->list) {
		struct receiver *r = LIST_ENTRY(node, struct receiver, link);

		if (r->own.family == family)
			receiver_retire(r);
	}
}

bool bfd_sockets_need(struct bfd_sockets *s, const struct inet *own, unsigned int index)
{
	struct receiver *r = find(s, own, index);

	if (r && r->io.fd >= 0)
		return true;
	if (r)
		return s->loop->now_ms >= r->retry_ms && listen_to(r);
	if (is_any(own))
		retire_family(s, own->family);
	r = calloc(1, sizeof(*r));
	if (!r)
		return false;
	*r = (struct receiver){.set = s, .own = *own, .index = index};
	r->io.fd = -1;
	list_append(&s->list, &r->link);
	return listen_to(r);
}
