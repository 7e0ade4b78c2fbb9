/* SPDX-License-Identifier: MIT */
/* Counters: sums over threads, rates, sliding times, clearing; and reading them while another
 * thread counts. */
#include "proxy/counters.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

static void sums_all_threads(void **state)
{
	struct counter_set s;
	struct counters sum;

	(void)state;
	assert_int_equal(counter_set_init(&s, 3), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal((uintptr_t)&s.thread[i] % 64, 0);
		s.thread[i].sessions = i + 1;
		s.thread[i].bytes_out = 10 * (i + 1);
		s.thread[i].last_session_ms = 100 + i % 2;
		s.thread[i].total_time_max = 7 - i;
		counters_add_status(&s.thread[i], 200);
		counters_add_status(&s.thread[i], 503);
		counters_add_status(&s.thread[i], 99);
		counters_add_status(&s.thread[i], 600);
	}
	counters_sum(&s, 1000, &sum);
	assert_int_equal(sum.sessions, 6);
	assert_int_equal(sum.bytes_out, 60);
	assert_int_equal(sum.last_session_ms, 101);
	assert_int_equal(sum.total_time_max, 7);
	assert_int_equal(sum.responses[2], 3);
	assert_int_equal(sum.responses[5], 3);
	assert_int_equal(sum.responses[0], 6);
	counter_set_fini(&s);
}

static void rate_is_of_the_last_second(void **state)
{
	struct rate r = {0, 0, 0};

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		rate_count(&r, 5000 + i);
	assert_int_equal(rate_per_second(&r, 5100), 100);
	assert_int_equal(rate_per_second(&r, 6000), 100);
	assert_int_equal(rate_per_second(&r, 6500), 50);
	rate_count(&r, 6500);
	assert_int_equal(rate_per_second(&r, 6500), 51);
	assert_int_equal(rate_per_second(&r, 6990), 2);
	assert_int_equal(rate_per_second(&r, 8000), 0);
	rate_count(&r, 20000);
	assert_int_equal(rate_per_second(&r, 20000), 1);
	/* a single event is seen for its second and the next one */
	assert_int_equal(rate_per_second(&r, 21900), 1);
	assert_int_equal(rate_per_second(&r, 22000), 0);
}

static void rates_of_threads_add_up(void **state)
{
	struct counter_set s;
	struct counters sum;

	(void)state;
	assert_int_equal(counter_set_init(&s, 2), 0);
	for (unsigned int i = 0; i < 10; i++) {
		rate_count(&s.thread[0].session_rate, 3000);
		rate_count(&s.thread[1].session_rate, 3001);
		rate_count(&s.thread[1].request_rate, 3001);
	}
	counters_sum(&s, 3010, &sum);
	assert_int_equal(sum.session_rate.current, 20);
	assert_int_equal(sum.request_rate.current, 10);
	assert_int_equal(sum.connection_rate.current, 0);
	counter_set_fini(&s);
}

static void maximum_only_grows(void **state)
{
	_Atomic uint32_t max = 0;

	(void)state;
	counter_max(&max, 5);
	counter_max(&max, 3);
	assert_int_equal(max, 5);
	counter_max(&max, 6);
	assert_int_equal(max, 6);
}

static void times_slide(void **state)
{
	struct counters c = {.timed = 0};

	(void)state;
	for (unsigned int i = 0; i < 512; i++)
		counters_add_times(&c, 1, -1, 10, 20);
	assert_int_equal(c.timed, 512);
	assert_int_equal(c.queue_time, 512);
	assert_int_equal(c.connect_time, 0);
	assert_int_equal(c.response_time / c.timed, 10);
	for (unsigned int i = 0; i < 20000; i++)
		counters_add_times(&c, 1, -1, 30, 20);
	assert_int_equal(c.timed, 1024);
	assert_in_range(c.response_time / c.timed, 29, 30);
	assert_int_equal(c.response_time_max, 30);
	assert_int_equal(c.connect_time_max, 0);
}

static void clearing(void **state)
{
	struct counter_set s;
	struct counters sum;

	(void)state;
	assert_int_equal(counter_set_init(&s, 2), 0);
	s.thread[1].sessions = 4;
	s.thread[1].total_time_max = 9;
	s.thread[1].last_session_ms = 77;
	counter_max(&s.sessions_max, 8);
	counters_clear(&s, false);
	counters_sum(&s, 0, &sum);
	assert_int_equal(sum.sessions, 4);
	assert_int_equal(sum.total_time_max, 0);
	assert_int_equal(s.sessions_max, 0);
	counters_clear(&s, true);
	counters_sum(&s, 0, &sum);
	assert_int_equal(sum.sessions, 0);
	assert_int_equal(sum.last_session_ms, 77);
	counter_set_fini(&s);
}

#define EVENTS 200000

static struct counter_set shared;
static _Atomic bool begin;

static void *count(void *arg)
{
	struct counters *c = arg;

	while (!atomic_load(&begin))
		;
	for (unsigned int i = 0; i < EVENTS; i++) {
		c->requests++;
		rate_count(&c->request_rate, 1000 + i / 100);
		counters_add_times(c, 1, 1, 1, 1);
		counter_max(&shared.queue_max, i);
	}
	return NULL;
}

static void reading_while_others_count(void **state)
{
	pthread_t threads[2];
	struct counters sum = {.requests = 0};
	uint64_t last = 0;

	(void)state;
	assert_int_equal(counter_set_init(&shared, 2), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, &shared.thread[i]), 0);
	atomic_store(&begin, true);
	while (sum.requests < EVENTS) {
		counters_sum(&shared, 2000, &sum);
		assert_true(sum.requests >= last);
		last = sum.requests;
	}
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	counters_sum(&shared, 2000, &sum);
	assert_int_equal(sum.requests, 2 * EVENTS);
	assert_int_equal(shared.queue_max, EVENTS - 1);
	counter_set_fini(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sums_all_threads),
	    cmocka_unit_test(rate_is_of_the_last_second),
	    cmocka_unit_test(rates_of_threads_add_up),
	    cmocka_unit_test(maximum_only_grows),
	    cmocka_unit_test(times_slide),
	    cmocka_unit_test(clearing),
	    cmocka_unit_test(reading_while_others_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
