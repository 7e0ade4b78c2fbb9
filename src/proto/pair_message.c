/* SPDX-License-Identifier: MIT */
/*
 * The frames of pair_message.h: each is a head of 38 bytes, the body of its kind, the tag. The
 * sender of failover/ builds them, its receiver peeks for the instance, then parses with that one's
 * key. The length and every fixed bit are looked at before the tag: damage is told from a wrong
 * key.
 */
#include "proto/pair_message.h"

#include "proto/packet.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define VERSION 1
#define VERSION_END 19 /* behind it: the frame is one of ours, or not */
#define HEAD_BYTES 38
#define STATE_BYTES 62 /* head, and body without the sender's address */
#define LIST_BYTES 54  /* head, and body without tuples */
#define TAG_BYTES 16
#define DIGEST_BYTES 32

#define FLAG_OWNER 1
#define FLAG_CAPABLE 2

static const uint8_t magic[4] = {'h', 'a', 'l', 'b'};

static void put_u64(uint8_t *p, uint64_t v)
{
	packet_put_u32(p, (uint32_t)(v >> 32));
	packet_put_u32(p + 4, (uint32_t)v);
}

static uint64_t get_u64(const uint8_t *p)
{
	return (uint64_t)packet_get_u32(p) << 32 | packet_get_u32(p + 4);
}

/* Client and virtual address, and two ports. */
static size_t tuple_bytes(uint8_t family)
{
	return 2 * packet_ip_bytes(family) + 4;
}

static unsigned int max_tuples(uint8_t family)
{
	return family == INET_V6 ? PAIR_TUPLES_V6 : PAIR_TUPLES_V4;
}

/* ---- the tag */

void pair_message_init(void)
{
	/* Where it fails, HMAC() does so too, and says it. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

/* False: libcrypto has no memory for it. */
static bool make_tag(const uint8_t *frame, size_t n, const struct pair_key *key,
		     uint8_t tag[DIGEST_BYTES])
{
	unsigned int made = 0;

	/* A key of NULL would be none at all, not an empty one. */
	return HMAC(EVP_sha256(), key->n ? (const void *)key->bytes : "", (int)key->n, frame, n,
		    tag, &made) &&
	       made == DIGEST_BYTES;
}

static size_t seal(uint8_t *frame, size_t n, const struct pair_key *key)
{
	uint8_t tag[DIGEST_BYTES];

	if (!make_tag(frame, n, key, tag))
		return 0;
	memcpy(frame + n, tag, TAG_BYTES);
	return n + TAG_BYTES;
}

static bool is_sealed(const uint8_t *frame, size_t n, const struct pair_key *key)
{
	uint8_t tag[DIGEST_BYTES];

	return make_tag(frame, n, key, tag) && CRYPTO_memcmp(frame + n, tag, TAG_BYTES) == 0;
}

/* ---- building */

static void put_head(uint8_t *dst, const struct pair_header *h, enum pair_kind kind)
{
	CHECK(h->family == INET_V4 || h->family == INET_V6);
	memcpy(dst, h->destination, 6);
	memcpy(dst + 6, h->source, 6);
	packet_put_u16(dst + 12, PAIR_ETHERTYPE);
	memcpy(dst + 14, magic, sizeof(magic));
	dst[18] = VERSION;
	dst[19] = (uint8_t)kind;
	dst[20] = h->vrid;
	dst[21] = h->family == INET_V6 ? 6 : 4;
	put_u64(dst + 22, h->session);
	put_u64(dst + 30, h->sequence);
}

size_t pair_build_state(uint8_t *dst, const struct pair_header *h, const struct pair_state *s,
			const struct pair_key *key)
{
	unsigned int flags = (s->owner ? FLAG_OWNER : 0) | (s->capable ? FLAG_CAPABLE : 0);

	put_head(dst, h, PAIR_STATE);
	packet_put_u32(dst + 38, flags << 24);
	packet_put_u32(dst + 42, s->holding);
	put_u64(dst + 46, s->offered);
	put_u64(dst + 54, s->complete);
	memcpy(dst + STATE_BYTES, s->sender.ip, packet_ip_bytes(h->family));
	return seal(dst, STATE_BYTES + packet_ip_bytes(h->family), key);
}

size_t pair_build_list(uint8_t *dst, const struct pair_header *h, const struct pair_list *l,
		       const struct pair_key *key)
{
	size_t ip_bytes = packet_ip_bytes(h->family);
	uint8_t *p = dst + LIST_BYTES;

	CHECK(l->part < l->parts && l->count <= max_tuples(h->family));
	put_head(dst, h, PAIR_LIST);
	put_u64(dst + 38, l->number);
	packet_put_u16(dst + 46, l->part);
	packet_put_u16(dst + 48, l->parts);
	packet_put_u16(dst + 50, l->count);
	packet_put_u16(dst + 52, 0);
	for (unsigned int i = 0; i < l->count; i++) {
		const struct pair_tuple *t = &l->tuples[i];

		memcpy(p, t->client.ip, ip_bytes);
		memcpy(p + ip_bytes, t->address.ip, ip_bytes);
		packet_put_u16(p + 2 * ip_bytes, t->client.port);
		packet_put_u16(p + 2 * ip_bytes + 2, t->address.port);
		p += tuple_bytes(h->family);
	}
	return seal(dst, (size_t)(p - dst), key);
}

/* ---- parsing */

static bool is_ours(const uint8_t *p, size_t n)
{
	return n >= VERSION_END && packet_get_u16(p + 12) == PAIR_ETHERTYPE &&
	       memcmp(p + 14, magic, sizeof(magic)) == 0 && p[18] == VERSION;
}

static uint8_t read_family(const uint8_t *p)
{
	return p[21] == 4 ? INET_V4 : p[21] == 6 ? INET_V6 : INET_NONE;
}

bool pair_peek(struct span frame, uint8_t *vrid, uint8_t *family)
{
	const uint8_t *p = (const uint8_t *)frame.p;

	if (frame.len < HEAD_BYTES || !is_ours(p, frame.len) || read_family(p) == INET_NONE)
		return false;
	*vrid = p[20];
	*family = read_family(p);
	return true;
}

/* How much the tag covers, of a frame that holds a head; 0: more than there is, or than can be. */
static size_t sealed_bytes(const uint8_t *p, size_t n)
{
	uint8_t family = read_family(p);
	size_t bytes = STATE_BYTES + packet_ip_bytes(family);

	if (p[19] == PAIR_LIST) {
		if (n < LIST_BYTES || packet_get_u16(p + 50) > max_tuples(family))
			return 0;
		bytes = LIST_BYTES + packet_get_u16(p + 50) * tuple_bytes(family);
	}
	return n >= bytes + TAG_BYTES ? bytes : 0;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	while (n > 0)
		all |= p[--n];
	return all == 0;
}

static bool read_state(const uint8_t *p, struct pair_state *s)
{
	*s = (struct pair_state){.owner = p[38] & FLAG_OWNER,
				 .capable = p[38] & FLAG_CAPABLE,
				 .holding = packet_get_u32(p + 42),
				 .offered = get_u64(p + 46),
				 .complete = get_u64(p + 54),
				 .sender = {.family = read_family(p)}};
	memcpy(s->sender.ip, p + STATE_BYTES, packet_ip_bytes(s->sender.family));
	return (p[38] & ~(FLAG_OWNER | FLAG_CAPABLE)) == 0 && is_zero(p + 39, 3);
}

static bool read_list(const uint8_t *p, struct pair_list *l)
{
	*l = (struct pair_list){.number = get_u64(p + 38),
				.part = packet_get_u16(p + 46),
				.parts = packet_get_u16(p + 48),
				.count = packet_get_u16(p + 50)};
	return l->part < l->parts && is_zero(p + 52, 2);
}

static struct pair_header read_head(const uint8_t *p)
{
	struct pair_header h = {.vrid = p[20],
				.family = read_family(p),
				.session = get_u64(p + 22),
				.sequence = get_u64(p + 30)};

	memcpy(h.destination, p, 6);
	memcpy(h.source, p + 6, 6);
	return h;
}

enum pair_verdict pair_parse(struct span frame, const struct pair_key *key,
			     struct pair_message *out)
{
	const uint8_t *p = (const uint8_t *)frame.p;
	struct pair_message m = {0};
	size_t n;

	if (!is_ours(p, frame.len))
		return PAIR_NOT_OURS;
	if (frame.len < HEAD_BYTES || frame.len > PAIR_MAX_FRAME)
		return PAIR_BAD_LENGTH;
	if ((p[19] != PAIR_STATE && p[19] != PAIR_LIST) || read_family(p) == INET_NONE)
		return PAIR_BAD_FIELD;
	n = sealed_bytes(p, frame.len);
	if (n == 0 || !is_zero(p + n + TAG_BYTES, frame.len - n - TAG_BYTES))
		return PAIR_BAD_LENGTH;
	m.header = read_head(p);
	m.kind = p[19];
	if (!(m.kind == PAIR_STATE ? read_state(p, &m.state) : read_list(p, &m.list)))
		return PAIR_BAD_FIELD;
	if (m.header.source[0] & 1)
		return PAIR_BAD_SOURCE;
	if (!is_sealed(p, n, key))
		return PAIR_BAD_TAG;
	if (m.kind == PAIR_LIST)
		m.tuples = span_make(p + LIST_BYTES, n - LIST_BYTES);
	*out = m;
	return PAIR_OK;
}

void pair_list_tuple(const struct pair_message *m, unsigned int i, struct pair_tuple *out)
{
	uint8_t family = m->header.family;
	size_t ip_bytes = packet_ip_bytes(family);
	const uint8_t *p;

	CHECK(m->kind == PAIR_LIST && i < m->list.count);
	p = (const uint8_t *)m->tuples.p + i * tuple_bytes(family);
	*out = (struct pair_tuple){
	    .client = {.family = family, .port = packet_get_u16(p + 2 * ip_bytes)},
	    .address = {.family = family, .port = packet_get_u16(p + 2 * ip_bytes + 2)}};
	memcpy(out->client.ip, p, ip_bytes);
	memcpy(out->address.ip, p + ip_bytes, ip_bytes);
}

const char *pair_verdict_text(enum pair_verdict v)
{
	static const char *const texts[PAIR_VERDICTS] = {
	    [PAIR_OK] = "right",
	    [PAIR_NOT_OURS] = "not a frame of a pair",
	    [PAIR_BAD_LENGTH] = "wrong length",
	    [PAIR_BAD_FIELD] = "wrong field",
	    [PAIR_BAD_SOURCE] = "sent from a group address",
	    [PAIR_BAD_TAG] = "wrong tag",
	};

	CHECK((unsigned int)v < PAIR_VERDICTS);
	return texts[v];
}
