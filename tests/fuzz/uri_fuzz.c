/* SPDX-License-Identifier: MIT */
/* Request targets: the parts, put together again, are the target; an authority's parts are an
 * authority. */
#include "proto/uri.h"

#include "base/check.h"

static void must_lie_in(struct span part, struct span target)
{
	CHECK(part.p == NULL || part.len == 0 ||
	      (part.p >= target.p && part.p + part.len <= target.p + target.len));
}

static void check_path(const struct uri *u, struct span rest)
{
	CHECK(u->path_and_query.p == rest.p && u->path_and_query.len == rest.len &&
	      u->path.p == rest.p);
	if (u->query.p)
		CHECK(u->path.len + 1 + u->query.len == rest.len && rest.p[u->path.len] == '?');
	else
		CHECK(u->path.len == rest.len);
}

static void check_authority(const struct uri *u)
{
	struct span host;
	uint16_t port;

	CHECK(uri_split_authority(u->authority, &host, &port));
	CHECK(host.p == u->host.p && host.len == u->host.len && host.len > 0 && port == u->port);
	for (size_t i = 0; i < host.len; i++)
		CHECK(host.p[i] > ' ' && host.p[i] != '/' && host.p[i] != '@' && host.p[i] != '?' &&
		      host.p[i] != '#');
}

static void check(struct span target)
{
	struct uri u = uri_parse(target);

	must_lie_in(u.scheme, target);
	must_lie_in(u.authority, target);
	must_lie_in(u.host, target);
	must_lie_in(u.path_and_query, target);
	if (u.form == URI_ORIGIN)
		check_path(&u, target);
	if (u.form == URI_ABSOLUTE || u.form == URI_AUTHORITY)
		check_authority(&u);
	if (u.form == URI_ABSOLUTE) {
		size_t before = u.scheme.len + 3 + u.authority.len;

		CHECK(u.scheme.p == target.p && u.authority.p == target.p + u.scheme.len + 3);
		check_path(&u, span_make(target.p + before, target.len - before));
	}
	must_lie_in(uri_param(u.query, SPAN("a"), '&'), target);
	must_lie_in(uri_param(target, SPAN(""), ';'), target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(span_make(data, size));
	return 0;
}
