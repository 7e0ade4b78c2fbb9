/* SPDX-License-Identifier: MIT */
/*
 * Paces the announcements of an instance's addresses with garp_* as keepalived does: the whole
 * burst at once, or a frame each garp_interval.
 */
#include "failover/announce.h"

#include "failover/instance.h"

#include "net/raw_socket.h"

#include "proto/arp.h"

#include <string.h>

#define US_PER_MS 1000

static unsigned int rounds_of(const struct model_garp *g, enum announce_why why)
{
	switch (why) {
	case ANNOUNCE_MASTER:
		return g->master_repeat;
	case ANNOUNCE_LOWER_PRIORITY: /* two had it: not even 0 may leave a stale entry */
		return g->lower_prio_repeat ? g->lower_prio_repeat : 1;
	case ANNOUNCE_REFRESH:
		return g->master_refresh_repeat;
	}
	return 0;
}

static uint32_t delay_of(const struct model_garp *g, enum announce_why why)
{
	switch (why) {
	case ANNOUNCE_MASTER:
		return g->master_delay_ms;
	case ANNOUNCE_LOWER_PRIORITY:
		return g->lower_prio_delay_ms;
	case ANNOUNCE_REFRESH:
		break;
	}
	return 0;
}

static void failed(struct instance *i, const struct vip *v, int error)
{
	if (error == i->announcer.error)
		return;
	i->announcer.error = error;
	if (error)
		instance_log(i, LOG_LEVEL_ERR, "cannot announce on %s: %s", v->link->name,
			     strerror(-error));
}

static void send_one(struct instance *i, const struct vip *v)
{
	uint8_t frame[NA_FRAME_BYTES];
	size_t n = ARP_FRAME_BYTES;
	int error;

	if (v->index == 0 || v->link->loopback || !(v->set || v->native))
		return;
	if (v->conf->address.family == INET_V4) {
		arp_build_gratuitous(frame, v->mac, &v->conf->address, false);
	} else {
		na_build_unsolicited(frame, v->mac, &v->conf->address, v->link->router);
		n = NA_FRAME_BYTES;
	}
	error = raw_frame_send(i->owner->frame_fd, v->index, span_make(frame, n));
	if (error == 0)
		i->announcer.sent++;
	failed(i, v, error);
}

static uint32_t interval_us(const struct instance *i, const struct vip *v)
{
	const struct model_garp *g = &i->conf->garp;

	return v->conf->address.family == INET_V4 ? g->interval_us : g->gna_interval_us;
}

/* Sends what may go now; at most one round with `one_round`. */
static void pump(struct instance *i, bool one_round)
{
	struct announcer *a = &i->announcer;
	struct loop *l = &i->owner->loop;

	while (a->rounds > 0 && i->vips.n > 0) {
		const struct vip *v = &i->vips.all[a->at];
		uint32_t pause = interval_us(i, v);
		bool round_done = a->at + 1 >= i->vips.n;

		send_one(i, v);
		a->at = round_done ? 0 : a->at + 1;
		a->rounds -= round_done;
		if (pause && a->rounds) {
			timer_set(&l->wheel, &a->pace,
				  l->now_ms + (pause + US_PER_MS - 1) / US_PER_MS);
			return;
		}
		if (round_done && one_round)
			break;
	}
	if (a->rounds)
		timer_set(&l->wheel, &a->pace, l->now_ms);
}

static void say(const struct instance *i)
{
	char text[INET_TEXT_BYTES];
	unsigned int n;

	for (n = 0; n < i->vips.n; n++) {
		const struct vip *v = &i->vips.all[n];

		text[inet_print(text, &v->conf->address)] = '\0';
		instance_log(i, LOG_LEVEL_INFO, "Sending/queueing %s on %s for %s",
			     v->conf->address.family == INET_V4 ? "gratuitous ARPs"
								: "Unsolicited Neighbour Adverts",
			     v->link->name, text);
	}
}

static void burst(struct instance *i, enum announce_why why)
{
	struct announcer *a = &i->announcer;

	a->why = why;
	a->rounds = rounds_of(&i->conf->garp, why);
	a->at = 0;
	if (a->rounds && why != ANNOUNCE_REFRESH)
		say(i);
	pump(i, true);
}

static void on_pace(struct timer *t, uint64_t now_ms)
{
	struct announcer *a = container_of(t, struct announcer, pace);

	(void)now_ms;
	pump(container_of(a, struct instance, announcer), false);
	status_write(container_of(a, struct instance, announcer));
}

static void on_delayed(struct timer *t, uint64_t now_ms)
{
	struct announcer *a = container_of(t, struct announcer, delayed);

	(void)now_ms;
	burst(container_of(a, struct instance, announcer), a->why);
}

static void on_refresh(struct timer *t, uint64_t now_ms)
{
	struct announcer *a = container_of(t, struct announcer, refresh);
	struct instance *i = container_of(a, struct instance, announcer);

	timer_set(&i->owner->loop.wheel, t, now_ms + i->conf->garp.master_refresh_ms);
	if (a->rounds == 0)
		burst(i, ANNOUNCE_REFRESH);
}

static void on_extra(struct timer *t, uint64_t now_ms)
{
	struct announcer *a = container_of(t, struct announcer, extra);
	struct instance *i = container_of(a, struct instance, announcer);
	unsigned int n;

	if (i->conf->garp.extra_if)
		timer_set(&i->owner->loop.wheel, t, now_ms + i->conf->garp.extra_if);
	for (n = 0; n < i->vips.n; n++)
		if (i->vips.all[n].link && i->vips.all[n].link != i->base)
			send_one(i, &i->vips.all[n]);
}

void announce_init(struct instance *i)
{
	i->announcer = (struct announcer){0};
	timer_init(&i->announcer.pace, on_pace);
	timer_init(&i->announcer.delayed, on_delayed);
	timer_init(&i->announcer.refresh, on_refresh);
	timer_init(&i->announcer.extra, on_extra);
}

void announce_begin(struct instance *i, enum announce_why why)
{
	const struct model_garp *g = &i->conf->garp;
	struct loop *l = &i->owner->loop;
	struct announcer *a = &i->announcer;

	burst(i, why);
	if (delay_of(g, why))
		timer_set(&l->wheel, &a->delayed, l->now_ms + delay_of(g, why));
	if (g->master_refresh_ms)
		timer_set(&l->wheel, &a->refresh, l->now_ms + g->master_refresh_ms);
	else
		timer_stop(&l->wheel, &a->refresh);
	if (g->extra_if)
		timer_set(&l->wheel, &a->extra, l->now_ms + g->extra_if);
	else
		timer_stop(&l->wheel, &a->extra);
}

void announce_stop(struct instance *i)
{
	struct loop *l = &i->owner->loop;

	timer_stop(&l->wheel, &i->announcer.pace);
	timer_stop(&l->wheel, &i->announcer.delayed);
	timer_stop(&l->wheel, &i->announcer.refresh);
	timer_stop(&l->wheel, &i->announcer.extra);
	i->announcer.rounds = 0;
}
