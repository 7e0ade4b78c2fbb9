/* SPDX-License-Identifier: MIT */
/* "show vrrp", "release" and the statistics page's table, from a page as the failover thread writes
 * it. */
#include "admin/stats_html.h"

#include "unit/admin/admin_helper.h"

#include "failover/status.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void write_row(struct failover_page *page)
{
	struct failover_row *r = failover_row_begin(page, 0);

	snprintf(r->name, sizeof(r->name), "VI_\"<1>");
	snprintf(r->interface, sizeof(r->interface), "eth1");
	snprintf(r->addresses, sizeof(r->addresses), "192.168.50.10/32");
	snprintf(r->sum, sizeof(r->sum), "101 base +2 chk_haproxy");
	snprintf(r->cause, sizeof(r->cause), "no advert in time");
	snprintf(r->peer, sizeof(r->peer), "192.168.50.12");
	r->state = VRRP_MASTER;
	r->vrid = 51;
	r->vrrp_version = 2;
	r->base_priority = 101;
	r->priority = 103;
	r->owns = true;
	r->adverts_out = 77;
	r->refused[VRRP_BAD_AUTH] = 3;
	r->bfd_known = true;
	failover_row_end(r);
	atomic_store(&page->n_rows, 1);
}

static void expect_part(struct program *p, const char *line, const char *part)
{
	const char *answer = helper_command(p, BIND_LEVEL_ADMIN, line);

	if (!strstr(answer, part))
		fail_msg("'%s' answered '%s', without '%s'", line, answer, part);
}

static void test_without_vrrp(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	expect_part(p, "show vrrp", "without -k");
	assert_string_equal(helper_command(p, BIND_LEVEL_ADMIN, "show vrrp json"), "[]\n");
	expect_part(p, "release", "no virtual IP");
	helper_free(p);
}

static void test_show(void **state)
{
	struct program *p = helper_admin_program("");

	(void)state;
	failover_page = failover_page_new();
	assert_non_null(failover_page);
	write_row(failover_page);
	expect_part(p, "show vrrp", "VI_\"<1>: MASTER for ");
	expect_part(p, "show vrrp", "priority 103 (101 base +2 chk_haproxy)");
	expect_part(p, "show vrrp", "addresses here: 192.168.50.10/32");
	expect_part(p, "show vrrp", "refused: bad_auth 3\n");
	expect_part(p, "show vrrp json", "{\"name\":\"VI_\\\"<1>\",\"state\":\"MASTER\"");
	expect_part(p, "show vrrp json", "\"bad_auth\":3");
	expect_part(p, "show vrrp json", "\"adverts_out\":77,");
	failover_page_free(failover_page);
	failover_page = NULL;
	helper_free(p);
}

static void test_release(void **state)
{
	struct program *p = helper_admin_program("");
	uint64_t rings = 0;

	(void)state;
	failover_page = failover_page_new();
	assert_non_null(failover_page);
	atomic_store(&failover_page->router_running, 1);
	failover_release_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(failover_release_fd >= 0);
	assert_string_equal(helper_command(p, BIND_LEVEL_ADMIN, "release"), "");
	assert_int_equal(read(failover_release_fd, &rings, sizeof(rings)), sizeof(rings));
	assert_int_equal(atomic_load(&failover_page->release_asked), 1);
	assert_null(strstr(helper_command(p, BIND_LEVEL_USER, "release"), "no virtual IP"));
	assert_int_equal(atomic_load(&failover_page->release_asked), 1);
	close(failover_release_fd);
	failover_release_fd = -1;
	failover_page_free(failover_page);
	failover_page = NULL;
	helper_free(p);
}

static void test_page(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 1u << 20);
	stats_html_vrrp(&out, 1000000);
	assert_int_equal(out.len, 0);
	failover_page = failover_page_new();
	assert_non_null(failover_page);
	write_row(failover_page);
	stats_html_vrrp(&out, 75000000);
	buffer_add_char(&out, '\0');
	assert_non_null(strstr(out.p, "VI_&quot;&lt;1&gt;"));
	assert_non_null(strstr(out.p, "<span class=\"pill up\">MASTER</span><small>for 1m15s"));
	assert_non_null(strstr(out.p, "101 base +2 chk_haproxy"));
	buffer_fini(&out);
	failover_page_free(failover_page);
	failover_page = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_vrrp),
	    cmocka_unit_test(test_show),
	    cmocka_unit_test(test_release),
	    cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
