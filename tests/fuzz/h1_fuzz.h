/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP/1 fuzz targets share: parsing in pieces that the input itself chooses, and
 * comparing two messages.
 */
#ifndef FUZZ_H1_FUZZ_H
#define FUZZ_H1_FUZZ_H

#include "proto/h1_parse.h"
#include "proto/h1_write.h"

#define MAX_FIELDS 40

struct parsed {
	struct header v[MAX_FIELDS];
	struct message m;
	struct h1_parser p;
	enum parse_result result;
};

struct way {
	bool is_response;
	enum http_method to;
	struct h1_options options;
};

static inline void parsed_step(struct parsed *out, const struct way *w, struct span in)
{
	if (w->is_response)
		out->result = h1_parse_response(&out->p, in, &w->options, w->to, &out->m);
	else
		out->result = h1_parse_request(&out->p, in, &w->options, &out->m);
}

/* In pieces of `step` bytes, then 2 more than that, and so on; 0: all at once. */
static inline void parse_in_steps(struct parsed *out, const struct way *w, struct span in,
				  size_t step)
{
	*out = (struct parsed){.result = PARSE_MORE};
	out->m.headers = (struct header_list){.v = out->v, .cap = MAX_FIELDS};
	for (size_t at = step; step && at < in.len && out->result == PARSE_MORE;
	     at += step, step += 2)
		parsed_step(out, w, (struct span){in.p, at});
	if (out->result == PARSE_MORE)
		parsed_step(out, w, in);
}

static inline bool is_own_field(const struct header *h)
{
	return h->token == HEADER_CONNECTION || h->token == HEADER_CONTENT_LENGTH ||
	       h->token == HEADER_TE || h->token == HEADER_TRANSFER_ENCODING ||
	       h->token == HEADER_UPGRADE;
}

/* The next live field that is written from the list. */
static inline const struct header *next_field(const struct header_list *l, unsigned int *i)
{
	while (*i < l->n) {
		const struct header *h = &l->v[(*i)++];

		if (!h->deleted && !is_own_field(h))
			return h;
	}
	return NULL;
}

static inline void must_be_same_fields(const struct header_list *a, const struct header_list *b)
{
	const struct header *x, *y;
	unsigned int i = 0, k = 0;

	do {
		x = next_field(a, &i);
		y = next_field(b, &k);
		CHECK(!x == !y);
		CHECK(!x || (span_equal(x->name, y->name) && span_equal(x->value, y->value)));
	} while (x);
}

static inline void must_be_same_message(const struct message *a, const struct message *b)
{
	CHECK(a->framing == b->framing && a->content_length == b->content_length);
	CHECK(a->method == b->method && a->status == b->status && a->is_response == b->is_response);
	CHECK(span_equal(a->method_text, b->method_text) && span_equal(a->target, b->target));
	CHECK(span_equal(a->reason, b->reason));
	must_be_same_fields(&a->headers, &b->headers);
}

/* Split-invariance, then: what is parsed and written again is the same message to a strict parser.
 */
static inline void check_head(const struct way *w, struct span in, size_t step)
{
	static struct parsed whole, split, again;
	static char bytes[1 << 17];
	struct h1_write_options o = {.connection = H1_CONNECTION_CLOSE};
	struct way strict = *w;
	struct buffer b;

	parse_in_steps(&whole, w, in, 0);
	parse_in_steps(&split, w, in, step);
	CHECK(whole.result == split.result && whole.p.fault == split.p.fault);
	CHECK(whole.p.fault_offset == split.p.fault_offset);
	if (whole.result != PARSE_OK)
		return;
	CHECK(whole.p.at == split.p.at && whole.p.at <= in.len &&
	      whole.m.version == split.m.version);
	must_be_same_message(&whole.m, &split.m);
	o.http_1_0 = whole.m.version == HTTP_1_0;
	if (whole.m.upgrade)
		o.connection = H1_CONNECTION_UPGRADE;
	buffer_init_fixed(&b, bytes, sizeof(bytes));
	(w->is_response ? h1_write_response : h1_write_request)(&b, &whole.m, &o);
	CHECK(!b.failed);
	strict.options.max_bytes = sizeof(bytes);
	strict.options.max_headers = MAX_FIELDS;
	parse_in_steps(&again, &strict, buffer_span(&b), 0);
	CHECK(again.result == PARSE_OK);
	must_be_same_message(&whole.m, &again.m);
}

#endif
