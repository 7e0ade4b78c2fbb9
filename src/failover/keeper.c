/* SPDX-License-Identifier: MIT */
/*
 * The renewing thread. Its lock is held while the kernel works on one address, so that an owner who
 * forgets and then deletes cannot find the address put back behind his back.
 */
#include "failover/keeper.h"

#include "failover/holding.h"

#include "net/privilege.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
	const void *owner;
	struct netlink_address address;
};

struct keeper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct netlink *netlink;
	int realtime_priority;
	bool stop;
	unsigned int n;
	struct job jobs[HOLDING_MAX]; /* to be done */
};

static void *run(void *arg)
{
	struct keeper *k = arg;

	pthread_setname_np(pthread_self(), "halb-lease");
	privilege_realtime(k->realtime_priority);
	pthread_mutex_lock(&k->lock);
	while (!k->stop) {
		int error;

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

struct keeper *keeper_new(int realtime_priority)
{
	struct keeper *k = calloc(1, sizeof(*k));
	sigset_t all, before;
	int error;

	if (!k)
		return NULL;
	k->realtime_priority = realtime_priority;
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
