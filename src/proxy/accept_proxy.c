/* SPDX-License-Identifier: MIT */
/*
 * The PROXY header filter: gathers the header, however it is split, tells the client's connection
 * who is behind it, passes on what follows and takes itself out. A broken header, or one that does
 * not come, closes the connection: nobody behind a trusted proxy sends anything else first.
 */
#include "proxy/accept_proxy.h"

#include "proto/proxy_header.h"

#include <errno.h>
#include <stdlib.h>

struct header_filter {
	struct filter filter;
	struct front *front;
	size_t n;
	char bytes[PROXY_HEADER_MAX_BYTES];
};

static void finish(struct header_filter *h, const struct proxy_header *header, struct span rest)
{
	struct front *f = h->front;
	struct proxy_header copy = *header;
	char *later = NULL;

	if (rest.len) {
		later = malloc(rest.len);
		if (!later) {
			front_close(f);
			return;
		}
		memcpy(later, rest.p, rest.len);
	}
	connection_pop(&h->filter);
	front_proxy_header_done(f, &copy, later, rest.len);
}

static void on_data(struct filter *filter, char *bytes, ssize_t n)
{
	struct header_filter *h = container_of(filter, struct header_filter, filter);
	size_t room = sizeof(h->bytes) - h->n, before = h->n, take, used;
	struct proxy_header header;

	if (n <= 0) {
		front_close(h->front);
		return;
	}
	take = (size_t)n < room ? (size_t)n : room;
	memcpy(h->bytes + h->n, bytes, take);
	h->n += take;
	switch (proxy_header_parse(span_make(h->bytes, h->n), &header, &used)) {
	case PARSE_OK:
		header.tlvs = SPAN_NONE;
		finish(h, &header, span_make(bytes + (used - before), (size_t)n - (used - before)));
		break;
	case PARSE_MORE:
		if (h->n < sizeof(h->bytes)) {
			filter_want(filter);
			break;
		}
		front_close(h->front);
		break;
	default:
		front_close(h->front);
	}
}

static void free_filter(struct filter *filter)
{
	free(container_of(filter, struct header_filter, filter));
}

static const struct filter_ops ops = {
    .name = "PROXY header", .on_data = on_data, .free = free_filter};

int accept_proxy_push(struct front *f)
{
	struct header_filter *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->filter.ops = &ops;
	h->front = f;
	connection_push(&f->connection, &h->filter);
	connection_recv(&f->connection);
	return 0;
}
