/* SPDX-License-Identifier: MIT */
/*
 * Where log lines go ("log", in global and in proxies) and what they look like ("option httplog",
 * "option tcplog", "log-format"). A list of targets may be shared with a defaults section: it is
 * copied when a line adds to it.
 */
#include "config/section_parts.h"
#include "config/section_rules.h"

#include "rule/log_format.h"

#include "base/format.h"

#define LOG_LEN_DEFAULT 1024
#define LOG_PORT 514

static const char *const facilities[] = {
    "kern",   "user",   "mail",   "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "auth2",  "ftp",    "ntp",    "audit",  "alert",  "cron2",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
static const char *const levels[] = {"emerg",   "alert",  "crit", "err",
				     "warning", "notice", "info", "debug"};
static const char *const forms[] = {"rfc3164", "local", "rfc5424", "priority",
				    "short",   "timed", "iso",     "raw"};

static bool parse_target(struct config_reader *r, const struct node *line, unsigned int at,
			 struct model_log *log)
{
	struct span word = line->words[at];
	struct address_ports ports = {0};

	if (span_equal(word, SPAN("stdout")) || span_equal(word, SPAN("stderr"))) {
		log->to = (struct address){.kind = ADDRESS_FD,
					   .fd = span_equal(word, SPAN("stdout")) ? 1 : 2};
		return true;
	}
	if (span_starts_with(word, SPAN("ring@")) || span_starts_with(word, SPAN("tcp@")) ||
	    span_starts_with(word, SPAN("tcp4@"))) {
		config_alert(r, line,
			     "'log %.*s' (rings and syslog over TCP) is not supported by halb yet, "
			     "use a UDP address.",
			     SPAN_ARG(word));
		return false;
	}
	if (!config_parse_address(r, line, word, ADDRESS_ALLOW_NO_PORT | ADDRESS_ALLOW_NAME,
				  &log->to, &ports))
		return false;
	if (log->to.kind == ADDRESS_INET && !ports.given)
		log->to.inet.port = LOG_PORT;
	log->to.datagram = log->to.kind != ADDRESS_FD;
	return true;
}

static bool parse_sample_ranges(struct span text, uint64_t of, struct model_log *log)
{
	unsigned int n = 0;

	while (text.p) {
		struct span high = span_split(&text, ',');
		struct span low = span_split(&high, '-');
		uint64_t from, to;

		if (!span_to_u64(low, of, &from) || from == 0)
			return false;
		to = from;
		if (high.p && (!span_to_u64(high, of, &to) || to < from))
			return false;
		log->sample_ranges[n++] =
		    (struct model_log_range){(unsigned int)from, (unsigned int)to};
	}
	log->n_sample_ranges = n;
	return true;
}

/* RANGES:SIZE, such as "1,3-4:10". */
static bool parse_sample(struct config_reader *r, const struct node *line, unsigned int at,
			 struct model_log *log)
{
	struct span size = node_word(line, at);
	struct span ranges = span_split(&size, ':');
	uint64_t of = 0;
	size_t commas = 0;

	for (size_t i = 0; i < ranges.len; i++)
		commas += ranges.p[i] == ',';
	log->sample_ranges = config_alloc(r, line, (commas + 1) * sizeof(*log->sample_ranges));
	if (!log->sample_ranges)
		return false;
	if (size.p && span_to_u64(size, INT32_MAX, &of) && of > 0 &&
	    parse_sample_ranges(ranges, of, log)) {
		log->sample_of = (unsigned int)of;
		return true;
	}
	config_alert(r, line,
		     "log : 'sample' expects <ranges>:<size> with ranges within the size, such as "
		     "'1-2,5:10', not '%.*s'.",
		     SPAN_ARG(node_word(line, at)));
	return false;
}

/* "len", "format" and "sample" with their values; *at moves behind them. */
static bool parse_log_options(struct config_reader *r, const struct node *line, unsigned int *at,
			      struct model_log *log)
{
	for (;;) {
		if (node_word_is(line, *at, "len")) {
			if (!config_parse_uint(r, line, *at + 1, 80, 65535, &log->max_bytes))
				return false;
		} else if (node_word_is(line, *at, "format")) {
			int form = config_parse_choice(r, line, *at + 1, forms, array_size(forms));

			if (form < 0)
				return false;
			log->form = (enum log_form)form;
		} else if (node_word_is(line, *at, "sample")) {
			if (!parse_sample(r, line, *at + 1, log))
				return false;
		} else {
			return true;
		}
		*at += 2;
	}
}

/* The index of a word, or -1 after a diagnostic. */
static int find_word(struct config_reader *r, const struct node *line, unsigned int at,
		     const char *const *words, unsigned int n, const char *unknown)
{
	struct span word = line->words[at];
	const char *nearest = NULL;
	unsigned int best = 3;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int distance = format_word_distance(word, span_of(words[i]));

		if (distance == 0)
			return (int)i;
		if (distance < best) {
			best = distance;
			nearest = words[i];
		}
	}
	config_alert(r, line, "log : %s '%s'; %s '%s'%s", unknown, word.p,
		     nearest ? "did you mean" : "write one such as",
		     nearest ? nearest : words[n - 1], nearest ? " maybe ?" : ".");
	return -1;
}

static bool parse_severity(struct config_reader *r, const struct node *line, unsigned int at,
			   struct model_log *log)
{
	int facility, max = LOG_LEVEL_DEBUG, min = LOG_LEVEL_EMERG;

	if (at >= line->n_words) {
		config_alert(
		    r, line,
		    "log : expects <address> and <facility> as arguments, write 'log %.*s local0'.",
		    SPAN_ARG(line->words[at - 1]));
		return false;
	}
	facility =
	    find_word(r, line, at, facilities, array_size(facilities), "unknown log facility");
	if (facility >= 0 && at + 1 < line->n_words)
		max = find_word(r, line, at + 1, levels, array_size(levels),
				"unknown optional log level");
	if (max >= 0 && at + 2 < line->n_words)
		min = find_word(r, line, at + 2, levels, array_size(levels),
				"unknown optional minimum log level");
	if (facility < 0 || max < 0 || min < 0)
		return false;
	log->facility = (unsigned int)facility;
	log->max_level = (enum log_level)max;
	log->min_level = (enum log_level)min;
	return config_expect_end(r, line, at + 3);
}

/* Adds to a copy of the list: what was inherited stays as it is. */
static void append_log(struct config_reader *r, const struct node *line, struct model_log **list,
		       struct model_log *log)
{
	struct model_log *copy = NULL, **end = &copy;

	for (const struct model_log *it = *list; it; it = it->next) {
		struct model_log *one = config_alloc(r, line, sizeof(*one));

		if (!one)
			return;
		*one = *it;
		one->next = NULL;
		*end = one;
		end = &one->next;
	}
	*end = log;
	*list = copy;
}

static bool parse_log_global(struct config_reader *r, const struct node *line, unsigned int at,
			     struct model_log *log)
{
	if (r->where == IN_GLOBAL) {
		config_alert(
		    r, line,
		    "log : 'global' is not supported in the global section, write an address.");
		return false;
	}
	log->is_global = true;
	return config_expect_end(r, line, at + 1);
}

static void parse_log(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_log **list = r->where == IN_GLOBAL ? &r->model->global.logs : &r->proxy->logs;
	struct model_log *log;
	bool good;

	if (r->negated) {
		if (config_expect_end(r, line, at))
			*list = NULL;
		return;
	}
	if (!config_need_word(r, line, at, "log <address> <facility>"))
		return;
	log = config_alloc(r, line, sizeof(*log));
	if (!log)
		return;
	log->max_bytes = LOG_LEN_DEFAULT;
	log->form = LOG_FORM_RFC3164;
	if (node_word_is(line, at, "global")) {
		good = parse_log_global(r, line, at, log);
	} else {
		good = parse_target(r, line, at, log);
		at++;
		good = parse_log_options(r, line, &at, log) && parse_severity(r, line, at, log) &&
		       good;
	}
	if (good)
		append_log(r, line, list, log);
}

static void parse_send_hostname(struct config_reader *r, const struct node *line, unsigned int at)
{
	r->model->global.log_send_hostname = true;
	if (at < line->n_words)
		r->model->global.log_hostname = line->words[at].p;
	(void)config_expect_end(r, line, at + 1);
}

static void parse_httplog(struct config_reader *r, const struct node *line, unsigned int at)
{
	enum log_style style = LOG_STYLE_HTTP;

	if (at < line->n_words) {
		if (!node_word_is(line, at, "clf")) {
			config_alert(r, line,
				     "'option httplog' only knows 'clf' behind it, not '%.*s'.",
				     SPAN_ARG(line->words[at]));
			return;
		}
		style = LOG_STYLE_CLF;
	}
	if (config_expect_end(r, line, at + 1))
		r->proxy->log_style = style;
}

static void parse_tcplog(struct config_reader *r, const struct node *line, unsigned int at)
{
	if (config_expect_end(r, line, at))
		r->proxy->log_style = LOG_STYLE_TCP;
}

static void parse_log_format(struct config_reader *r, const struct node *line, unsigned int at)
{
	struct model_proxy *p = r->proxy;
	struct log_format *format;
	struct rule_compiler k;

	if (!config_need_word(r, line, at, "log-format \"<format>\"") ||
	    !config_expect_end(r, line, at + 1))
		return;
	config_rule_begin(r, line, ~0u, &k);
	format = log_format_compile(&k, line->words[at], LOG_FORMAT_LINE);
	config_rule_end(r, line, &k);
	if (!format) {
		config_alert(r, line, "'log-format' : %s", k.error);
		return;
	}
	p->log_style = LOG_STYLE_OWN;
	p->log_format_text = line->words[at];
	p->log_format = format;
}

static void parse_unique_id_format(struct config_reader *r, const struct node *line,
				   unsigned int at)
{
	struct log_format *format;

	if (!config_need_word(r, line, at, "unique-id-format \"%{+X}o%ci:%cp_%ts_%rt\"") ||
	    !config_expect_end(r, line, at + 1))
		return;
	format = config_parse_format(r, line, at);
	if (!format)
		return;
	r->proxy->unique_id_text = line->words[at];
	r->proxy->unique_id_format = format;
}

static void parse_unique_id_header(struct config_reader *r, const struct node *line,
				   unsigned int at)
{
	if (!config_need_word(r, line, at, "unique-id-header X-Unique-ID") ||
	    !config_expect_end(r, line, at + 1))
		return;
	if (header_name_is_good(line->words[at]))
		r->proxy->unique_id_header = line->words[at];
	else
		config_alert(r, line,
			     "'unique-id-header' : '%s' is not the name of a header field.",
			     line->words[at].p);
}

/* "log global" stands for the global targets, wherever they are written in the files. */
static bool expand_global_logs(struct config_reader *r, struct model_proxy *p)
{
	struct model_log *all = NULL, **end = &all;

	for (const struct model_log *it = p->logs; it; it = it->next) {
		for (const struct model_log *from = it->is_global ? r->model->global.logs : it;
		     from; from = from->next) {
			struct model_log *one = ARENA_NEW(r->arena, struct model_log);

			if (!one)
				return false;
			*one = *from;
			one->next = NULL;
			*end = one;
			end = &one->next;
			if (!it->is_global)
				break;
		}
	}
	p->logs = all;
	return true;
}

static void fall_back_to_tcplog(struct config_reader *r, struct model_proxy *p)
{
	bool http_only = p->log_style == LOG_STYLE_HTTP || p->log_style == LOG_STYLE_CLF;

	if (!http_only || p->mode == MODE_HTTP)
		return;
	diag_add(r->diags, DIAG_WARNING, p->file, p->line,
		 "'option httplog' not usable with frontend '%s' (needs 'mode http'). Falling back "
		 "to 'option tcplog'.",
		 p->name);
	p->log_style = LOG_STYLE_TCP;
}

static bool fits_mode(struct config_reader *r, const struct model_proxy *p,
		      const struct log_format *f, const char *keyword)
{
	if (p->mode != MODE_TCP || !f || !log_format_http_only(f))
		return true;
	diag_add(
	    r->diags, DIAG_ALERT, p->file, p->line,
	    "frontend '%s' : its %s uses '%%%s', which is reserved for HTTP mode. Leave it out "
	    "or set 'mode http'.",
	    p->name, keyword, log_format_http_only(f));
	return false;
}

bool config_finish_log(struct config_reader *r, struct model_proxy *p)
{
	static const char *const formats[] = {
	    [LOG_STYLE_DEFAULT] = log_format_default,
	    [LOG_STYLE_TCP] = log_format_tcp,
	    [LOG_STYLE_HTTP] = log_format_http,
	    [LOG_STYLE_CLF] = log_format_clf,
	};
	struct rule_compiler k = {.arena = r->arena, .program = &r->model->rules};

	if (!expand_global_logs(r, p))
		goto no_memory;
	if (!(p->sides & PROXY_FRONTEND))
		return true;
	fall_back_to_tcplog(r, p);
	if (!p->logs && p->log_style != LOG_STYLE_DEFAULT)
		diag_add(r->diags, DIAG_WARNING, NULL, 0,
			 "log format ignored for frontend '%s' since it has no log address.",
			 p->name);
	if (p->log_style != LOG_STYLE_OWN)
		p->log_format =
		    log_format_compile(&k, span_of(formats[p->log_style]), LOG_FORMAT_LINE);
	if (!p->log_format)
		goto no_memory;
	return fits_mode(r, p, p->log_format, "log-format") &&
	       fits_mode(r, p, p->unique_id_format, "unique-id-format");
no_memory:
	diag_add(r->diags, DIAG_ALERT, p->file, p->line, "out of memory.");
	return false;
}

#define GLOBAL(member) offsetof(struct model_global, member)
#define PROXY(member) offsetof(struct model_proxy, member)

KEYWORDS(section_log,
	 {"log", IN_GLOBAL | IN_PROXY | TAKES_NO, KEYWORD_PARSE, 0, 0, 0, parse_log,
	  "ADDRESS [len N] [format F] [sample S] FACILITY [LEVEL [MINLEVEL]]: where log lines go; "
	  "or the word global"},
	 {"log-tag", IN_GLOBAL, KEYWORD_TEXT, GLOBAL(log_tag), 0, 0, NULL,
	  "program name in log lines"},
	 {"log-tag", IN_PROXY, KEYWORD_TEXT, PROXY(log_tag), 0, 0, NULL,
	  "program name in log lines of this proxy"},
	 {"log-send-hostname", IN_GLOBAL, KEYWORD_PARSE, 0, 0, 0, parse_send_hostname,
	  "[NAME]: host name in log lines, or this text"},
	 {"log-format", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_log_format,
	  "FORMAT: log lines of this form"},
	 {"unique-id-format", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_unique_id_format,
	  "FORMAT: an id for each request (%ID, unique-id)"},
	 {"unique-id-header", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_unique_id_header,
	  "NAME: the field that tells servers the request's unique id"},
	 {"option httplog", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_httplog,
	  "[clf|CLF]: HTTP log lines; clf: in the common log format"},
	 {"option tcplog", IN_FRONT, KEYWORD_PARSE, 0, 0, 0, parse_tcplog, "TCP log lines"});
