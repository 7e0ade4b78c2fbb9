/* SPDX-License-Identifier: MIT */
/* Filter stacks: bytes up and down through them, filters that leave from within their own callback,
 * owners that close in theirs. */
#include "net/connection.h"

#include "net_helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop loop;
static unsigned int freed;

static int start(void **state)
{
	(void)state;
	freed = 0;
	return loop_init(&loop, 0, 1);
}

static int stop(void **state)
{
	(void)state;
	loop_fini(&loop);
	return 0;
}

/* ---- an owner */

struct owner {
	struct connection c;
	unsigned int datas, sents, connects;
	ssize_t n;
	int error;
	char text[32];
	bool closes;
};
static unsigned int closed;

static struct owner *owner_of(struct io *io)
{
	return container_of(container_of(io, struct connection, io), struct owner, c);
}

static void maybe_close(struct owner *o)
{
	if (!o->closes)
		return;
	connection_close(&o->c);
	free(o);
	closed++;
}

static void on_data(struct io *io, char *bytes, ssize_t n)
{
	struct owner *o = owner_of(io);

	o->datas++;
	o->n = n;
	if (n > 0)
		memcpy(o->text, bytes, (size_t)n < sizeof(o->text) ? (size_t)n : sizeof(o->text));
	maybe_close(o);
}

static void on_sent(struct io *io, int error)
{
	struct owner *o = owner_of(io);

	o->sents++;
	o->error = error;
	maybe_close(o);
}

static void on_connected(struct io *io, int error)
{
	struct owner *o = owner_of(io);

	o->connects++;
	o->error = error;
	maybe_close(o);
}

static const struct io_handler owner_handler = {
    .on_data = on_data, .on_sent = on_sent, .on_connected = on_connected};

static struct owner *owner_new(int fd)
{
	struct owner *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	connection_init(&o->c, &loop, fd, &owner_handler);
	return o;
}

/* ---- a filter that adds `key` to each byte below, and takes it off above */

struct shift {
	struct filter filter;
	char key;
};

static void shift_on_data(struct filter *f, char *bytes, ssize_t n)
{
	ssize_t i;

	for (i = 0; i < n; i++)
		bytes[i] = (char)(bytes[i] - container_of(f, struct shift, filter)->key);
	filter_pass_data(f, bytes, n);
}

static enum io_result shift_send(struct filter *f, const struct iovec *iov, unsigned int n,
				 bool more, int *error)
{
	char bytes[64];
	struct iovec out = {bytes, 0};
	unsigned int i;
	size_t j;

	for (i = 0; i < n; i++)
		for (j = 0; j < iov[i].iov_len; j++)
			bytes[out.iov_len++] = (char)(((char *)iov[i].iov_base)[j] +
						      container_of(f, struct shift, filter)->key);
	return filter_send_below(f, &out, 1, more, error);
}

static void shift_free(struct filter *f)
{
	free(container_of(f, struct shift, filter));
	freed++;
}

static const struct filter_ops shift_ops = {
    .name = "shift", .on_data = shift_on_data, .send = shift_send, .free = shift_free};

static struct filter *shift_new(char key)
{
	struct shift *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->filter.ops = &shift_ops;
	s->key = key;
	return &s->filter;
}

/* ---- a filter that takes "head\n" off and leaves */

struct header {
	struct filter filter;
	size_t seen;
};

static void header_on_data(struct filter *f, char *bytes, ssize_t n)
{
	struct header *h = container_of(f, struct header, filter);

	if (n > 0 && h->seen + (size_t)n <= 5) {
		h->seen += (size_t)n;
		filter_want(f);
	} else if (n > 0) {
		size_t head = 5 - h->seen;

		connection_pop_pass_data(f, bytes + head, n - (ssize_t)head);
	} else {
		filter_pass_data(f, bytes, n);
	}
}

static void header_free(struct filter *f)
{
	free(container_of(f, struct header, filter));
	freed++;
}

static const struct filter_ops header_ops = {
    .name = "header", .on_data = header_on_data, .free = header_free};

static struct filter *header_new(void)
{
	struct header *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->filter.ops = &header_ops;
	return &h->filter;
}

static void send_text(struct owner *o, const char *text)
{
	struct iovec iov[2] = {{(void *)text, 1}, {(void *)(text + 1), strlen(text) - 1}};
	int error = 0;

	assert_int_equal(connection_send(&o->c, iov, 2, false, &error), IO_DONE);
}

/* ---- tests */

static void test_without_filters_the_owner_is_the_handler(void **state)
{
	static const struct io_handler other = {.on_data = on_data};
	struct owner *o;
	int fds[2];

	(void)state;
	tcp_pair(fds);
	o = owner_new(fds[0]);
	assert_ptr_equal(o->c.io.on, &owner_handler);
	connection_set_owner(&o->c, &other);
	assert_ptr_equal(o->c.io.on, &other);
	connection_push(&o->c, shift_new(1));
	connection_set_owner(&o->c, &owner_handler);
	assert_ptr_not_equal(o->c.io.on, &owner_handler);
	connection_pop(o->c.top);
	assert_ptr_equal(o->c.io.on, &owner_handler);
	assert_int_equal(freed, 1);
	connection_close(&o->c);
	connection_close(&o->c);
	free(o);
	close(fds[1]);
}

static void test_bytes_pass_all_filters_both_ways(void **state)
{
	struct owner *o;
	char text[4];
	int fds[2];

	(void)state;
	tcp_pair(fds);
	o = owner_new(fds[0]);
	connection_push(&o->c, shift_new(1));
	connection_push(&o->c, header_new()); /* sends nothing of its own: passed straight on */
	connection_push(&o->c, shift_new(2));
	send_text(o, "abc");
	read_all(fds[1], text, 3);
	assert_memory_equal(text, "def", 3);

	write_all(fds[1], "he", 2);
	connection_recv(&o->c);
	turn_idle(&loop, 2);
	assert_int_equal(o->datas, 0);
	write_all(fds[1], "ad\ndef", 6);
	turn_until(&loop, &o->datas, 1);
	assert_memory_equal(o->text, "abc", 3);
	assert_int_equal(freed, 1);
	write_all(fds[1], "ghi", 3);
	connection_recv(&o->c);
	turn_until(&loop, &o->datas, 2);
	assert_memory_equal(o->text, "def", 3);
	close(fds[1]);
	connection_recv(&o->c);
	turn_until(&loop, &o->datas, 3);
	assert_int_equal(o->n, 0);
	connection_close(&o->c);
	assert_int_equal(freed, 3);
	free(o);
}

static void test_lone_filter_leaves_and_owner_closes(void **state)
{
	struct owner *o;
	int fds[2];

	(void)state;
	closed = 0;
	tcp_pair(fds);
	o = owner_new(fds[0]);
	o->closes = true;
	connection_push(&o->c, header_new());
	write_all(fds[1], "head\nx", 6);
	connection_recv(&o->c);
	turn_until(&loop, &closed, 1);
	assert_int_equal(freed, 1);
	turn_idle(&loop, 2);
	close(fds[1]);
}

static void test_owner_closes_under_filters(void **state)
{
	struct owner *o;
	int fds[2];

	(void)state;
	closed = 0;
	tcp_pair(fds);
	o = owner_new(fds[0]);
	o->closes = true;
	connection_push(&o->c, shift_new(1));
	connection_push(&o->c, shift_new(1));
	write_all(fds[1], "x", 1);
	connection_recv(&o->c);
	turn_until(&loop, &closed, 1);
	assert_int_equal(freed, 2);
	close(fds[1]);
}

/* A filter that has a word in everything and changes nothing. */
static void idle_on_connected(struct filter *f)
{
	filter_pass_connected(f, 0);
}

static const struct filter_ops idle_ops = {.name = "idle",
					   .on_data = filter_pass_data,
					   .on_connected = idle_on_connected,
					   .on_sent = filter_pass_sent,
					   .free = header_free};

static struct filter *idle_new(void)
{
	struct filter *f = header_new();

	f->ops = &idle_ops;
	return f;
}

static void sends_much_through(struct filter *f)
{
	char *much = calloc(1, 1000000);
	struct iovec iov = {much, 1000000};
	struct owner *o;
	int fds[2], error = 0;

	unix_pair(fds);
	o = owner_new(fds[0]);
	connection_push(&o->c, f);
	assert_int_equal(connection_send(&o->c, &iov, 1, false, &error), IO_PENDING);
	while (!o->sents) {
		ssize_t n = recv(fds[1], much, 1000000, MSG_DONTWAIT);

		(void)n;
		loop_turn(&loop, 1);
	}
	assert_int_equal(o->error, 0);
	connection_close(&o->c);
	close(fds[1]);
	free(o);
	free(much);
}

static void test_on_sent_comes_through(void **state)
{
	(void)state;
	sends_much_through(header_new());
	sends_much_through(idle_new());
}

/* ---- a filter that wants to be first when the transport stands, as TLS does */

static void greet_on_connected(struct filter *f)
{
	struct iovec iov = {"hello", 5};
	int error = 0;

	if (filter_send_below(f, &iov, 1, false, &error) == IO_FAILED)
		connection_pop_pass_connected(f, error);
	else
		filter_want(f);
}

static void greet_on_data(struct filter *f, char *bytes, ssize_t n)
{
	(void)bytes;
	connection_pop_pass_connected(f, n > 0 ? 0 : -ECONNRESET);
}

static const struct filter_ops greet_ops = {.name = "greet",
					    .on_data = greet_on_data,
					    .on_connected = greet_on_connected,
					    .free = header_free};

static void connects(bool refused, int wanted)
{
	struct sockaddr_in at;
	struct owner *o = owner_new(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	int listener = listen_loopback(&at, true), peer = -1;
	struct filter *f = header_new();
	char text[5];

	f->ops = &greet_ops;
	connection_push(&o->c, f);
	if (refused)
		close(listener);
	assert_int_equal(io_connect(&o->c.io, (struct sockaddr *)&at, sizeof(at)), 0);
	if (!refused) {
		peer = accept(listener, NULL, NULL);
		turn_idle(&loop, 3);
		assert_int_equal(o->connects, 0);
		read_all(peer, text, 5);
		write_all(peer, "x", 1);
	}
	turn_until(&loop, &o->connects, 1);
	assert_int_equal(o->error, wanted);
	connection_reset(&o->c);
	assert_int_equal(freed, 1);
	free(o);
	if (!refused) {
		close(peer);
		close(listener);
	}
}

static void test_handshake_before_on_connected(void **state)
{
	(void)state;
	connects(false, 0);
}

static void test_on_connected_comes_through(void **state)
{
	struct sockaddr_in at;
	struct owner *o = owner_new(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	int listener = listen_loopback(&at, true);

	(void)state;
	connection_push(&o->c, idle_new());
	assert_int_equal(io_connect(&o->c.io, (struct sockaddr *)&at, sizeof(at)), 0);
	turn_until(&loop, &o->connects, 1);
	assert_int_equal(o->error, 0);
	connection_close(&o->c);
	assert_int_equal(freed, 1);
	free(o);
	close(listener);
}

static void test_refusal_goes_past_the_filters(void **state)
{
	(void)state;
	connects(true, -ECONNREFUSED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    TEST(test_without_filters_the_owner_is_the_handler),
	    TEST(test_bytes_pass_all_filters_both_ways),
	    TEST(test_lone_filter_leaves_and_owner_closes),
	    TEST(test_owner_closes_under_filters),
	    TEST(test_on_sent_comes_through),
	    TEST(test_handshake_before_on_connected),
	    TEST(test_on_connected_comes_through),
	    TEST(test_refusal_goes_past_the_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
