/* SPDX-License-Identifier: MIT */
/* Fetches of the start lines: method, target and its parts, version, status. */
#include "rule/expr.h"

#include "proto/uri.h"

#include "base/hash.h"

#define REQUEST(id, text, args, type, derives, variant, run, what)                                 \
	FETCH(id, text, args, type, NEEDS_HTTP_REQUEST, (derives) ? FETCH_DERIVES : 0, (variant),  \
	      run, NULL, what)

static bool fetch_method(const struct fetch_call *c)
{
	const struct message *m = c->ctx->request;

	if (!m)
		return false;
	*c->out = (struct value){
	    .type = VALUE_METH, .method = (uint8_t)m->method, .text = m->method_text};
	return true;
}

REQUEST(method, "method", NO_ARGUMENTS, VALUE_METH, false, 0, fetch_method, "the method");

static bool fetch_proto_http(const struct fetch_call *c)
{
	*c->out = value_of_bool(c->ctx->request != NULL);
	return true;
}

REQUEST(proto_http, "req.proto_http", NO_ARGUMENTS, VALUE_BOOL, false, 0, fetch_proto_http,
	"the request is valid HTTP");
REQUEST(req_proto_http, "req_proto_http", NO_ARGUMENTS, VALUE_BOOL, false, 0, fetch_proto_http,
	"old name of req.proto_http");

/* ---- the target ---- */

enum part { PART_URL, PART_PATH, PART_PATHQ, PART_QUERY, PART_HOST, PART_PORT };

/* p NULL where there is none. An origin-form target, the usual one, is not parsed. */
static struct span part_of(struct span target, enum part part)
{
	struct uri u;

	if (part == PART_URL)
		return target;
	if (likely(span_starts_with(target, SPAN("/")))) {
		size_t mark = span_find(target, '?');

		if (part == PART_PATH)
			return span_slice(target, 0, mark);
		if (part == PART_PATHQ)
			return target;
		return mark < target.len ? span_slice(target, mark + 1, target.len) : SPAN_NONE;
	}
	u = uri_parse(target);
	if (part == PART_QUERY)
		return u.query;
	return part == PART_PATH      ? (u.path.len ? u.path : SPAN_NONE)
	       : u.path_and_query.len ? u.path_and_query
				      : SPAN_NONE;
}

static bool fetch_part(const struct fetch_call *c)
{
	struct span s;

	if (!c->ctx->request)
		return false;
	s = part_of(c->ctx->request->target, (enum part)c->fetch->variant);
	*c->out = value_of_text(s);
	return s.p != NULL;
}

REQUEST(url, "url", NO_ARGUMENTS, VALUE_STR, true, PART_URL, fetch_part, "the request target");
REQUEST(path, "path", NO_ARGUMENTS, VALUE_STR, true, PART_PATH, fetch_part,
	"the target from its first '/' up to the '?'");
REQUEST(pathq, "pathq", NO_ARGUMENTS, VALUE_STR, false, PART_PATHQ, fetch_part,
	"the target from its first '/' on");
REQUEST(query, "query", NO_ARGUMENTS, VALUE_STR, false, PART_QUERY, fetch_part,
	"the target behind the '?'");

static bool fetch_url_end(const struct fetch_call *c)
{
	struct uri u;
	struct inet a;

	if (!c->ctx->request)
		return false;
	u = uri_parse(c->ctx->request->target);
	if (c->fetch->variant == PART_PORT) {
		bool tls = span_equal_nocase(u.scheme, SPAN("https"));

		if (u.form != URI_ABSOLUTE)
			return false;
		*c->out = value_of_int(u.port ? u.port : tls ? 443 : 80);
		return true;
	}
	if (u.form != URI_ABSOLUTE || !inet_parse(u.host, &a))
		return false;
	*c->out = value_of_inet(&a);
	return true;
}

REQUEST(url_ip, "url_ip", NO_ARGUMENTS, VALUE_ADDR, false, PART_HOST, fetch_url_end,
	"the address in an absolute target");
REQUEST(url_port, "url_port", NO_ARGUMENTS, VALUE_INT, false, PART_PORT, fetch_url_end,
	"the port in an absolute target");

/* The first Host field's value and the path, in scratch memory. */
static bool fetch_base(const struct fetch_call *c)
{
	const struct message *m = c->ctx->request;
	const struct header *host = m ? header_first(&m->headers, HEADER_HOST) : NULL;
	struct span path = m ? part_of(m->target, (enum part)c->fetch->variant) : SPAN_NONE;
	char *p;

	if (!m || (!path.p && !host))
		return false;
	*c->out = value_of_text(path);
	if (!host || !host->value.p || !host->value.len)
		return path.p != NULL;
	p = scratch_take(c->ctx->scratch, host->value.len + path.len);
	if (!p)
		return false;
	memcpy(p, host->value.p, host->value.len);
	if (path.p)
		memcpy(p + host->value.len, path.p, path.len);
	c->out->text = span_make(p, host->value.len + path.len);
	return true;
}

REQUEST(base, "base", NO_ARGUMENTS, VALUE_STR, true, PART_PATH, fetch_base,
	"the Host field and the path");
REQUEST(baseq, "baseq", NO_ARGUMENTS, VALUE_STR, false, PART_PATHQ, fetch_base,
	"the Host field, the path and the query");

static bool fetch_hash(const struct fetch_call *c)
{
	if (!fetch_base(c))
		return false;
	*c->out = value_of_int(hash_avalanche(hash_sdbm(c->out->text)));
	return true;
}

REQUEST(base32, "base32", NO_ARGUMENTS, VALUE_INT, false, PART_PATH, fetch_hash,
	"a 32-bit hash of base");
REQUEST(url32, "url32", NO_ARGUMENTS, VALUE_INT, false, PART_PATHQ, fetch_hash,
	"a 32-bit hash of baseq");

/* ---- parameters of the query ---- */

static bool is_delimiter(char c)
{
	return c == '&' || c == ';';
}

/* "name=value" off the front of *rest, which is p NULL at the end. */
static struct span take_parameter(struct span *rest)
{
	struct span one = {rest->p, 0};

	while (one.len < rest->len && !is_delimiter(rest->p[one.len]))
		one.len++;
	if (one.len < rest->len)
		*rest = span_slice(*rest, one.len + 1, rest->len);
	else
		*rest = SPAN_NONE;
	return one;
}

/* The next value of that name (any, where it is empty); p NULL at the end. */
static struct span next_parameter(struct span *rest, struct span name)
{
	while (rest->p) {
		struct span one = take_parameter(rest);
		size_t equal = span_find(one, '=');

		if (equal < one.len &&
		    (name.len == 0 || span_equal(span_slice(one, 0, equal), name)))
			return span_slice(one, equal + 1, one.len);
	}
	return SPAN_NONE;
}

static struct span parameters(const struct rule_context *ctx, const struct argument_value *args)
{
	struct span target = ctx->request->target;
	size_t start = span_find(target, args[1].text.len ? args[1].text.p[0] : '?');

	return start < target.len ? span_slice(target, start + 1, target.len) : SPAN_NONE;
}

static bool fetch_parameter(const struct fetch_call *c)
{
	struct span rest, value;

	if (!c->ctx->request)
		return false;
	rest = c->walk && c->walk->at ? c->walk->rest : parameters(c->ctx, c->args);
	value = next_parameter(&rest, c->args[0].text);
	if (c->walk) {
		c->walk->at = 1;
		c->walk->rest = rest;
		c->walk->more = value.p && rest.p;
	}
	*c->out = value_of_text(value);
	if (value.p && c->fetch->type == VALUE_INT)
		*c->out = value_of_int(value_parse_int(value));
	return value.p != NULL;
}

#define PARAMETER ARGUMENTS(0, ARGUMENT_STR, ARGUMENT_STR)

REQUEST(url_param, "url_param", PARAMETER, VALUE_STR, true, 0, fetch_parameter,
	"([NAME[,DELIMITER]]): a parameter of the query");
REQUEST(urlp, "urlp", PARAMETER, VALUE_STR, true, 0, fetch_parameter,
	"([NAME[,DELIMITER]]): a parameter of the query");
REQUEST(urlp_val, "urlp_val", PARAMETER, VALUE_INT, false, 0, fetch_parameter,
	"([NAME[,DELIMITER]]): a parameter of the query as a number");

/* ---- versions and status ---- */

static bool fetch_version(const struct fetch_call *c)
{
	const struct message *m = c->fetch->variant ? c->ctx->response : c->ctx->request;

	if (!m)
		return false;
	*c->out = value_of_text(m->version == HTTP_1_0 ? SPAN("1.0")
				: m->version == HTTP_2 ? SPAN("2.0")
						       : SPAN("1.1"));
	return true;
}

static bool fetch_status(const struct fetch_call *c)
{
	if (!c->ctx->response)
		return false;
	*c->out = value_of_int(c->ctx->response->status);
	return true;
}

REQUEST(req_ver, "req.ver", NO_ARGUMENTS, VALUE_STR, false, false, fetch_version,
	"the request's HTTP version: 1.0, 1.1 or 2.0");
REQUEST(req_ver_old, "req_ver", NO_ARGUMENTS, VALUE_STR, false, false, fetch_version,
	"old name of req.ver");
FETCH(res_ver, "res.ver", NO_ARGUMENTS, VALUE_STR, NEEDS_HTTP_RESPONSE, 0, true, fetch_version,
      NULL, "the response's HTTP version");
FETCH(resp_ver, "resp_ver", NO_ARGUMENTS, VALUE_STR, NEEDS_HTTP_RESPONSE, 0, true, fetch_version,
      NULL, "old name of res.ver");
FETCH(status, "status", NO_ARGUMENTS, VALUE_INT, NEEDS_HTTP_RESPONSE, 0, 0, fetch_status, NULL,
      "the response's status");
