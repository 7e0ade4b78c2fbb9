/* SPDX-License-Identifier: MIT */
/* Commands that change servers. Answers are worded as haproxy's: tools look for them. */
#include "admin/command.h"
#include "admin/server_action.h"
#include "admin/stats_object.h"

#include "base/format.h"

#include <limits.h>

/* ---- weight */
static enum command_result get_weight(struct command_call *c)
{
	struct server *s = command_server(c, command_word(c, 0));
	struct stats_object o;

	if (!s)
		return COMMAND_DONE;
	stats_look_server(&o, s, c->worker->loop.now_ms);
	buffer_printf(c->out, "%u (initial %u)\n", o.user_weight, o.initial_weight);
	return COMMAND_DONE;
}

static const struct command command_get_weight = {
    .words = "get weight", .args = "<bk>/<srv>", .help = "a server's weight", .run = get_weight};
FAMILY_ADD(command, command_get_weight);

static void change_weight(struct command_call *c, struct server *s, struct span weight)
{
	const char *wrong;

	if (!weight.len)
		wrong = "Require <weight> or <weight%>.";
	else
		wrong = server_set_weight(s, weight);
	if (wrong)
		buffer_printf(c->out, "%s\n", wrong);
}

static enum command_result set_weight(struct command_call *c)
{
	struct server *s = command_server(c, command_word(c, 0));

	if (s)
		change_weight(c, s, command_word(c, 1));
	return COMMAND_DONE;
}

static const struct command command_set_weight = {.words = "set weight",
						  .args = "<bk>/<srv> <weight>[%]",
						  .help = "as 'set server <bk>/<srv> weight'",
						  .level = BIND_LEVEL_ADMIN,
						  .run = set_weight};
FAMILY_ADD(command, command_set_weight);

/* ---- set server */
static void set_state(struct command_call *c, struct server *s)
{
	static const struct {
		const char *word;
		enum server_action action;
	} states[] = {{"ready", ACTION_READY}, {"drain", ACTION_DRAIN}, {"maint", ACTION_MAINT}};

	for (unsigned int i = 0; i < array_size(states); i++)
		if (command_word_is(c, 2, states[i].word)) {
			(void)server_act(s, &c->worker->loop, states[i].action);
			return;
		}
	buffer_add_text(c->out, "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n");
}

static void set_own_weight(struct command_call *c, struct server *s)
{
	change_weight(c, s, command_word(c, 2));
}

static void set_health(struct command_call *c, struct server *s)
{
	if (s->conf->track)
		buffer_add_text(c->out, "cannot change health on a tracking server.\n");
	else if (command_word_is(c, 2, "up"))
		(void)server_act(s, &c->worker->loop, ACTION_HEALTH_UP);
	else if (command_word_is(c, 2, "down"))
		(void)server_act(s, &c->worker->loop, ACTION_HEALTH_DOWN);
	else if (command_word_is(c, 2, "stopping"))
		(void)server_act(s, &c->worker->loop, ACTION_HEALTH_NOLB);
	else
		buffer_add_text(c->out, "'set server <srv> health' expects 'up', 'stopping', or "
					"'down'.\n");
}

static void add_address_words(struct buffer *out, const struct inet *old, const struct inet *new)
{
	char a[INET_TEXT_BYTES], b[INET_TEXT_BYTES];
	size_t a_len = inet_print(a, old), b_len = inet_print(b, new);

	if (inet_equal_ip(old, new))
		buffer_add_text(out, "no need to change the addr");
	else
		buffer_printf(out, "IP changed from '%.*s' to '%.*s'", (int)a_len, a, (int)b_len,
			      b);
}

/* "addr <ip> [port <port>]" */
static void set_addr(struct command_call *c, struct server *s)
{
	static const char by[] = " by 'stats socket command'\n";
	struct span word = command_word(c, 2), port_word = command_word(c, 4);
	struct sockaddr_storage ignored;
	struct inet old, new;
	bool with_port = command_word_is(c, 3, "port");
	const char *wrong;
	uint64_t port = 0;

	if (!word.len) {
		buffer_add_text(c->out,
				"set server <b>/<s> addr requires an address and optionally "
				"a port.\n");
		return;
	}
	if (!inet_parse(word, &new)) {
		buffer_printf(c->out, "Invalid addr '%.*s'%s", SPAN_ARG(word), by);
		return;
	}
	(void)server_get_address(s, &ignored, &old);
	if (with_port && !span_to_u64(port_word, 65535, &port)) {
		add_address_words(c->out, &old, &old);
		buffer_printf(c->out, ", problem converting port '%.*s' to an int%s",
			      SPAN_ARG(port_word), by);
		return;
	}
	new.port = with_port ? (uint16_t)port : old.port;
	wrong = server_set_address(s, &new, with_port);
	if (wrong) {
		buffer_printf(c->out, "%s%s", wrong, by);
		return;
	}
	add_address_words(c->out, &old, &new);
	if (with_port && old.port != new.port)
		buffer_printf(c->out, ", port changed from '%u' to '%u'", old.port, new.port);
	else if (with_port)
		buffer_add_text(c->out, ", no need to change the port");
	buffer_add_text(c->out, by);
}

static void no_agent(struct command_call *c, struct server *s)
{
	(void)s;
	buffer_add_text(c->out, "agent checks are not enabled on this server.\n");
}

static void not_yet(struct command_call *c, struct server *s)
{
	(void)s;
	buffer_printf(c->out, "'set server <srv> %.*s' is not supported yet.\n",
		      SPAN_ARG(command_word(c, 1)));
}

static const struct set_row {
	const char *word;
	void (*set)(struct command_call *c, struct server *s);
} set_rows[] = {
    {"addr", set_addr},       {"agent", no_agent},      {"agent-addr", no_agent},
    {"agent-port", no_agent}, {"agent-send", no_agent}, {"check-addr", not_yet},
    {"check-port", not_yet},  {"fqdn", not_yet},        {"health", set_health},
    {"ssl", not_yet},         {"state", set_state},     {"weight", set_own_weight},
};

static enum command_result set_server(struct command_call *c)
{
	struct server *s = command_server(c, command_word(c, 0));

	if (!s)
		return COMMAND_DONE;
	for (unsigned int i = 0; i < array_size(set_rows); i++)
		if (command_word_is(c, 1, set_rows[i].word)) {
			set_rows[i].set(c, s);
			return COMMAND_DONE;
		}
	buffer_add_text(c->out, "usage: set server <backend>/<server>");
	for (unsigned int i = 0; i < array_size(set_rows); i++)
		buffer_printf(c->out, "%s %s", i ? " |" : "", set_rows[i].word);
	buffer_add_char(c->out, '\n');
	return COMMAND_DONE;
}

static const struct command command_set_server = {.words = "set server",
						  .args = "<bk>/<srv> [opts]",
						  .help =
						      "a server's state, weight, health, address",
						  .level = BIND_LEVEL_ADMIN,
						  .run = set_server};
FAMILY_ADD(command, command_set_server);

/* ---- enable and disable */
static enum command_result act(struct command_call *c, enum server_action action)
{
	struct server *s = command_server(c, command_word(c, 0));

	if (s)
		(void)server_act(s, &c->worker->loop, action);
	return COMMAND_DONE;
}

static enum command_result enable_server(struct command_call *c)
{
	return act(c, ACTION_ENABLE);
}

static const struct command command_enable_server = {.words = "enable server",
						     .args = "<bk>/<srv>",
						     .help = "ends its maintenance",
						     .level = BIND_LEVEL_ADMIN,
						     .run = enable_server};
FAMILY_ADD(command, command_enable_server);

static enum command_result disable_server(struct command_call *c)
{
	return act(c, ACTION_MAINT);
}

static const struct command command_disable_server = {.words = "disable server",
						      .args = "<bk>/<srv>",
						      .help = "puts it into maintenance",
						      .level = BIND_LEVEL_ADMIN,
						      .run = disable_server};
FAMILY_ADD(command, command_disable_server);

static enum command_result enable_health(struct command_call *c)
{
	struct server *s = command_server(c, command_word(c, 0));

	if (s && !s->check)
		buffer_add_text(c->out, "Health check was not configured on this server, cannot "
					"enable.\n");
	else if (s)
		(void)server_act(s, &c->worker->loop, ACTION_ENABLE_HEALTH);
	return COMMAND_DONE;
}

static const struct command command_enable_health = {.words = "enable health",
						     .args = "<bk>/<srv>",
						     .help = "its health checks go on",
						     .level = BIND_LEVEL_ADMIN,
						     .run = enable_health};
FAMILY_ADD(command, command_enable_health);

static enum command_result disable_health(struct command_call *c)
{
	return act(c, ACTION_DISABLE_HEALTH);
}

static const struct command command_disable_health = {.words = "disable health",
						      .args = "<bk>/<srv>",
						      .help = "no more health checks for it",
						      .level = BIND_LEVEL_ADMIN,
						      .run = disable_health};
FAMILY_ADD(command, command_disable_health);

static enum command_result enable_agent(struct command_call *c)
{
	if (command_server(c, command_word(c, 0)))
		buffer_add_text(c->out,
				"Agent was not configured on this server, cannot enable.\n");
	return COMMAND_DONE;
}

static const struct command command_enable_agent = {.words = "enable agent",
						    .args = "<bk>/<srv>",
						    .help = "there are no agent checks yet",
						    .level = BIND_LEVEL_ADMIN,
						    .run = enable_agent};
FAMILY_ADD(command, command_enable_agent);

static enum command_result disable_agent(struct command_call *c)
{
	(void)command_server(c, command_word(c, 0)); /* says what is wrong with the name */
	return COMMAND_DONE;
}

static const struct command command_disable_agent = {.words = "disable agent",
						     .args = "<bk>/<srv>",
						     .help = "there are no agent checks yet",
						     .level = BIND_LEVEL_ADMIN,
						     .run = disable_agent};
FAMILY_ADD(command, command_disable_agent);

/* ---- limits and sessions */
static enum command_result set_maxconn_server(struct command_call *c)
{
	struct server *s = command_server(c, command_word(c, 0));
	uint64_t n;

	if (!s)
		return COMMAND_DONE;
	if (!command_word(c, 1).len)
		buffer_add_text(c->out, "Require <maxconn>.\n");
	else if (!span_to_u64(command_word(c, 1), INT_MAX, &n))
		buffer_add_text(c->out, "maxconn string empty or preceded by garbage\n");
	else
		server_set_maxconn(s, (unsigned int)n);
	return COMMAND_DONE;
}

static const struct command command_set_maxconn_server = {.words = "set maxconn server",
							  .args = "<bk>/<srv> <value>",
							  .help =
							      "how many requests it gets at once",
							  .level = BIND_LEVEL_ADMIN,
							  .run = set_maxconn_server};
FAMILY_ADD(command, command_set_maxconn_server);

static enum command_result shutdown_sessions_server(struct command_call *c)
{
	return act(c, ACTION_SHUTDOWN);
}

static const struct command command_shutdown_sessions_server = {.words = "shutdown sessions server",
								.args = "<bk>/<srv>",
								.help = "cuts what is on it now",
								.level = BIND_LEVEL_ADMIN,
								.run = shutdown_sessions_server};
FAMILY_ADD(command, command_shutdown_sessions_server);
