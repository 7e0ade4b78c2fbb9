/* SPDX-License-Identifier: MIT */
/* Commands about the connection itself and about counters, and handing the listening sockets on. */
#include "admin/admin.h"
#include "admin/command.h"

#include "net/fd_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

static const char *level_name(enum bind_level level)
{
	static const char *const names[] = {[BIND_LEVEL_USER] = "user",
					    [BIND_LEVEL_OPERATOR] = "operator",
					    [BIND_LEVEL_ADMIN] = "admin"};

	return names[level];
}

static enum command_result help(struct command_call *c)
{
	command_list(c->out, c->session->level, c->words + c->at, c->n_words - c->at);
	return COMMAND_DONE;
}

static const struct command command_help = {.words = "help",
					    .always = true,
					    .args = "[<command>]",
					    .help = "these lines, or those of one command",
					    .run = help};
FAMILY_ADD(command, command_help);

static enum command_result prompt(struct command_call *c)
{
	c->session->prompt = !c->session->prompt;
	return COMMAND_DONE;
}

static const struct command command_prompt = {.words = "prompt",
					      .always = true,
					      .args = "",
					      .help = "many commands on one connection, or not",
					      .run = prompt};
FAMILY_ADD(command, command_prompt);

static enum command_result quit(struct command_call *c)
{
	(void)c;
	return COMMAND_CLOSE;
}

static const struct command command_quit = {
    .words = "quit", .always = true, .args = "", .help = "ends the connection", .run = quit};
FAMILY_ADD(command, command_quit);

static enum command_result operator_level(struct command_call *c)
{
	c->session->level = BIND_LEVEL_OPERATOR;
	return COMMAND_DONE;
}

static const struct command command_operator = {.words = "operator",
						.args = "",
						.help = "lowers this connection's level",
						.level = BIND_LEVEL_OPERATOR,
						.run = operator_level};
FAMILY_ADD(command, command_operator);

static enum command_result user_level(struct command_call *c)
{
	c->session->level = BIND_LEVEL_USER;
	return COMMAND_DONE;
}

static const struct command command_user = {
    .words = "user", .args = "", .help = "lowers this connection's level", .run = user_level};
FAMILY_ADD(command, command_user);

static enum command_result show_cli_level(struct command_call *c)
{
	buffer_printf(c->out, "%s\n", level_name(c->session->level));
	return COMMAND_DONE;
}

static const struct command command_show_cli_level = {.words = "show cli level",
						      .args = "",
						      .help = "this connection's level",
						      .run = show_cli_level};
FAMILY_ADD(command, command_show_cli_level);

static enum command_result show_cli_sockets(struct command_call *c)
{
	const struct model_bind *b = c->program->model->global.stats_sockets;

	buffer_add_text(c->out, "# socket lvl processes\n");
	for (; b; b = b->next)
		buffer_printf(c->out, "%s%s %s all\n", *b->word == '/' ? "unix@" : "", b->word,
			      level_name(b->level));
	return COMMAND_DONE;
}

static const struct command command_show_cli_sockets = {
    .words = "show cli sockets", .args = "", .help = "the stats sockets", .run = show_cli_sockets};
FAMILY_ADD(command, command_show_cli_sockets);

static enum command_result set_timeout(struct command_call *c)
{
	uint64_t seconds;

	if (!command_word_is(c, 0, "cli"))
		buffer_add_text(c->out, "'set timeout' only supports 'cli'.\n");
	else if (!command_word(c, 1).len)
		buffer_add_text(c->out, "Expects an integer value.\n");
	else if (!span_to_u64(command_word(c, 1), 86400, &seconds) || seconds == 0)
		buffer_add_text(c->out, "Invalid timeout value.\n");
	else
		c->session->timeout_ms = (uint32_t)seconds * 1000;
	return COMMAND_DONE;
}

static const struct command command_set_timeout = {.words = "set timeout",
						   .args = "[cli] <seconds>",
						   .help = "how long this connection may be idle",
						   .run = set_timeout};
FAMILY_ADD(command, command_set_timeout);

static enum command_result clear_counters(struct command_call *c)
{
	struct program *p = c->program;
	bool all = command_word_is(c, 0, "all");

	if (c->session->level < (all ? BIND_LEVEL_ADMIN : BIND_LEVEL_OPERATOR)) {
		buffer_add_text(c->out, "Permission denied\n");
		return COMMAND_DONE;
	}
	counters_clear(&p->totals, all);
	for (unsigned int i = 0; i < p->n_proxies; i++) {
		struct proxy *px = &p->proxies[i];

		counters_clear(&px->fe, all);
		counters_clear(&px->be, all);
		for (unsigned int j = 0; j < px->n_listeners; j++)
			counters_clear(&px->listeners[j].counters, all);
		for (unsigned int j = 0; j < px->n_servers; j++)
			counters_clear(&px->servers[j].counters, all);
	}
	return COMMAND_DONE;
}

static const struct command command_clear_counters = {
    .words = "clear counters",
    .args = "[all]",
    .help = "highest values back to 0, or all counters",
    .level = BIND_LEVEL_OPERATOR,
    .run = clear_counters};
FAMILY_ADD(command, command_clear_counters);

struct passed_list {
	struct passed_fd *v;
	unsigned int n;
	bool failed;
};

static void add_socket(int *fd, const char *word, void *user)
{
	struct passed_list *l = user;
	struct passed_fd *v = l->failed ? NULL : realloc(l->v, (l->n + 1) * sizeof(*v));

	if (!v) {
		l->failed = true;
		return;
	}
	l->v = v;
	v[l->n].fd = *fd;
	snprintf(v[l->n].label, sizeof(v[l->n].label), "%s", word);
	l->n++;
}

/* The connection is done with afterwards: so it may block for a moment. */
static void send_sockets(int socket, const struct passed_list *l)
{
	struct timeval patience = {.tv_sec = 5};
	int flags = fcntl(socket, F_GETFL);

	if (flags < 0 || fcntl(socket, F_SETFL, flags & ~O_NONBLOCK) != 0)
		return;
	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (fd_pass_send(socket, l->v, l->n) != 0)
		fcntl(socket, F_SETFL, flags);
}

static enum command_result getsocks(struct command_call *c)
{
	struct passed_list l = {0};
	struct program *p = c->program;

	if (!c->session->may_pass_sockets || c->session->socket < 0) {
		buffer_add_text(c->out, "Permission denied\n");
		return COMMAND_DONE;
	}
	for (unsigned int i = 0; i < p->n_proxies; i++)
		for (unsigned int j = 0; j < p->proxies[i].n_listeners; j++) {
			struct listener *listener = &p->proxies[i].listeners[j];

			if (listener->fd >= 0)
				add_socket(&listener->fd, listener->conf->word, &l);
		}
	admin_each_socket(p, add_socket, &l);
	if (!l.failed)
		send_sockets(c->session->socket, &l);
	free(l.v);
	return COMMAND_CLOSE;
}

static const struct command command_getsocks = {
    .words = "_getsocks", .args = "", .level = BIND_LEVEL_ADMIN, .run = getsocks};
FAMILY_ADD(command, command_getsocks);
