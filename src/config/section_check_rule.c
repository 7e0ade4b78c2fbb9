/* SPDX-License-Identifier: MIT */
/*
 * The words of one http-check or tcp-check rule: connect, send, expect. Called by section_check.c.
 * Log formats in values are not there yet: a '%' must be written '%%', as in haproxy.
 */
#include "config/section_check.h"

#include "base/format.h"

#include "config/section_parts.h"

static bool apply_all(struct config_reader *r, const struct node *line, unsigned int at,
		      const struct argument *table, unsigned int n, struct check_step *step)
{
	while (at < line->n_words) {
		at = argument_apply(r, line, at, table, n, step, node_word(line, 0).p);
		if (at == 0)
			return false;
	}
	return true;
}

/* A log-format value that is plain text: "%%" is a percent sign. */
static bool plain_text(struct config_reader *r, const struct node *line, struct span word,
		       struct span *out)
{
	char *text = config_alloc(r, line, word.len + 1);
	size_t n = 0;

	if (!text)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '%' && (i + 1 == word.len || word.p[++i] != '%')) {
			config_alert(r, line,
				     "'%.*s' : expressions in the value are not supported by halb "
				     "yet, write '%%%%' for a '%%'.",
				     SPAN_ARG(word));
			return false;
		}
		text[n++] = word.p[i];
	}
	*out = span_make(text, n);
	return true;
}

static unsigned int parse_comment(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	if (!config_need_word(r, line, at, "comment <text>"))
		return 0;
	((struct check_step *)target)->comment = line->words[at];
	return at + 1;
}

/* ---- connect ---- */

static unsigned int parse_port(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	struct span word = node_word(line, at);
	unsigned int port;

	if (word.len && (word.p[0] < '0' || word.p[0] > '9')) {
		config_alert(r, line,
			     "'port' : expressions such as '%s' are not supported by halb yet, "
			     "write a number.",
			     word.p);
		return 0;
	}
	if (!config_parse_uint(r, line, at, 1, 65535, &port))
		return 0;
	((struct check_step *)target)->port = (uint16_t)port;
	return at + 1;
}

static unsigned int parse_proto(struct config_reader *r, const struct node *line, unsigned int at,
				void *target)
{
	static const char *const protocols[] = {"h1", "none"};

	(void)target;
	return config_parse_choice(r, line, at, protocols, array_size(protocols)) < 0 ? 0 : at + 1;
}

#define AT(member) offsetof(struct check_step, member)
#define LATER(word)                                                                                \
	{                                                                                          \
		.name = (word), .type = KEYWORD_LATER                                              \
	}

static const struct argument connect_arguments[] = {
    {"comment", KEYWORD_PARSE, 0, 0, 0, parse_comment, "TEXT: for the message when this fails"},
    {"default", KEYWORD_FLAG, AT(default_options), 0, 0, NULL, "options of the server line"},
    {"linger", KEYWORD_FLAG, AT(linger), 0, 0, NULL, "closes without a reset"},
    {"port", KEYWORD_PARSE, 0, 0, 0, parse_port, "PORT: where to"},
    {"proto", KEYWORD_PARSE, 0, 0, 0, parse_proto, "NAME: h1"},
    {"send-proxy", KEYWORD_FLAG, AT(send_proxy), 0, 0, NULL, "PROXY header first"},
    LATER("addr"),
    LATER("alpn"),
    LATER("sni"),
    LATER("ssl"),
    LATER("via-socks4"),
};
ARGUMENTS_OF("check connect", connect_arguments);

bool check_rule_parse_connect(struct config_reader *r, const struct node *line, unsigned int at,
			      struct check_step *step)
{
	*step = (struct check_step){.kind = CHECK_STEP_CONNECT, .min_recv = -1};
	return apply_all(r, line, at, connect_arguments, array_size(connect_arguments), step);
}

/* ---- send ---- */

static bool is_token(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool letter =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.len > 0;
}

static bool has_control(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') || value.p[i] == 0x7f)
			return true;
	}
	return false;
}

static bool add_header(struct config_reader *r, const struct node *line, struct span name,
		       struct span value, struct check_step *step)
{
	struct header *all;

	if (!is_token(name) || has_control(value)) {
		config_alert(r, line,
			     "'%.*s: %.*s' is not a valid header field, check its characters.",
			     SPAN_ARG(name), SPAN_ARG(value));
		return false;
	}
	all = config_alloc(r, line, (step->n_headers + 1) * sizeof(*all));
	if (!all)
		return false;
	if (step->n_headers)
		memcpy(all, step->headers, step->n_headers * sizeof(*all));
	all[step->n_headers++] =
	    (struct header){.name = name, .value = value, .token = (uint8_t)header_token(name)};
	step->headers = all;
	return true;
}

static unsigned int parse_hdr(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	struct span value;

	if (at + 2 > line->n_words) {
		config_alert(r, line,
			     "'hdr' expects <name> and <value>, as in 'hdr Host www.example.com'.");
		return 0;
	}
	if (!plain_text(r, line, line->words[at + 1], &value) ||
	    !add_header(r, line, line->words[at], span_trim(value), target))
		return 0;
	return at + 2;
}

/* One word without blanks or control characters: it stands in the start line. */
static unsigned int take_start_word(struct config_reader *r, const struct node *line,
				    unsigned int at, struct span *out)
{
	struct span word = node_word(line, at);

	if (!config_need_word(r, line, at, "meth GET uri / ver HTTP/1.1"))
		return 0;
	if (has_control(word) || span_find(word, ' ') < word.len ||
	    span_find(word, '\t') < word.len) {
		config_alert(r, line, "'%s' may not have blanks or control characters.",
			     node_word(line, at - 1).p);
		return 0;
	}
	*out = word;
	return at + 1;
}

static unsigned int parse_meth(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	return take_start_word(r, line, at, &((struct check_step *)target)->method);
}

static unsigned int parse_uri(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	return take_start_word(r, line, at, &((struct check_step *)target)->uri);
}

static bool check_version(struct config_reader *r, const struct node *line, struct span version)
{
	if (span_equal(version, SPAN("HTTP/1.0")) || span_equal(version, SPAN("HTTP/1.1")))
		return true;
	config_alert(
	    r, line,
	    "HTTP version '%.*s' is not supported in checks, write 'HTTP/1.0' or 'HTTP/1.1'.",
	    SPAN_ARG(version));
	return false;
}

static unsigned int parse_ver(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	unsigned int next = take_start_word(r, line, at, &((struct check_step *)target)->version);

	return next && check_version(r, line, line->words[at]) ? next : 0;
}

static unsigned int parse_body(struct config_reader *r, const struct node *line, unsigned int at,
			       void *target)
{
	if (!config_need_word(r, line, at, "body <text>"))
		return 0;
	((struct check_step *)target)->body = line->words[at];
	return at + 1;
}

static const struct argument send_arguments[] = {
    {"body", KEYWORD_PARSE, 0, 0, 0, parse_body, "TEXT: body of the request"},
    {"comment", KEYWORD_PARSE, 0, 0, 0, parse_comment, "TEXT: for the message when this fails"},
    {"hdr", KEYWORD_PARSE, 0, 0, 0, parse_hdr, "NAME VALUE: one header field"},
    {"meth", KEYWORD_PARSE, 0, 0, 0, parse_meth, "METHOD: OPTIONS unless set"},
    {"uri", KEYWORD_PARSE, 0, 0, 0, parse_uri, "URI: request target, / unless set"},
    {"ver", KEYWORD_PARSE, 0, 0, 0, parse_ver, "VERSION: HTTP/1.0 (unless set) or HTTP/1.1"},
    LATER("body-lf"),
    LATER("uri-lf"),
};
ARGUMENTS_OF("http-check send", send_arguments);

bool check_rule_parse_http_send(struct config_reader *r, const struct node *line, unsigned int at,
				struct check_step *step)
{
	*step = (struct check_step){.kind = CHECK_STEP_SEND_HTTP, .min_recv = -1};
	return apply_all(r, line, at, send_arguments, array_size(send_arguments), step);
}

/* Up to the next line end, which is "\r\n" or "\n"; p NULL at the end of the text. */
static struct span next_line(struct span *rest)
{
	struct span one = span_split(rest, '\n');

	if (one.len && one.p[one.len - 1] == '\r')
		one.len--;
	return one;
}

bool check_rule_split_version(struct config_reader *r, const struct node *line, struct span word,
			      struct check_step *step)
{
	struct span rest = word;

	step->version = next_line(&rest);
	if (!check_version(r, line, step->version))
		return false;
	while (rest.p) {
		struct span value = next_line(&rest), name;

		if (value.len == 0)
			break;
		name = span_split(&value, ':');
		if (!value.p)
			value = SPAN("");
		if (!add_header(r, line, name, span_trim(value), step))
			return false;
	}
	if (rest.p && rest.len)
		step->body = rest;
	return true;
}

static bool decode_hex(struct config_reader *r, const struct node *line, struct span hex,
		       struct span *out)
{
	char *bytes = config_alloc(r, line, hex.len / 2 + 1);
	bool good = hex.len % 2 == 0;

	if (!bytes)
		return false;
	for (size_t i = 0; good && i < hex.len; i += 2) {
		int high = format_hex_digit(hex.p[i]), low = format_hex_digit(hex.p[i + 1]);

		good = high >= 0 && low >= 0;
		bytes[i / 2] = (char)(good ? high * 16 + low : 0);
	}
	if (!good) {
		config_alert(r, line, "'%.*s' is not an even number of hex digits, such as 'AB00'.",
			     SPAN_ARG(hex));
		return false;
	}
	*out = span_make(bytes, hex.len / 2);
	return true;
}

bool check_rule_parse_tcp_send(struct config_reader *r, const struct node *line, unsigned int at,
			       bool binary, struct check_step *step)
{
	static const struct argument arguments[] = {{"comment", KEYWORD_PARSE, 0, 0, 0,
						     parse_comment,
						     "text for the message when this fails"}};

	*step = (struct check_step){.kind = CHECK_STEP_SEND, .min_recv = -1};
	if (!config_need_word(r, line, at, binary ? "send-binary <hex digits>" : "send <text>"))
		return false;
	if (!binary)
		step->data = line->words[at];
	else if (!decode_hex(r, line, line->words[at], &step->data))
		return false;
	return apply_all(r, line, at + 1, arguments, array_size(arguments), step);
}

/* ---- expect ---- */

static unsigned int parse_min_recv(struct config_reader *r, const struct node *line,
				   unsigned int at, void *target)
{
	struct check_step *step = target;
	unsigned int n;

	if (node_word_is(line, at, "-1")) {
		step->min_recv = -1;
		return at + 1;
	}
	if (!config_parse_uint(r, line, at, 0, CHECK_MAX_RECEIVED, &n))
		return 0;
	step->min_recv = (int)n;
	return at + 1;
}

static unsigned int parse_ok_status(struct config_reader *r, const struct node *line,
				    unsigned int at, void *target)
{
	static const char *const names[] = {"L7OK", "L7OKC", "L6OK", "L4OK"};
	static const enum check_status values[] = {CHECK_L7OK, CHECK_L7OKC, CHECK_L6OK, CHECK_L4OK};
	int i = config_parse_choice(r, line, at, names, array_size(names));

	if (i < 0)
		return 0;
	((struct check_step *)target)->ok_status = values[i];
	return at + 1;
}

static unsigned int parse_error_status(struct config_reader *r, const struct node *line,
				       unsigned int at, void *target)
{
	static const char *const names[] = {"L7OKC", "L7RSP", "L7STS", "L6RSP", "L4CON"};
	static const enum check_status values[] = {CHECK_L7OKC, CHECK_L7RSP, CHECK_L7STS,
						   CHECK_L6RSP, CHECK_L4CON};
	int i = config_parse_choice(r, line, at, names, array_size(names));

	if (i < 0)
		return 0;
	((struct check_step *)target)->error_status = values[i];
	return at + 1;
}

static unsigned int parse_tout_status(struct config_reader *r, const struct node *line,
				      unsigned int at, void *target)
{
	static const char *const names[] = {"L7TOUT", "L6TOUT", "L4TOUT"};
	static const enum check_status values[] = {CHECK_L7TOUT, CHECK_L6TOUT, CHECK_L4TOUT};
	int i = config_parse_choice(r, line, at, names, array_size(names));

	if (i < 0)
		return 0;
	((struct check_step *)target)->tout_status = values[i];
	return at + 1;
}

static unsigned int parse_on_success(struct config_reader *r, const struct node *line,
				     unsigned int at, void *target)
{
	if (!config_need_word(r, line, at, "on-success <text>"))
		return 0;
	return plain_text(r, line, line->words[at], &((struct check_step *)target)->on_success)
		   ? at + 1
		   : 0;
}

static unsigned int parse_on_error(struct config_reader *r, const struct node *line,
				   unsigned int at, void *target)
{
	if (!config_need_word(r, line, at, "on-error <text>"))
		return 0;
	return plain_text(r, line, line->words[at], &((struct check_step *)target)->on_error)
		   ? at + 1
		   : 0;
}

/* One of the matches was given already: there is room for one only. */
static bool begin_match(struct config_reader *r, const struct node *line, unsigned int at,
			struct check_step *step, enum check_match match)
{
	if (step->pattern.p) {
		config_alert(r, line,
			     "an 'expect' takes one pattern only, put '%s' on a line of its own.",
			     node_word(line, at - 1).p);
		return false;
	}
	if (!config_need_word(r, line, at, "expect <match> <pattern>"))
		return false;
	step->match = match;
	step->pattern = line->words[at];
	return true;
}

static unsigned int parse_string(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	return begin_match(r, line, at, target, CHECK_MATCH_STRING) ? at + 1 : 0;
}

static unsigned int take_regex(struct config_reader *r, const struct node *line, unsigned int at,
			       struct check_step *step, enum check_match match)
{
	if (!begin_match(r, line, at, step, match))
		return 0;
	step->regex = config_compile_regex(r, line, step->pattern);
	return step->regex ? at + 1 : 0;
}

static unsigned int parse_rstring(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	return take_regex(r, line, at, target, CHECK_MATCH_REGEX);
}

static unsigned int parse_rstatus(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	return take_regex(r, line, at, target, CHECK_MATCH_RSTATUS);
}

static unsigned int parse_rbinary(struct config_reader *r, const struct node *line, unsigned int at,
				  void *target)
{
	return take_regex(r, line, at, target, CHECK_MATCH_RBINARY);
}

static unsigned int parse_binary(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	struct check_step *step = target;

	if (!begin_match(r, line, at, step, CHECK_MATCH_BINARY))
		return 0;
	return decode_hex(r, line, step->pattern, &step->pattern) ? at + 1 : 0;
}

/* "200", "400-499" */
static bool parse_code_range(struct span text, uint16_t *from, uint16_t *to)
{
	struct span low = span_split(&text, '-');
	uint64_t a, b;

	if (!span_to_u64(low, 999, &a))
		return false;
	b = a;
	if (text.p && !span_to_u64(text, 999, &b))
		return false;
	*from = (uint16_t)a;
	*to = (uint16_t)b;
	return a <= b;
}

static unsigned int parse_status(struct config_reader *r, const struct node *line, unsigned int at,
				 void *target)
{
	struct check_step *step = target;
	struct span rest = node_word(line, at);

	if (!begin_match(r, line, at, step, CHECK_MATCH_STATUS))
		return 0;
	step->ranges = config_alloc(r, line, (rest.len / 2 + 1) * sizeof(*step->ranges));
	if (!step->ranges)
		return 0;
	while (rest.p) {
		struct span one = span_split(&rest, ',');

		if (!parse_code_range(one, &step->ranges[step->n_ranges].from,
				      &step->ranges[step->n_ranges].to)) {
			config_alert(r, line,
				     "'status' expects codes and ranges of codes, such as "
				     "'200-399,401', not '%s'.",
				     line->words[at].p);
			return 0;
		}
		step->n_ranges++;
	}
	return at + 1;
}

/* "[-m METHOD] TEXT" of hdr; *at moves behind it. A missing -m means `how` as it is. */
static bool parse_header_match(struct config_reader *r, const struct node *line, unsigned int *at,
			       enum check_header_how *how, struct check_regex **regex,
			       struct span *text)
{
	static const char *const names[] = {"str", "beg", "end", "sub", "reg"};

	if (node_word_is(line, *at, "-m")) {
		int i = config_parse_choice(r, line, *at + 1, names, array_size(names));

		if (i < 0)
			return false;
		*how = (enum check_header_how)(CHECK_HEADER_STR + i);
		*at += 2;
	}
	if (!config_need_word(r, line, *at, "hdr name <name> value <value>"))
		return false;
	*text = line->words[(*at)++];
	if (*how != CHECK_HEADER_REG)
		return true;
	*regex = config_compile_regex(r, line, *text);
	return *regex != NULL;
}

static unsigned int parse_expect_hdr(struct config_reader *r, const struct node *line,
				     unsigned int at, void *target)
{
	struct check_step *step = target;

	step->header_full = node_word_is(line, at - 1, "fhdr");
	if (!begin_match(r, line, at, step, CHECK_MATCH_HEADER))
		return 0;
	if (!node_word_is(line, at, "name")) {
		config_alert(r, line,
			     "'%s' expects 'name <name>', and perhaps 'value <value>', each with "
			     "'-m <method>' (got '%s').",
			     line->words[at - 1].p, line->words[at].p);
		return 0;
	}
	at++;
	if (!parse_header_match(r, line, &at, &step->header_name_how, &step->header_name_regex,
				&step->header_name))
		return 0;
	step->header_how = CHECK_HEADER_PRESENT;
	step->pattern = step->header_name;
	if (!node_word_is(line, at, "value"))
		return at;
	at++;
	step->header_how = CHECK_HEADER_STR;
	return parse_header_match(r, line, &at, &step->header_how, &step->regex, &step->pattern)
		   ? at
		   : 0;
}

static unsigned int parse_not(struct config_reader *r, const struct node *line, unsigned int at,
			      void *target)
{
	(void)r, (void)line;
	((struct check_step *)target)->negate = true;
	return at;
}

#define EXPECT_COMMON                                                                                \
	{"!", KEYWORD_PARSE, 0, 0, 0, parse_not, "the pattern must not match"},                      \
	    {"comment",                                                                              \
	     KEYWORD_PARSE,                                                                          \
	     0,                                                                                      \
	     0,                                                                                      \
	     0,                                                                                      \
	     parse_comment,                                                                          \
	     "text for the message when this fails"},                                                \
	    {"error-status", KEYWORD_PARSE, 0, 0, 0, parse_error_status, "STATUS: when it fails"},   \
	    {"min-recv",                                                                             \
	     KEYWORD_PARSE,                                                                          \
	     0,                                                                                      \
	     0,                                                                                      \
	     0,                                                                                      \
	     parse_min_recv,                                                                         \
	     "NUMBER: bytes to wait for before matching"},                                           \
	    {"ok-status", KEYWORD_PARSE, 0, 0, 0, parse_ok_status, "STATUS: when it passes"},        \
	    {"on-error", KEYWORD_PARSE, 0, 0, 0, parse_on_error, "TEXT: when it fails"},             \
	    {"on-success", KEYWORD_PARSE, 0, 0, 0, parse_on_success, "TEXT: when it passes"},        \
	    {"rstring", KEYWORD_PARSE, 0, 0, 0, parse_rstring, "REGEX: of the answer"},              \
	    {"string", KEYWORD_PARSE, 0, 0, 0, parse_string, "TEXT: must be there"},                 \
	    {"tout-status", KEYWORD_PARSE, 0, 0, 0, parse_tout_status, "STATUS: when it times out"}, \
	    LATER("status-code"), LATER("string-lf")

static const struct argument http_expect_arguments[] = {
    EXPECT_COMMON,
    {"fhdr", KEYWORD_PARSE, 0, 0, 0, parse_expect_hdr,
     "name NAME [value VALUE]: a header field, its whole value"},
    {"hdr", KEYWORD_PARSE, 0, 0, 0, parse_expect_hdr,
     "name NAME [value VALUE]: a header field, each element of its list"},
    {"rstatus", KEYWORD_PARSE, 0, 0, 0, parse_rstatus, "REGEX: of the status"},
    {"status", KEYWORD_PARSE, 0, 0, 0, parse_status, "CODE[-CODE],...: codes and ranges of codes"},
};
ARGUMENTS_OF("http-check expect", http_expect_arguments);

static const struct argument tcp_expect_arguments[] = {
    EXPECT_COMMON,
    {"binary", KEYWORD_PARSE, 0, 0, 0, parse_binary, "HEX: bytes that must be there"},
    {"rbinary", KEYWORD_PARSE, 0, 0, 0, parse_rbinary, "REGEX: of the answer as hex digits"},
    LATER("binary-lf"),
};
ARGUMENTS_OF("tcp-check expect", tcp_expect_arguments);

/* "!string" is "!" and "string": the word without its mark, in a copy of the line. */
static bool strip_mark(struct config_reader *r, struct node *line, unsigned int at)
{
	struct span *words = config_alloc(r, line, line->n_words * sizeof(*words));

	if (!words)
		return false;
	memcpy(words, line->words, line->n_words * sizeof(*words));
	words[at] = span_slice(words[at], 1, words[at].len);
	line->words = words;
	return true;
}

bool check_rule_parse_expect(struct config_reader *r, const struct node *line, unsigned int at,
			     bool http, struct check_step *step)
{
	const struct argument *table = http ? http_expect_arguments : tcp_expect_arguments;
	unsigned int n =
	    http ? array_size(http_expect_arguments) : array_size(tcp_expect_arguments);
	struct node copy = *line;

	*step = (struct check_step){.kind = http ? CHECK_STEP_EXPECT_HTTP : CHECK_STEP_EXPECT,
				    .min_recv = -1};
	while (at < copy.n_words) {
		if (copy.words[at].len > 1 && copy.words[at].p[0] == '!') {
			if (!strip_mark(r, &copy, at))
				return false;
			step->negate = true;
		}
		at = argument_apply(r, &copy, at, table, n, step, node_word(line, 0).p);
		if (at == 0)
			return false;
	}
	if (step->pattern.p)
		return true;
	config_alert(r, line, "'%s expect' expects %s and a pattern.", node_word(line, 0).p,
		     http ? "'status', 'rstatus', 'hdr', 'fhdr', 'string' or 'rstring'"
			  : "'string', 'rstring', 'binary' or 'rbinary'");
	return false;
}
