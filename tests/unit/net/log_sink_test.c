/* SPDX-License-Identifier: MIT */
/* The forms of log lines, as observed of Debian's haproxy 2.6, over UDP, unix sockets, pipes and
 * files; and lines that are dropped. */
#include "net/log_sink.h"

#include "net_helper.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* 2026-11-04 21:07:35.012345 UTC */
#define WALL_US INT64_C(1793826455012345)

static const struct log_line line = {
    .level = LOG_LEVEL_INFO,
    .wall_us = WALL_US,
    .tag = {"haproxy", 7},
    .pid = 7444,
    .message = {"hello 127.0.0.1 -", 17},
};

/* A receiver on the loopback, and an open sink that sends to it. */
static int udp_sink(struct log_sink *s, enum log_form form)
{
	struct address to = {.kind = ADDRESS_INET, .datagram = true};
	const struct socket_options plain = {.unix_mode = -1, .unix_uid = -1, .unix_gid = -1};
	const char *what;
	int fd;

	assert_true(inet_parse(SPAN("127.0.0.1"), &to.inet));
	fd = socket_listen(&to, &plain, false, &what);
	assert_true(fd >= 0);
	inet_of_socket_local(fd, &to.inet);
	*s = (struct log_sink){.form = form, .facility = 16};
	assert_int_equal(log_sink_open(s, &to), 0);
	return fd;
}

static void sends(enum log_form form, const struct log_line *l, const char *wanted)
{
	struct log_sink s;
	int fd = udp_sink(&s, form);
	char got[2048];
	ssize_t n;

	log_sink_send(&s, l);
	n = recv(fd, got, sizeof(got) - 1, 0);
	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, wanted);
	assert_int_equal(s.sent, 1);
	assert_int_equal(s.dropped, 0);
	log_sink_close(&s);
	log_sink_send(&s, l); /* harmless */
	close(fd);
}

static void test_forms(void **state)
{
	(void)state;
	sends(LOG_FORM_RFC3164, &line, "<134>Nov  4 21:07:35 haproxy[7444]: hello 127.0.0.1 -\n");
	sends(LOG_FORM_LOCAL, &line, "<134>Nov  4 21:07:35 haproxy[7444]: hello 127.0.0.1 -\n");
	sends(LOG_FORM_RFC5424, &line,
	      "<134>1 2026-11-04T21:07:35.012345+00:00 - haproxy 7444 - - hello 127.0.0.1 -\n");
	sends(LOG_FORM_PRIORITY, &line, "<134>hello 127.0.0.1 -\n");
	sends(LOG_FORM_SHORT, &line, "<6>hello 127.0.0.1 -\n");
	sends(LOG_FORM_TIMED, &line, "<6>2026-11-04T21:07:35.012345+00:00 hello 127.0.0.1 -\n");
	sends(LOG_FORM_ISO, &line, "2026-11-04T21:07:35.012345+00:00 hello 127.0.0.1 -\n");
	sends(LOG_FORM_RAW, &line, "hello 127.0.0.1 -\n");
}

static void test_forms_with_host(void **state)
{
	struct log_line l = line;

	(void)state;
	l.host = SPAN("myhost");
	l.structured = SPAN("[x@1 a=\"b\"]");
	l.level = LOG_LEVEL_ALERT;
	sends(LOG_FORM_RFC3164, &l,
	      "<129>Nov  4 21:07:35 myhost haproxy[7444]: hello 127.0.0.1 -\n");
	sends(LOG_FORM_LOCAL, &l, "<129>Nov  4 21:07:35 haproxy[7444]: hello 127.0.0.1 -\n");
	sends(LOG_FORM_RFC5424, &l,
	      "<129>1 2026-11-04T21:07:35.012345+00:00 myhost haproxy 7444 - [x@1 a=\"b\"] hello "
	      "127.0.0.1 -\n");
}

static void cuts(enum log_form form, unsigned int max_bytes, size_t wanted)
{
	struct log_line l = line;
	struct log_sink s;
	int fd = udp_sink(&s, form);
	char *much = malloc(3000), got[4096];
	ssize_t n;

	memset(much, 'y', 3000);
	l.message = (struct span){much, 3000};
	s.max_bytes = max_bytes;
	log_sink_send(&s, &l);
	n = recv(fd, got, sizeof(got), 0);
	assert_int_equal(n, wanted);
	assert_int_equal(got[n - 1], '\n');
	log_sink_close(&s);
	close(fd);
	free(much);
}

static void test_long_lines_are_cut(void **state)
{
	(void)state;
	cuts(LOG_FORM_LOCAL, 0, 1025);
	cuts(LOG_FORM_RFC5424, 1024, 1025);
	cuts(LOG_FORM_SHORT, 80, 81);
	cuts(LOG_FORM_RFC5424, 10, 11);
	cuts(LOG_FORM_RAW, 8192, 3001);
}

static void test_dates(void **state)
{
	char text[40];

	(void)state;
	assert_int_equal(log_date_syslog(text, WALL_US), 15);
	assert_string_equal(text, "Nov  4 21:07:35");
	assert_int_equal(log_date_request(text, WALL_US), 24);
	assert_string_equal(text, "04/Nov/2026:21:07:35.012");
	assert_int_equal(log_date_iso(text, WALL_US), 32);
	assert_string_equal(text, "2026-11-04T21:07:35.012345+00:00");
	log_date_request(text, WALL_US + 987654);
	assert_string_equal(text, "04/Nov/2026:21:07:35.999");
	log_date_request(text, WALL_US + 987655);
	assert_string_equal(text, "04/Nov/2026:21:07:36.000");
}

static void test_time_zones(void **state)
{
	char text[40];

	(void)state;
	setenv("TZ", "XXX-5:30", 1);
	tzset();
	log_date_iso(text, WALL_US + 10000000);
	assert_string_equal(text, "2026-11-05T02:37:45.012345+05:30");
	setenv("TZ", "XXX+3", 1);
	tzset();
	log_date_iso(text, WALL_US + 20000000);
	assert_string_equal(text, "2026-11-04T18:07:55.012345-03:00");
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void test_unix_socket_that_comes_and_goes(void **state)
{
	const struct socket_options plain = {.unix_mode = -1, .unix_uid = -1, .unix_gid = -1};
	struct log_sink s = {.form = LOG_FORM_RAW};
	const char *what, *dir = scratch_make();
	struct address to = {.kind = ADDRESS_UNIX, .datagram = true};
	char path[64], got[64];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/log", dir);
	to.path = path;
	assert_int_equal(log_sink_open(&s, &to), 0);
	log_sink_send(&s, &line);
	assert_int_equal(s.dropped, 1);
	fd = socket_listen(&to, &plain, false, &what);
	assert_true(fd >= 0);
	log_sink_send(&s, &line);
	assert_int_equal(s.sent, 1);
	assert_int_equal(recv(fd, got, sizeof(got), 0), 18);
	close(fd);
	log_sink_send(&s, &line);
	assert_int_equal(s.dropped, 2);
	fd = socket_listen(&to, &plain, false, &what);
	log_sink_send(&s, &line);
	assert_int_equal(s.sent, 2);
	close(fd);
	log_sink_close(&s);
	scratch_remove(dir);
}

static void opens_fd(struct log_sink *s, int fd)
{
	struct address to = {.kind = ADDRESS_FD, .fd = fd};

	*s = (struct log_sink){.form = LOG_FORM_RAW};
	assert_int_equal(log_sink_open(s, &to), 0);
}

static void test_file(void **state)
{
	struct log_sink s;
	const char *dir = scratch_make();
	char path[64], got[64];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/file", dir);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	opens_fd(&s, fd);
	log_sink_send(&s, &line);
	log_sink_send(&s, &line);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 36);
	assert_memory_equal(got, "hello 127.0.0.1 -\nhello 127.0.0.1 -\n", 36);
	log_sink_close(&s);
	assert_int_equal(close(fd), 0); /* it stayed ours */
	scratch_remove(dir);
}

/* A full pipe or socket drops lines, and its flags stay as they are. */
static void drops_when_full(int in, int out)
{
	struct log_sink s;
	char got[18];
	unsigned int i;

	opens_fd(&s, out);
	for (i = 0; i < 100000 && s.dropped == 0; i++)
		log_sink_send(&s, &line);
	assert_int_equal(s.dropped, 1);
	assert_int_equal(s.sent, i - 1);
	assert_false(fcntl(out, F_GETFL) & O_NONBLOCK);
	read_all(in, got, 18);
	assert_memory_equal(got, "hello 127.0.0.1 -\n", 18);
	close(in);
	close(out);
}

static void test_full_pipe_drops(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	drops_when_full(fds[0], fds[1]);
}

static void test_full_socket_drops(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	drops_when_full(fds[0], fds[1]);
}

static void *send_hundred(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		log_sink_send(arg, &line);
	return NULL;
}

static void test_two_threads_send(void **state)
{
	struct log_sink s;
	pthread_t threads[2];
	int i, fd = udp_sink(&s, LOG_FORM_RFC5424);

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_hundred, &s), 0);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(s.sent + s.dropped, 200);
	log_sink_close(&s);
	close(fd);
}

/* Lines go nowhere while nobody listens; the first one after that arrives. */
static void test_udp_receiver_restarts(void **state)
{
	struct address to = {.kind = ADDRESS_INET, .datagram = true};
	const struct socket_options plain = {.unix_mode = -1, .unix_uid = -1, .unix_gid = -1};
	struct log_sink s;
	const char *what;
	char got[64];
	int fd = udp_sink(&s, LOG_FORM_RAW);

	(void)state;
	inet_of_socket_local(fd, &to.inet);
	close(fd);
	log_sink_send(&s, &line);
	log_sink_send(&s, &line);
	fd = socket_listen(&to, &plain, false, &what);
	assert_true(fd >= 0);
	log_sink_send(&s, &line);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), 18);
	close(fd);
	log_sink_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_forms_with_host),
	    cmocka_unit_test(test_long_lines_are_cut),
	    cmocka_unit_test(test_dates),
	    cmocka_unit_test(test_time_zones),
	    cmocka_unit_test(test_unix_socket_that_comes_and_goes),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_full_pipe_drops),
	    cmocka_unit_test(test_full_socket_drops),
	    cmocka_unit_test(test_two_threads_send),
	    cmocka_unit_test(test_udp_receiver_restarts),
	};

	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
