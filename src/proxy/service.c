/* SPDX-License-Identifier: MIT */
/* Which of the requests halb answers itself. */
#include "proxy/service.h"

const struct service *service_find(const char *name)
{
	FAMILY_EACH(service, it) {
		if (strcmp((*it)->name, name) == 0)
			return *it;
	}
	return NULL;
}

bool service_wanted(const struct model_stats *stats, struct span target)
{
	return stats && stats->enabled && span_starts_with(target, stats->uri);
}
