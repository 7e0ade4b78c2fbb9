/* SPDX-License-Identifier: MIT */
/* Converters: each row is what Debian's haproxy 2.6 answers to the same expression ("" also where
 * it has no value). */
#include "unit/rule/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct fake fake;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_fini(&fake);
	return 0;
}

static void expect(const char *expression, const char *wanted)
{
	const char *got = fake_evaluate(&fake, expression);

	if (strcmp(got, "(none)") == 0)
		got = "";
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: '%s', not '%s'", expression, got, wanted);
}

static const struct {
	const char *expression, *value;
} answers[] = {
    {"always_true", "1"},
    {"always_false", "0"},
    {"bool(true)", "1"},
    {"bool(0)", "0"},
    {"int(-42)", "-42"},
    {"str(hello)", "hello"},
    {"str('a b,c)')", "a b,c)"},
    {"bin(616263)", "abc"},
    {"ipv4(1.2.3.4)", "1.2.3.4"},
    {"ipv6(::1)", "::1"},
    {"meth(POST)", "POST"},
    {"int(1500000000),http_date", "Fri, 14 Jul 2017 02:40:00 GMT"},
    {"int(1500000000),http_date(3600)", "Fri, 14 Jul 2017 03:40:00 GMT"},
    {"int(1500000000123),http_date(0,ms)", "Fri, 14 Jul 2017 02:40:00.123 GMT"},
    {"int(1500000000),utime(%Y-%m-%d_%H:%M:%S_%j_%a_%Z)", "2017-07-14_02:40:00_195_Fri_GMT"},
    {"int(1709164800),utime(%F_%T_%j_%A)", "2024-02-29_00:00:00_060_Thursday"},
    {"int(1500000000),ltime(%Y-%m-%d_%H:%M:%S)", "2017-07-14_02:40:00"},
    {"int(951782400),utime(%F_%j_%w,60)", "2000-02-29_060_2"},
    {"str(aBc),lower", "abc"},
    {"str(aBc),upper", "ABC"},
    {"bin(00ff10),hex", "00FF10"},
    {"str(abc),hex", "616263"},
    {"str(abc),base64", "YWJj"},
    {"str(abcd),base64", "YWJjZA=="},
    {"str(abcde),base64", "YWJjZGU="},
    {"str(YWJj),b64dec", "abc"},
    {"str(YWJjZA==),b64dec", "abcd"},
    {"str(YWJjZA),b64dec", ""},
    {"str(!!),b64dec", ""},
    {"str(abcd?\?>),ub64enc", "YWJjZD8_Pg"},
    {"str(YWJjZD8_Pg),ub64dec", "abcd?\?>"},
    {"str(abc),concat(x)", "abcx"},
    {"str(abc),concat(x,txn.v,y)", "abcxvy"},
    {"str(abc),concat(,txn.v)", "abcv"},
    {"str(abc),concat(,txn.none,z)", "abcz"},
    {"str(a:b::c),field(1,:)", "a"},
    {"str(a:b::c),field(2,:)", "b"},
    {"str(a:b::c),field(3,:)", ""},
    {"str(a:b::c),field(4,:)", "c"},
    {"str(a:b::c),field(5,:)", ""},
    {"str(a:b::c),field(-1,:)", "c"},
    {"str(a:b::c),field(-2,:)", ""},
    {"str(a:b::c),field(-3,:)", "b"},
    {"str(a:b::c),field(2,:,2)", "b:"},
    {"str(a:b::c),field(2,:,0)", "b::c"},
    {"str(a:b::c),field(-1,:,2)", ":c"},
    {"str(a:b::c),field(-2,:,0)", "a:b:"},
    {"str(a:b-c),field(2,:-)", "b"},
    {"str(:a:b::c:),word(1,:)", "a"},
    {"str(:a:b::c:),word(2,:)", "b"},
    {"str(:a:b::c:),word(3,:)", "c"},
    {"str(:a:b::c:),word(4,:)", ""},
    {"str(:a:b::c:),word(-1,:)", "c"},
    {"str(:a:b::c:),word(-2,:)", "b"},
    {"str(:a:b::c:),word(1,:,2)", "a:b"},
    {"str(:a:b::c:),word(2,:,0)", "b::c:"},
    {"str(:a:b::c:),word(-1,:,2)", "b::c"},
    {"str(abcdef),bytes(1)", "bcdef"},
    {"str(abcdef),bytes(1,2)", "bc"},
    {"str(abcdef),bytes(9)", ""},
    {"str(abcdef),bytes(4,9)", "ef"},
    {"str(abcdef),length", "6"},
    {"int(5),add(3)", "8"},
    {"int(5),add(txn.n)", "12"},
    {"int(5),add(txn.none)", ""},
    {"int(5),sub(8)", "-3"},
    {"int(5),mul(-3)", "-15"},
    {"int(17),div(5)", "3"},
    {"int(17),div(0)", "9223372036854775807"},
    {"int(17),mod(5)", "2"},
    {"int(17),mod(0)", "0"},
    {"int(12),and(10)", "8"},
    {"int(12),or(3)", "15"},
    {"int(12),xor(10)", "6"},
    {"int(5),neg", "-5"},
    {"int(5),cpl", "-6"},
    {"int(5),even", "0"},
    {"int(5),odd", "1"},
    {"int(0),not", "1"},
    {"int(5),not", "0"},
    {"int(5),bool", "1"},
    {"int(9223372036854775807),add(1)", "9223372036854775807"},
    {"int(-9223372036854775807),sub(5)", "-9223372036854775808"},
    {"bool(1),iif(yes,no)", "yes"},
    {"bool(0),iif(yes,no)", "no"},
    {"int(2),iif(yes,no)", "yes"},
    {"int(0),iif(yes,)", ""},
    {"str(a%20b+c%41),url_dec", "a b+cA"},
    {"str(a%20b+c?d+e),url_dec", "a b+c?d e"},
    {"str(a%20b+c?d+e),url_dec(1)", "a b c?d e"},
    {"str(a%2),url_dec", ""},
    {"str(a b/c?d&e=~-_.\303\251),url_enc", "a%20b%2Fc%3Fd%26e%3D~-_.%C3%A9"},
    {"str(abc),sha1,hex", "A9993E364706816ABA3E25717850C26C9CD0D89D"},
    {"str(abc),sha2,hex", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"},
    {"str(abc),sha2(224),hex", "23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7"},
    {"str(abc),sha2(384),hex", "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43F"
			       "F5BED8086072BA1E7CC2358BAECA134C825A7"},
    {"str(abc),sha2(512),hex",
     "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3"
     "C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F"},
    {"str(abc),digest(sha256),hex",
     "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"},
    {"str(abc),digest(md5),hex", "900150983CD24FB0D6963F7D28E17F72"},
    {"str(abc),hmac(sha256,a2V5),hex",
     "9C196E32DC0175F86F4B1CB89289D6619DE6BEE699E4C378E68309ED97A1A6AB"},
    {"str(abc),hmac(sha1,txn.key),hex", "4FD0B215276EF12F2B3E4C8ECAC2811498B656FC"},
    {"str(abc),crc32", "891568578"},
    {"str(abc),crc32(1)", "930845320"},
    {"str(abc),crc32c", "910901175"},
    {"str(abc),crc32c(1)", "1285784220"},
    {"str(abc),djb2", "193485963"},
    {"str(abc),djb2(1)", "2235766107"},
    {"str(abc),sdbm", "807794786"},
    {"str(abc),sdbm(1)", "659243622"},
    {"str(abc),wt6", "2483038440"},
    {"str(abc),wt6(1)", "266135527"},
    {"str(abc),xxh32", "852579327"},
    {"str(abc),xxh32(7)", "1473238068"},
    {"str(abc),xxh64", "4952883123889572249"},
    {"str(abc),xxh64(7)", "-7028621457359472937"},
    {"str(abc),xxh3", "8696274497037089104"},
    {"str(abc),xxh3(7)", "5260018501835528466"},
    {"ipv4(10.11.12.13),ipmask(24)", "10.11.12.0"},
    {"ipv4(10.11.12.13),ipmask(255.255.0.0)", "10.11.0.0"},
    {"ipv6(2001:db8::1:2),ipmask(24,64)", "2001:db8::"},
    {"ipv6(2001:db8::1:2),ipmask(24)", ""},
    {"str(1.2.3.4),ipmask(8)", "1.0.0.0"},
    {"str(host:80),host_only", "host"},
    {"str([::1]:80),host_only", "[::1]"},
    {"str(host),host_only", "host"},
    {"str([::1]),host_only", "[::1]"},
    {"str(::1),host_only", ":"},
    {"str(host:80),port_only", "80"},
    {"str(host),port_only", "0"},
    {"str([::1]:8080),port_only", "8080"},
    {"str(host:),port_only", "0"},
    {"str(host:),host_only", "host"},
    {"str(foo-bar-foo),regsub(foo,baz)", "baz-bar-foo"},
    {"str(foo-bar-foo),regsub(foo,baz,g)", "baz-bar-baz"},
    {"str(foo-bar-FOO),regsub(foo,baz,gi)", "baz-bar-baz"},
    {"str(foo),regsub(x*,-,g)", "-f-o-o-"},
    {"str(v),strcmp(txn.v)", "0"},
    {"str(a),strcmp(txn.v)", "-21"},
    {"str(z),strcmp(txn.v)", "4"},
    {"str(vv),strcmp(txn.v)", "1"},
    {"str(v),strcmp(txn.none)", ""},
    {"str(v),secure_memcmp(txn.v)", "1"},
    {"str(w),secure_memcmp(txn.v)", "0"},
    {"str(12abc),add(1)", "13"},
    {"str(abc),add(1)", "1"},
    {"str(-7),add(0)", "-7"},
    {"bool(1),add(1)", "2"},
    {"ipv4(1.2.3.4),add(0)", "16909060"},
    {"int(16909060),ipmask(32)", "1.2.3.4"},
    {"int(258),hex", "0000000000000102"},
    {"var(txn.v)", "v"},
    {"var(txn.n),add(1)", "8"},
    {"var(txn.none)", ""},
    {"str(ff),hex2i", "255"},
    {"str(1.2.3.4),ipmask(32),hex", "01020304"},
    {"str(abc),set-var(txn.z),upper", "ABC"},
    {"var(txn.z)", "abc"},
    {"str(xxabcxx),ltrim(x)", "abcxx"},
    {"str(xxabcxx),rtrim(x)", "xxabc"},
    {"bin(610062)", "a"},
    {"bin(610062),length", "1"},
};

static void as_haproxy(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(answers); i++)
		expect(answers[i].expression, answers[i].value);
}

static void variables_are_set_first(void **state)
{
	(void)state;
	assert_string_equal(fake_evaluate(&fake, "str(v),set-var(txn.v)"), "v");
	assert_string_equal(fake_evaluate(&fake, "int(7),set-var(txn.n)"), "7");
	assert_string_equal(fake_evaluate(&fake, "str(a2V5),set-var(txn.key)"), "a2V5");
	assert_string_equal(fake_evaluate(&fake, "str(s),set-var(sess.s),upper"), "S");
	assert_string_equal(fake_evaluate(&fake, "var(sess.s)"), "s");
	assert_string_equal(fake_evaluate(&fake, "str(other),set-var(sess.s)"), "other");
	assert_string_equal(fake_evaluate(&fake, "var(sess.s)"), "other");
	assert_string_equal(fake_evaluate(&fake, "bin(00),set-var(proc.p),length"), "0");
	assert_string_equal(fake_evaluate(&fake, "var(proc.p),hex"), "00");
	assert_string_equal(fake_evaluate(&fake, "str(x),unset-var(sess.s)"), "x");
	assert_string_equal(fake_evaluate(&fake, "var(sess.s)"), "(none)");
	assert_string_equal(fake_evaluate(&fake, "str(x),set-var(res.no)"), "(none)");
	assert_int_equal(fake.locked % 2, 0);
	assert_true(fake.locked > 0);
}

/* What does not fit into the scratch memory has no value, and nothing is written behind it. */
static void small_memory(void **state)
{
	size_t cap = fake.scratch.cap;
	char guard[4];
	(void)state;
	for (size_t room = 0; room < 80; room++) {
		memcpy(guard, fake.memory + room, sizeof(guard));
		fake.scratch.cap = room;
		fake_evaluate(&fake, "str(abc),base64,hex,upper,url_enc,concat(x,txn.v,y)");
		fake_evaluate(&fake, "str(abc),sha1,hex");
		fake_evaluate(&fake, "int(1500000000),http_date");
		fake_evaluate(&fake, "uuid");
		fake_evaluate(&fake, "req.hdrs");
		assert_memory_equal(guard, fake.memory + room, sizeof(guard));
	}
	fake.scratch.cap = cap;
}

static void refused(void **state)
{
	static const struct {
		const char *expression, *part;
	} rows[] = {
	    {"", "unknown fetch method ''"},
	    {"pahth", "did you mean 'path'"},
	    {"str(a),lowr", "did you mean 'lower'"},
	    {"str(a),", "unknown converter ''"},
	    {"str", "expects at least 1 argument"},
	    {"str(a", "missing closing ')'"},
	    {"str('a)", "missing closing ')'"},
	    {"str(a,b)", "takes at most 1 argument; remove 'b'"},
	    {"path(a)", "takes 0 arguments; remove 'a'"},
	    {"int(x)", "an integer is expected"},
	    {"int(99999999999999999999)", "an integer is expected"},
	    {"bool(maybe)", "expects true, false, 1 or 0"},
	    {"bin(0)", "an even number of hexadecimal digits"},
	    {"ipv4(::1)", "not an IPv4 address"},
	    {"ipv6(1.2.3.4)", "not an IPv6 address"},
	    {"ipv4(a)", "an IP address is expected"},
	    {"var(user)", "A variable name must be start by its scope"},
	    {"var(txn.a b)", "made of letters"},
	    {"date(0,h)", "'s', 'ms' or 'us'"},
	    {"rand(0)", "a limit from 1"},
	    {"uuid(1)", "only version 4"},
	    {"str(a) lower", "unexpected ' lower'"},
	    {"str(a),field(0,:)", "counted from 1"},
	    {"str(a),field(1)", "at least 2 arguments"},
	    {"str(a),regsub(\\(,b)", "is invalid"},
	    {"str(a),regsub(a,b,z)", "flags 'i' and 'g', not 'z'"},
	    {"str(a),sha2(1)", "224, 256, 384 or 512"},
	    {"str(a),digest(none)", "is not known"},
	    {"str(a),json(latin)", "'utf8ps', not 'latin'"},
	    {"str(a),url_enc(path)", "'query' only"},
	    {"src,ipmask(33)", "is not a mask"},
	    {"str(a),bytes(-1)", "not negative"},
	    {"bin(00),add(1)", "cannot be applied to a value of type binary"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		const char *error = fake_error(&fake, rows[i].expression);

		if (!strstr(error, rows[i].part))
			fail_msg("%s: %s", rows[i].expression, error);
	}
}

/* Every row has its line of help and a function, and no two have one name. */
static void families(void **state)
{
	(void)state;
	FAMILY_EACH(converter, it) {
		assert_true((*it)->run && strlen((*it)->help) > 0);
		FAMILY_EACH(converter, other)
			assert_true(it == other || strcmp((*it)->name, (*other)->name) != 0);
	}
	FAMILY_EACH(fetch, it) {
		assert_true((*it)->run && strlen((*it)->help) > 0);
		FAMILY_EACH(fetch, other)
			assert_true(it == other || strcmp((*it)->name, (*other)->name) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(variables_are_set_first),
	    cmocka_unit_test(as_haproxy),
	    cmocka_unit_test(small_memory),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(families),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
