/* SPDX-License-Identifier: MIT */
/*
 * The dump of what hangs on a proxy: logs, binds, captures, redirects, replies, statistics,
 * balance, cookie, checks, servers. Called by dump.c. Lists keep the order of the files, because it
 * has a meaning.
 */
#include "config/dump_priv.h"
#include "config/section_parts.h"
#include "config/section_server.h"

#define NAMES(names) names, array_size(names)

static const char *const level_names[] = {"emerg",   "alert",  "crit", "err",
					  "warning", "notice", "info", "debug"};
static const char *const form_names[] = {"rfc3164", "local", "rfc5424", "priority",
					 "short",   "timed", "iso",     "raw"};

void dump_logs(const struct dump_place *at, const struct model_log *logs)
{
	for (const struct model_log *log = logs; log; log = log->next) {
		buffer_printf(at->out, "%s log ", at->prefix);
		dump_address(at->out, &log->to);
		buffer_printf(at->out, " facility %u level %s..%s format %s len %u", log->facility,
			      level_names[log->min_level], level_names[log->max_level],
			      form_names[log->form], log->max_bytes);
		for (unsigned int i = 0; i < log->n_sample_ranges; i++)
			buffer_printf(at->out, "%s%u-%u", i ? "," : " sample ",
				      log->sample_ranges[i].from, log->sample_ranges[i].to);
		if (log->sample_of)
			buffer_printf(at->out, ":%u", log->sample_of);
		buffer_add_char(at->out, '\n');
	}
}

/* Rows of an item of a list, under "PREFIX KEYWORD NAME". */
static void dump_item(const struct dump_place *at, const char *keyword, const char *name,
		      const struct dump_row *rows, unsigned int n, const void *const objects[2])
{
	struct buffer prefix;
	struct dump_place inner = {at->out, NULL};

	buffer_init(&prefix, 65536);
	buffer_printf(&prefix, "%s%s%s%s%s", at->prefix, keyword[0] ? " " : "", keyword,
		      name[0] ? " " : "", name);
	inner.prefix = buffer_text(&prefix);
	dump_rows(&inner, rows, n, objects[0], objects[1]);
	buffer_fini(&prefix);
}

void dump_binds(const struct dump_place *at, const struct model_bind *binds, const char *keyword)
{
#define AT(member) offsetof(struct model_bind, member)
	static const char *const bind_levels[] = {[BIND_LEVEL_USER] = "user",
						  [BIND_LEVEL_OPERATOR] = "operator",
						  [BIND_LEVEL_ADMIN] = "admin"};
	static const struct dump_row rows[] = {
	    {"accept-proxy", DUMP_FLAG, AT(accept_proxy), NULL, 0},
	    {"backlog", DUMP_UINT, AT(backlog), NULL, 0},
	    {"defer-accept", DUMP_FLAG, AT(defer_accept), NULL, 0},
	    {"expose-fd listeners", DUMP_FLAG, AT(expose_fd_listeners), NULL, 0},
	    {"gid", DUMP_INT, AT(unix_gid), NULL, 0},
	    {"id", DUMP_UINT, AT(id), NULL, 0},
	    {"interface", DUMP_TEXT, AT(interface), NULL, 0},
	    {"level", DUMP_ENUM, AT(level), NAMES(bind_levels)},
	    {"maxconn", DUMP_UINT, AT(maxconn), NULL, 0},
	    {"mode", DUMP_OCTAL, AT(unix_mode), NULL, 0},
	    {"mss", DUMP_UINT, AT(mss), NULL, 0},
	    {"name", DUMP_TEXT, AT(name), NULL, 0},
	    {"nice", DUMP_UINT, AT(nice), NULL, 0},
	    {"transparent", DUMP_FLAG, AT(transparent), NULL, 0},
	    {"uid", DUMP_INT, AT(unix_uid), NULL, 0},
	    {"v4v6", DUMP_FLAG, AT(v4v6), NULL, 0},
	    {"v6only", DUMP_FLAG, AT(v6only), NULL, 0},
	};
#undef AT
	static const struct model_bind plain = {
	    .unix_mode = -1, .unix_uid = -1, .unix_gid = -1, .level = BIND_LEVEL_OPERATOR};

	for (const struct model_bind *b = binds; b; b = b->next) {
		buffer_printf(at->out, "%s %s %s address ", at->prefix, keyword, b->word);
		dump_address(at->out, &b->address);
		buffer_add_char(at->out, '\n');
		dump_item(at, keyword, b->word, NAMES(rows), (const void *const[2]){b, &plain});
	}
}

static void dump_captures(const struct dump_place *at, const struct model_capture *list,
			  const char *side)
{
	for (const struct model_capture *c = list; c; c = c->next)
		buffer_printf(at->out, "%s capture %s %u %s%.*s len %u\n", at->prefix, side,
			      c->index, c->name.p ? "header " : "slot", SPAN_ARG(c->name),
			      c->max_bytes);
}

static void dump_list(const struct dump_place *at, enum rule_set set, const struct rule_list *list)
{
	for (const struct rule *r = list->first; r; r = r->next) {
		buffer_printf(at->out, "%s", at->prefix);
		if (set != RULES_REDIRECT)
			buffer_printf(at->out, " %s", rule_set_name(set));
		for (unsigned int i = 0; i < r->n_words; i++) {
			buffer_add_char(at->out, ' ');
			dump_word(at->out, r->words[i]);
		}
		buffer_add_char(at->out, '\n');
	}
}

static void dump_rules(const struct dump_place *at, const struct model_proxy *p)
{
	for (unsigned int set = 0; p->rules && set < RULE_SETS; set++)
		dump_list(at, (enum rule_set)set, &p->rules->lists[set]);
	for (const struct use_backend *u = p->use_backends; u; u = u->next)
		buffer_printf(at->out, "%s use_backend %s%s\n", at->prefix, u->name,
			      u->condition ? " conditional" : "");
	for (const struct use_server *u = p->use_servers; u; u = u->next)
		buffer_printf(at->out, "%s use-server %s conditional\n", at->prefix, u->name);
}

static void dump_replies(const struct dump_place *at, const struct model_proxy *p)
{
	for (unsigned int k = 0; k < REPLY_KINDS; k++) {
		const struct model_reply *reply = p->replies[k];

		if (!reply)
			continue;
		buffer_printf(at->out, "%s reply %u ", at->prefix,
			      reply_status((enum reply_kind)k));
		if (reply->location.p)
			buffer_printf(at->out, "location %.*s code %u\n", SPAN_ARG(reply->location),
				      reply->code);
		else if (reply->reply)
			buffer_add_text(at->out, "http-error\n");
		else
			buffer_printf(at->out, "file of %zu bytes\n", reply->raw.len);
	}
}

static void dump_stats(const struct dump_place *at, const struct model_stats *s)
{
#define AT(member) offsetof(struct model_stats, member), NULL, 0
	static const struct dump_row rows[] = {
	    {"admin", DUMP_FLAG, AT(admin)},
	    {"description", DUMP_TEXT, AT(description)},
	    {"enable", DUMP_FLAG, AT(enabled)},
	    {"hide-version", DUMP_FLAG, AT(hide_version)},
	    {"node", DUMP_TEXT, AT(node)},
	    {"realm", DUMP_SPAN, AT(realm)},
	    {"refresh", DUMP_UINT, AT(refresh_s)},
	    {"show-desc", DUMP_FLAG, AT(show_description)},
	    {"show-legends", DUMP_FLAG, AT(show_legends)},
	    {"show-modules", DUMP_FLAG, AT(show_modules)},
	    {"show-node", DUMP_FLAG, AT(show_node)},
	    {"uri", DUMP_SPAN, AT(uri)},
	};
#undef AT
	static const struct model_stats plain;

	if (!s)
		return;
	dump_item(at, "stats", "", NAMES(rows), (const void *const[2]){s, &plain});
	for (const struct model_user *u = s->users; u; u = u->next)
		buffer_printf(at->out, "%s stats auth %.*s\n", at->prefix,
			      SPAN_ARG(u->name_and_password));
	for (const struct model_scope *scope = s->scopes; scope; scope = scope->next)
		buffer_printf(at->out, "%s stats scope %.*s\n", at->prefix, SPAN_ARG(scope->name));
	if (s->admin_condition)
		buffer_printf(at->out, "%s stats admin conditional\n", at->prefix);
}

static void dump_balance(const struct dump_place *at, const struct model_proxy *p)
{
#define AT(member) offsetof(struct model_balance, member)
	static const char *const types[] = {
	    [BALANCE_HASH_MAP] = "map-based", [BALANCE_HASH_CONSISTENT] = "consistent"};
	static const char *const functions[] = {[HASH_KEY_SDBM] = "sdbm",
						[HASH_KEY_DJB2] = "djb2",
						[HASH_KEY_WT6] = "wt6",
						[HASH_KEY_CRC32] = "crc32",
						[HASH_KEY_NONE] = "none"};
	static const struct dump_row rows[] = {
	    {"avalanche", DUMP_FLAG, AT(hash.avalanche), NULL, 0},
	    {"depth", DUMP_UINT, AT(uri.depth), NULL, 0},
	    {"draws", DUMP_UINT, AT(random_draws), NULL, 0},
	    {"hash-balance-factor", DUMP_UINT, AT(hash_balance_factor), NULL, 0},
	    {"hash-function", DUMP_ENUM, AT(hash.function), NAMES(functions)},
	    {"hash-type", DUMP_ENUM, AT(hash_type), NAMES(types)},
	    {"len", DUMP_UINT, AT(uri.len), NULL, 0},
	    {"method", DUMP_TEXT, AT(method), NULL, 0},
	    {"name", DUMP_SPAN, AT(name), NULL, 0},
	    {"path-only", DUMP_FLAG, AT(uri.path_only), NULL, 0},
	    {"use_domain_only", DUMP_FLAG, AT(use_domain_only), NULL, 0},
	    {"whole", DUMP_FLAG, AT(uri.whole), NULL, 0},
	};
#undef AT
	struct model_proxy plain = {0};

	config_parts_init(&plain);
	if (p->balance.algorithm && p->balance.algorithm != plain.balance.algorithm)
		buffer_printf(at->out, "%s balance algorithm %s\n", at->prefix,
			      p->balance.algorithm->name);
	dump_item(at, "balance", "", NAMES(rows),
		  (const void *const[2]){&p->balance, &plain.balance});
}

static void dump_cookie(const struct dump_place *at, const struct model_cookie *c)
{
#define AT(member) offsetof(struct model_cookie, member)
	static const char *const modes[] = {[COOKIE_PASSIVE] = "passive",
					    [COOKIE_REWRITE] = "rewrite",
					    [COOKIE_INSERT] = "insert",
					    [COOKIE_PREFIX] = "prefix"};
	static const struct dump_row rows[] = {
	    {"httponly", DUMP_FLAG, AT(httponly), NULL, 0},
	    {"indirect", DUMP_FLAG, AT(indirect), NULL, 0},
	    {"maxidle", DUMP_UINT, AT(maxidle_s), NULL, 0},
	    {"maxlife", DUMP_UINT, AT(maxlife_s), NULL, 0},
	    {"mode", DUMP_ENUM, AT(mode), NAMES(modes)},
	    {"name", DUMP_SPAN, AT(name), NULL, 0},
	    {"nocache", DUMP_FLAG, AT(nocache), NULL, 0},
	    {"postonly", DUMP_FLAG, AT(postonly), NULL, 0},
	    {"preserve", DUMP_FLAG, AT(preserve), NULL, 0},
	    {"secure", DUMP_FLAG, AT(secure), NULL, 0},
	};
#undef AT
	static const struct model_cookie plain;

	if (!c)
		return;
	dump_item(at, "cookie", "", NAMES(rows), (const void *const[2]){c, &plain});
	for (unsigned int i = 0; i < c->domains.n; i++)
		buffer_printf(at->out, "%s cookie domain %s\n", at->prefix, c->domains.v[i]);
	for (unsigned int i = 0; i < c->attributes.n; i++)
		buffer_printf(at->out, "%s cookie attr %s\n", at->prefix, c->attributes.v[i]);
}

static void dump_step(const struct dump_place *at, const struct check_step *s)
{
#define AT(member) offsetof(struct check_step, member)
	static const char *const matches[] = {
	    [CHECK_MATCH_STRING] = "string",   [CHECK_MATCH_BINARY] = "binary",
	    [CHECK_MATCH_REGEX] = "rstring",   [CHECK_MATCH_STATUS] = "status",
	    [CHECK_MATCH_RSTATUS] = "rstatus", [CHECK_MATCH_HEADER] = "hdr",
	    [CHECK_MATCH_RBINARY] = "rbinary"};
	static const char *const statuses[CHECK_STATUSES] = {
	    [CHECK_UNKNOWN] = "default", [CHECK_INI] = "INI",       [CHECK_SOCKERR] = "SOCKERR",
	    [CHECK_L4OK] = "L4OK",       [CHECK_L4TOUT] = "L4TOUT", [CHECK_L4CON] = "L4CON",
	    [CHECK_L6OK] = "L6OK",       [CHECK_L6TOUT] = "L6TOUT", [CHECK_L6RSP] = "L6RSP",
	    [CHECK_L7OK] = "L7OK",       [CHECK_L7OKC] = "L7OKC",   [CHECK_L7TOUT] = "L7TOUT",
	    [CHECK_L7RSP] = "L7RSP",     [CHECK_L7STS] = "L7STS",   [CHECK_HANA] = "HANA"};
	static const struct dump_row rows[] = {
	    {"body", DUMP_SPAN, AT(body), NULL, 0},
	    {"comment", DUMP_SPAN, AT(comment), NULL, 0},
	    {"data", DUMP_SPAN, AT(data), NULL, 0},
	    {"default", DUMP_FLAG, AT(default_options), NULL, 0},
	    {"error-status", DUMP_ENUM, AT(error_status), NAMES(statuses)},
	    {"header-name", DUMP_SPAN, AT(header_name), NULL, 0},
	    {"linger", DUMP_FLAG, AT(linger), NULL, 0},
	    {"match", DUMP_ENUM, AT(match), NAMES(matches)},
	    {"method", DUMP_SPAN, AT(method), NULL, 0},
	    {"not", DUMP_FLAG, AT(negate), NULL, 0},
	    {"ok-status", DUMP_ENUM, AT(ok_status), NAMES(statuses)},
	    {"on-error", DUMP_SPAN, AT(on_error), NULL, 0},
	    {"on-success", DUMP_SPAN, AT(on_success), NULL, 0},
	    {"pattern", DUMP_SPAN, AT(pattern), NULL, 0},
	    {"port", DUMP_U16, AT(port), NULL, 0},
	    {"send-proxy", DUMP_FLAG, AT(send_proxy), NULL, 0},
	    {"send-state", DUMP_FLAG, AT(send_state), NULL, 0},
	    {"tout-status", DUMP_ENUM, AT(tout_status), NAMES(statuses)},
	    {"uri", DUMP_SPAN, AT(uri), NULL, 0},
	    {"version", DUMP_SPAN, AT(version), NULL, 0},
	};
#undef AT
	static const struct check_step plain;

	dump_item(at, "", "", NAMES(rows), (const void *const[2]){s, &plain});
	for (unsigned int i = 0; i < s->n_headers; i++)
		buffer_printf(at->out, "%s header %.*s: %.*s\n", at->prefix,
			      SPAN_ARG(s->headers[i].name), SPAN_ARG(s->headers[i].value));
	for (unsigned int i = 0; i < s->n_ranges; i++)
		buffer_printf(at->out, "%s range %u-%u\n", at->prefix, s->ranges[i].from,
			      s->ranges[i].to);
}

static void dump_check(const struct dump_place *at, const struct model_check *c)
{
	static const char *const kinds[] = {[CHECK_KIND_TCP] = "tcp",
					    [CHECK_KIND_HTTP] = "http",
					    [CHECK_KIND_TCP_SCRIPT] = "tcp-check"};
	static const char *const steps[] = {[CHECK_STEP_CONNECT] = "connect",
					    [CHECK_STEP_SEND] = "send",
					    [CHECK_STEP_SEND_HTTP] = "send-http",
					    [CHECK_STEP_EXPECT] = "expect",
					    [CHECK_STEP_EXPECT_HTTP] = "expect-http"};

	if (c->kind != CHECK_KIND_TCP)
		buffer_printf(at->out, "%s check kind %s\n", at->prefix, kinds[c->kind]);
	if (c->dialogue.disable_on_404)
		buffer_printf(at->out, "%s check disable-on-404 on\n", at->prefix);
	for (unsigned int i = 0; i < c->dialogue.n_steps; i++) {
		struct buffer prefix;
		struct dump_place inner = {at->out, NULL};

		buffer_init(&prefix, 65536);
		buffer_printf(&prefix, "%s check step %u %s", at->prefix, i + 1,
			      steps[c->dialogue.steps[i].kind]);
		inner.prefix = buffer_text(&prefix);
		buffer_printf(at->out, "%s\n", inner.prefix);
		dump_step(&inner, &c->dialogue.steps[i]);
		buffer_fini(&prefix);
	}
}

void dump_parts(const struct dump_place *at, const struct model_proxy *p)
{
	dump_captures(at, p->request_captures, "request");
	dump_captures(at, p->response_captures, "response");
	dump_rules(at, p);
	dump_replies(at, p);
	dump_stats(at, p->stats);
	dump_balance(at, p);
	dump_cookie(at, p->cookie);
	dump_check(at, &p->check);
}

void dump_servers(const struct dump_place *at, const struct model_proxy *p)
{
#define AT(member) offsetof(struct model_server, member)
	static const char *const layers[] = {
	    [OBSERVE_NONE] = "none", [OBSERVE_LAYER4] = "layer4", [OBSERVE_LAYER7] = "layer7"};
	static const char *const on_errors[] = {[HEALTH_FASTINTER] = "fastinter",
						[HEALTH_FAIL_CHECK] = "fail-check",
						[HEALTH_SUDDEN_DEATH] = "sudden-death",
						[HEALTH_MARK_DOWN] = "mark-down"};
	static const struct dump_row rows[] = {
	    {"address", DUMP_ADDRESS, AT(address), NULL, 0},
	    {"backup", DUMP_FLAG, AT(backup), NULL, 0},
	    {"check", DUMP_FLAG, AT(check), NULL, 0},
	    {"check-address", DUMP_ADDRESS, AT(check_address), NULL, 0},
	    {"check-port", DUMP_U16, AT(check_port), NULL, 0},
	    {"check-send-proxy", DUMP_FLAG, AT(check_send_proxy), NULL, 0},
	    {"cookie", DUMP_SPAN, AT(cookie), NULL, 0},
	    {"disabled", DUMP_FLAG, AT(disabled), NULL, 0},
	    {"downinter", DUMP_UINT, AT(downinter), NULL, 0},
	    {"error-limit", DUMP_UINT, AT(error_limit), NULL, 0},
	    {"fall", DUMP_INT, AT(fall), NULL, 0},
	    {"fastinter", DUMP_UINT, AT(fastinter), NULL, 0},
	    {"id", DUMP_UINT, AT(id), NULL, 0},
	    {"init-addr none", DUMP_FLAG, AT(init_addr_none), NULL, 0},
	    {"inter", DUMP_UINT, AT(inter), NULL, 0},
	    {"max-reuse", DUMP_INT, AT(max_reuse), NULL, 0},
	    {"maxconn", DUMP_UINT, AT(maxconn), NULL, 0},
	    {"maxqueue", DUMP_UINT, AT(maxqueue), NULL, 0},
	    {"minconn", DUMP_UINT, AT(minconn), NULL, 0},
	    {"observe", DUMP_ENUM, AT(observe), NAMES(layers)},
	    {"on-error", DUMP_ENUM, AT(on_error), NAMES(on_errors)},
	    {"on-marked-down shutdown-sessions", DUMP_FLAG, AT(on_marked_down_shutdown), NULL, 0},
	    {"on-marked-up shutdown-backup-sessions", DUMP_FLAG, AT(on_marked_up_shutdown_backup),
	     NULL, 0},
	    {"pool-max-conn", DUMP_INT, AT(pool_max_conn), NULL, 0},
	    {"pool-purge-delay", DUMP_UINT, AT(pool_purge_delay), NULL, 0},
	    {"port-from-client", DUMP_FLAG, AT(port_from_client), NULL, 0},
	    {"port-offset", DUMP_INT, AT(port_offset), NULL, 0},
	    {"redir", DUMP_TEXT, AT(redir), NULL, 0},
	    {"rise", DUMP_INT, AT(rise), NULL, 0},
	    {"send-proxy", DUMP_UINT, AT(send_proxy), NULL, 0},
	    {"slowstart", DUMP_UINT, AT(slowstart), NULL, 0},
	    {"source", DUMP_INET, AT(source), NULL, 0},
	    {"source interface", DUMP_TEXT, AT(source_interface), NULL, 0},
	    {"track", DUMP_TEXT, AT(track_name), NULL, 0},
	    {"weight", DUMP_UINT, AT(weight), NULL, 0},
	};
#undef AT
	struct model_server plain;

	config_server_init(&plain);
	for (const struct model_server *s = p->servers; s; s = s->next)
		dump_item(at, "server", s->name, NAMES(rows), (const void *const[2]){s, &plain});
}
