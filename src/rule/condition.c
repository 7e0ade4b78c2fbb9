/* SPDX-License-Identifier: MIT */
/*
 * Conditions over haproxy's predefined ACLs. A condition is a list of terms; "or" begins a new
 * group, terms of a group are joined by "and". It holds when all terms of any group do (and with
 * "unless", when none does). Called by config/ (compile) and by proxy/ (evaluate, once a rule is
 * reached). A name whose value is not there does not match, as in haproxy.
 */
#include "rule/condition.h"

#include "base/format.h"

#define MAX_TERMS 1024

struct term {
	const struct condition_name *acl;
	bool negated, begins_group;
};

struct condition {
	bool unless, needs_http;
	unsigned int n;
	struct term terms[];
};

static const struct condition_name *find_name(struct span name)
{
	FAMILY_EACH(condition_name, it) {
		if (span_equal(name, span_of((*it)->name)))
			return *it;
	}
	return NULL;
}

static const char *nearest_name(struct span name)
{
	const char *nearest = NULL;
	unsigned int best = 3;

	FAMILY_EACH(condition_name, it) {
		unsigned int distance = format_word_distance(name, span_of((*it)->name));

		if (distance < best) {
			best = distance;
			nearest = (*it)->name;
		}
	}
	return nearest;
}

static const char *unknown_name(struct span name, struct arena *a)
{
	const char *nearest = nearest_name(name);

	if (nearest)
		return arena_printf(a, "no such ACL : '%.*s'; did you mean '%s' maybe ?",
				    SPAN_ARG(name), nearest);
	return arena_printf(
	    a,
	    "no such ACL : '%.*s'. ACLs of one's own come with the rule language, which halb does "
	    "not have yet; "
	    "TRUE, LOCALHOST, METH_GET and haproxy's other predefined ones are there",
	    SPAN_ARG(name));
}

struct compiler {
	struct condition *c;
	struct arena *arena;
	const char **error;
	bool begins_group, negated;
	bool open; /* "!" or "or" (or the start) waits for a name */
};

static bool add_name(struct compiler *k, struct span name)
{
	const struct condition_name *acl = find_name(name);

	if (!acl) {
		*k->error = unknown_name(name, k->arena);
		return false;
	}
	if (!acl->matches) {
		*k->error = arena_printf(
		    k->arena,
		    "'%s' is not supported by halb yet, remove the rule or use another name",
		    acl->name);
		return false;
	}
	k->c->terms[k->c->n++] = (struct term){acl, k->negated, k->begins_group};
	k->c->needs_http |= acl->needs_http;
	k->negated = k->begins_group = k->open = false;
	return true;
}

static bool add_word(struct compiler *k, struct span word)
{
	if (span_equal(word, SPAN("or")) || span_equal(word, SPAN("||"))) {
		if (k->open) {
			*k->error = arena_printf(
			    k->arena, "'%.*s' needs the name of an ACL before it", SPAN_ARG(word));
			return false;
		}
		k->begins_group = k->open = true;
		return true;
	}
	if (span_starts_with(word, SPAN("{"))) {
		*k->error = arena_printf(
		    k->arena,
		    "an anonymous ACL '{ ... }' comes with the rule language, which halb does not "
		    "have "
		    "yet; use one of the predefined names, such as LOCALHOST or METH_GET");
		return false;
	}
	while (span_starts_with(word, SPAN("!"))) {
		k->negated = !k->negated;
		k->open = true;
		word = span_slice(word, 1, word.len);
	}
	return word.len == 0 || add_name(k, word);
}

struct condition *condition_compile(const struct span *words, unsigned int n, bool unless,
				    struct arena *a, const char **error)
{
	struct compiler k = {.arena = a, .error = error, .begins_group = true, .open = true};

	*error = NULL;
	if (n > MAX_TERMS) {
		*error = "the condition is too long";
		return NULL;
	}
	k.c = arena_alloc(a, sizeof(*k.c) + n * sizeof(k.c->terms[0]));
	if (!k.c)
		goto out;
	k.c->unless = unless;
	for (unsigned int i = 0; i < n; i++) {
		if (!add_word(&k, words[i]))
			goto out;
	}
	if (!k.open)
		return k.c;
	*error = n == 0 ? "a condition is missing, write the name of an ACL such as TRUE"
			: "the name of an ACL is missing at the end";
out:
	if (!*error)
		*error = "out of memory";
	return NULL;
}

bool condition_holds(const struct condition *c, const struct rule_context *ctx)
{
	bool group = false;

	if (!c)
		return true;
	for (unsigned int i = 0; i < c->n; i++) {
		const struct term *t = &c->terms[i];

		if (t->begins_group) {
			if (group)
				break;
			group = true;
		}
		if (group)
			group = t->acl->matches(ctx) != t->negated;
	}
	return group != c->unless;
}

bool condition_needs_http(const struct condition *c)
{
	return c && c->needs_http;
}

/* ---- the names ---- */

static bool always(const struct rule_context *ctx)
{
	(void)ctx;
	return true;
}

static bool never(const struct rule_context *ctx)
{
	(void)ctx;
	return false;
}

static bool from_localhost(const struct rule_context *ctx)
{
	static const struct inet_net loopback[] = {
	    {{.family = INET_V4, .ip = {127}}, 8},
	    {{.family = INET_V6, .ip = {[15] = 1}}, 128},
	};

	return inet_in_net(&ctx->src, &loopback[0]) || inet_in_net(&ctx->src, &loopback[1]);
}

static bool has_request(const struct rule_context *ctx)
{
	return ctx->request != NULL;
}

static bool is_version(const struct rule_context *ctx, enum http_version version)
{
	return ctx->request && ctx->request->version == (uint8_t)version;
}

static bool is_http_1_0(const struct rule_context *ctx)
{
	return is_version(ctx, HTTP_1_0);
}

static bool is_http_1_1(const struct rule_context *ctx)
{
	return is_version(ctx, HTTP_1_1);
}

static bool is_http_2(const struct rule_context *ctx)
{
	return is_version(ctx, HTTP_2);
}

static bool has_content(const struct rule_context *ctx)
{
	return ctx->request && ctx->request->framing == BODY_LENGTH &&
	       ctx->request->content_length > 0;
}

/* ^[^/:]*:// */
static bool url_is_absolute(const struct rule_context *ctx)
{
	struct span url = ctx->request ? ctx->request->target : SPAN("");
	size_t colon = span_find(url, ':');

	return span_find(url, '/') > colon &&
	       span_starts_with(span_slice(url, colon, url.len), SPAN("://"));
}

static bool url_is_slash(const struct rule_context *ctx)
{
	return ctx->request && span_starts_with(ctx->request->target, SPAN("/"));
}

static bool url_is_star(const struct rule_context *ctx)
{
	return ctx->request && span_equal(ctx->request->target, SPAN("*"));
}

static bool is_method(const struct rule_context *ctx, enum http_method method)
{
	return ctx->request && ctx->request->method == method;
}

static bool is_connect(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_CONNECT);
}

static bool is_delete(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_DELETE);
}

static bool is_get(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_GET) || is_method(ctx, HTTP_HEAD);
}

static bool is_head(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_HEAD);
}

static bool is_options(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_OPTIONS);
}

static bool is_post(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_POST);
}

static bool is_put(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_PUT);
}

static bool is_trace(const struct rule_context *ctx)
{
	return is_method(ctx, HTTP_TRACE);
}

#define NAME(id, text, function, http, what)                                                       \
	static const struct condition_name id = {(text), (function), (http), (what)};              \
	FAMILY_ADD(condition_name, id)

NAME(name_false, "FALSE", never, false, "never matches");
NAME(name_http, "HTTP", has_request, true, "the request is valid HTTP");
NAME(name_http_1_0, "HTTP_1.0", is_http_1_0, true, "the request's version is HTTP/1.0");
NAME(name_http_1_1, "HTTP_1.1", is_http_1_1, true, "the request's version is HTTP/1.1");
NAME(name_http_2_0, "HTTP_2.0", is_http_2, true, "the request's version is HTTP/2");
NAME(name_http_content, "HTTP_CONTENT", has_content, true,
     "the request has a Content-Length above 0");
NAME(name_http_url_abs, "HTTP_URL_ABS", url_is_absolute, true,
     "the URL is absolute, with a scheme");
NAME(name_http_url_slash, "HTTP_URL_SLASH", url_is_slash, true, "the URL begins with a slash");
NAME(name_http_url_star, "HTTP_URL_STAR", url_is_star, true, "the URL is a star");
NAME(name_localhost, "LOCALHOST", from_localhost, false, "the client is on this host");
NAME(name_meth_connect, "METH_CONNECT", is_connect, true, "the method is CONNECT");
NAME(name_meth_delete, "METH_DELETE", is_delete, true, "the method is DELETE");
NAME(name_meth_get, "METH_GET", is_get, true, "the method is GET or HEAD");
NAME(name_meth_head, "METH_HEAD", is_head, true, "the method is HEAD");
NAME(name_meth_options, "METH_OPTIONS", is_options, true, "the method is OPTIONS");
NAME(name_meth_post, "METH_POST", is_post, true, "the method is POST");
NAME(name_meth_put, "METH_PUT", is_put, true, "the method is PUT");
NAME(name_meth_trace, "METH_TRACE", is_trace, true, "the method is TRACE");
NAME(name_rdp_cookie, "RDP_COOKIE", NULL, false, "the client sent an RDP cookie");
NAME(name_req_content, "REQ_CONTENT", has_request, true, "the client sent something");
NAME(name_true, "TRUE", always, false, "always matches");
NAME(name_wait_end, "WAIT_END", always, false, "the end of what is waited for");
