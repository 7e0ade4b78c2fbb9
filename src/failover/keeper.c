/* SPDX-License-Identifier: MIT */
/*
 * The renewing thread. Its lock is held while the kernel works on one address, so that an owner who
 * forgets and then deletes cannot find the address put back behind his back. It is not held while
 * the packet filter is changed: only the thread touches that, and keeper_free after it.
 */
#include "failover/keeper.h"

#include "failover/failover_priv.h"

#include "net/privilege.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
	const void *owner;
	struct netlink_address address;
};

struct complaint { /* to the failover thread */
	struct mail mail;
	struct failover *to;
	char text[256];
};

struct filter_list {
	struct packet_filter_address *all;
	unsigned int n;
};

struct keeper {
	struct failover *owner;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct netlink *netlink;
	int realtime_priority;
	bool stop;
	bool filter_asked; /* `wanted` is new */
	struct filter_list wanted;
	struct packet_filter *filter; /* NULL: there was nothing to drop yet, or it is impossible */
	bool filter_failed;           /* said once */
	unsigned int n;
	struct job jobs[HOLDING_MAX]; /* to be done */
};

/* ---- the packet filter */

static void on_complaint(struct mail *m, struct loop *receiver)
{
	struct complaint *c = container_of(m, struct complaint, mail);

	(void)receiver;
	failover_log(c->to, LOG_LEVEL_ERR, "%s", c->text);
	free(c);
}

static void complain(struct keeper *k, const char *why)
{
	struct complaint *c = k->filter_failed ? NULL : calloc(1, sizeof(*c));

	if (!c)
		return;
	k->filter_failed = true;
	c->mail.run = on_complaint;
	c->to = k->owner;
	snprintf(
	    c->text, sizeof(c->text),
	    "no_accept does not work, packets to the virtual addresses are taken: nftables: %s",
	    why);
	loop_post(&k->owner->loop, &c->mail);
}

static const char *apply(struct keeper *k, const struct filter_list *list)
{
	if (!k->filter && list->n == 0 && !packet_filter_is_there())
		return NULL;
	if (!k->filter)
		k->filter = packet_filter_new();
	if (!k->filter)
		return "this kernel has none";
	return packet_filter_set(k->filter, list->all, list->n);
}

/* With the lock; without it meanwhile. */
static void change_filter(struct keeper *k)
{
	struct filter_list list = k->wanted;
	const char *why;

	k->wanted = (struct filter_list){0};
	k->filter_asked = false;
	pthread_mutex_unlock(&k->lock);
	why = apply(k, &list);
	if (why)
		complain(k, why);
	else
		k->filter_failed = false;
	free(list.all);
	pthread_mutex_lock(&k->lock);
}

void keeper_filter(struct keeper *k, struct packet_filter_address *list, unsigned int n)
{
	pthread_mutex_lock(&k->lock);
	free(k->wanted.all);
	k->wanted = (struct filter_list){list, n};
	k->filter_asked = true;
	pthread_cond_signal(&k->work);
	pthread_mutex_unlock(&k->lock);
}

/* The thread has ended. Nobody could be told of a failure; the next start tries again. */
static void end_filter(struct keeper *k)
{
	const char *why = k->filter ? packet_filter_set(k->filter, NULL, 0) : NULL;

	(void)why;
	free(k->wanted.all);
	packet_filter_free(k->filter);
}

/* ---- the thread */

static void *run(void *arg)
{
	struct keeper *k = arg;

	pthread_setname_np(pthread_self(), "halb-lease");
	privilege_realtime(k->realtime_priority);
	pthread_mutex_lock(&k->lock);
	while (!k->stop) {
		int error;

		if (k->filter_asked) {
			change_filter(k);
			continue;
		}
		if (k->n == 0) {
			pthread_cond_wait(&k->work, &k->lock);
			continue;
		}
		error = netlink_address_set(k->netlink, &k->jobs[--k->n].address);
		(void)error; /* the monitor tells of an address that has gone */
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

struct keeper *keeper_new(struct failover *f)
{
	struct keeper *k = calloc(1, sizeof(*k));
	sigset_t all, before;
	int error;

	if (!k)
		return NULL;
	k->owner = f;
	k->realtime_priority = failover_rt_priority(f);
	k->netlink = netlink_new();
	if (!k->netlink) {
		free(k);
		return NULL;
	}
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->work, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		return k;
	netlink_free(k->netlink);
	free(k);
	return NULL;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->work);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	end_filter(k);
	netlink_free(k->netlink);
	free(k);
}

static bool has_work_for(const struct keeper *k, const void *owner)
{
	unsigned int i;

	for (i = 0; i < k->n; i++)
		if (k->jobs[i].owner == owner)
			return true;
	return false;
}

void keeper_renew(struct keeper *k, const void *owner, const struct netlink_address *list,
		  unsigned int n)
{
	unsigned int i;

	if (pthread_mutex_trylock(&k->lock) != 0)
		return; /* it waits for the kernel: the next time will do */
	if (!has_work_for(k, owner))
		for (i = 0; i < n && k->n < HOLDING_MAX; i++)
			k->jobs[k->n++] = (struct job){owner, list[i]};
	pthread_cond_signal(&k->work);
	pthread_mutex_unlock(&k->lock);
}

void keeper_forget(struct keeper *k, const void *owner)
{
	unsigned int i, left = 0;

	pthread_mutex_lock(&k->lock);
	for (i = 0; i < k->n; i++)
		if (k->jobs[i].owner != owner)
			k->jobs[left++] = k->jobs[i];
	k->n = left;
	pthread_mutex_unlock(&k->lock);
}
