/* SPDX-License-Identifier: MIT */
/* Cookie fields: each cookie in turn is removed (all others stay) and replaced (and has that
 * value). Set-Cookie likewise. */
#include "proto/cookie.h"

static bool nth(struct span field, unsigned int n, struct cookie *c)
{
	size_t at = 0;

	for (unsigned int i = 0; cookie_next(field, &at, c); i++) {
		if (i == n)
			return true;
	}
	return false;
}

static void must_be_same_cookie(const struct cookie *a, const struct cookie *b)
{
	CHECK(span_equal(a->name, b->name) && span_equal(a->value, b->value));
}

/* All cookies of `before` but number n are in `after`. */
static void must_be_the_others(struct span before, struct span after, unsigned int n)
{
	struct cookie a, b;
	unsigned int i;

	for (i = 0; nth(before, i < n ? i : i + 1, &a); i++) {
		CHECK(nth(after, i, &b));
		must_be_same_cookie(&a, &b);
	}
	CHECK(!nth(after, i, &b));
}

static void change(struct span field, unsigned int n, const struct cookie *c, struct arena *a)
{
	struct header removed = {.name = SPAN("Cookie"), .value = field}, replaced = removed;
	struct cookie now;

	CHECK(c->whole.p >= field.p && c->whole.p + c->whole.len <= field.p + field.len);
	CHECK(cookie_remove(&removed, c, a) == 0);
	must_be_the_others(field, removed.deleted ? SPAN("") : removed.value, n);
	CHECK(cookie_replace(&replaced, c, SPAN("new"), a) == 0);
	CHECK(nth(replaced.value, n, &now));
	CHECK(span_equal(now.name, c->name) && span_equal(now.value, SPAN("new")));
}

static void check_set(struct span field, struct arena *a)
{
	struct span name, value, name_now, changed;

	if (!cookie_parse_set(field, &name, &value))
		return;
	changed = cookie_set_value(field, SPAN("new"), a);
	CHECK(changed.p && cookie_parse_set(changed, &name_now, &value));
	CHECK(span_equal(name, name_now) && span_equal(value, SPAN("new")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span field = span_make(data, size);
	struct cookie c;
	struct arena a;

	if (size > 300)
		return 0;
	arena_init(&a, 4096, 0);
	for (unsigned int n = 0; n < 6 && nth(field, n, &c); n++)
		change(field, n, &c, &a);
	check_set(field, &a);
	arena_fini(&a);
	return 0;
}
