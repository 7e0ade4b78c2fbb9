/* SPDX-License-Identifier: MIT */
/* Captures for the log: views into messages that live as long as their stream. */
#include "proxy/capture.h"

#include "proto/cookie.h"

struct span *capture_fields(const struct message *m, const struct model_capture *rules,
			    unsigned int n, struct arena *a)
{
	struct span *v = arena_array(a, n, sizeof(*v));

	for (; v && rules; rules = rules->next) {
		const struct header *last = NULL, *h;
		unsigned int at = 0;

		/* as haproxy: the last occurrence */
		while (rules->name.p && (h = header_next_named(&m->headers, rules->name, &at)))
			last = h;
		if (last)
			v[rules->index] = span_slice(last->value, 0, rules->max_bytes);
	}
	return v;
}

/* "capture cookie NAME" wants the exact name, "capture cookie NAME*" a name that begins so. */
static bool name_fits(const struct model_proxy *conf, struct span name)
{
	return conf->capture_cookie_prefix ? span_starts_with(name, conf->capture_cookie)
					   : span_equal(name, conf->capture_cookie);
}

static struct span whole(const struct model_proxy *conf, struct span name, struct span value)
{
	size_t len = (size_t)(value.p + value.len - name.p);

	return span_slice(span_make(name.p, len), 0, conf->capture_cookie_bytes);
}

struct span capture_cookie(const struct message *m, const struct model_proxy *conf)
{
	enum header_token token = m->is_response ? HEADER_SET_COOKIE : HEADER_COOKIE;
	const struct header *h;
	unsigned int at = 0;

	while ((h = header_next(&m->headers, token, &at))) {
		struct cookie c;
		size_t offset = 0;

		if (m->is_response) {
			if (cookie_parse_set(h->value, &c.name, &c.value) &&
			    name_fits(conf, c.name))
				return whole(conf, c.name, c.value);
			continue;
		}
		while (cookie_next(h->value, &offset, &c))
			if (name_fits(conf, c.name))
				return whole(conf, c.name, c.value);
	}
	return SPAN_NONE;
}
