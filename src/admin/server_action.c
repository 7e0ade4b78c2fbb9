/* SPDX-License-Identifier: MIT */
/* Carries out what a person wants of a server: see server_action.h. */
#include "admin/server_action.h"

#include "proxy/health_check.h"

const struct server_action_name server_action_names[] = {
    {"ready", "Ready: takes traffic", ACTION_READY},
    {"drain", "Drain: no new clients", ACTION_DRAIN},
    {"maint", "Maintenance: off", ACTION_MAINT},
    {"dhlth", "Health checks off", ACTION_DISABLE_HEALTH},
    {"ehlth", "Health checks on", ACTION_ENABLE_HEALTH},
    {"hrunn", "Health: call it up", ACTION_HEALTH_UP},
    {"hnolb", "Health: call it stopping", ACTION_HEALTH_NOLB},
    {"hdown", "Health: call it down", ACTION_HEALTH_DOWN},
    {"dagent", "Agent checks off", ACTION_DISABLE_AGENT},
    {"eagent", "Agent checks on", ACTION_ENABLE_AGENT},
    {"arunn", "Agent: call it up", ACTION_AGENT_UP},
    {"adown", "Agent: call it down", ACTION_AGENT_DOWN},
    {"shutdown", "Cut its sessions", ACTION_SHUTDOWN},
};
const unsigned int server_n_action_names = array_size(server_action_names);

static bool set_admin(struct server *s, struct loop *l, unsigned int set, unsigned int clear)
{
	unsigned int now;

	pthread_spin_lock(&s->proxy->lock);
	now = s->admin;
	pthread_spin_unlock(&s->proxy->lock);
	if (clear & SERVER_MAINT)
		clear |= SERVER_MAINT_CONFIG;
	if (((now & ~clear) | set) == now)
		return false;
	server_set_admin(s, l, set, clear, NULL);
	return true;
}

static bool set_checks(struct server *s, bool enabled)
{
	if (!s->check || atomic_load(&s->check->enabled) == enabled)
		return false;
	health_check_set_enabled(s, enabled);
	return true;
}

static bool set_health(struct server *s, struct loop *l, bool up)
{
	if (s->conf->track)
		return false;
	server_set_health(s, l, up);
	return true;
}

bool server_act(struct server *s, struct loop *l, enum server_action action)
{
	switch (action) {
	case ACTION_READY:
		return set_admin(s, l, 0, SERVER_MAINT | SERVER_DRAIN);
	case ACTION_DRAIN:
		return set_admin(s, l, SERVER_DRAIN, SERVER_MAINT);
	case ACTION_MAINT:
		return set_admin(s, l, SERVER_MAINT, 0);
	case ACTION_ENABLE:
		return set_admin(s, l, 0, SERVER_MAINT);
	case ACTION_DISABLE_HEALTH:
		return set_checks(s, false);
	case ACTION_ENABLE_HEALTH:
		return set_checks(s, true);
	case ACTION_HEALTH_UP:
		return set_health(s, l, true);
	case ACTION_HEALTH_NOLB:
		server_set_stopping(s, l);
		return true;
	case ACTION_HEALTH_DOWN:
		return set_health(s, l, false);
	case ACTION_SHUTDOWN:
		server_kill_streams(s);
		return true;
	case ACTION_NONE:
	case ACTION_DISABLE_AGENT:
	case ACTION_ENABLE_AGENT:
	case ACTION_AGENT_UP:
	case ACTION_AGENT_DOWN:
		break;
	}
	return false;
}
