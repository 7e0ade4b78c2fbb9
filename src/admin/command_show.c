/* SPDX-License-Identifier: MIT */
/* "show info", "show stat" and what else is known without asking other threads. */
#include "admin/command.h"
#include "admin/info_fields.h"
#include "admin/stats_export.h"

#include "proxy/health_check.h"

#include <limits.h>
#include <unistd.h>

static bool has_word(const struct command_call *c, const char *word)
{
	for (unsigned int i = 0; c->at + i < c->n_words; i++)
		if (command_word_is(c, i, word))
			return true;
	return false;
}

static enum command_result show_info(struct command_call *c)
{
	enum info_form form = has_word(c, "typed")  ? INFO_TYPED
			      : has_word(c, "json") ? INFO_JSON
						    : INFO_PLAIN;

	info_export(c->out, c->worker, form, has_word(c, "desc"));
	return COMMAND_DONE;
}

static const struct command command_show_info = {.words = "show info",
						 .args = "[desc|json|typed]*",
						 .help = "about the process",
						 .run = show_info};
FAMILY_ADD(command, command_show_info);

/* "-1", "3", "be": an id, or a proxy's name; false after an answer. */
static bool parse_proxy(struct command_call *c, struct span word, int *iid)
{
	uint64_t n;
	const struct proxy *px;

	if (span_equal(word, SPAN("-1")))
		return true;
	if (span_to_u64(word, INT_MAX, &n)) {
		*iid = (int)n;
		return true;
	}
	px = program_find_proxy(c->program, word, PROXY_FRONTEND | PROXY_BACKEND);
	if (!px) {
		buffer_add_text(c->out, "No such proxy.\n");
		return false;
	}
	*iid = (int)px->conf->id;
	return true;
}

/* "<iid> <type> <sid>": the types are bits 1, 2, 4 and 8; -1 is all. */
static bool parse_filter(struct command_call *c, struct stats_filter *f)
{
	uint64_t n;

	if (c->n_words - c->at < 3)
		return true;
	if (!parse_proxy(c, command_word(c, 0), &f->iid))
		return false;
	if (span_to_u64(command_word(c, 1), INT_MAX, &n))
		f->kinds = (unsigned int)n & STATS_ALL_KINDS;
	if (span_to_u64(command_word(c, 2), INT_MAX, &n))
		f->sid = (int)n;
	return true;
}

static enum command_result show_stat(struct command_call *c)
{
	struct stats_filter f = STATS_FILTER_ALL;
	enum stats_export_form form = has_word(c, "typed")  ? STATS_TYPED
				      : has_word(c, "json") ? STATS_JSON
							    : STATS_CSV;

	f.up_only = has_word(c, "up");
	f.no_maint = has_word(c, "no-maint");
	if (parse_filter(c, &f))
		stats_export(c->out, c->program, c->worker->loop.now_ms, &f, form);
	return COMMAND_DONE;
}

static const struct command command_show_stat = {.words = "show stat",
						 .args = "[json|no-maint|typed|up]*",
						 .help = "counters of all proxies and servers",
						 .run = show_stat};
FAMILY_ADD(command, command_show_stat);

/* The backend that was asked for, or NULL for all; false after an answer. */
static bool parse_backend(struct command_call *c, const struct proxy **px)
{
	struct span word = command_word(c, 0);

	*px = NULL;
	if (!word.len)
		return true;
	*px = program_find_proxy(c->program, word, PROXY_BACKEND);
	for (unsigned int i = 0; !*px && i < c->program->n_proxies; i++) {
		const struct proxy *it = &c->program->proxies[i];
		uint64_t id;

		if ((it->conf->sides & PROXY_BACKEND) && span_to_u64(word, UINT32_MAX, &id) &&
		    it->conf->id == id)
			*px = it;
	}
	if (!*px)
		buffer_add_text(c->out, "Can't find backend.\n");
	return *px != NULL;
}

/* haproxy's numbers for the last check's status, as its state files have them. */
static unsigned int state_file_status(enum check_status s)
{
	static const unsigned int numbers[CHECK_STATUSES] = {
	    [CHECK_UNKNOWN] = 0, [CHECK_INI] = 1,    [CHECK_HANA] = 4,    [CHECK_SOCKERR] = 5,
	    [CHECK_L4OK] = 6,    [CHECK_L4TOUT] = 7, [CHECK_L4CON] = 8,   [CHECK_L6OK] = 9,
	    [CHECK_L6TOUT] = 10, [CHECK_L6RSP] = 11, [CHECK_L7TOUT] = 12, [CHECK_L7RSP] = 13,
	    [CHECK_L7OK] = 15,   [CHECK_L7OKC] = 16, [CHECK_L7STS] = 17};

	return numbers[s];
}

/* 0 unknown, 2 failed, 3 passed, 4 passed but wants no new sessions. */
static unsigned int state_file_result(const struct stats_check *k)
{
	if (!k->exists || k->status <= CHECK_INI)
		return 0;
	if (k->status == CHECK_L7OKC)
		return 4;
	return health_status_passed(k->status) ? 3 : 2;
}

/* Bits: 2 configured, 4 enabled, 8 paused by maintenance. */
static unsigned int state_file_check_state(const struct stats_object *o)
{
	unsigned int state = o->check.exists ? (o->check.enabled ? 6 : 2) : 0;

	return state | (o->admin & SERVER_MAINT_ANY ? 8 : 0);
}

static void server_state(struct buffer *out, struct server *server, uint64_t now_ms)
{
	const struct model_server *s = server->conf;
	char address[INET_TEXT_BYTES] = "-";
	size_t len = 1;
	struct stats_object o;

	stats_look_server(&o, server, now_ms);
	if (o.address.family == INET_V4 || o.address.family == INET_V6)
		len = inet_print(address, &o.address);
	buffer_printf(out, "%u %s %u %s %.*s %u %u %u %u %u ", o.proxy->conf->id,
		      o.proxy->conf->name, s->id, s->name, (int)len, address, o.state,
		      o.admin & 0x1f, o.user_weight, o.initial_weight,
		      stats_seconds_since(o.last_change_ms, now_ms));
	buffer_printf(out, "%u %u %d %u 0 0 0 %s %u - 0 %u - - 0\n",
		      o.check.exists ? state_file_status(o.check.status) : 1,
		      state_file_result(&o.check), o.health.value, state_file_check_state(&o),
		      s->address.name ? s->address.name : "-", o.address.port, s->check_port);
}

static enum command_result show_servers_state(struct command_call *c)
{
	const struct proxy *only;

	if (!parse_backend(c, &only))
		return COMMAND_DONE;
	buffer_add_text(
	    c->out,
	    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
	    "srv_iweight srv_time_since_last_change srv_check_status srv_check_result "
	    "srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id "
	    "srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "
	    "srv_agent_port\n");
	for (unsigned int i = 0; i < c->program->n_proxies; i++) {
		struct proxy *px = &c->program->proxies[i];

		if ((only && only != px) || px->conf->disabled)
			continue;
		for (unsigned int j = 0; j < px->n_servers; j++)
			server_state(c->out, &px->servers[j], c->worker->loop.now_ms);
	}
	return COMMAND_DONE;
}

static const struct command command_show_servers_state = {.words = "show servers state",
							  .args = "[<backend>]",
							  .help =
							      "states of servers, as a state file",
							  .run = show_servers_state};
FAMILY_ADD(command, command_show_servers_state);

static enum command_result show_backend(struct command_call *c)
{
	buffer_add_text(c->out, "# name\n");
	for (unsigned int i = 0; i < c->program->n_proxies; i++)
		if (c->program->proxies[i].conf->sides & PROXY_BACKEND)
			buffer_printf(c->out, "%s\n", c->program->proxies[i].conf->name);
	return COMMAND_DONE;
}

static const struct command command_show_backend = {
    .words = "show backend", .args = "", .help = "names of the backends", .run = show_backend};
FAMILY_ADD(command, command_show_backend);

static enum command_result show_version(struct command_call *c)
{
	buffer_printf(c->out, "%s\n", c->program->version ? c->program->version : "?");
	return COMMAND_DONE;
}

static const struct command command_show_version = {
    .words = "show version", .args = "", .help = "this process's version", .run = show_version};
FAMILY_ADD(command, command_show_version);

static enum command_result show_env(struct command_call *c)
{
	struct span wanted = command_word(c, 0);
	bool found = false;

	for (char **e = environ; e && *e; e++) {
		struct span rest = span_of(*e);

		if (wanted.len && !span_equal(span_split(&rest, '='), wanted))
			continue;
		found = true;
		buffer_printf(c->out, "%s\n", *e);
	}
	if (wanted.len && !found)
		buffer_add_text(c->out, "Variable not found\n");
	return COMMAND_DONE;
}

static const struct command command_show_env = {.words = "show env",
						.args = "[<name>]",
						.help = "environment variables",
						.level = BIND_LEVEL_OPERATOR,
						.run = show_env};
FAMILY_ADD(command, command_show_env);
