/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses: from the configuration's address words to sockets, and back to the small values
 * of base/inet.h. Name look-ups happen at start only.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "base/inet.h"

#include <sys/socket.h>
#include <sys/un.h>

/* Fills a sockaddr; 0 or -EINVAL. */
int address_to_sockaddr(const struct address *a, struct sockaddr_storage *out,
			socklen_t *len) must_check;
void inet_from_sockaddr(struct inet *out, const struct sockaddr_storage *ss);
socklen_t inet_to_sockaddr(const struct inet *a, struct sockaddr_storage *out);
/* The local or peer address of a socket; INET_NONE where it has none. */
void inet_of_socket_local(int fd, struct inet *out);
void inet_of_socket_peer(int fd, struct inet *out);
/* Looks a name up with the system's resolver (blocking: start only). `family` INET_NONE: any, IPv4
 * first. The port of *out is kept. 0 or -ENOENT. */
int address_look_up(const char *name, enum inet_family family, struct inet *out) must_check;

struct socket_options {
	const char *interface; /* SO_BINDTODEVICE, NULL: none */
	int backlog;
	bool v6only, v4v6, transparent, freebind, tcp_defer_accept;
	int unix_mode;          /* -1: as the umask says */
	int unix_uid, unix_gid; /* -1: as is */
	unsigned int mss;
};

/* A listening, non-blocking, close-on-exec socket: SO_REUSEADDR and, where `share`, SO_REUSEPORT
 * (an old process may hold it still). A stale unix socket is replaced atomically (bound under a
 * temporary name and renamed). fd or -errno; *what says which call failed. ADDRESS_FD is checked to
 * be a listening socket and used as it is. */
int socket_listen(const struct address *a, const struct socket_options *o, bool share,
		  const char **what) must_check;
/* A non-blocking, close-on-exec socket for connecting to such an address (TCP_NODELAY set). fd or
 * -errno. */
int socket_for(const struct sockaddr_storage *to, bool datagram) must_check;
/* Binds before connecting: "source ADDR". */
int socket_bind_source(int fd, const struct inet *source, const char *interface) must_check;

#endif
