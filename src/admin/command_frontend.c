/* SPDX-License-Identifier: MIT */
/* Commands that change frontends and the process's limit. */
#include "admin/command.h"
#include "admin/frontend.h"

#include "proxy/listener.h"

#include <limits.h>

static enum command_result change(struct command_call *c, const char *(*fn)(struct proxy *px))
{
	struct proxy *px = command_frontend(c, 0);
	const char *wrong = px ? fn(px) : NULL;

	if (wrong)
		buffer_add_text(c->out, wrong);
	return COMMAND_DONE;
}

static enum command_result enable(struct command_call *c)
{
	return change(c, frontend_enable);
}

static const struct command command_enable_frontend = {.words = "enable frontend",
						       .args = "<frontend>",
						       .help = "accepts connections again",
						       .level = BIND_LEVEL_ADMIN,
						       .run = enable};
FAMILY_ADD(command, command_enable_frontend);

static enum command_result disable(struct command_call *c)
{
	return change(c, frontend_disable);
}

static const struct command command_disable_frontend = {.words = "disable frontend",
							.args = "<frontend>",
							.help = "accepts no connections for now",
							.level = BIND_LEVEL_ADMIN,
							.run = disable};
FAMILY_ADD(command, command_disable_frontend);

static enum command_result shut(struct command_call *c)
{
	return change(c, frontend_shut);
}

static const struct command command_shutdown_frontend = {.words = "shutdown frontend",
							 .args = "<frontend>",
							 .help = "accepts no connections any more",
							 .level = BIND_LEVEL_ADMIN,
							 .run = shut};
FAMILY_ADD(command, command_shutdown_frontend);

/* Those that a limit had paused. */
static void wake_listeners(struct proxy *px)
{
	for (unsigned int i = 0; i < px->n_listeners; i++)
		listener_wake(&px->listeners[i]);
}

static enum command_result set_maxconn_frontend(struct command_call *c)
{
	struct proxy *px = command_frontend(c, 0);
	uint64_t n;

	if (!px)
		return COMMAND_DONE;
	if (!span_to_u64(command_word(c, 1), INT_MAX, &n)) {
		buffer_add_text(c->out, "Integer value expected.\n");
		return COMMAND_DONE;
	}
	atomic_store(&px->fe_maxconn, (uint32_t)n);
	wake_listeners(px);
	return COMMAND_DONE;
}

static const struct command command_set_maxconn_frontend = {.words = "set maxconn frontend",
							    .args = "<frontend> <value>",
							    .help = "its limit of connections",
							    .level = BIND_LEVEL_ADMIN,
							    .run = set_maxconn_frontend};
FAMILY_ADD(command, command_set_maxconn_frontend);

static enum command_result set_maxconn_global(struct command_call *c)
{
	uint32_t hard = c->program->model->global.maxconn;
	uint64_t n;

	if (!span_to_u64(command_word(c, 0), UINT32_MAX, &n)) {
		buffer_add_text(c->out, "Expects an integer value.\n");
		return COMMAND_DONE;
	}
	if (n == 0)
		n = hard;
	if (hard && n > hard) {
		buffer_add_text(c->out, "Value out of range.\n");
		return COMMAND_DONE;
	}
	atomic_store(&c->program->maxconn, (uint32_t)n);
	for (unsigned int i = 0; i < c->program->n_proxies; i++)
		wake_listeners(&c->program->proxies[i]);
	return COMMAND_DONE;
}

static const struct command command_set_maxconn_global = {
    .words = "set maxconn global",
    .args = "<value>",
    .help = "the process's limit of connections, up to the configured one",
    .level = BIND_LEVEL_ADMIN,
    .run = set_maxconn_global};
FAMILY_ADD(command, command_set_maxconn_global);
