/* SPDX-License-Identifier: MIT */
/* Fetches of the bytes that a connection of mode tcp has brought so far. */
#include "rule/expr.h"

/* Of a request that has been parsed the target's are counted: that there are some is what is asked.
 */
static bool fetch_length(const struct fetch_call *c)
{
	const struct message *m = c->ctx->request;

	*c->out = value_of_int((int64_t)(m ? m->target.len : c->ctx->payload.len));
	return true;
}

FETCH(req_len, "req.len", NO_ARGUMENTS, VALUE_INT, 0, 0, 0, fetch_length, NULL,
      "how many bytes have been received");

static bool fetch_wait_end(const struct fetch_call *c)
{
	*c->out = value_of_bool(c->ctx->payload_ended);
	return true;
}

FETCH(wait_end, "wait_end", NO_ARGUMENTS, VALUE_BOOL, 0, 0, 0, fetch_wait_end, NULL,
      "true once nothing more is waited for");

static bool check_range(struct rule_compiler *k, struct argument_value *args)
{
	return (args[0].number >= 0 && args[1].number >= 0) ||
	       compiler_fail(k, "an offset and a length are not negative");
}

/* Length 0: all that is there. */
static bool fetch_bytes(const struct fetch_call *c)
{
	size_t offset = (size_t)c->args[0].number, length = (size_t)c->args[1].number;
	struct span all = c->ctx->payload;

	if (offset > all.len || (length && length > all.len - offset))
		return false;
	*c->out = value_of_bytes(span_slice(all, offset, length ? length : all.len));
	return true;
}

FETCH(req_payload, "req.payload", ARGUMENTS(2, ARGUMENT_INT, ARGUMENT_INT), VALUE_BIN,
      NEEDS_PAYLOAD, 0, 0, fetch_bytes, check_range,
      "(OFFSET,LENGTH): bytes that have been received, length 0: all");
FETCH(payload, "payload", ARGUMENTS(2, ARGUMENT_INT, ARGUMENT_INT), VALUE_BIN, NEEDS_PAYLOAD, 0, 0,
      fetch_bytes, check_range, "(OFFSET,LENGTH): older name of req.payload");
