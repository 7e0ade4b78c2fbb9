/* SPDX-License-Identifier: MIT */
/*
 * Switching frontends off and on. One bit for each proxy remembers those that are shut down for
 * good; a process runs one program, whose number of proxies has a limit here.
 */
#include "admin/frontend.h"

#include "proxy/listener.h"

#define FRONTENDS 65536u

static _Atomic uint64_t shut_bits[FRONTENDS / 64];

bool frontend_is_shut(const struct proxy *px)
{
	unsigned int i = px->conf->index;

	return i < FRONTENDS && (atomic_load(&shut_bits[i / 64]) >> (i % 64) & 1);
}

const char *frontend_enable(struct proxy *px)
{
	if (frontend_is_shut(px))
		return "Frontend was previously shut down, cannot enable.\n";
	if (!atomic_load(&px->fe_disabled))
		return "All sockets are already enabled.\n";
	frontend_set_disabled(px, false);
	return NULL;
}

const char *frontend_disable(struct proxy *px)
{
	if (frontend_is_shut(px))
		return "Frontend was previously shut down, cannot disable.\n";
	if (atomic_load(&px->fe_disabled))
		return "All sockets are already disabled.\n";
	frontend_set_disabled(px, true);
	return NULL;
}

const char *frontend_shut(struct proxy *px)
{
	unsigned int i = px->conf->index;

	if (frontend_is_shut(px))
		return "Frontend was already shut down.\n";
	if (i >= FRONTENDS)
		return "Too many frontends to shut this one down.\n";
	atomic_fetch_or(&shut_bits[i / 64], 1ull << (i % 64));
	frontend_set_disabled(px, true);
	return NULL;
}
