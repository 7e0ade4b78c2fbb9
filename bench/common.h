/* SPDX-License-Identifier: MIT */
/*
 * What the origin and the generator share: both are one thread with one epoll set, and give up with
 * a message where the system refuses them something.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256 /* of one epoll_wait */

static inline struct sockaddr_in loopback(uint32_t host, unsigned int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr = {htonl(INADDR_LOOPBACK - 1 + host)}};
}

static inline void set_nodelay(int fd)
{
	static const int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static inline void poll_for(int poll_fd, int how, int fd, uint32_t events, void *what)
{
	struct epoll_event ev = {.events = events, .data.ptr = what};

	if (epoll_ctl(poll_fd, how, fd, &ev) < 0)
		err(1, "epoll_ctl");
}

#endif
