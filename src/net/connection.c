/* SPDX-License-Identifier: MIT */
/*
 * The filter stack of a connection. While it has filters the io's handler is `filtered`, which
 * enters the stack at the bottom; without any it is the owner's own. Every call upward is the last
 * thing a function does: the owner may have closed and freed the connection in it.
 */
#include "net/connection.h"

static void deliver_data(struct connection *c, struct filter *f, char *bytes, ssize_t n)
{
	if (f)
		f->ops->on_data(f, bytes, n);
	else
		c->owner->on_data(&c->io, bytes, n);
}

static void deliver_sent(struct connection *c, struct filter *f, int error)
{
	while (f && !f->ops->on_sent)
		f = f->above;
	if (f)
		f->ops->on_sent(f, error);
	else if (c->owner->on_sent)
		c->owner->on_sent(&c->io, error);
}

static void deliver_connected(struct connection *c, struct filter *f, int error)
{
	while (f && (error || !f->ops->on_connected))
		f = f->above;
	if (f)
		f->ops->on_connected(f);
	else if (c->owner->on_connected)
		c->owner->on_connected(&c->io, error);
}

static void filtered_on_data(struct io *io, char *bytes, ssize_t n)
{
	struct connection *c = container_of(io, struct connection, io);

	deliver_data(c, c->bottom, bytes, n);
}

static void filtered_on_sent(struct io *io, int error)
{
	struct connection *c = container_of(io, struct connection, io);

	deliver_sent(c, c->bottom, error);
}

static void filtered_on_connected(struct io *io, int error)
{
	struct connection *c = container_of(io, struct connection, io);

	deliver_connected(c, c->bottom, error);
}

static const struct io_handler filtered = {
    .name = "filtered",
    .on_data = filtered_on_data,
    .on_sent = filtered_on_sent,
    .on_connected = filtered_on_connected,
};

void connection_init(struct connection *c, struct loop *l, int fd, const struct io_handler *owner)
{
	io_init(&c->io, l, fd, owner);
	c->top = c->bottom = NULL;
	c->owner = owner;
}

void connection_set_owner(struct connection *c, const struct io_handler *owner)
{
	c->owner = owner;
	if (!c->bottom)
		c->io.on = owner;
}

void connection_push(struct connection *c, struct filter *f)
{
	f->connection = c;
	f->above = NULL;
	f->below = c->top;
	if (c->top)
		c->top->above = f;
	else
		c->bottom = f;
	c->top = f;
	c->io.on = &filtered;
}

void connection_pop(struct filter *f)
{
	struct connection *c = f->connection;

	if (f->above)
		f->above->below = f->below;
	else
		c->top = f->below;
	if (f->below)
		f->below->above = f->above;
	else
		c->bottom = f->above;
	if (!c->bottom)
		c->io.on = c->owner;
	f->ops->free(f);
}

void connection_pop_pass_data(struct filter *f, char *bytes, ssize_t n)
{
	struct connection *c = f->connection;
	struct filter *above = f->above;

	connection_pop(f);
	deliver_data(c, above, bytes, n);
}

void connection_pop_pass_connected(struct filter *f, int error)
{
	struct connection *c = f->connection;
	struct filter *above = f->above;

	connection_pop(f);
	deliver_connected(c, above, error);
}

void filter_pass_data(struct filter *f, char *bytes, ssize_t n)
{
	deliver_data(f->connection, f->above, bytes, n);
}

void filter_pass_connected(struct filter *f, int error)
{
	deliver_connected(f->connection, f->above, error);
}

void filter_pass_sent(struct filter *f, int error)
{
	deliver_sent(f->connection, f->above, error);
}

void filter_want(struct filter *f)
{
	io_recv(&f->connection->io);
}

static enum io_result send_from(struct connection *c, struct filter *f, const struct iovec *iov,
				unsigned int n, bool more, int *error)
{
	while (f && !f->ops->send)
		f = f->below;
	return f ? f->ops->send(f, iov, n, more, error) : io_send(&c->io, iov, n, more, error);
}

enum io_result connection_send_filtered(struct connection *c, const struct iovec *iov,
					unsigned int n, bool more, int *error)
{
	return send_from(c, c->top, iov, n, more, error);
}

enum io_result filter_send_below(struct filter *f, const struct iovec *iov, unsigned int n,
				 bool more, int *error)
{
	return send_from(f->connection, f->below, iov, n, more, error);
}

static void free_filters(struct connection *c)
{
	struct filter *f;

	while ((f = c->top)) {
		c->top = f->below;
		f->ops->free(f);
	}
	c->bottom = NULL;
}

void connection_close(struct connection *c)
{
	io_close(&c->io);
	free_filters(c);
}

void connection_reset(struct connection *c)
{
	io_reset(&c->io);
	free_filters(c);
}
