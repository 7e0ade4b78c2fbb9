/* SPDX-License-Identifier: MIT */
/*
 * What the nodes tell each other: each its state, every second and whenever it changes; and who has
 * lost an address, the list of connections that it still holds on it, until its new owner says that
 * it has the list whole. A frame counts when its tag is right, and it is newer than the last one of
 * its sender.
 */
#include "failover/peer_watch.h"
#include "failover/second_chance.h"
#include "failover/second_chance_priv.h"

#include "net/bpf.h"
#include "net/raw_socket.h"

#include <netinet/in.h>
#include <stdlib.h>

#define FRAMES_A_TURN 64
#define TELL_AGAIN_MS 500 /* a list that the peer does not have whole by then */
#define SWEEP_A_TIME 1000 /* entries looked at */
#define SILENT_MS 60000   /* a peer that was not heard for so long is forgotten */

/* The group of VRRP (224.0.0.18): switches let it through between those who speak VRRP. */
static const uint8_t group[6] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x12};

/* ---- sending */

static struct pair_key key_of(const struct chance *c)
{
	const struct vrrp_identity *id = &c->instance->identity;

	if (!id->password)
		return (struct pair_key){NULL, 0};
	return (struct pair_key){(const uint8_t *)id->auth_pass, sizeof(id->auth_pass)};
}

static void fill_header(struct chance *c, const uint8_t to[6], struct pair_header *h)
{
	*h = (struct pair_header){
	    .vrid = c->instance->conf->vrid,
	    .family = c->instance->conf->family,
	    .session = c->owner->session,
	    .sequence = ++c->owner->sequence,
	};
	memcpy(h->source, c->port->on->mac, 6);
	memcpy(h->destination, to, 6);
}

static bool send_frame(const struct chance *c, const uint8_t *frame, size_t n)
{
	return raw_frame_send(c->owner->f->frame_fd, c->port->index, span_make(frame, n)) == 0;
}

static void say_state_to(struct chance *c, const uint8_t to[6], uint64_t complete)
{
	const struct pair_state state = {
	    .owner = c->owned,
	    .capable = c->owner->diag != NULL,
	    .sender = c->instance->source,
	    .holding = c->owned     ? 0
		       : c->counted ? c->held
				    : 1,
	    .offered = c->owned ? 0 : c->offered,
	    .complete = complete,
	};
	const struct pair_key key = key_of(c);
	uint8_t frame[PAIR_MAX_FRAME];
	struct pair_header h;

	fill_header(c, to, &h);
	/* A frame that cannot go out is a lost one: the next second sends another. */
	(void)!send_frame(c, frame, pair_build_state(frame, &h, &state, &key));
}

void chance_say_state(struct chance *c)
{
	const struct failover *f = c->owner->f;

	if (c->port->index == 0 || c->instance->source.family == INET_NONE)
		return;
	if (f->peers && peer_watch_any_up(f->peers))
		say_state_to(c, group, 0);
	for (unsigned int n = 0; n < c->n_peers; n++)
		if (chance_peer_list_is_whole(&c->peers[n]))
			say_state_to(c, c->peers[n].mac, c->peers[n].number);
}

static unsigned int tuples_a_frame(const struct chance *c)
{
	return c->instance->conf->family == INET_V4 ? PAIR_TUPLES_V4 : PAIR_TUPLES_V6;
}

static unsigned int parts_of(const struct chance *c)
{
	unsigned int each = tuples_a_frame(c);

	return (c->offered_n + each - 1) / each;
}

static bool send_part(struct chance *c, const struct chance_peer *p, unsigned int part)
{
	unsigned int each = tuples_a_frame(c), from = part * each;
	const struct pair_list list = {
	    .number = c->offered,
	    .part = (uint16_t)part,
	    .parts = (uint16_t)parts_of(c),
	    .count = (uint16_t)(c->offered_n - from < each ? c->offered_n - from : each),
	    .tuples = c->set.tuples + from,
	};
	const struct pair_key key = key_of(c);
	uint8_t frame[PAIR_MAX_FRAME];
	struct pair_header h;

	fill_header(c, p->mac, &h);
	return send_frame(c, frame, pair_build_list(frame, &h, &list, &key));
}

/* True where more is to be said to this peer. */
static bool tell_peer(struct chance *c, struct chance_peer *p, unsigned int *budget)
{
	uint64_t now_ms = c->owner->f->loop.now_ms;

	if (!p->state.owner || p->state.complete == c->offered || !chance_peer_is_usable(c, p))
		return false;
	if (p->told != c->offered) {
		p->told = c->offered;
		p->next = 0;
	} else if (p->next == parts_of(c) && now_ms - p->told_ms >= TELL_AGAIN_MS) {
		p->next = 0;
	}
	while (p->next < parts_of(c) && *budget > 0) {
		if (!send_part(c, p, p->next))
			return true;
		p->next++;
		p->told_ms = now_ms;
		--*budget;
	}
	return p->next < parts_of(c);
}

void chance_tell(struct task *t)
{
	struct second_chance *s = container_of(t, struct second_chance, tell);
	unsigned int budget = FRAMES_A_TURN;
	struct list *node;
	bool more = false;

	LIST_EACH(node, &s->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		for (unsigned int n = 0; c->offered && n < c->n_peers; n++)
			more = tell_peer(c, &c->peers[n], &budget) || more;
	}
	if (more)
		task_queue(&s->f->loop, &s->tell);
}

/* ---- receiving */

static void forget_list(struct chance_peer *p)
{
	free(p->got);
	p->got = NULL;
	p->number = 0;
	p->parts = p->missing = 0;
}

void chance_peers_clear(struct chance *c)
{
	for (unsigned int n = 0; n < c->n_peers; n++)
		forget_list(&c->peers[n]);
	c->n_peers = 0;
}

static struct chance *find(const struct chance_port *port, uint8_t vrid, uint8_t family)
{
	struct list *node;

	LIST_EACH(node, &port->owner->chances) {
		struct chance *c = LIST_ENTRY(node, struct chance, link);

		if (c->port == port && c->instance->conf->vrid == vrid &&
		    c->instance->conf->family == family)
			return c;
	}
	return NULL;
}

/* The sender, perhaps a new one; NULL: there are too many. */
static struct chance_peer *peer_of(struct chance *c, const uint8_t mac[6])
{
	uint64_t now_ms = c->owner->f->loop.now_ms;
	struct chance_peer *p = NULL;

	for (unsigned int n = 0; n < c->n_peers; n++) {
		if (memcmp(c->peers[n].mac, mac, 6) == 0)
			return &c->peers[n];
		if (now_ms - c->peers[n].heard_ms > SILENT_MS)
			p = &c->peers[n];
	}
	if (p)
		forget_list(p);
	else if (c->n_peers < CHANCE_MAX_PEERS)
		p = &c->peers[c->n_peers++];
	else
		return NULL;
	*p = (struct chance_peer){0};
	memcpy(p->mac, mac, 6);
	return p;
}

static bool is_newer(const struct chance_peer *p, const struct pair_header *h)
{
	return h->session > p->session || (h->session == p->session && h->sequence > p->sequence);
}

static void say_usable(struct chance *c, struct chance_peer *p)
{
	bool usable = chance_peer_is_usable(c, p);
	char text[INET_TEXT_BYTES];

	if (usable && !p->usable_before) {
		text[inet_print(text, &p->state.sender)] = '\0';
		chance_log(c, LOG_LEVEL_INFO, "connections outlive a move to and from %s", text);
	}
	p->usable_before = usable;
}

/* What goes to the group says nothing of lists. */
static void on_state(struct chance *c, struct chance_peer *p, const struct pair_state *s,
		     bool is_new)
{
	uint64_t complete = s->complete || is_new ? s->complete : p->state.complete;

	p->state = *s;
	p->state.complete = complete;
	if (s->owner)
		p->owner_ms = c->owner->f->loop.now_ms;
	if (s->holding == 0 && p->number)
		forget_list(p);
	say_usable(c, p);
	chance_write(c);
	status_write(c->instance);
	if (is_new)
		chance_say_state(c);
	if (c->offered && p->state.complete != c->offered)
		task_queue(&c->owner->f->loop, &c->owner->tell);
}

static bool begin_list(struct chance_peer *p, const struct pair_list *l)
{
	if (p->number == l->number && p->parts == l->parts)
		return true;
	forget_list(p);
	p->got = calloc(l->parts / 8 + 1, 1);
	if (!p->got)
		return false;
	p->number = l->number;
	p->parts = p->missing = l->parts;
	return true;
}

static void take_tuples(const struct chance *c, const struct chance_peer *p,
			const struct pair_message *m)
{
	struct chance_holder holder = {0};

	memcpy(holder.mac, p->mac, sizeof(holder.mac));
	for (unsigned int n = 0; !c->owner->off && n < m->list.count; n++) {
		struct chance_tuple key = {0};
		struct pair_tuple t;

		pair_list_tuple(m, n, &t);
		chance_address_of(&t.client, &key.client);
		chance_address_of(&t.address, &key.address);
		key.client_port = htons(t.client.port);
		key.port = htons(t.address.port);
		if (chance_has_address(c, &t.address) &&
		    bpf_map_set(c->owner->maps[CHANCE_HELD], &key, &holder) != 0)
			return; /* full: what is not there goes the way of unknown ones */
	}
}

static void on_list(struct chance *c, struct chance_peer *p, const struct pair_message *m)
{
	unsigned int byte = m->list.part / 8;
	uint8_t bit = (uint8_t)(1u << (m->list.part % 8));

	if (!begin_list(p, &m->list) || p->missing == 0 || (p->got[byte] & bit))
		return;
	take_tuples(c, p, m);
	p->got[byte] |= bit;
	if (--p->missing > 0)
		return;
	chance_write(c);
	chance_say_state(c);
}

static void refuse(struct second_chance *s, enum pair_verdict v)
{
	if (s->refused[v]++ == 0)
		failover_log(s->f, LOG_LEVEL_WARNING, "second chance: refused a frame: %s",
			     pair_verdict_text(v));
}

static void take_frame(struct chance *c, struct chance_peer *p, const struct pair_message *m)
{
	bool is_new = m->header.session != p->session;

	if (is_new && m->kind != PAIR_STATE)
		return;
	if (is_new)
		forget_list(p);
	p->session = m->header.session;
	p->sequence = m->header.sequence;
	p->heard_ms = c->owner->f->loop.now_ms;
	if (m->kind == PAIR_STATE)
		on_state(c, p, &m->state, is_new);
	else
		on_list(c, p, m);
}

static void on_frame(struct chance_port *port, struct span frame)
{
	struct pair_message m;
	enum pair_verdict v;
	struct chance_peer *p;
	struct pair_key key;
	struct chance *c;
	uint8_t vrid, family;

	if (!pair_peek(frame, &vrid, &family))
		return;
	c = find(port, vrid, family);
	if (!c)
		return;
	key = key_of(c);
	v = pair_parse(frame, &key, &m);
	if (v != PAIR_OK) {
		refuse(port->owner, v);
		return;
	}
	p = memcmp(m.header.source, port->on->mac, 6) ? peer_of(c, m.header.source) : NULL;
	if (!p || !is_newer(p, &m.header))
		return;
	take_frame(c, p, &m);
}

static void on_ready(struct io *io)
{
	struct chance_port *port = container_of(io, struct chance_port, io);
	uint8_t frame[PAIR_MAX_FRAME + 1];
	struct raw_packet packet;

	for (unsigned int n = 0; n < FRAMES_A_TURN && port->io.loop; n++) {
		if (raw_receive(io->fd, frame, sizeof(frame), &packet) != 1)
			return;
		on_frame(port, packet.bytes);
	}
}

int chance_port_listen(struct chance_port *p)
{
	static const struct io_handler handler = {.name = "second chance", .on_ready = on_ready};
	int fd = raw_frame_listener(p->index, PAIR_ETHERTYPE, group);

	if (fd < 0)
		return fd;
	io_init(&p->io, &p->owner->f->loop, fd, &handler);
	return io_watch(&p->io);
}

/* ---- the program's list */

static bool is_held(const struct second_chance *s, const struct chance_holder *h)
{
	struct list *node;

	LIST_EACH(node, &s->chances) {
		const struct chance *c = LIST_ENTRY(node, struct chance, link);

		for (unsigned int n = 0; n < c->n_peers; n++)
			if (memcmp(c->peers[n].mac, h->mac, 6) == 0 && c->peers[n].number &&
			    chance_peer_is_usable(c, &c->peers[n]))
				return true;
	}
	return false;
}

void chance_sweep(struct second_chance *s)
{
	int map = s->maps[CHANCE_HELD];
	struct chance_tuple at, next;
	bool more = !s->off && bpf_map_next(map, &s->swept, &next) == 0;

	for (unsigned int n = 0; more && n < SWEEP_A_TIME; n++) {
		struct chance_holder holder;

		at = next;
		more = bpf_map_next(map, &at, &next) == 0;
		if (bpf_map_get(map, &at, &holder) == 0 && !is_held(s, &holder))
			(void)!bpf_map_remove(map, &at); /* it has gone by itself */
		s->swept = at;
	}
}
