/* SPDX-License-Identifier: MIT */
/*
 * The hashes against values observed on haproxy 2.6.12: what its converters sdbm, djb2, wt6 and
 * crc32 gave for these bytes, without and with their avalanche argument; and the servers that its
 * "balance hdr(x)" with "hash-type map-based djb2 avalanche" chose among seven.
 */
#include "base/hash.h"

#include "cmocka_all.h"

typedef uint32_t hash_function(struct span s);

static hash_function *const functions[4] = {hash_sdbm, hash_djb2, hash_wt6, hash_crc32};

struct vector {
	const char *bytes;
	size_t len;
	uint32_t plain[4], avalanche[4]; /* sdbm, djb2, wt6, crc32 */
};

#define SPAN_INIT(literal) (literal), sizeof(literal) - 1

static void compare(const struct vector *v)
{
	for (int i = 0; i < 4; i++) {
		uint32_t h = functions[i](span_make(v->bytes, v->len));

		assert_int_equal(h, v->plain[i]);
		assert_int_equal(hash_avalanche(h), v->avalanche[i]);
	}
}

static void test_values_of_haproxy(void **state)
{
	static const struct vector vectors[] = {
	    {SPAN_INIT("a"),
	     {97u, 177670u, 1900802597u, 3904355907u},
	     {1830748055u, 3548763807u, 1986649387u, 1288200982u}},
	    {SPAN_INIT("abc"),
	     {807794786u, 193485963u, 2483038440u, 891568578u},
	     {659243622u, 2235766107u, 266135527u, 930845320u}},
	    {SPAN_INIT("\x00"),
	     {0u, 177573u, 1892670053u, 3523407757u},
	     {2874071335u, 876829347u, 2004952122u, 1927583040u}},
	    {SPAN_INIT("\xff"
		       "\x80"
		       "\xfe"),
	     {2115080701u, 193659170u, 3563764952u, 543140527u},
	     {3099583229u, 3920810309u, 3055064766u, 1350972937u}},
	    {SPAN_INIT("/index.html?a=1"),
	     {1551712652u, 1838103005u, 4253119994u, 1368416681u},
	     {1164086532u, 2936557226u, 1988113895u, 2728872673u}},
	    {SPAN_INIT("127.0.0.1"),
	     {1894847165u, 1532542490u, 72828719u, 3619153832u},
	     {88673145u, 959482364u, 3180592676u, 3849206273u}},
	    {SPAN_INIT("The quick brown fox jumps over the lazy dog"),
	     {2359783795u, 885799134u, 3840389189u, 1095738169u},
	     {4144961173u, 3419350371u, 2386649459u, 1090730130u}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		compare(&vectors[i]);
}

static void test_high_bytes(void **state)
{
	char bytes[128];
	struct vector v = {
	    bytes,
	    sizeof(bytes),
	    {2127425472u, 951295173u, 3158722499u, 2212537222u},
	    {2848760500u, 1037380889u, 2751173329u, 411175774u},
	};

	(void)state;
	for (int i = 0; i < 128; i++)
		bytes[i] = (char)(255 - i);
	compare(&v);
}

static void test_servers_of_haproxy(void **state)
{
	static const struct {
		const char *key;
		unsigned int server;
	} seen[] = {
	    {"a", 1},   {"b", 3},   {"c", 2},       {"d", 1},       {"abc", 1},
	    {"foo", 0}, {"bar", 0}, {"client1", 1}, {"client2", 6}, {"client3", 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		assert_int_equal(hash_avalanche(hash_djb2(span_of(seen[i].key))) % 7,
				 seen[i].server);
}

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(hash_sdbm(SPAN_NONE), 0);
	assert_int_equal(hash_djb2(SPAN_NONE), 5381);
	assert_int_equal(hash_crc32(SPAN_NONE), 0);
	assert_int_equal(hash_crc32(SPAN("123456789")), 0xcbf43926); /* the check value of CRC-32 */
	assert_true(hash_bytes(SPAN_NONE, 1) == hash_bytes(SPAN(""), 1));
}

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(hash_none(SPAN("0")), 0);
	assert_int_equal(hash_none(SPAN("1234")), 1234);
	assert_int_equal(hash_none(SPAN("4294967295")), UINT32_MAX);
	assert_int_equal(hash_none(SPAN("4294967297")), 1);
	assert_int_equal(hash_none(SPAN("12x3")), 12);
	assert_int_equal(hash_none(SPAN("x")), 0);
	assert_int_equal(hash_none(SPAN_NONE), 0);
}

static void test_own_tables(void **state)
{
	unsigned int ones = 0;

	(void)state;
	assert_true(hash_bytes(SPAN("abc"), 1) == hash_bytes(SPAN("abc"), 1));
	assert_true(hash_bytes(SPAN("abc"), 1) != hash_bytes(SPAN("abc"), 2));
	assert_true(hash_bytes(SPAN("abc"), 1) != hash_bytes(SPAN("abd"), 1));
	for (uint64_t i = 0; i < 64; i++)
		ones += (unsigned int)__builtin_popcountll(hash_bytes(span_make(&i, sizeof(i)), 7));
	assert_in_range(ones, 64 * 28, 64 * 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_of_haproxy),
	    cmocka_unit_test(test_high_bytes),
	    cmocka_unit_test(test_servers_of_haproxy),
	    cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_own_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
