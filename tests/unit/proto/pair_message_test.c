/* SPDX-License-Identifier: MIT */
/* The frames of a pair: both kinds there and back, one known to the byte, and every damage seen. */
#include "proto/pair_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STATE_FRAME 82 /* of IPv4; IPv6: 12 more */
#define TAG 16

static const struct pair_key key = {(const uint8_t *)"secret12", 8},
			     other_key = {(const uint8_t *)"secret13", 8}, no_key = {NULL, 0};

static struct pair_header header(uint8_t family)
{
	return (struct pair_header){.source = {0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70},
				    .destination = {1, 0, 0x5e, 0, 0, 0x12},
				    .vrid = 51,
				    .family = family,
				    .session = 0x0006400102030405,
				    .sequence = 0xf0e0d0c0b0a09080};
}

static const struct pair_state state_full = {
    .owner = true, .capable = true, .holding = 70000, .offered = 1ULL << 40, .complete = 3};

/* Of 254 hosts: all bytes of an address differ from its neighbour's. */
static struct inet host(uint8_t family, unsigned int i, uint16_t port)
{
	struct inet a = {.family = family, .port = port};

	for (size_t at = 0; at < (family == INET_V6 ? 16 : 4); at++)
		a.ip[at] = (uint8_t)(i * 7 + at + 1);
	return a;
}

static const struct pair_tuple *tuples_of(uint8_t family)
{
	static struct pair_tuple tuples[PAIR_TUPLES_V4];

	for (unsigned int i = 0; i < PAIR_TUPLES_V4; i++)
		tuples[i] = (struct pair_tuple){host(family, i, (uint16_t)(i * 511)),
						host(family, i + 1, (uint16_t)(65535 - i))};
	return tuples;
}

static size_t build_state(uint8_t *dst, uint8_t family)
{
	struct pair_header h = header(family);

	struct pair_state s = state_full;

	s.sender = host(family, 9, 0);
	return pair_build_state(dst, &h, &s, &key);
}

static size_t build_list(uint8_t *dst, uint8_t family, uint16_t count)
{
	struct pair_header h = header(family);
	struct pair_list l = {.number = 0x1122334455667788,
			      .part = 2,
			      .parts = 770,
			      .count = count,
			      .tuples = tuples_of(family)};

	return pair_build_list(dst, &h, &l, &key);
}

/* Parses exactly n bytes of memory, which *copy keeps; what is refused leaves *out as it was. */
static enum pair_verdict parse_with(const struct pair_key *k, const uint8_t *p, size_t n,
				    struct pair_message *out, uint8_t **copy)
{
	struct pair_message untouched;
	enum pair_verdict v;

	memset(&untouched, 0x5a, sizeof(untouched));
	memset(out, 0x5a, sizeof(*out));
	*copy = malloc(n + !n);
	memcpy(*copy, p, n);
	v = pair_parse(span_make(*copy, n), k, out);
	if (v != PAIR_OK)
		assert_memory_equal(out, &untouched, sizeof(*out));
	return v;
}

static enum pair_verdict verdict_with(const struct pair_key *k, const uint8_t *p, size_t n)
{
	struct pair_message m;
	uint8_t *copy;
	enum pair_verdict v = parse_with(k, p, n, &m, &copy);

	free(copy);
	return v;
}

static enum pair_verdict verdict(const uint8_t *p, size_t n)
{
	return verdict_with(&key, p, n);
}

static void assert_header(const struct pair_header *seen, uint8_t family)
{
	struct pair_header wanted = header(family);

	assert_memory_equal(seen->source, wanted.source, 6);
	assert_memory_equal(seen->destination, wanted.destination, 6);
	assert_int_equal(seen->vrid, wanted.vrid);
	assert_int_equal(seen->family, wanted.family);
	assert_true(seen->session == wanted.session && seen->sequence == wanted.sequence);
}

static void assert_peek(const uint8_t *p, size_t n, uint8_t family)
{
	uint8_t vrid = 0, seen = INET_NONE;

	assert_true(pair_peek(span_make(p, n), &vrid, &seen));
	assert_int_equal(vrid, 51);
	assert_int_equal(seen, family);
}

static void test_state(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME], *copy;
	struct pair_message m;

	(void)state;
	for (uint8_t family = INET_V4; family <= INET_V6; family++) {
		struct pair_header h = header(family);

		for (int flags = 0; flags < 4; flags++) {
			struct pair_state s = state_full;
			size_t n;

			s.owner = flags & 1;
			s.capable = flags & 2;
			s.sender = host(family, 9, 0);
			n = pair_build_state(frame, &h, &s, &key);
			assert_int_equal(n, STATE_FRAME + (family == INET_V6 ? 12 : 0));
			assert_peek(frame, n, family);
			assert_int_equal(parse_with(&key, frame, n, &m, &copy), PAIR_OK);
			assert_header(&m.header, family);
			assert_int_equal(m.kind, PAIR_STATE);
			assert_int_equal(m.state.owner, s.owner);
			assert_int_equal(m.state.capable, s.capable);
			assert_int_equal(m.state.holding, s.holding);
			assert_true(m.state.offered == s.offered && m.state.complete == s.complete);
			assert_true(inet_equal_ip(&m.state.sender, &s.sender));
			assert_int_equal(m.state.sender.port, 0);
			assert_int_equal(m.tuples.len, 0);
			free(copy);
		}
	}
}

static void check_list(uint8_t family, uint16_t count)
{
	size_t each = family == INET_V6 ? 36 : 12;
	uint8_t frame[PAIR_MAX_FRAME], *copy;
	size_t n = build_list(frame, family, count);
	struct pair_message m;

	assert_int_equal(n, 54 + count * each + TAG);
	assert_true(n <= PAIR_MAX_FRAME);
	assert_peek(frame, n, family);
	assert_int_equal(parse_with(&key, frame, n, &m, &copy), PAIR_OK);
	assert_header(&m.header, family);
	assert_int_equal(m.kind, PAIR_LIST);
	assert_true(m.list.number == 0x1122334455667788);
	assert_int_equal(m.list.part, 2);
	assert_int_equal(m.list.parts, 770);
	assert_int_equal(m.list.count, count);
	assert_null(m.list.tuples);
	assert_true(m.tuples.p == (const char *)copy + 54 && m.tuples.len == count * each);
	for (unsigned int i = 0; i < count; i++) {
		const struct pair_tuple *wanted = tuples_of(family) + i;
		struct pair_tuple t;

		pair_list_tuple(&m, i, &t);
		assert_true(inet_equal_ip(&t.client, &wanted->client));
		assert_true(inet_equal_ip(&t.address, &wanted->address));
		assert_int_equal(t.client.port, wanted->client.port);
		assert_int_equal(t.address.port, wanted->address.port);
	}
	free(copy);
}

static void test_list(void **state)
{
	(void)state;
	for (uint16_t count = 0; count <= PAIR_TUPLES_V4; count++)
		check_list(INET_V4, count);
	for (uint16_t count = 0; count <= PAIR_TUPLES_V6; count++)
		check_list(INET_V6, count);
}

/* Made by Python: hmac.new(key, frame, "sha256").digest()[:16] */
static const uint8_t known_state[STATE_FRAME] = {
    0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70, 0x88, 0xb5,
    0x68, 0x61, 0x6c, 0x62, 0x01, 0x01, 0x33, 0x04, 0x00, 0x06, 0x40, 0x01, 0x02, 0x03,
    0x04, 0x05, 0xf0, 0xe0, 0xd0, 0xc0, 0xb0, 0xa0, 0x90, 0x80, 0x03, 0x00, 0x00, 0x00,
    0x00, 0x01, 0x11, 0x70, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x40, 0x41, 0x42, 0x43, 0x38, 0x5c, 0xe7, 0xed,
    0x97, 0x5f, 0xf3, 0x76, 0x8e, 0xb7, 0xae, 0x62, 0xfe, 0x1a, 0xe1, 0x92,
};
static const uint8_t known_list[] = {
    0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x3e, 0x4b, 0x22, 0x82, 0x6e, 0x70, 0x88, 0xb5, 0x68, 0x61,
    0x6c, 0x62, 0x01, 0x02, 0x33, 0x06, 0x00, 0x06, 0x40, 0x01, 0x02, 0x03, 0x04, 0x05, 0xf0, 0xe0,
    0xd0, 0xc0, 0xb0, 0xa0, 0x90, 0x80, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x00, 0x02,
    0x03, 0x02, 0x00, 0x01, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11,
    0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x00, 0x00, 0xff, 0xff, 0x24, 0xa0, 0x3a, 0xed, 0xb1, 0xd3,
    0xc9, 0x50, 0x3b, 0x17, 0xe2, 0x29, 0xc5, 0xd1, 0x94, 0xa1,
};
static const uint8_t unkeyed_tag[TAG] = {
    0x6e, 0x66, 0x5d, 0x17, 0x23, 0x8b, 0xfc, 0x53, 0x1d, 0x8a, 0x56, 0x5b, 0xe7, 0x70, 0x52, 0x9c,
};

static void test_known(void **state)
{
	struct pair_header h = header(INET_V4);
	struct pair_state s = state_full;
	uint8_t frame[PAIR_MAX_FRAME];

	(void)state;
	s.sender = host(INET_V4, 9, 0);
	assert_int_equal(build_state(frame, INET_V4), STATE_FRAME);
	assert_memory_equal(frame, known_state, STATE_FRAME);
	assert_int_equal(build_list(frame, INET_V6, 1), sizeof(known_list));
	assert_memory_equal(frame, known_list, sizeof(known_list));
	assert_int_equal(pair_build_state(frame, &h, &s, &no_key), STATE_FRAME);
	assert_memory_equal(frame, known_state, STATE_FRAME - TAG);
	assert_memory_equal(frame + STATE_FRAME - TAG, unkeyed_tag, TAG);
	assert_int_equal(verdict_with(&no_key, frame, STATE_FRAME), PAIR_OK);
	assert_int_equal(verdict(frame, STATE_FRAME), PAIR_BAD_TAG);
}

static void test_keys(void **state)
{
	static const struct pair_key shorter = {(const uint8_t *)"secret12", 7};
	uint8_t frame[PAIR_MAX_FRAME];
	size_t n = build_list(frame, INET_V4, 3);

	(void)state;
	assert_int_equal(verdict(frame, n), PAIR_OK);
	assert_int_equal(verdict_with(&other_key, frame, n), PAIR_BAD_TAG);
	assert_int_equal(verdict_with(&shorter, frame, n), PAIR_BAD_TAG);
	assert_int_equal(verdict_with(&no_key, frame, n), PAIR_BAD_TAG);
}

/* No beginning of a frame is one. */
static void check_truncated(const uint8_t *frame, size_t whole)
{
	for (size_t n = 0; n < whole; n++) {
		uint8_t vrid, family;

		assert_int_equal(verdict(frame, n), n < 19 ? PAIR_NOT_OURS : PAIR_BAD_LENGTH);
		assert_int_equal(pair_peek(span_make(frame, n), &vrid, &family), n >= 38);
	}
	assert_int_equal(verdict(frame, whole), PAIR_OK);
}

static void test_truncated(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME];

	(void)state;
	check_truncated(frame, build_state(frame, INET_V4));
	check_truncated(frame, build_list(frame, INET_V4, 0));
	check_truncated(frame, build_list(frame, INET_V4, PAIR_TUPLES_V4));
	check_truncated(frame, build_list(frame, INET_V6, PAIR_TUPLES_V6));
}

static void check_flips(uint8_t *frame, size_t n)
{
	for (size_t bit = 0; bit < n * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(verdict(frame, n), PAIR_OK);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(verdict(frame, n), PAIR_OK);
}

static void test_bit_flips(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME] = {0};

	(void)state;
	check_flips(frame, build_state(frame, INET_V6));
	check_flips(frame, build_list(frame, INET_V4, 3));
	check_flips(frame, build_list(frame, INET_V6, PAIR_TUPLES_V6));
	memset(frame, 0, sizeof(frame));
	check_flips(frame, build_list(frame, INET_V4, 0) + 20); /* padding too */
}

static void test_padding(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME + 1] = {0};
	size_t n = build_state(frame, INET_V4);

	(void)state;
	for (size_t padded = n; padded <= PAIR_MAX_FRAME; padded++)
		assert_int_equal(verdict(frame, padded), PAIR_OK);
	assert_int_equal(verdict(frame, PAIR_MAX_FRAME + 1), PAIR_BAD_LENGTH);
	frame[n + 9] = 1;
	assert_int_equal(verdict(frame, n + 9), PAIR_OK);
	assert_int_equal(verdict(frame, n + 10), PAIR_BAD_LENGTH);
	memset(frame, 0, sizeof(frame));
	n = build_list(frame, INET_V6, 2);
	assert_int_equal(verdict(frame, n + 40), PAIR_OK);
}

/* What the frame is called with n bytes put at `at`, under a tag that says nothing. */
static enum pair_verdict with(const uint8_t *frame, size_t n, size_t at, const char *bytes,
			      size_t n_bytes)
{
	uint8_t changed[PAIR_MAX_FRAME];

	memcpy(changed, frame, n);
	memcpy(changed + at, bytes, n_bytes);
	return verdict(changed, n);
}

static void test_not_ours(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME];
	size_t n = build_state(frame, INET_V4);
	uint8_t vrid = 7, family = 7;

	(void)state;
	assert_int_equal(with(frame, n, 12, "\x08\x00", 2), PAIR_NOT_OURS);
	assert_int_equal(with(frame, n, 12, "\x88\xb6", 2), PAIR_NOT_OURS);
	assert_int_equal(with(frame, n, 14, "Halb", 4), PAIR_NOT_OURS);
	assert_int_equal(with(frame, n, 17, "\0", 1), PAIR_NOT_OURS);
	assert_int_equal(with(frame, n, 18, "\0", 1), PAIR_NOT_OURS);
	assert_int_equal(with(frame, n, 18, "\2", 1), PAIR_NOT_OURS);
	frame[18] = 2;
	assert_false(pair_peek(span_make(frame, n), &vrid, &family));
	frame[18] = 1;
	frame[21] = 5;
	assert_false(pair_peek(span_make(frame, n), &vrid, &family));
	assert_true(vrid == 7 && family == 7);
}

static void test_fields(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME];
	size_t n = build_state(frame, INET_V4);

	(void)state;
	assert_int_equal(with(frame, n, 19, "\0", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 19, "\3", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 21, "\0", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 21, "\5", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 38, "\4", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 38, "\x80", 1), PAIR_BAD_FIELD);
	for (size_t zero = 39; zero < 42; zero++)
		assert_int_equal(with(frame, n, zero, "\1", 1), PAIR_BAD_FIELD);
	n = build_list(frame, INET_V4, 4);
	assert_int_equal(with(frame, n, 46, "\3\2\3\2", 4), PAIR_BAD_FIELD); /* part == parts */
	assert_int_equal(with(frame, n, 46, "\0\0\0\0", 4), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 46, "\1\0\0\xff", 4), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 52, "\1", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 53, "\1", 1), PAIR_BAD_FIELD);
	assert_int_equal(with(frame, n, 46, "\3\1\3\2", 4), PAIR_BAD_TAG); /* as it may be */
}

/* A count says how long a frame is: less than there is lays the tag elsewhere. */
static void test_counts(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME] = {0};
	size_t n = build_list(frame, INET_V4, 4);

	(void)state;
	assert_int_equal(with(frame, n, 50, "\0\5", 2), PAIR_BAD_LENGTH);
	assert_int_equal(with(frame, n, 50, "\0\3", 2), PAIR_BAD_LENGTH);
	assert_int_equal(with(frame, n, 50, "\xff\xff", 2), PAIR_BAD_LENGTH);
	assert_int_equal(with(frame, n, 19, "\1", 1), PAIR_BAD_LENGTH); /* a state is shorter */
	assert_int_equal(with(frame, n, 21, "\6", 1), PAIR_BAD_LENGTH);
	assert_int_equal(with(frame, sizeof(frame), 50, "\0\x77", 2), PAIR_BAD_TAG);
	assert_int_equal(with(frame, sizeof(frame), 50, "\0\x78", 2), PAIR_BAD_LENGTH);
}

static void test_source(void **state)
{
	uint8_t frame[PAIR_MAX_FRAME];
	size_t n = build_state(frame, INET_V4);
	struct pair_header h = header(INET_V4);

	(void)state;
	assert_int_equal(with(frame, n, 6, "\x3f", 1), PAIR_BAD_SOURCE);
	assert_int_equal(with(frame, n, 6, "\xff\xff\xff\xff\xff\xff", 6), PAIR_BAD_SOURCE);
	assert_int_equal(with(frame, n, 6, "\x3c", 1), PAIR_BAD_TAG);
	h.source[0] = 1;
	n = pair_build_state(frame, &h, &state_full, &key); /* even under a right tag */
	assert_int_equal(verdict(frame, n), PAIR_BAD_SOURCE);
}

static void test_texts(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < PAIR_VERDICTS; v++) {
		for (unsigned int other = 0; other < v; other++)
			assert_string_not_equal(pair_verdict_text(v), pair_verdict_text(other));
	}
	assert_string_equal(pair_verdict_text(PAIR_BAD_TAG), "wrong tag");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_state),     cmocka_unit_test(test_list),
	    cmocka_unit_test(test_known),     cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_truncated), cmocka_unit_test(test_bit_flips),
	    cmocka_unit_test(test_padding),   cmocka_unit_test(test_not_ours),
	    cmocka_unit_test(test_fields),    cmocka_unit_test(test_counts),
	    cmocka_unit_test(test_source),    cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
