/* SPDX-License-Identifier: MIT */
/* Fetches of the connections: the ends of the client's and of the server's. */
#include "rule/expr.h"

enum end { END_SRC, END_DST, END_SERVER };

static const struct inet *end_of(const struct rule_context *ctx, int end)
{
	const struct inet *a = NULL;

	if (end == END_SRC)
		a = &ctx->src;
	else if (end == END_DST)
		a = rule_destination(ctx);
	else if (ctx->world && ctx->world->server_end)
		a = ctx->world->server_end(ctx->owner);
	return a && (a->family == INET_V4 || a->family == INET_V6) ? a : NULL;
}

static bool fetch_address(const struct fetch_call *c)
{
	const struct inet *a = end_of(c->ctx, c->fetch->variant);

	if (!a)
		return false;
	*c->out = value_of_inet(a);
	return true;
}

static bool fetch_port(const struct fetch_call *c)
{
	const struct inet *a = end_of(c->ctx, c->fetch->variant);

	if (!a)
		return false;
	*c->out = value_of_int(a->port);
	return true;
}

#define END(id, end, needs, what)                                                                  \
	FETCH(id, #id, NO_ARGUMENTS, VALUE_ADDR, (needs), 0, (end), fetch_address, NULL,           \
	      "address " what);                                                                    \
	FETCH(id##_port, #id "_port", NO_ARGUMENTS, VALUE_INT, (needs), 0, (end), fetch_port,      \
	      NULL, "port " what)

END(src, END_SRC, 0, "of the client");
END(dst, END_DST, 0, "that the client came to");
END(fc_src, END_SRC, 0, "of the client's connection");
END(fc_dst, END_DST, 0, "that the client's connection came to");
END(bc_dst, END_SERVER, NEEDS_SERVER, "of the server that was connected to");

static bool is_loopback(const struct inet *a)
{
	static const struct inet_net loopback[] = {
	    {{.family = INET_V4, .ip = {127}}, 8},
	    {{.family = INET_V6, .ip = {[15] = 1}}, 128},
	};

	return inet_in_net(a, &loopback[0]) || inet_in_net(a, &loopback[1]);
}

/* As far as that can be told without asking the system: this end's address, or loopback. */
static bool fetch_is_local(const struct fetch_call *c)
{
	const struct inet *a = end_of(c->ctx, c->fetch->variant), *here = rule_destination(c->ctx);

	if (!a)
		return false;
	*c->out = value_of_bool(is_loopback(a) || (here && inet_equal_ip(a, here)));
	return true;
}

FETCH(src_is_local, "src_is_local", NO_ARGUMENTS, VALUE_BOOL, 0, 0, END_SRC, fetch_is_local, NULL,
      "the client is on this machine");
FETCH(dst_is_local, "dst_is_local", NO_ARGUMENTS, VALUE_BOOL, 0, 0, END_DST, fetch_is_local, NULL,
      "the client came to an address of this machine");
