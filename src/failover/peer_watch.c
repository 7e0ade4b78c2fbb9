/* SPDX-License-Identifier: MIT */
/*
 * BFD sessions: one for each peer that is heard or named, and those of the file's bfd_instance
 * blocks; a block's session is its peer's session too. Packets find their session by our
 * discriminator and their source, a first one by its source alone.
 *
 *     packet, timer → bfd_session → todo → send, arm the timer, tell the hooks
 */
#include "failover/peer_watch.h"

#include "failover/bfd_socket.h"
#include "failover/say.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define MAX_SESSIONS 64
#define MAX_UNASKED (MAX_SESSIONS / 2) /* no more begin by a stranger's packet */
#define FORGET_MS (3600 * 1000)        /* an hour without a sign of the peer */
#define JANITOR_MS (60 * 1000)
#define OTHER_ADDRESS_MS 10000 /* so long without our old address: it has changed */
#define FAREWELLS 3            /* AdminDown packets: one may be lost */
#define FAREWELL_DIAG BFD_DIAG_FORWARDING_RESET /* the watcher's */
#define TICKS 8                                 /* of one timer call */

struct session {
	struct list link;
	struct peer_watch *watch;
	const struct model_vrrp_bfd *conf; /* NULL: the peer was heard */
	struct bfd_session bfd;
	struct inet peer, own;
	unsigned int index; /* of link-local addresses; else 0 */
	int fd;             /* sends */
	struct timer timer;
	uint64_t seen_ms, own_seen_ms; /* last sign of the peer; last time with this own address */
	uint64_t downs;
};

struct peer_watch {
	struct loop *loop;
	struct say log;
	struct peer_watch_hooks hooks;
	const struct model_vrrp *model;
	struct bfd_sockets sockets;
	struct list sessions;
	unsigned int n;
	bool full; /* said */
	struct timer janitor;
};

/* ---- finding */

static bool is_link_local(const struct inet *a)
{
	return a->family == INET_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static struct session *find_peer(const struct peer_watch *w, const struct inet *peer,
				 unsigned int index)
{
	struct list *node;

	LIST_EACH(node, &w->sessions) {
		struct session *s = LIST_ENTRY(node, struct session, link);

		if (inet_equal_ip(&s->peer, peer) && (index == 0 || s->index == index))
			return s;
	}
	return NULL;
}

static struct session *find_discriminator(const struct peer_watch *w, uint32_t discriminator)
{
	struct list *node;

	LIST_EACH(node, &w->sessions) {
		struct session *s = LIST_ENTRY(node, struct session, link);

		if (s->bfd.conf.discriminator == discriminator)
			return s;
	}
	return NULL;
}

static unsigned int count_up(const struct peer_watch *w)
{
	struct list *node;
	unsigned int n = 0;

	LIST_EACH(node, &w->sessions)
		n += LIST_ENTRY(node, struct session, link)->bfd.state == BFD_UP;
	return n;
}

/* ---- carrying out */

static const char *diag_text(uint8_t diag)
{
	static const char *const texts[] = {
	    [BFD_DIAG_NONE] = "No Diagnostic",
	    [BFD_DIAG_EXPIRED] = "Control Detection Time Expired",
	    [BFD_DIAG_ECHO_FAILED] = "Echo Function Failed",
	    [BFD_DIAG_NEIGHBOR_DOWN] = "Neighbor Signaled Session Down",
	    [BFD_DIAG_FORWARDING_RESET] = "Forwarding Plane Reset",
	    [BFD_DIAG_PATH_DOWN] = "Path Down",
	    [BFD_DIAG_CONCATENATED_DOWN] = "Concatenated Path Down",
	    [BFD_DIAG_ADMIN_DOWN] = "Administratively Down",
	    [BFD_DIAG_REVERSE_DOWN] = "Reverse Concatenated Path Down",
	};

	return diag < array_size(texts) ? texts[diag] : "unknown";
}

static void send_packet(const struct session *s)
{
	uint8_t bytes[BFD_BYTES];
	struct inet to = s->peer;
	struct bfd_packet p;

	bfd_session_packet(&s->bfd, &p);
	bfd_build(bytes, &p);
	to.port = BFD_PORT;
	/* A packet that cannot go out is a lost one. */
	(void)!raw_send(s->fd, &to, s->index, span_make(bytes, sizeof(bytes)));
}

static void arm(struct session *s)
{
	uint64_t deadline_us = bfd_session_deadline(&s->bfd);
	struct wheel *wheel = &s->watch->loop->wheel;

	if (deadline_us == 0)
		timer_stop(wheel, &s->timer);
	else
		timer_set(wheel, &s->timer, (deadline_us + 999) / 1000);
}

static void log_state(const struct session *s)
{
	char name[INET_TEXT_BYTES];

	name[inet_print(name, &s->peer)] = '\0';
	if (s->bfd.state == BFD_UP)
		say(&s->watch->log, LOG_LEVEL_NOTICE, "(%s) Entering Up state",
		    s->conf ? s->conf->name : name);
	else
		say(&s->watch->log, LOG_LEVEL_NOTICE,
		    "(%s) Entering %s state (Local diagnostic - %s, Remote diagnostic - %s)",
		    s->conf ? s->conf->name : name, bfd_state_name(s->bfd.state),
		    diag_text(s->bfd.diag), diag_text(s->bfd.remote_diag));
}

/* `was_up`: before the todo. The hooks come last: all is in order when they are called. */
static void carry_out(struct session *s, const struct bfd_todo *todo, bool was_up)
{
	struct peer_watch *w = s->watch;
	bool up = s->bfd.state == BFD_UP;

	if (todo->send)
		send_packet(s);
	arm(s);
	if (todo->went_down)
		s->downs++;
	if (up == was_up)
		return;
	log_state(s);
	if (w->hooks.farewells)
		w->hooks.farewells(w->hooks.user);
	if (s->conf && w->hooks.bfd_changed)
		w->hooks.bfd_changed(w->hooks.user, s->conf, up);
	if (todo->went_down && w->hooks.down)
		w->hooks.down(w->hooks.user, &s->peer, count_up(w));
}

/* A pause of ours must not look like the peer's silence: what waits is read first. */
static void on_timer(struct timer *t, uint64_t now_ms)
{
	struct session *s = container_of(t, struct session, timer);
	unsigned int i;

	(void)now_ms;
	bfd_sockets_drain(&s->watch->sockets);
	for (i = 0; i < TICKS; i++) {
		uint64_t deadline_us = bfd_session_deadline(&s->bfd);
		bool was_up = s->bfd.state == BFD_UP;
		struct bfd_todo todo;

		if (deadline_us == 0 || deadline_us > s->watch->loop->now_us)
			break;
		todo = bfd_session_tick(&s->bfd, s->watch->loop->now_us);
		carry_out(s, &todo, was_up);
	}
	arm(s);
}

/* A router would have counted the TTL down: what comes from farther away is not the neighbour. */
static bool ttl_is_good(const struct session *s, uint8_t ttl)
{
	unsigned int sent = BFD_TTL, hops = 0;

	if (s->conf && s->conf->ttl)
		sent = s->conf->ttl;
	if (s->conf)
		hops = s->conf->max_hops;
	return hops >= BFD_TTL || ttl + hops >= sent;
}

/* ---- sessions */

static uint32_t new_discriminator(struct peer_watch *w)
{
	uint32_t d = 0;

	while (d == 0 || find_discriminator(w, d))
		if (getrandom(&d, sizeof(d), GRND_NONBLOCK) != sizeof(d))
			d = (uint32_t)random_u64(&w->loop->random);
	return d;
}

static struct bfd_settings settings_of(const struct peer_watch *w,
				       const struct model_vrrp_bfd *conf)
{
	const struct model_vrrp_global *g = &w->model->global;

	if (conf)
		return (struct bfd_settings){
		    .min_tx_us = conf->min_tx_ms * 1000,
		    .min_rx_us = conf->min_rx_ms * 1000,
		    .idle_tx_us = conf->idle_tx_ms * 1000,
		    .multiplier = (uint8_t)conf->multiplier,
		    .passive = conf->passive,
		};
	return (struct bfd_settings){
	    .min_tx_us = g->bfd_interval_ms * 1000,
	    .min_rx_us = g->bfd_interval_ms * 1000,
	    .idle_tx_us = 1000000,
	    .multiplier = (uint8_t)g->bfd_multiplier,
	};
}

static void set_ttl(const struct session *s)
{
	int ttl = s->conf && s->conf->ttl ? s->conf->ttl : BFD_TTL;

	if (s->peer.family == INET_V6)
		(void)!setsockopt(s->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
	else
		(void)!setsockopt(s->fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
}

static void session_drop(struct session *s)
{
	timer_stop(&s->watch->loop->wheel, &s->timer);
	list_remove(&s->link);
	s->watch->n--;
	close(s->fd);
	free(s);
}

/* With AdminDown, so that nobody takes it for a failure. */
static void session_end(struct session *s)
{
	struct bfd_todo todo = bfd_session_admin(&s->bfd, true, s->watch->loop->now_us);
	unsigned int i;

	for (i = 0; todo.send && s->bfd.remote_discriminator != 0 && i < FAREWELLS; i++)
		send_packet(s);
	session_drop(s);
}

static bool may_be_added(struct peer_watch *w)
{
	if (w->n < MAX_SESSIONS)
		return true;
	if (!w->full)
		say(&w->log, LOG_LEVEL_WARNING, "BFD: %u sessions, no more of them", MAX_SESSIONS);
	w->full = true;
	return false;
}

static void session_new(struct peer_watch *w, const struct inet *peer, const struct inet *own,
			unsigned int index, const struct model_vrrp_bfd *conf)
{
	struct inet at = own->family == peer->family ? *own : (struct inet){.family = peer->family};
	struct bfd_settings settings = settings_of(w, conf);
	struct session *s;

	if (!may_be_added(w) || settings.min_tx_us == 0 || settings.multiplier == 0 ||
	    !bfd_sockets_need(&w->sockets, &at, index))
		return;
	s = calloc(1, sizeof(*s));
	if (!s)
		return;
	settings.discriminator = new_discriminator(w);
	*s = (struct session){.watch = w, .conf = conf, .peer = *peer, .own = at, .index = index};
	s->fd = raw_udp(peer->family, &at, 0, index);
	if (s->fd < 0) {
		free(s);
		return;
	}
	set_ttl(s);
	s->seen_ms = s->own_seen_ms = w->loop->now_ms;
	timer_init(&s->timer, on_timer);
	bfd_session_init(&s->bfd, &settings, w->loop->now_us,
			 (uint32_t)random_u64(&w->loop->random));
	list_append(&w->sessions, &s->link);
	w->n++;
	arm(s);
}

/* Our address towards the peer is another one. Two instances may name two of them: the old one is
 * gone only when nobody has named it for a while. */
static bool has_moved(struct session *s, const struct inet *own)
{
	uint64_t now_ms = s->watch->loop->now_ms;

	if (s->conf || own->family != s->peer.family || inet_equal_ip(own, &s->own)) {
		s->own_seen_ms = now_ms;
		return false;
	}
	return s->bfd.state != BFD_UP && now_ms - s->own_seen_ms > OTHER_ADDRESS_MS;
}

void peer_watch_add(struct peer_watch *w, const struct inet *peer, const struct inet *own,
		    unsigned int index)
{
	unsigned int scope = is_link_local(peer) ? index : 0;
	struct session *s = find_peer(w, peer, scope);

	if (w->model->global.bfd_interval_ms == 0 && !s)
		return;
	if (s) {
		s->seen_ms = w->loop->now_ms;
		if (!has_moved(s, own))
			return;
		session_drop(s);
	}
	session_new(w, peer, own, scope, NULL);
}

/* A neighbour that knows us, and is not known yet. */
static struct session *welcome(struct peer_watch *w, const struct raw_packet *from,
			       const struct bfd_packet *p)
{
	unsigned int index = is_link_local(&from->source) ? from->index : 0;

	if (p->your_discriminator != 0 || from->ttl != BFD_TTL || w->n >= MAX_UNASKED ||
	    w->model->global.bfd_interval_ms == 0)
		return NULL;
	session_new(w, &from->source, &from->destination, index, NULL);
	return find_peer(w, &from->source, index);
}

void peer_watch_listen(struct peer_watch *w, const struct inet *own, unsigned int index)
{
	bool heard = w->model->global.bfd_interval_ms != 0 &&
		     bfd_sockets_need(&w->sockets, own, is_link_local(own) ? index : 0);

	(void)heard; /* said by it where not */
}

/* ---- packets */

static void on_packet(struct bfd_sockets *sockets, const struct raw_packet *from,
		      const struct bfd_packet *p)
{
	struct peer_watch *w = container_of(sockets, struct peer_watch, sockets);
	unsigned int index = is_link_local(&from->source) ? from->index : 0;
	struct session *s = find_peer(w, &from->source, index);
	struct bfd_todo todo;
	bool was_up;

	if (!s)
		s = welcome(w, from, p);
	if (p->your_discriminator != 0 && s && s->bfd.conf.discriminator != p->your_discriminator)
		s = NULL;
	if (!s || !ttl_is_good(s, from->ttl))
		return;
	s->seen_ms = w->loop->now_ms;
	was_up = s->bfd.state == BFD_UP;
	todo = bfd_session_receive(&s->bfd, p, w->loop->now_us);
	carry_out(s, &todo, was_up);
}

void peer_watch_status(const struct peer_watch *w, const struct inet *peer, struct peer_status *out)
{
	const struct session *s = find_peer(w, peer, 0);

	*out = (struct peer_status){.known = s != NULL};
	if (!s)
		return;
	out->state = s->bfd.state;
	out->orphaned = s->bfd.state != BFD_UP && s->bfd.remote_state == BFD_DOWN &&
			s->bfd.remote_diag == FAREWELL_DIAG;
	out->detect_ms = (uint32_t)(bfd_session_detect_us(&s->bfd) / 1000);
	out->downs = s->downs;
}

bool peer_watch_any_up(const struct peer_watch *w)
{
	return count_up(w) > 0;
}

static void write_farewell(const struct session *s, struct peer_farewell *out)
{
	struct bfd_packet p;

	*out = (struct peer_farewell){.peer = s->peer, .own = s->own, .index = s->index};
	out->peer.port = BFD_PORT;
	bfd_session_packet(&s->bfd, &p);
	p.state = BFD_DOWN;
	p.diag = FAREWELL_DIAG;
	p.poll = p.final = false;
	bfd_build(out->bytes, &p);
}

unsigned int peer_watch_farewells(const struct peer_watch *w, struct peer_farewell *out,
				  unsigned int max)
{
	struct list *node;
	unsigned int n = 0;

	LIST_EACH(node, &w->sessions) {
		const struct session *s = LIST_ENTRY(node, struct session, link);

		if (s->bfd.state == BFD_UP && n < max)
			write_farewell(s, &out[n++]);
	}
	return n;
}

/* ---- the whole */

/* The blocks of the file that have no session yet. One that the peer had already becomes theirs. */
static void add_configured(struct peer_watch *w)
{
	const struct model_vrrp_bfd *b;

	for (b = w->model->bfds; b; b = b->next) {
		struct session *s = find_peer(w, &b->neighbor, 0);

		if (s && s->conf)
			continue;
		if (s)
			session_end(s);
		session_new(w, &b->neighbor, &b->source, 0, b);
	}
}

static void on_janitor(struct timer *t, uint64_t now_ms)
{
	struct peer_watch *w = container_of(t, struct peer_watch, janitor);
	struct list *node, *next;

	timer_set(&w->loop->wheel, t, now_ms + JANITOR_MS);
	LIST_EACH_SAFE(node, next, &w->sessions) {
		struct session *s = LIST_ENTRY(node, struct session, link);

		if (!s->conf && now_ms - s->seen_ms > FORGET_MS)
			session_drop(s);
	}
	if (w->n < MAX_SESSIONS)
		w->full = false;
	add_configured(w);
}

struct peer_watch *peer_watch_new(struct loop *l, const struct model_vrrp *model,
				  const struct peer_watch_hooks *hooks)
{
	struct peer_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->loop = l;
	w->model = model;
	w->hooks = *hooks;
	w->log = (struct say){hooks->log, hooks->user};
	list_init(&w->sessions);
	bfd_sockets_init(&w->sockets, l, &w->log);
	w->sockets.on_packet = on_packet;
	timer_init(&w->janitor, on_janitor);
	timer_set(&l->wheel, &w->janitor, l->now_ms + JANITOR_MS);
	add_configured(w);
	return w;
}

void peer_watch_free(struct peer_watch *w)
{
	struct list *node, *next;

	if (!w)
		return;
	LIST_EACH_SAFE(node, next, &w->sessions)
		session_end(LIST_ENTRY(node, struct session, link));
	bfd_sockets_close(&w->sockets);
	timer_stop(&w->loop->wheel, &w->janitor);
	free(w);
}

/* The new model's block for the same pair of addresses. */
static const struct model_vrrp_bfd *same_block(const struct model_vrrp *model,
					       const struct model_vrrp_bfd *old)
{
	const struct model_vrrp_bfd *b;

	for (b = model->bfds; b; b = b->next)
		if (inet_equal_ip(&b->neighbor, &old->neighbor) &&
		    b->source.family == old->source.family &&
		    (b->source.family == INET_NONE || inet_equal_ip(&b->source, &old->source)))
			return b;
	return NULL;
}

static void session_reload(struct session *s)
{
	struct peer_watch *w = s->watch;
	const struct model_vrrp_bfd *conf = s->conf ? same_block(w->model, s->conf) : NULL;
	bool was_up = s->bfd.state == BFD_UP;
	struct bfd_settings settings;
	struct bfd_todo todo;

	if ((s->conf && !conf) || (!s->conf && w->model->global.bfd_interval_ms == 0)) {
		session_end(s);
		return;
	}
	s->conf = conf;
	settings = settings_of(w, conf);
	if (settings.min_tx_us == 0 || settings.multiplier == 0) {
		session_end(s);
		return;
	}
	set_ttl(s);
	todo = bfd_session_configure(&s->bfd, &settings, w->loop->now_us);
	carry_out(s, &todo, was_up);
}

void peer_watch_reload(struct peer_watch *w, const struct model_vrrp *model)
{
	struct list *node, *next;

	w->model = model;
	LIST_EACH_SAFE(node, next, &w->sessions)
		session_reload(LIST_ENTRY(node, struct session, link));
	add_configured(w);
}
