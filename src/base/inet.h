/* SPDX-License-Identifier: MIT */
/*
 * Internet addresses as small values: what a connection, a PROXY header, a log line and a
 * configuration share. No look-ups, no system calls; net/address.h turns them into sockaddrs.
 */
#ifndef BASE_INET_H
#define BASE_INET_H

#include "base/buffer.h"

enum inet_family { INET_NONE, INET_V4, INET_V6, INET_UNIX };

struct inet {
	uint8_t family; /* enum inet_family */
	uint16_t port;  /* host order; INET_UNIX: unused */
	uint8_t ip[16]; /* network order; IPv4 uses the first 4 */
};

#define INET_TEXT_BYTES 46 /* longest text of an address, with its NUL */

/* Textual IPv4 (four decimal parts) or IPv6 (RFC 4291 section 2.2), without brackets or port. False
 * (out untouched) if neither. */
bool inet_parse(struct span text, struct inet *out) must_check;
/* The address without the port: "127.0.0.1", "::1" (RFC 5952), "unix", "" for none. Returns the
 * length written, no NUL. */
size_t inet_print(char dst[INET_TEXT_BYTES], const struct inet *a);
/* Same family and address; the ports are not compared. */
bool inet_equal_ip(const struct inet *a, const struct inet *b);

struct inet_net {
	struct inet address;
	uint8_t prefix; /* bits */
};

/* "192.168.0.0/16", "192.168.0.0/255.255.0.0", "::1/128", or a lone address. */
bool inet_parse_net(struct span text, struct inet_net *out) must_check;
/* An IPv4-mapped IPv6 address matches IPv4 networks. */
bool inet_in_net(const struct inet *a, const struct inet_net *net);

enum address_kind { ADDRESS_INET, ADDRESS_UNIX, ADDRESS_ABSTRACT, ADDRESS_FD };

/* One address word of a configuration, taken apart by config/ (it knows the grammar: *:80, :80,
 * [::1]:80, ipv4@, ipv6@, unix@, abns@, fd@); net/address.h makes sockets of it. */
struct address {
	uint8_t kind; /* enum address_kind */
	bool datagram;
	int fd;           /* ADDRESS_FD */
	struct inet inet; /* ADDRESS_INET; with a name: family wished for (INET_NONE: any) and port
			   */
	const char *name; /* host name to look up at start, or NULL */
	const char *path; /* unix path or abstract name */
};

#endif
