/* SPDX-License-Identifier: MIT */
/* What the tests of net/ share: sockets on the loopback, and turning a loop until something has
 * happened. */
#ifndef TESTS_NET_HELPER_H
#define TESTS_NET_HELPER_H

#include "net/loop.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

/* Turns until *what >= at_least; fails the test where that does not come within 10 seconds. */
void turn_until(struct loop *l, const unsigned int *what, unsigned int at_least);
/* Turns that do not wait: what has happened already is delivered. */
void turn_idle(struct loop *l, unsigned int turns);

/* A listening socket on 127.0.0.1, blocking or not, its address in *at. */
int listen_loopback(struct sockaddr_in *at, bool blocking);
/* A blocking client socket connected to it. */
int connect_loopback(const struct sockaddr_in *at);
/* Two connected TCP sockets: [0] non-blocking, for the loop, [1] blocking, for the test. */
void tcp_pair(int fds[2]);
/* The same with unix sockets. */
void unix_pair(int fds[2]);
/* Blocking, all of it. */
void write_all(int fd, const void *p, size_t n);
void read_all(int fd, void *p, size_t n);
/* An empty directory of its own, removed with its files by scratch_remove. */
const char *scratch_make(void);
void scratch_remove(const char *dir);

#endif
