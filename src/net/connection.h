/* SPDX-License-Identifier: MIT */
/*
 * A connection: a socket with a short stack of filters (PROXY header now, TLS later) between it and
 * its owner. Without filters the owner's handler is the io's own: not one call more than a bare
 * socket. Owners use connection_* only.
 */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "net/loop.h"

struct connection;
struct filter;

struct filter_ops {
	const char *name;
	/* Bytes, end (0) or error (< 0) from below; passes on with filter_pass_data, or asks for
	 * more with filter_want. */
	void (*on_data)(struct filter *f, char *bytes, ssize_t n);
	/* NULL: passed straight to the one below. */
	enum io_result (*send)(struct filter *f, const struct iovec *iov, unsigned int n, bool more,
			       int *error);
	/* The transport is connected: NULL passes it on; else the filter calls
	 * filter_pass_connected when it is ready (handshake). */
	void (*on_connected)(struct filter *f);
	void (*on_sent)(struct filter *f, int error); /* NULL: passed on */
	void (*free)(struct filter *f);
};

struct filter {
	const struct filter_ops *ops;
	struct connection *connection;
	struct filter *above, *below;
};

struct connection {
	struct io io;
	struct filter *top, *bottom;    /* NULL: none */
	const struct io_handler *owner; /* its callbacks get &connection.io */
};

void connection_init(struct connection *c, struct loop *l, int fd, const struct io_handler *owner);
/* Changes who gets the callbacks from now on (a pooled connection's owner changes). */
void connection_set_owner(struct connection *c, const struct io_handler *owner);
/* Puts a filter on top of the stack; freed with the connection, or by connection_pop. */
void connection_push(struct connection *c, struct filter *f);
/* Takes a filter out once it has done its work (from within its own callbacks too) and frees it. */
void connection_pop(struct filter *f);
/* The same, and hands what the filter had left over to those above it: the filter's last act, for
 * the owner may close. */
void connection_pop_pass_data(struct filter *f, char *bytes, ssize_t n);
void connection_pop_pass_connected(struct filter *f, int error);
/* To the next one above. The owner may close the connection from within, so the filter may be gone
 * afterwards: return at once. */
void filter_pass_data(struct filter *f, char *bytes, ssize_t n);
void filter_pass_connected(struct filter *f, int error);
void filter_pass_sent(struct filter *f, int error);
/* Sends by way of the next one below. */
enum io_result filter_send_below(struct filter *f, const struct iovec *iov, unsigned int n,
				 bool more, int *error);
/* More bytes from below. */
void filter_want(struct filter *f);

static inline void connection_recv(struct connection *c)
{
	io_recv(&c->io);
}
enum io_result connection_send_filtered(struct connection *c, const struct iovec *iov,
					unsigned int n, bool more, int *error);
static inline enum io_result connection_send(struct connection *c, const struct iovec *iov,
					     unsigned int n, bool more, int *error)
{
	return c->top ? connection_send_filtered(c, iov, n, more, error)
		      : io_send(&c->io, iov, n, more, error);
}
/* Filters and socket. Harmless where it is closed. */
void connection_close(struct connection *c);
void connection_reset(struct connection *c);

#endif
