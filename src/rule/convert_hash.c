/* SPDX-License-Identifier: MIT */
/* Converters to hashes: quick ones as numbers, cryptographic ones (libcrypto's) as bytes. */
#include "rule/base64.h"
#include "rule/expr.h"

#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

/* ---- quick ---- */

enum quick { CRC32, CRC32C, DJB2, SDBM, WT6 };

/* The Castagnoli polynomial, reflected. */
static uint32_t crc32c(struct span s)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

static uint32_t quick_hash(enum quick which, struct span s)
{
	switch (which) {
	case CRC32:
		return hash_crc32(s);
	case CRC32C:
		return crc32c(s);
	case DJB2:
		return hash_djb2(s);
	case SDBM:
		return hash_sdbm(s);
	default:
		return hash_wt6(s);
	}
}

static bool hash_quickly(const struct convert_call *c)
{
	uint32_t h = quick_hash((enum quick)c->converter->variant, c->v->text);

	if (c->args[0].type && c->args[0].number)
		h = hash_avalanche(h);
	*c->v = value_of_int(h);
	return true;
}

#define QUICK(id, which, what)                                                                     \
	CONVERTER(id, #id, ARGUMENTS(0, ARGUMENT_INT), VALUE_BIN, VALUE_INT, which, hash_quickly,  \
		  NULL, "([AVALANCHE]): " what)

QUICK(crc32, CRC32, "its CRC-32");
QUICK(crc32c, CRC32C, "its CRC-32C");
QUICK(djb2, DJB2, "its djb2 hash");
QUICK(sdbm, SDBM, "its sdbm hash");
QUICK(wt6, WT6, "its wt6 hash");

enum xx { XX32, XX64, XX3 };

static bool hash_xx(const struct convert_call *c)
{
	uint64_t seed = c->args[0].type ? (uint64_t)c->args[0].number : 0, h;
	const char *p = c->v->text.len ? c->v->text.p : "";

	if (c->converter->variant == XX32)
		h = XXH32(p, c->v->text.len, (uint32_t)seed);
	else if (c->converter->variant == XX64)
		h = XXH64(p, c->v->text.len, seed);
	else
		h = XXH3_64bits_withSeed(p, c->v->text.len, seed);
	*c->v = value_of_int((int64_t)h);
	return true;
}

#define XX(id, which, what)                                                                        \
	CONVERTER(id, #id, ARGUMENTS(0, ARGUMENT_INT), VALUE_BIN, VALUE_INT, which, hash_xx, NULL, \
		  "([SEED]): " what)

XX(xxh32, XX32, "its 32-bit xxHash");
XX(xxh64, XX64, "its 64-bit xxHash");
XX(xxh3, XX3, "its 64-bit XXH3");

/* ---- cryptographic ---- */

static bool digest(const struct convert_call *c, const EVP_MD *md)
{
	unsigned char *p = (unsigned char *)scratch_take(c->ctx->scratch, EVP_MAX_MD_SIZE);
	unsigned int n = 0;

	if (!p ||
	    EVP_Digest(c->v->text.len ? c->v->text.p : "", c->v->text.len, p, &n, md, NULL) != 1)
		return false;
	*c->v = value_of_bytes(span_make(p, n));
	return true;
}

static bool hash_sha1(const struct convert_call *c)
{
	return digest(c, EVP_sha1());
}

CONVERTER(sha1, "sha1", NO_ARGUMENTS, VALUE_BIN, VALUE_BIN, 0, hash_sha1, NULL, "its SHA-1");

static bool check_sha2(struct rule_compiler *k, struct argument_value *args)
{
	switch (args[0].type ? args[0].number : 256) {
	case 224:
		args[0].compiled = EVP_sha224();
		return true;
	case 256:
		args[0].compiled = EVP_sha256();
		return true;
	case 384:
		args[0].compiled = EVP_sha384();
		return true;
	case 512:
		args[0].compiled = EVP_sha512();
		return true;
	default:
		return compiler_fail(k, "'sha2' expects 224, 256, 384 or 512 bits, not '%.*s'",
				     SPAN_ARG(args[0].text));
	}
}

static bool check_digest(struct rule_compiler *k, struct argument_value *args)
{
	char name[32];

	if (args[0].text.len < sizeof(name)) {
		memcpy(name, args[0].text.p, args[0].text.len);
		name[args[0].text.len] = '\0';
		args[0].compiled = EVP_get_digestbyname(name);
		if (args[0].compiled)
			return true;
	}
	return compiler_fail(k, "algorithm '%.*s' is not known; there are md5, sha1, sha256, …",
			     SPAN_ARG(args[0].text));
}

static bool hash_digest(const struct convert_call *c)
{
	return digest(c, c->args[0].compiled);
}

CONVERTER(sha2, "sha2", ARGUMENTS(0, ARGUMENT_INT), VALUE_BIN, VALUE_BIN, 0, hash_digest,
	  check_sha2, "([BITS]): its SHA-2 of 224, 256, 384 or 512 bits");
CONVERTER(digest, "digest", ARGUMENTS(1, ARGUMENT_STR), VALUE_BIN, VALUE_BIN, 0, hash_digest,
	  check_digest, "(ALGORITHM): its digest by an algorithm of OpenSSL's");

/* The key in base64, as text or in a variable. */
static bool hash_hmac(const struct convert_call *c)
{
	unsigned char *p = (unsigned char *)scratch_take(c->ctx->scratch, EVP_MAX_MD_SIZE);
	struct span text, key;
	unsigned int n = 0;

	if (!p || !argument_text(c->ctx, &c->args[1], &text) ||
	    !base64_decode(c->ctx->scratch, text, false, &key))
		return false;
	if (!HMAC(c->args[0].compiled, key.p, (int)key.len, (const unsigned char *)c->v->text.p,
		  c->v->text.len, p, &n))
		return false;
	*c->v = value_of_bytes(span_make(p, n));
	return true;
}

CONVERTER(hmac, "hmac", ARGUMENTS(2, ARGUMENT_STR, ARGUMENT_STR_VAR), VALUE_BIN, VALUE_BIN, 0,
	  hash_hmac, check_digest, "(ALGORITHM,KEY): its HMAC; the key in base64 or in a variable");
