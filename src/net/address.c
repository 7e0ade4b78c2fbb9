/* SPDX-License-Identifier: MIT */
/*
 * Addresses between the three shapes they have: address words, struct inet, sockaddr. Used at start
 * by whoever opens sockets, and by the proxy for each accepted connection.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static int unix_to_sockaddr(const struct address *a, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	size_t skip = a->kind == ADDRESS_ABSTRACT ? 1 : 0;
	size_t n = a->path ? strlen(a->path) : 0;

	if (n == 0 || skip + n >= sizeof(un->sun_path))
		return -EINVAL;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + skip, a->path, n);
	/* haproxy's abstract names are padded with zeros to the full length, which is part of the
	 * name. */
	*len = skip ? sizeof(*un) : (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

int address_to_sockaddr(const struct address *a, struct sockaddr_storage *out, socklen_t *len)
{
	switch ((enum address_kind)a->kind) {
	case ADDRESS_INET:
		if (a->inet.family != INET_V4 && a->inet.family != INET_V6)
			return -EINVAL;
		*len = inet_to_sockaddr(&a->inet, out);
		return 0;
	case ADDRESS_UNIX:
	case ADDRESS_ABSTRACT:
		return unix_to_sockaddr(a, out, len);
	case ADDRESS_FD:
		break;
	}
	return -EINVAL;
}

void inet_from_sockaddr(struct inet *out, const struct sockaddr_storage *ss)
{
	memset(out, 0, sizeof(*out));
	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		out->family = INET_V4;
		out->port = ntohs(in->sin_port);
		memcpy(out->ip, &in->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

		out->family = INET_V6;
		out->port = ntohs(in6->sin6_port);
		memcpy(out->ip, &in6->sin6_addr, 16);
	} else if (ss->ss_family == AF_UNIX) {
		out->family = INET_UNIX;
	}
}

socklen_t inet_to_sockaddr(const struct inet *a, struct sockaddr_storage *out)
{
	if (a->family == INET_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		memset(in, 0, sizeof(*in));
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	if (a->family == INET_V6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

		memset(in6, 0, sizeof(*in6));
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	}
	out->ss_family = AF_UNSPEC;
	return 0;
}

static void inet_of_socket(int fd, struct inet *out,
			   int (*get)(int fd, struct sockaddr *to, socklen_t *len))
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	ss.ss_family = AF_UNSPEC;
	if (get(fd, (struct sockaddr *)&ss, &len) < 0)
		ss.ss_family = AF_UNSPEC;
	inet_from_sockaddr(out, &ss);
}

void inet_of_socket_local(int fd, struct inet *out)
{
	inet_of_socket(fd, out, getsockname);
}

void inet_of_socket_peer(int fd, struct inet *out)
{
	inet_of_socket(fd, out, getpeername);
}

static int look_up(const char *name, int family, struct inet *out)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL, *ai;
	int error = -ENOENT;

	if (getaddrinfo(name, NULL, &hints, &found))
		return -ENOENT;
	for (ai = found; ai && error; ai = ai->ai_next) {
		struct sockaddr_storage ss;

		if (ai->ai_family != family || ai->ai_addrlen > sizeof(ss))
			continue;
		memcpy(&ss, ai->ai_addr, ai->ai_addrlen);
		inet_from_sockaddr(out, &ss);
		error = 0;
	}
	freeaddrinfo(found);
	return error;
}

int address_look_up(const char *name, enum inet_family family, struct inet *out)
{
	struct inet found;
	int error = -ENOENT;

	if (family == INET_NONE || family == INET_V4)
		error = look_up(name, AF_INET, &found);
	if (error && (family == INET_NONE || family == INET_V6))
		error = look_up(name, AF_INET6, &found);
	if (error == 0) {
		found.port = out->port;
		*out = found;
	}
	return error;
}
