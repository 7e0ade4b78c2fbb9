/* SPDX-License-Identifier: MIT */
/*
 * The aliases of log formats that write numbers, addresses and dates: %ci, %Tr, %ST, %t, ... Called
 * through the family by log_format.c. No printf on this path: a line is written for each request.
 */
#include "rule/log_alias.h"

#include "rule/date.h"

#include "base/format.h"

/* ---- numbers ---- */

static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334"
			    "3536373839404142434445464748"
			    "4950515253545556575859606162636465666768697071727374757677787980818283"
			    "84858687888990919293949596979899";

static inline void put_pair(char *at, unsigned int v)
{
	memcpy(at, &pairs[v * 2], 2);
}

static inline char *put_up_to_99(char *at, unsigned int v)
{
	if (v < 10) {
		*at = (char)('0' + v);
		return at + 1;
	}
	put_pair(at, v);
	return at + 2;
}

static inline char *put_u64(char *at, uint64_t v)
{
	if (v < 100)
		return put_up_to_99(at, (unsigned int)v);
	if (v < 1000) {
		*at = (char)('0' + v / 100);
		put_pair(at + 1, (unsigned int)(v % 100));
		return at + 3;
	}
	if (v >= 1000000)
		return at + format_u64(at, v);
	if (v >= 10000) {
		at = put_up_to_99(at, (unsigned int)(v / 10000));
		put_pair(at, (unsigned int)(v / 100 % 100));
	} else {
		put_pair(at, (unsigned int)(v / 100));
	}
	put_pair(at + 2, (unsigned int)(v % 100));
	return at + 4;
}

static inline char *put_i64(char *at, int64_t v)
{
	if (likely(v >= 0))
		return put_u64(at, (uint64_t)v);
	*at = '-';
	return put_u64(at + 1, 0 - (uint64_t)v);
}

/* Upper-case hex digits, at least `width`. */
static char *put_hex(char *at, uint64_t v, unsigned int width)
{
	unsigned int n = width;

	while (n < 16 && v >> (n * 4))
		n++;
	for (unsigned int i = n; i > 0; i--, v >>= 4)
		at[i - 1] = "0123456789ABCDEF"[v & 15];
	return at + n;
}

#define ALIAS(id, text, function, what_kind, what)                                                 \
	static const struct log_alias id = {(text), (function), (what_kind), (what)};              \
	FAMILY_ADD(log_alias, id)

/* A number of the record, printed as it is. */
#define NUMBER(id, text, expression, what_kind, what)                                              \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		(void)end, (void)flags;                                                            \
		return put_i64(at, (int64_t)(expression));                                         \
	}                                                                                          \
	ALIAS(id, text, write_##id, what_kind, what)

/* The same, with a '+' while the stream goes on. */
#define GROWING(id, text, expression, what_kind, what)                                             \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		(void)end, (void)flags;                                                            \
		if (r->unfinished)                                                                 \
			*at++ = '+';                                                               \
		return put_i64(at, (expression));                                                  \
	}                                                                                          \
	ALIAS(id, text, write_##id, LOG_AT_END | (what_kind), what)

/* The same, in hexadecimal with the flag X. */
#define HEXABLE(id, text, expression, what)                                                        \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		(void)end;                                                                         \
		if (flags & LOG_HEX)                                                               \
			return put_hex(at, (uint64_t)(expression), 4);                             \
		return put_i64(at, (int64_t)(expression));                                         \
	}                                                                                          \
	ALIAS(id, text, write_##id, 0, what)

static int64_t not_below_zero(int64_t v)
{
	return v < 0 ? 0 : v;
}

/* %Tq: from the accept to the last byte of the request's head. */
static int64_t time_to_request(const struct log_record *r)
{
	return r->tr_request < 0 ? -1
				 : not_below_zero(r->th) + not_below_zero(r->ti) + r->tr_request;
}

NUMBER(alias_actconn, "ac", r->actconn, LOG_AT_END, "connections of the process");
NUMBER(alias_beconn, "bc", r->beconn, LOG_AT_END, "connections of the backend");
NUMBER(alias_feconn, "fc", r->feconn, LOG_AT_END, "connections of the frontend");
NUMBER(alias_srvconn, "sc", r->srvconn, LOG_AT_END, "connections of the server");
NUMBER(alias_backend_queue, "bq", r->backend_queue, LOG_AT_END,
       "requests before it in the backend's queue");
NUMBER(alias_srv_queue, "sq", r->srv_queue, LOG_AT_END, "requests before it in the server's queue");
NUMBER(alias_status, "ST", r->status, 0, "status code");
NUMBER(alias_bytes_up, "U", r->bytes_to_server, LOG_AT_END, "bytes from the client to the server");
NUMBER(alias_time_handshake, "Th", r->th, 0, "milliseconds of the handshake");
NUMBER(alias_time_idle, "Ti", r->ti, LOG_HTTP_ONLY, "milliseconds idle before the request");
NUMBER(alias_time_request, "TR", r->tr_request, LOG_HTTP_ONLY,
       "milliseconds to receive the request's head");
NUMBER(alias_time_q, "Tq", time_to_request(r), LOG_HTTP_ONLY, "Th + Ti + TR");
NUMBER(alias_time_wait, "Tw", r->tw, 0, "milliseconds in queues");
NUMBER(alias_time_connect, "Tc", r->tc, 0, "milliseconds to connect to the server");
NUMBER(alias_time_response, "Tr", r->tr, LOG_HTTP_ONLY, "milliseconds to the response's head");
NUMBER(alias_time_data, "Td", r->td, LOG_AT_END, "milliseconds of data transfer");
GROWING(alias_bytes, "B", r->bytes_to_client, 0, "bytes from the server to the client");
GROWING(alias_time_active, "Ta", r->ta, LOG_HTTP_ONLY,
	"milliseconds from the request's first byte to the end");
GROWING(alias_time_total, "Tt", r->tt, 0, "milliseconds from the accept to the end");
GROWING(alias_time_user, "Tu", not_below_zero(r->tt) - not_below_zero(r->ti), 0,
	"milliseconds as the user sees them: Tt - Ti");
HEXABLE(alias_log_counter, "lc", r->log_counter, "log lines of the frontend");
HEXABLE(alias_pid, "pid", r->pid, "process id");
HEXABLE(alias_counter, "rt", r->request_counter, "number of the request");
HEXABLE(alias_timestamp, "Ts", r->accept_us / 1000000, "seconds since 1970 at the accept");

static char *write_milliseconds(char *at, char *end, const struct log_record *r, unsigned int flags)
{
	unsigned int ms = (unsigned int)((uint64_t)r->accept_us / 1000 % 1000);

	(void)end, (void)flags;
	*at = (char)('0' + ms / 100);
	put_pair(at + 1, ms % 100);
	return at + 3;
}
ALIAS(alias_ms, "ms", write_milliseconds, 0, "milliseconds of the accept date");

static char *write_retries(char *at, char *end, const struct log_record *r, unsigned int flags)
{
	(void)end, (void)flags;
	if (r->redispatched)
		*at++ = '+';
	return put_u64(at, r->retries);
}
ALIAS(alias_retries, "rc", write_retries, LOG_AT_END, "retries, '+' when redispatched");

/* ---- addresses ---- */

/* Each byte of an address as text, and how long that is: three digits and a length. */
#define DIGIT(n) ('0' + (n) % 10)
#define OCTET(n)                                                                                   \
	{                                                                                          \
		(n) > 99  ? DIGIT((n) / 100)                                                       \
		: (n) > 9 ? DIGIT((n) / 10)                                                        \
			  : DIGIT(n),                                                              \
		    (n) > 99 ? DIGIT((n) / 10) : DIGIT(n), DIGIT(n),                               \
		    (n) > 99  ? 3                                                                  \
		    : (n) > 9 ? 2                                                                  \
			      : 1                                                                  \
	}
#define OCTETS_4(n) OCTET(n), OCTET((n) + 1), OCTET((n) + 2), OCTET((n) + 3)
#define OCTETS_16(n) OCTETS_4(n), OCTETS_4((n) + 4), OCTETS_4((n) + 8), OCTETS_4((n) + 12)
#define OCTETS_64(n) OCTETS_16(n), OCTETS_16((n) + 16), OCTETS_16((n) + 32), OCTETS_16((n) + 48)

static const char octets[256][4] = {OCTETS_64(0), OCTETS_64(64), OCTETS_64(128), OCTETS_64(192)};

static char *put_v4(char *at, const uint8_t ip[4])
{
	for (int i = 0; i < 4; i++) {
		memcpy(at, octets[ip[i]], 4);
		at += octets[ip[i]][3];
		*at++ = '.';
	}
	return at - 1;
}

/* Apart, so that the common way stays short. */
static __attribute__((noinline)) char *put_other_ip(char *at, char *end, const struct inet *a,
						    unsigned int flags)
{
	char text[INET_TEXT_BYTES];

	if (a->family == INET_NONE || a->family == INET_UNIX || !(flags & LOG_HEX))
		return log_put_text(at, end, span_make(text, inet_print(text, a)), flags);
	for (int i = 0; i < (a->family == INET_V4 ? 4 : 16); i++)
		at = put_hex(at, a->ip[i], 2);
	return at;
}

static char *put_ip(char *at, char *end, const struct inet *a, unsigned int flags)
{
	if (likely(a->family == INET_V4 && !(flags & (LOG_HEX | LOG_QUOTED))))
		return put_v4(at, a->ip);
	return put_other_ip(at, end, a, flags);
}

static char *put_port(char *at, char *end, const struct inet *a, unsigned int flags)
{
	if (a->family == INET_NONE)
		return log_put_text(at, end, SPAN(""), flags);
	return flags & LOG_HEX ? put_hex(at, a->port, 4) : put_u64(at, a->port);
}

#define ADDRESS(id, member, ip_text, port_text, what)                                              \
	static char *write_##id##_ip(char *at, char *end, const struct log_record *r,              \
				     unsigned int flags)                                           \
	{                                                                                          \
		return put_ip(at, end, &r->member, flags);                                         \
	}                                                                                          \
	static char *write_##id##_port(char *at, char *end, const struct log_record *r,            \
				       unsigned int flags)                                         \
	{                                                                                          \
		return put_port(at, end, &r->member, flags);                                       \
	}                                                                                          \
	ALIAS(alias_##id##_ip, ip_text, write_##id##_ip, 0, "address of " what);                   \
	ALIAS(alias_##id##_port, port_text, write_##id##_port, 0, "port of " what)

ADDRESS(client, client, "ci", "cp", "the client");
ADDRESS(front, client_local, "fi", "fp", "the frontend that the client came to");
ADDRESS(server, server, "si", "sp", "the server");
ADDRESS(back, server_local, "bi", "bp", "this end of the connection to the server");

/* ---- dates ---- */

/* "06/Feb/2009:12:14:14": 20 bytes. */
static void fill_date(char *p, const struct date *d)
{
	put_pair(p, d->day);
	p[2] = '/';
	memcpy(p + 3, &"JanFebMarAprMayJunJulAugSepOctNovDec"[d->month * 3], 3);
	p[6] = '/';
	put_pair(p + 7, d->year / 100 % 100);
	put_pair(p + 9, d->year % 100);
	p[11] = ':';
	put_pair(p + 12, d->hour);
	p[14] = ':';
	put_pair(p + 15, d->minute);
	p[17] = ':';
	put_pair(p + 18, d->second);
}

/* "06/Feb/2009:12:14:14.655" */
static char *put_date_ms(char *at, int64_t us, int offset_s)
{
	struct date d = date_of(us, offset_s);

	fill_date(at, &d);
	at[20] = '.';
	at[21] = (char)('0' + d.ms / 100);
	put_pair(at + 22, d.ms % 100);
	return at + 24;
}

/* "06/Feb/2009:12:14:14 +0100" */
static char *put_date_zone(char *at, int64_t us, int offset_s)
{
	struct date d = date_of(us, offset_s);
	unsigned int minutes = (unsigned int)(offset_s < 0 ? -offset_s : offset_s) / 60;

	fill_date(at, &d);
	at[20] = ' ';
	at[21] = offset_s < 0 ? '-' : '+';
	put_pair(at + 22, minutes / 60 % 100);
	put_pair(at + 24, minutes % 60);
	return at + 26;
}

#define DATE(id, text, expression, what_kind, what)                                                \
	static char *write_##id(char *at, char *end, const struct log_record *r,                   \
				unsigned int flags)                                                \
	{                                                                                          \
		(void)end, (void)flags;                                                            \
		return expression;                                                                 \
	}                                                                                          \
	ALIAS(id, text, write_##id, what_kind, what)

DATE(alias_t, "t", put_date_ms(at, r->accept_us, r->utc_offset_s), 0, "date of the accept");
DATE(alias_tr, "tr", put_date_ms(at, r->request_us, r->utc_offset_s), LOG_HTTP_ONLY,
     "date of the request");
DATE(alias_gmt, "T", put_date_zone(at, r->accept_us, 0), 0, "date of the accept, GMT");
DATE(alias_local, "Tl", put_date_zone(at, r->accept_us, r->utc_offset_s), 0,
     "date of the accept, local");
DATE(alias_trg, "trg", put_date_zone(at, r->request_us, 0), LOG_HTTP_ONLY,
     "date of the request, GMT");
DATE(alias_trl, "trl", put_date_zone(at, r->request_us, r->utc_offset_s), LOG_HTTP_ONLY,
     "date of the request, local");
