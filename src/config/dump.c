/* SPDX-License-Identifier: MIT */
/*
 * The canonical dump of a model: one line for each setting that differs from its default, in a
 * fixed order, so that golden tests and people see what a file came to mean. Rows print what a
 * struct holds; what hangs on proxies is in dump_parts.c.
 */
#include "config/dump_priv.h"
#include "config/section_core.h"
#include "config/section_parts.h"

#include "rule/userlist.h"

void dump_word(struct buffer *out, struct span word)
{
	bool plain = word.len > 0;

	for (size_t i = 0; i < word.len; i++)
		plain &= word.p[i] > ' ' && word.p[i] < 0x7f && !strchr("\"'\\#", word.p[i]);
	if (plain) {
		buffer_add_span(out, word);
		return;
	}
	buffer_add_char(out, '"');
	for (size_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (c < ' ' || c == 0x7f)
			buffer_printf(out, "\\x%02x", (unsigned int)(unsigned char)c);
		else if (c == '"' || c == '\\')
			buffer_printf(out, "\\%c", c);
		else
			buffer_add_char(out, c);
	}
	buffer_add_char(out, '"');
}

static void dump_inet(struct buffer *out, const struct inet *a, bool port)
{
	char text[INET_TEXT_BYTES];
	size_t n = inet_print(text, a);

	buffer_printf(out, a->family == INET_V6 && port ? "[%.*s]" : "%.*s", (int)n, text);
	if (port)
		buffer_printf(out, ":%u", a->port);
}

void dump_address(struct buffer *out, const struct address *a)
{
	static const char *const families[] = {
	    [INET_NONE] = "", [INET_V4] = "ipv4@", [INET_V6] = "ipv6@", [INET_UNIX] = ""};

	if (a->datagram)
		buffer_add_text(out, "dgram+");
	switch ((enum address_kind)a->kind) {
	case ADDRESS_FD:
		buffer_printf(out, "fd@%d", a->fd);
		break;
	case ADDRESS_UNIX:
		buffer_printf(out, "unix@%s", a->path);
		break;
	case ADDRESS_ABSTRACT:
		buffer_printf(out, "abns@%s", a->path);
		break;
	case ADDRESS_INET:
		if (a->name)
			buffer_printf(out, "%s%s:%u", families[a->inet.family], a->name,
				      a->inet.port);
		else
			dump_inet(out, &a->inet, true);
		break;
	}
}

static void dump_net(struct buffer *out, const struct inet_net *net)
{
	dump_inet(out, &net->address, false);
	buffer_printf(out, "/%u", net->prefix);
}

static void dump_bits(struct buffer *out, const struct dump_row *row, unsigned int bits)
{
	const char *separator = "";

	for (unsigned int i = 0; i < row->n_names; i++) {
		if (bits >> i & 1) {
			buffer_printf(out, "%s%s", separator, row->names[i]);
			separator = ",";
		}
	}
}

static void dump_value(struct buffer *out, const struct dump_row *row, const char *member)
{
	const struct model_proxy *const *proxy = (const void *)member;
	const char *const *text = (const void *)member;

	switch (row->type) {
	case DUMP_UINT:
		buffer_add_u64(out, *(const unsigned int *)(const void *)member);
		break;
	case DUMP_U16:
		buffer_add_u64(out, *(const uint16_t *)(const void *)member);
		break;
	case DUMP_INT:
		buffer_add_i64(out, *(const int *)(const void *)member);
		break;
	case DUMP_OCTAL:
		buffer_printf(out, "%o", (unsigned int)*(const int *)(const void *)member);
		break;
	case DUMP_LONG:
		buffer_add_i64(out, *(const long *)(const void *)member);
		break;
	case DUMP_FLAG:
		buffer_add_text(out, *(const bool *)member ? "on" : "off");
		break;
	case DUMP_TEXT:
		dump_word(out, span_of(*text));
		break;
	case DUMP_PROXY:
		dump_word(out, *proxy ? span_of((*proxy)->name) : SPAN("none"));
		break;
	case DUMP_SPAN:
		dump_word(out, *(const struct span *)(const void *)member);
		break;
	case DUMP_ENUM:
		buffer_add_text(out, row->names[*(const unsigned int *)(const void *)member]);
		break;
	case DUMP_BITS:
		dump_bits(out, row, *(const unsigned int *)(const void *)member);
		break;
	case DUMP_INET:
		dump_inet(out, (const void *)member, true);
		break;
	case DUMP_NET:
		dump_net(out, (const void *)member);
		break;
	case DUMP_ADDRESS:
		dump_address(out, (const void *)member);
		break;
	}
}

static bool differs(const struct dump_row *row, const char *member, const char *plain)
{
	static const size_t sizes[] = {
	    [DUMP_UINT] = sizeof(unsigned int), [DUMP_U16] = sizeof(uint16_t),
	    [DUMP_INT] = sizeof(int),           [DUMP_OCTAL] = sizeof(int),
	    [DUMP_LONG] = sizeof(long),         [DUMP_FLAG] = sizeof(bool),
	    [DUMP_ENUM] = sizeof(unsigned int), [DUMP_BITS] = sizeof(unsigned int),
	    [DUMP_PROXY] = sizeof(void *),
	};
	const char *const *text = (const void *)member;
	const char *const *plain_text = (const void *)plain;
	const struct span *span = (const void *)member;

	switch (row->type) {
	case DUMP_TEXT:
		return *text && (!*plain_text || strcmp(*text, *plain_text) != 0);
	case DUMP_SPAN:
		return span->p && !span_equal(*span, *(const struct span *)(const void *)plain);
	case DUMP_INET:
		return ((const struct inet *)(const void *)member)->family != INET_NONE;
	case DUMP_NET:
		return ((const struct inet_net *)(const void *)member)->address.family != INET_NONE;
	case DUMP_ADDRESS:
		return ((const struct address *)(const void *)member)->kind != ADDRESS_INET ||
		       ((const struct address *)(const void *)member)->inet.family != INET_NONE ||
		       ((const struct address *)(const void *)member)->name;
	default:
		return memcmp(member, plain, sizes[row->type]) != 0;
	}
}

void dump_rows(const struct dump_place *at, const struct dump_row *rows, unsigned int n,
	       const void *object, const void *plain)
{
	for (unsigned int i = 0; i < n; i++) {
		const char *member = (const char *)object + rows[i].offset;

		if (!differs(&rows[i], member, (const char *)plain + rows[i].offset))
			continue;
		buffer_printf(at->out, "%s %s ", at->prefix, rows[i].name);
		dump_value(at->out, &rows[i], member);
		buffer_add_char(at->out, '\n');
	}
}

static void dump_global(const struct model_global *g, struct buffer *out)
{
#define AT(member) offsetof(struct model_global, member), NULL, 0
	static const struct dump_row rows[] = {
	    {"chroot", DUMP_TEXT, AT(chroot)},
	    {"close-spread-time", DUMP_UINT, AT(close_spread_time)},
	    {"daemon", DUMP_FLAG, AT(daemon)},
	    {"description", DUMP_TEXT, AT(description)},
	    {"gid", DUMP_LONG, AT(gid)},
	    {"group", DUMP_TEXT, AT(group)},
	    {"hard-stop-after", DUMP_UINT, AT(hard_stop_after)},
	    {"log-hostname", DUMP_TEXT, AT(log_hostname)},
	    {"log-send-hostname", DUMP_FLAG, AT(log_send_hostname)},
	    {"log-tag", DUMP_TEXT, AT(log_tag)},
	    {"master-worker", DUMP_FLAG, AT(master_worker)},
	    {"maxconn", DUMP_UINT, AT(maxconn)},
	    {"maxconnrate", DUMP_UINT, AT(maxconnrate)},
	    {"nbthread", DUMP_UINT, AT(nbthread)},
	    {"node", DUMP_TEXT, AT(node)},
	    {"pidfile", DUMP_TEXT, AT(pidfile)},
	    {"quiet", DUMP_FLAG, AT(quiet)},
	    {"spread-checks", DUMP_UINT, AT(spread_checks)},
	    {"stats maxconn", DUMP_UINT, AT(stats_maxconn)},
	    {"stats timeout", DUMP_UINT, AT(stats_timeout)},
	    {"tune.bufsize", DUMP_UINT, AT(tune.bufsize)},
	    {"tune.http.cookielen", DUMP_UINT, AT(tune.http_cookielen)},
	    {"tune.http.logurilen", DUMP_UINT, AT(tune.http_logurilen)},
	    {"tune.http.maxhdr", DUMP_UINT, AT(tune.http_maxhdr)},
	    {"tune.idle-pool.shared", DUMP_FLAG, AT(tune.idle_pool_shared)},
	    {"tune.maxaccept", DUMP_UINT, AT(tune.maxaccept)},
	    {"tune.maxrewrite", DUMP_UINT, AT(tune.maxrewrite)},
	    {"uid", DUMP_LONG, AT(uid)},
	    {"ulimit-n", DUMP_UINT, AT(ulimit_n)},
	    {"user", DUMP_TEXT, AT(user)},
	    {"zero-warning", DUMP_FLAG, AT(zero_warning)},
	};
#undef AT
	struct dump_place at = {out, "global"};
	struct model_global plain = {0};

	config_global_init(&plain);
	dump_rows(&at, rows, array_size(rows), g, &plain);
	dump_logs(&at, g->logs);
	dump_binds(&at, g->stats_sockets, "stats socket");
}

static const char *const option_names[] = {
    "abortonclose",
    "allbackups",
    "dontlognull",
    "dontlog-normal",
    "logasap",
    "log-health-checks",
    "log-separate-errors",
    "http-no-delay",
    "accept-unsafe-violations-in-http-request",
    "accept-unsafe-violations-in-http-response",
    "clitcpka",
    "srvtcpka",
    "nolinger",
    "prefer-last-server",
    "persist",
    "http-ignore-probes",
    "socket-stats",
    "idle-close-on-response",
    "redispatch",
    "http-pretend-keepalive",
    "tcp-smart-connect",
    "contstats",
};
static const char *const retry_names[] = {"conn-failure",     "empty-response", "junk-response",
					  "response-timeout", "0rtt-rejected",  "status"};
static const char *const mode_names[] = {[MODE_TCP] = "tcp", [MODE_HTTP] = "http"};
static const char *const connection_names[] = {[HTTP_KEEP_ALIVE] = "http-keep-alive",
					       [HTTP_SERVER_CLOSE] = "http-server-close",
					       [HTTP_CLOSE] = "httpclose"};
static const char *const reuse_names[] = {[REUSE_NEVER] = "never",
					  [REUSE_SAFE] = "safe",
					  [REUSE_AGGRESSIVE] = "aggressive",
					  [REUSE_ALWAYS] = "always"};
static const char *const style_names[] = {[LOG_STYLE_DEFAULT] = "default",
					  [LOG_STYLE_TCP] = "tcplog",
					  [LOG_STYLE_HTTP] = "httplog",
					  [LOG_STYLE_CLF] = "clf",
					  [LOG_STYLE_OWN] = "log-format"};

#define AT(member) offsetof(struct model_proxy, member)
#define NAMES(names) names, array_size(names)
static const struct dump_row proxy_rows[] = {
    {"backlog", DUMP_UINT, AT(backlog), NULL, 0},
    {"capture cookie", DUMP_SPAN, AT(capture_cookie), NULL, 0},
    {"capture cookie len", DUMP_UINT, AT(capture_cookie_bytes), NULL, 0},
    {"capture cookie prefix", DUMP_FLAG, AT(capture_cookie_prefix), NULL, 0},
    {"connection-mode", DUMP_ENUM, AT(connection_mode), NAMES(connection_names)},
    {"default_backend", DUMP_PROXY, AT(default_backend), NULL, 0},
    {"description", DUMP_TEXT, AT(description), NULL, 0},
    {"disabled", DUMP_FLAG, AT(disabled), NULL, 0},
    {"forwardfor", DUMP_FLAG, AT(forwardfor.on), NULL, 0},
    {"forwardfor except", DUMP_NET, AT(forwardfor.except), NULL, 0},
    {"forwardfor header", DUMP_SPAN, AT(forwardfor.header), NULL, 0},
    {"forwardfor if-none", DUMP_FLAG, AT(forwardfor.if_none), NULL, 0},
    {"fullconn", DUMP_UINT, AT(fullconn), NULL, 0},
    {"http-reuse", DUMP_ENUM, AT(reuse), NAMES(reuse_names)},
    {"id", DUMP_UINT, AT(id), NULL, 0},
    {"log-format", DUMP_SPAN, AT(log_format_text), NULL, 0},
    {"log-style", DUMP_ENUM, AT(log_style), NAMES(style_names)},
    {"log-tag", DUMP_TEXT, AT(log_tag), NULL, 0},
    {"max-keep-alive-queue", DUMP_UINT, AT(max_keep_alive_queue), NULL, 0},
    {"maxconn", DUMP_UINT, AT(maxconn), NULL, 0},
    {"mode", DUMP_ENUM, AT(mode), NAMES(mode_names)},
    {"monitor-uri", DUMP_SPAN, AT(monitor_uri), NULL, 0},
    {"options", DUMP_BITS, AT(options), NAMES(option_names)},
    {"originalto", DUMP_FLAG, AT(originalto.on), NULL, 0},
    {"originalto except", DUMP_NET, AT(originalto.except), NULL, 0},
    {"originalto header", DUMP_SPAN, AT(originalto.header), NULL, 0},
    {"rate-limit sessions", DUMP_UINT, AT(rate_limit_sessions), NULL, 0},
    {"redispatch-every", DUMP_UINT, AT(redispatch_every), NULL, 0},
    {"retries", DUMP_UINT, AT(retries), NULL, 0},
    {"retry-on", DUMP_BITS, AT(retry_on), NAMES(retry_names)},
    {"source", DUMP_INET, AT(source), NULL, 0},
    {"source interface", DUMP_TEXT, AT(source_interface), NULL, 0},
    {"timeout check", DUMP_UINT, AT(timeout.check), NULL, 0},
    {"timeout client", DUMP_UINT, AT(timeout.client), NULL, 0},
    {"timeout client-fin", DUMP_UINT, AT(timeout.client_fin), NULL, 0},
    {"timeout connect", DUMP_UINT, AT(timeout.connect), NULL, 0},
    {"timeout http-keep-alive", DUMP_UINT, AT(timeout.http_keep_alive), NULL, 0},
    {"timeout http-request", DUMP_UINT, AT(timeout.http_request), NULL, 0},
    {"timeout queue", DUMP_UINT, AT(timeout.queue), NULL, 0},
    {"timeout server", DUMP_UINT, AT(timeout.server), NULL, 0},
    {"timeout server-fin", DUMP_UINT, AT(timeout.server_fin), NULL, 0},
    {"timeout tarpit", DUMP_UINT, AT(timeout.tarpit), NULL, 0},
    {"timeout tunnel", DUMP_UINT, AT(timeout.tunnel), NULL, 0},
    {"unique-id-format", DUMP_SPAN, AT(unique_id_text), NULL, 0},
    {"unique-id-header", DUMP_SPAN, AT(unique_id_header), NULL, 0},
};

static void dump_retry_status(const struct dump_place *at, const struct model_proxy *p)
{
	for (unsigned int i = 0; i < 512; i++) {
		if (p->retry_status[i / 64] >> i % 64 & 1)
			buffer_printf(at->out, "%s retry-on %u\n", at->prefix, i + 100);
	}
}

static void dump_proxy(const struct model_proxy *p, struct buffer *out)
{
	const char *section = p->is_listen ? "listen" : config_proxy_kind(p);
	struct dump_place at = {out, NULL};
	struct model_proxy plain = {0};
	struct buffer prefix;

	config_proxy_init(&plain);
	config_parts_init(&plain);
	buffer_init(&prefix, 65536);
	buffer_printf(&prefix, "%s %s", section, p->name);
	at.prefix = buffer_text(&prefix);
	dump_rows(&at, proxy_rows, array_size(proxy_rows), p, &plain);
	dump_retry_status(&at, p);
	dump_logs(&at, p->logs);
	dump_binds(&at, p->binds, "bind");
	dump_parts(&at, p);
	dump_servers(&at, p);
	buffer_fini(&prefix);
}

static void dump_userlist(const struct userlist *list, struct buffer *out)
{
	for (const struct user *u = list->users; u; u = u->next) {
		buffer_printf(out, "userlist %.*s user ", SPAN_ARG(list->name));
		dump_word(out, u->name);
		buffer_add_text(out, !u->password.p ? "" : u->plain ? " plain" : " hashed");
		for (const struct user_group *g = u->groups; g; g = g->next) {
			buffer_add_text(out, " group ");
			dump_word(out, g->name);
		}
		buffer_add_char(out, '\n');
	}
}

void config_dump(const struct model *m, struct buffer *out)
{
	dump_global(&m->global, out);
	for (const struct userlist *l = m->rules.userlists; l; l = l->next)
		dump_userlist(l, out);
	for (const struct model_proxy *p = m->proxies; p; p = p->next)
		dump_proxy(p, out);
}
