/* SPDX-License-Identifier: MIT */
/* Converters between encodings: hexadecimal digits, base64, URLs, JSON. */
#include "rule/base64.h"
#include "rule/expr.h"

#include "base/escape.h"
#include "base/format.h"

/* ---- hexadecimal ---- */

static bool to_hex(const struct convert_call *c)
{
	struct span in = c->v->text;
	char *p = scratch_take(c->ctx->scratch, in.len * 2);

	if (!p)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		p[2 * i] = "0123456789ABCDEF"[(unsigned char)in.p[i] >> 4];
		p[2 * i + 1] = "0123456789ABCDEF"[in.p[i] & 15];
	}
	*c->v = value_of_text(span_make(p, in.len * 2));
	return true;
}

CONVERTER(hex, "hex", NO_ARGUMENTS, VALUE_BIN, VALUE_STR, 0, to_hex, NULL,
	  "its bytes as hexadecimal digits");

static bool hex_to_int(const struct convert_call *c)
{
	uint64_t n = 0;

	for (size_t i = 0; i < c->v->text.len; i++) {
		int digit = format_hex_digit(c->v->text.p[i]);

		if (digit < 0)
			return false;
		n = n << 4 | (unsigned int)digit;
	}
	*c->v = value_of_int((int64_t)n);
	return true;
}

CONVERTER(hex2i, "hex2i", NO_ARGUMENTS, VALUE_STR, VALUE_INT, 0, hex_to_int, NULL,
	  "the number that hexadecimal digits spell");

/* ---- base64 ---- */

static bool encode(const struct convert_call *c)
{
	c->v->type = VALUE_STR;
	return base64_encode(c->ctx->scratch, c->v->text, c->converter->variant != 0, &c->v->text);
}

static bool decode(const struct convert_call *c)
{
	c->v->type = VALUE_BIN;
	return base64_decode(c->ctx->scratch, c->v->text, c->converter->variant != 0, &c->v->text);
}

CONVERTER(base64, "base64", NO_ARGUMENTS, VALUE_BIN, VALUE_STR, false, encode, NULL,
	  "its bytes in base64");
CONVERTER(ub64enc, "ub64enc", NO_ARGUMENTS, VALUE_BIN, VALUE_STR, true, encode, NULL,
	  "its bytes in base64url, without padding");
CONVERTER(b64dec, "b64dec", NO_ARGUMENTS, VALUE_STR, VALUE_BIN, false, decode, NULL,
	  "the bytes that base64 stands for");
CONVERTER(ub64dec, "ub64dec", NO_ARGUMENTS, VALUE_STR, VALUE_BIN, true, decode, NULL,
	  "the bytes that base64url stands for");

/* ---- URLs ---- */

/* '+' is a blank in a form, and behind the '?'. */
static bool decode_url(const struct convert_call *c)
{
	struct span in = c->v->text;
	size_t mark = c->args[0].type && c->args[0].number ? 0 : span_find(in, '?');
	char *p = scratch_take(c->ctx->scratch, in.len);
	long path, query;

	if (!p)
		return false;
	path = escape_url_decode(p, span_slice(in, 0, mark), false);
	if (path < 0)
		return false;
	query = escape_url_decode(p + path, span_slice(in, mark, in.len), true);
	if (query < 0)
		return false;
	c->v->text = span_make(p, (size_t)(path + query));
	return true;
}

CONVERTER(url_dec, "url_dec", ARGUMENTS(0, ARGUMENT_INT), VALUE_STR, VALUE_STR, 0, decode_url, NULL,
	  "([FORM]): %XX decoded; '+' too behind a '?', or everywhere where FORM is not 0");

static bool check_url_enc(struct rule_compiler *k, struct argument_value *args)
{
	return !args[0].text.len || span_equal(args[0].text, SPAN("query")) ||
	       compiler_fail(k, "'url_enc' knows the type 'query' only, not '%.*s'",
			     SPAN_ARG(args[0].text));
}

static bool encode_url(const struct convert_call *c)
{
	struct buffer b;

	scratch_open(c->ctx->scratch, &b);
	escape_url(&b, c->v->text);
	return scratch_close(c->ctx->scratch, &b, &c->v->text);
}

CONVERTER(url_enc, "url_enc", ARGUMENTS(0, ARGUMENT_STR), VALUE_STR, VALUE_STR, 0, encode_url,
	  check_url_enc, "([query]): what is not unreserved as %XX");

/* ---- JSON ---- */

enum json_input { JSON_ASCII, JSON_UTF8, JSON_UTF8S, JSON_UTF8P, JSON_UTF8PS };

static bool check_json(struct rule_compiler *k, struct argument_value *args)
{
	static const char *const names[] = {
	    [JSON_ASCII] = "ascii", [JSON_UTF8] = "utf8",     [JSON_UTF8S] = "utf8s",
	    [JSON_UTF8P] = "utf8p", [JSON_UTF8PS] = "utf8ps",
	};

	args[0].number = JSON_ASCII;
	if (!args[0].text.len)
		return true;
	for (int i = 0; i < (int)array_size(names); i++) {
		if (span_equal(args[0].text, span_of(names[i]))) {
			args[0].number = i;
			return true;
		}
	}
	return compiler_fail(
	    k, "'json' knows 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps', not '%.*s'",
	    SPAN_ARG(args[0].text));
}

/* The code point at the front of s and its bytes in *n; -1 where it is no UTF-8 (RFC 3629). */
static int32_t take_utf8(struct span s, size_t *n)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	int32_t code;

	*n = 1;
	if (len == 0 || first > 0xf4 || len > s.len)
		return -1;
	code = len == 1 ? first : first & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return -1;
		code = code << 6 | (s.p[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return -1;
	*n = len;
	return code;
}

static void add_json_char(struct buffer *b, int32_t code)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	for (size_t i = 0; i + 1 < sizeof(escapes) - 1; i += 2) {
		if (code == escapes[i + 1]) {
			buffer_add_char(b, '\\');
			buffer_add_char(b, escapes[i]);
			return;
		}
	}
	if (code >= 0x20 && code < 0x7f) {
		buffer_add_char(b, (char)code);
		return;
	}
	buffer_add_text(b, "\\u");
	for (int shift = 12; shift >= 0; shift -= 4)
		buffer_add_char(b, "0123456789abcdef"[code >> shift & 15]);
}

/* s: bad sequences are left out silently, else the value fails; p: they become bytes. */
static bool to_json(const struct convert_call *c)
{
	enum json_input input = (enum json_input)c->args[0].number;
	struct span in = c->v->text;
	struct buffer b;

	scratch_open(c->ctx->scratch, &b);
	while (in.len) {
		size_t n = 1;
		int32_t code = (unsigned char)in.p[0];

		if (input != JSON_ASCII)
			code = take_utf8(in, &n);
		if (code < 0 && input == JSON_UTF8)
			return false;
		if (code < 0 && (input == JSON_UTF8P || input == JSON_UTF8PS))
			code = (unsigned char)in.p[0];
		if (code > 0xffff && input != JSON_UTF8S && input != JSON_UTF8PS)
			return false;
		if (code >= 0 && code <= 0xffff)
			add_json_char(&b, code);
		in = span_slice(in, n, in.len);
	}
	return scratch_close(c->ctx->scratch, &b, &c->v->text);
}

CONVERTER(json, "json", ARGUMENTS(0, ARGUMENT_STR), VALUE_STR, VALUE_STR, 0, to_json, check_json,
	  "([INPUT]): the inside of a JSON string, from ascii, utf8, utf8s, utf8p or utf8ps");
