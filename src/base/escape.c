/* SPDX-License-Identifier: MIT */
/*
 * Escaping for the places text is shown: the stats page, JSON and CSV exports, URLs, log lines.
 * Every function appends runs of plain bytes in one piece and stops the run only where a byte must
 * change. Input may hold any bytes.
 */
#include "base/escape.h"

#include "base/format.h"

static const char upper_hex[] = "0123456789ABCDEF";

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static const char *html_entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
		return NULL;
	default:
		return is_control(c) ? "?" : NULL;
	}
}

void escape_html(struct buffer *b, struct span s)
{
	size_t done = 0;

	for (size_t i = 0; i < s.len; i++) {
		const char *entity = html_entity((unsigned char)s.p[i]);

		if (!entity)
			continue;
		buffer_add(b, s.p + done, i - done);
		buffer_add_text(b, entity);
		done = i + 1;
	}
	if (done < s.len)
		buffer_add(b, s.p + done, s.len - done);
}

/* The length of the well-formed UTF-8 sequence at the start of s (Unicode table 3-7), or 0. */
static size_t utf8_length(struct span s)
{
	const unsigned char *u = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (s.len < n)
		return 0;
	if (u[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (u[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (u[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (u[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

static void json_special(struct buffer *b, unsigned char c)
{
	static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
		if ((unsigned char)named[i] == c) {
			buffer_add_char(b, '\\');
			buffer_add_char(b, named[i + 1]);
			return;
		}
	}
	buffer_printf(b, "\\u%04x", c);
}

void escape_json(struct buffer *b, struct span s)
{
	size_t done = 0, i = 0;

	while (i < s.len) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = utf8_length(span_slice(s, i, s.len));

		if (n && c >= 0x20 && c != '"' && c != '\\') {
			i += n;
			continue;
		}
		buffer_add(b, s.p + done, i - done);
		if (n)
			json_special(b, c);
		else
			buffer_add_text(b, "\xef\xbf\xbd");
		done = ++i;
	}
	if (done < s.len)
		buffer_add(b, s.p + done, s.len - done);
}

void escape_csv(struct buffer *b, struct span s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len && !quoted; i++)
		quoted = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
	if (!quoted) {
		buffer_add_span(b, s);
		return;
	}
	buffer_add_char(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"')
			buffer_add_char(b, '"');
		buffer_add_char(b, s.p[i]);
	}
	buffer_add_char(b, '"');
}

static void add_hex(struct buffer *b, char prefix, unsigned char c)
{
	char text[3] = {prefix, upper_hex[c >> 4], upper_hex[c & 15]};

	buffer_add(b, text, sizeof(text));
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void escape_url(struct buffer *b, struct span s)
{
	size_t done = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (is_unreserved((unsigned char)s.p[i]))
			continue;
		buffer_add(b, s.p + done, i - done);
		add_hex(b, '%', (unsigned char)s.p[i]);
		done = i + 1;
	}
	if (done < s.len)
		buffer_add(b, s.p + done, s.len - done);
}

static bool is_plain_in_log(unsigned char c, enum escape_log_set set)
{
	if (c < 0x20 || c >= 0x7f || c == '"' || c == '#')
		return false;
	return set != ESCAPE_LOG_HEADER || (c != '{' && c != '|' && c != '}');
}

void escape_log(struct buffer *b, struct span s, enum escape_log_set set)
{
	size_t done = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (is_plain_in_log((unsigned char)s.p[i], set))
			continue;
		buffer_add(b, s.p + done, i - done);
		add_hex(b, '#', (unsigned char)s.p[i]);
		done = i + 1;
	}
	if (done < s.len)
		buffer_add(b, s.p + done, s.len - done);
}

long escape_url_decode(char *dst, struct span s, bool plus)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high = i + 2 < s.len ? format_hex_digit(s.p[i + 1]) : -1;
			int low = i + 2 < s.len ? format_hex_digit(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		dst[n++] = c;
	}
	return (long)n;
}
