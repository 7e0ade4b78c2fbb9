/* SPDX-License-Identifier: MIT */
/* Any bytes as a frame of a pair, as they are and under a right tag. What is accepted says what its
 * bytes say: built again it is the same, and padding is all that it had more. What is refused
 * leaves the result alone. */
#include "proto/pair_message.h"

#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct pair_key keys[] = {{(const uint8_t *)"secret12", 8}, {NULL, 0}};

static void check_rebuilt(const uint8_t *p, size_t n, const struct pair_message *m,
			  const struct pair_key *key)
{
	struct pair_tuple tuples[PAIR_TUPLES_V4];
	struct pair_list list = m->list;
	uint8_t built[PAIR_MAX_FRAME];
	size_t length;

	if (m->kind == PAIR_STATE) {
		length = pair_build_state(built, &m->header, &m->state, key);
	} else {
		CHECK(list.count <= PAIR_TUPLES_V4 && list.part < list.parts);
		CHECK(list.count == 0 || m->tuples.p + m->tuples.len <= (const char *)p + n);
		for (unsigned int i = 0; i < list.count; i++)
			pair_list_tuple(m, i, &tuples[i]);
		list.tuples = tuples;
		length = pair_build_list(built, &m->header, &list, key);
	}
	CHECK(length > 0 && length <= n && memcmp(built, p, length) == 0);
	while (length < n)
		CHECK(p[length++] == 0);
}

/* Parses exactly n bytes of memory. */
static void check_frame(const uint8_t *p, size_t n, const struct pair_key *key)
{
	struct pair_message m, untouched;
	uint8_t vrid = 0, family = 0;
	enum pair_verdict v;
	bool ours = pair_peek(span_make(p, n), &vrid, &family);

	memset(&m, 0x5a, sizeof(m));
	memset(&untouched, 0x5a, sizeof(m));
	v = pair_parse(span_make(p, n), key, &m);
	CHECK((unsigned int)v < PAIR_VERDICTS && pair_verdict_text(v));
	if (v != PAIR_OK) {
		CHECK(memcmp(&m, &untouched, sizeof(m)) == 0);
		CHECK(!ours || v != PAIR_NOT_OURS);
		return;
	}
	CHECK(ours && vrid == m.header.vrid && family == m.header.family);
	CHECK((m.header.source[0] & 1) == 0);
	check_rebuilt(p, n, &m, key);
}

/* Where a frame's tag would be, by its count; 0: nowhere. */
static size_t tag_place(const uint8_t *p, size_t n)
{
	size_t place = 62 + (n >= 22 && p[21] == 6 ? 16 : 4);

	if (n >= 54 && p[19] == PAIR_LIST)
		place = 54 + (size_t)(p[50] << 8 | p[51]) * (p[21] == 6 ? 36 : 12);
	return place + 16 <= n ? place : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t place = tag_place(data, n);
	uint8_t *copy = malloc(n + !n), tag[EVP_MAX_MD_SIZE];

	memcpy(copy, data, n);
	for (size_t i = 0; i < array_size(keys); i++) {
		check_frame(copy, n, &keys[i]);
		if (!place)
			continue;
		CHECK(HMAC(EVP_sha256(), keys[i].n ? (const void *)keys[i].bytes : "",
			   (int)keys[i].n, copy, place, tag, NULL));
		memcpy(copy + place, tag, 16);
		check_frame(copy, n, &keys[i]);
	}
	free(copy);
	return 0;
}
