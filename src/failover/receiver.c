/* SPDX-License-Identifier: MIT */
/* Adverts as they come in: read, unwrapped, and given to the instance of their VRID. */
#include "failover/receiver.h"

#include "failover/instance.h"

#include "net/raw_socket.h"

#include "proto/vrrp_packet.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 64 /* packets a turn */

static bool is_for(const struct instance *i, const struct receiver *r,
		   const struct vrrp_origin *origin, int vrid)
{
	const struct inet *to = r->group.family == INET_NONE ? &i->source : &r->group;

	return i->receiver == r && i->conf->vrid == vrid && inet_equal_ip(&origin->destination, to);
}

static void deliver(struct receiver *r, const struct vrrp_origin *origin, struct span message)
{
	int vrid = vrrp_peek_vrid(message);
	struct list *node;

	LIST_EACH(node, &r->owner->instances) {
		struct instance *i = LIST_ENTRY(node, struct instance, link);

		if (!is_for(i, r, origin, vrid))
			continue;
		instance_receive(i, origin, message);
		return;
	}
}

static void take_apart(struct receiver *r, const struct raw_packet *p)
{
	struct vrrp_origin origin = {
	    .source = p->source, .destination = p->destination, .ttl = p->ttl};
	struct span message = p->bytes;

	if (r->family == INET_V4 && !vrrp_unwrap_ipv4(p->bytes, &origin, &message))
		return;
	deliver(r, &origin, message);
}

static void on_ready(struct io *io)
{
	struct receiver *r = container_of(io, struct receiver, io);
	uint8_t buf[VRRP_MAX_BYTES + 64 + 1];
	struct raw_packet packet;
	unsigned int n;

	r->users++; /* an instance may unbind meanwhile */
	for (n = 0; n < BATCH; n++) {
		if (raw_receive(io->fd, buf, sizeof(buf), &packet) != 1)
			break;
		take_apart(r, &packet);
	}
	receiver_put(r);
}

static const struct io_handler receiver_handler = {.name = "vrrp", .on_ready = on_ready};

static struct receiver *find(struct failover *f, uint8_t family, unsigned int index,
			     const struct inet *group)
{
	struct list *node;

	LIST_EACH(node, &f->receivers) {
		struct receiver *r = LIST_ENTRY(node, struct receiver, link);

		if (r->family == family && r->index == index && r->group.family == group->family &&
		    (group->family == INET_NONE || inet_equal_ip(&r->group, group)))
			return r;
	}
	return NULL;
}

int receiver_get(struct failover *f, uint8_t family, unsigned int index, const struct inet *group,
		 struct receiver **out)
{
	struct receiver *r = find(f, family, index, group);
	int fd, error;

	if (r) {
		r->users++;
		*out = r;
		return 0;
	}
	fd = raw_vrrp_receiver(family, index, group);
	if (fd < 0)
		return fd;
	r = calloc(1, sizeof(*r));
	if (!r) {
		close(fd);
		return -ENOMEM;
	}
	r->owner = f;
	r->family = family;
	r->index = index;
	r->group = *group;
	r->users = 1;
	io_init(&r->io, &f->loop, fd, &receiver_handler);
	error = io_watch(&r->io);
	if (error) {
		io_close(&r->io);
		free(r);
		return error;
	}
	list_append(&f->receivers, &r->link);
	*out = r;
	return 0;
}

void receiver_put(struct receiver *r)
{
	if (!r || --r->users > 0)
		return;
	io_close(&r->io);
	list_remove(&r->link);
	free(r);
}
