/* SPDX-License-Identifier: MIT */
/* Actions that decide what becomes of a request: allow, deny, tarpit, return, reject and so on. */
#include "rule/reply.h"

static enum rule_verdict run_allow(struct rule_context *ctx, const void *data)
{
	(void)ctx, (void)data;
	return RULE_ALLOW;
}

ACTION(allow, "allow", IN_HTTP, ACTION_FINAL, NULL, run_allow,
       "no more rules of this list are looked at");
ACTION(accept, "accept", IN_TCP, ACTION_FINAL, NULL, run_allow,
       "no more rules of this list are looked at");

static enum rule_verdict run_reject(struct rule_context *ctx, const void *data)
{
	(void)ctx, (void)data;
	return RULE_REJECT;
}

static enum rule_verdict run_silent(struct rule_context *ctx, const void *data)
{
	(void)ctx, (void)data;
	return RULE_SILENT;
}

ACTION(reject, "reject", IN_TCP | IN_SET(HTTP_REQUEST), ACTION_FINAL, NULL, run_reject,
       "the connection is closed without an answer");
ACTION(silent_drop, "silent-drop",
       IN_SET(TCP_CONNECTION) | IN_SET(TCP_SESSION) | IN_SET(TCP_CONTENT) | IN_SET(HTTP_REQUEST) |
	   IN_SET(HTTP_RESPONSE),
       ACTION_FINAL, NULL, run_silent, "the connection ends, the client is not told");

/* ---- answers ---- */

static bool parse_deny(struct action_parse *p, void **data)
{
	*data = reply_compile(
	    p, (struct reply_defaults){p->set == RULES_HTTP_REQUEST ? 403 : 502, true});
	return *data != NULL;
}

static bool parse_tarpit(struct action_parse *p, void **data)
{
	*data = reply_compile(p, (struct reply_defaults){500, true});
	return *data != NULL;
}

static bool parse_return(struct action_parse *p, void **data)
{
	*data = reply_compile(p, (struct reply_defaults){200, false});
	return *data != NULL;
}

static enum rule_verdict answer(struct rule_context *ctx, const void *data, enum rule_verdict v)
{
	return ctx->answer && reply_build(data, ctx, ctx->answer) ? v : RULE_FAILED;
}

static enum rule_verdict run_deny(struct rule_context *ctx, const void *data)
{
	return answer(ctx, data, RULE_DENY);
}

static enum rule_verdict run_tarpit(struct rule_context *ctx, const void *data)
{
	return answer(ctx, data, RULE_TARPIT);
}

static enum rule_verdict run_return(struct rule_context *ctx, const void *data)
{
	return answer(ctx, data, RULE_ANSWER);
}

ACTION(deny, "deny", IN_SET(HTTP_REQUEST) | IN_SET(HTTP_RESPONSE), ACTION_FINAL, parse_deny,
       run_deny, "[status N] ...: the request is refused, by 403 (a response: 502)");
ACTION(tarpit, "tarpit", IN_SET(HTTP_REQUEST), ACTION_FINAL, parse_tarpit, run_tarpit,
       "[status N] ...: the request is refused after 'timeout tarpit', by 500");
ACTION(return, "return", IN_SET(HTTP_REQUEST) | IN_SET(HTTP_RESPONSE), ACTION_FINAL, parse_return,
	     run_return, "[status N] [content-type T] [string S] ...: an answer from here");

/* ---- auth ---- */

static bool parse_auth(struct action_parse *p, void **data)
{
	struct span *realm = compiler_alloc(p->k, sizeof(*realm));

	*data = realm;
	if (!realm)
		return false;
	if (p->at == p->n)
		return true;
	if (!span_equal(action_word(p, p->at), SPAN("realm")) || p->n - p->at < 2)
		return compiler_fail(p->k, "'auth' expects nothing, or 'realm' and a text "
					   "(with blanks: 'realm \"My site\"')");
	*realm = action_word(p, p->at + 1);
	p->at += 2;
	return true;
}

/* Without a realm it is the proxy's name. */
static enum rule_verdict run_auth(struct rule_context *ctx, const void *data)
{
	const struct span *given = data;
	struct span realm = given->p ? *given : rule_name(ctx, RULE_BE_NAME);
	struct buffer b;

	if (!ctx->answer)
		return RULE_FAILED;
	*ctx->answer = (struct rule_answer){.status = 401, .plain = true};
	scratch_open(ctx->scratch, &b);
	buffer_add_text(&b, "www-authenticate: Basic realm=\"");
	for (size_t i = 0; i < realm.len; i++) {
		if (realm.p[i] == '"' || realm.p[i] == '\\')
			buffer_add_char(&b, '\\');
		buffer_add_char(&b, realm.p[i]);
	}
	buffer_add_text(&b, "\"\r\n");
	return scratch_close(ctx->scratch, &b, &ctx->answer->headers) ? RULE_ANSWER : RULE_FAILED;
}

ACTION(auth, "auth", IN_SET(HTTP_REQUEST), ACTION_FINAL, parse_auth, run_auth,
       "[realm R]: the client is asked for a user and a password (401)");

/* ---- strict-mode ---- */

static bool parse_strict(struct action_parse *p, void **data)
{
	static const bool on = true;
	struct span word = action_word(p, p->at);

	if (!span_equal(word, SPAN("on")) && !span_equal(word, SPAN("off")))
		return compiler_fail(p->k, "'strict-mode' expects 'on' or 'off'");
	*data = span_equal(word, SPAN("on")) ? (void *)(uintptr_t)&on : NULL;
	p->at++;
	return true;
}

static enum rule_verdict run_strict(struct rule_context *ctx, const void *data)
{
	ctx->lenient = data == NULL;
	return RULE_NEXT;
}

ACTION(strict_mode, "strict-mode", IN_HTTP, 0, parse_strict, run_strict,
       "on|off: a change that cannot be made is an error, or passed over");
