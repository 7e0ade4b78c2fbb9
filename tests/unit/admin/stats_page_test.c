/* SPDX-License-Identifier: MIT */
/* The statistics page: passwords, what is asked for, escaping, and whose posts are taken. */
#include "admin/stats_auth.h"
#include "admin/stats_query.h"

#include "unit/admin/admin_helper.h"

static struct program *page_program(const char *lines)
{
	char more[2048];

	snprintf(more, sizeof(more), "listen st\n bind unix@%s/st\n stats uri /stats\n%s",
		 helper_folder(), lines);
	return helper_admin_program(more);
}

#define AUTH " stats auth admin:secret\n stats auth other:s:e\n"
#define BASIC_ADMIN "Authorization: Basic YWRtaW46c2VjcmV0\n"
#define BASIC_OTHER "Authorization: basic b3RoZXI6czpl\n"

static void expect_status(struct program *p, const char *request, const char *fields,
			  unsigned int status)
{
	struct helper_request r;

	helper_page(&r, p, "st", request, fields, "");
	assert_int_equal(r.reply.status, status);
	if (status == 401) {
		assert_non_null(
		    strstr(r.reply.headers.p, "WWW-Authenticate: Basic realm=\"a \\\"b\\\"\"\r\n"));
		assert_null(strstr(r.body_text, "be"));
	}
	helper_page_free(&r);
}

static void test_passwords(void **state)
{
	struct program *p = page_program(AUTH " stats realm a\\ \\\"b\\\"\n");

	(void)state;
	expect_status(p, "GET /stats", "", 401);
	expect_status(p, "GET /stats;csv", "", 401);
	expect_status(p, "POST /stats", "", 401);
	expect_status(p, "GET /stats", BASIC_ADMIN, 200);
	expect_status(p, "GET /stats", BASIC_OTHER, 200);
	expect_status(p, "GET /stats", BASIC_ADMIN BASIC_ADMIN, 401);
	expect_status(p, "GET /stats", "Authorization: Basic YWRtaW46c2VjcmV0MQ==\n", 401); /* +1 */
	expect_status(p, "GET /stats", "Authorization: Basic YWRtaW46c2VjcmU=\n", 401);     /* -1 */
	expect_status(p, "GET /stats", "Authorization: Basic \n", 401);
	expect_status(p, "GET /stats", "Authorization: Basic YWRtaW4!\n", 401);
	expect_status(p, "GET /stats", "Authorization: Bearer YWRtaW46c2VjcmV0\n", 401);
	expect_status(p, "DELETE /stats", BASIC_ADMIN, 405);
	helper_free(p);
}

static void test_long_credentials(void **state)
{
	struct program *p = page_program(AUTH " stats realm a\\ \\\"b\\\"\n");
	char field[3000] = "Authorization: Basic ";

	(void)state;
	for (size_t len = strlen(field); len < sizeof(field) - 2; len++) {
		field[len] = 'A';
		field[len + 1] = '\0';
		if (len % 97 == 0)
			expect_status(p, "GET /stats", field, 401);
	}
	helper_free(p);
}

static void test_forms_of_data(void **state)
{
	struct program *p = page_program(" stats refresh 10s\n stats hide-version\n");
	struct helper_request r;

	(void)state;
	helper_page(&r, p, "st", "GET /stats;csv;norefresh", "", "");
	assert_non_null(strstr(r.reply.headers.p, "Content-Type: text/plain"));
	assert_null(strstr(r.reply.headers.p, "Refresh:"));
	assert_memory_equal(r.body_text, "# pxname,", 9);
	helper_page_free(&r);
	helper_page(&r, p, "st", "GET /stats;json", "", "");
	assert_non_null(strstr(r.reply.headers.p, "Content-Type: application/json"));
	assert_non_null(strstr(r.reply.headers.p, "Refresh: 10\r\n"));
	helper_page_free(&r);
	helper_page(&r, p, "st", "GET /stats", "", "");
	assert_non_null(strstr(r.reply.headers.p, "Content-Type: text/html"));
	assert_null(strstr(r.body_text, p->version));
	assert_null(strstr(r.body_text, "<form method=post"));
	assert_null(strstr(r.body_text, "<script"));
	assert_null(strstr(r.body_text, "http://"));
	helper_page_free(&r);
	helper_page(&r, p, "st", "GET /stats;up;csv", "", "");
	assert_null(strstr(r.body_text, "\nbe,c,"));
	assert_non_null(strstr(r.body_text, "\nbe,b,"));
	helper_page_free(&r);
	helper_page(&r, p, "st", "GET /stats;csv?scope=RA", "", "");
	assert_null(strstr(r.body_text, "\nbe,"));
	assert_non_null(strstr(r.body_text, "\nraw,"));
	helper_page_free(&r);
	helper_free(p);
}

static void test_configured_scope(void **state)
{
	struct program *p = page_program(" stats scope .\n stats scope raw\n");
	struct helper_request r;

	(void)state;
	helper_page(&r, p, "st", "GET /stats;csv", "", "");
	assert_null(strstr(r.body_text, "\nbe,"));
	assert_non_null(strstr(r.body_text, "\nraw,"));
	assert_non_null(strstr(r.body_text, "\nst,"));
	helper_page_free(&r);
	helper_free(p);
}

static void test_escaping(void **state)
{
	struct program *p = page_program(" stats show-desc <b>&x\n stats show-legends\n");
	struct server *s =
	    proxy_find_server(program_find_proxy(p, SPAN("be"), PROXY_BACKEND), SPAN("a"));
	struct helper_request r;

	(void)state;
	s->operational_reason = "<i>";
	helper_page(&r, p, "st", "GET /stats?scope=%22%3E%3Cscript%3E", "", "");
	assert_null(strstr(r.body_text, "<script"));
	assert_null(strstr(r.body_text, "<b>&"));
	assert_non_null(strstr(r.body_text, "&quot;&gt;&lt;script&gt;"));
	assert_non_null(strstr(r.body_text, "No proxy matches"));
	helper_page_free(&r);
	helper_page(&r, p, "st", "GET /stats;st=<X>Y", "", "");
	assert_null(strstr(r.body_text, "<X>"));
	helper_page_free(&r);
	helper_free(p);
}

static unsigned int admin_bits(struct program *p, const char *name)
{
	return proxy_find_server(program_find_proxy(p, SPAN("be"), PROXY_BACKEND), span_of(name))
	    ->admin;
}

static void post(struct program *p, const char *fields, const char *body, const char *status)
{
	struct helper_request r;
	char location[64];

	snprintf(location, sizeof(location), "Location: /stats;up;st=%s\r\n", status);
	helper_page(&r, p, "st", "POST /stats;up;st=DONE", fields, body);
	assert_int_equal(r.reply.status, 303);
	if (!strstr(r.reply.headers.p, location))
		fail_msg("%s: %s", body, r.reply.headers.p);
	helper_page_free(&r);
}

#define HOST "Host: lb.example:8080\n"

static void test_whose_post(void **state)
{
	struct program *p = page_program(" stats admin if TRUE\n");
	char good[256], bad[256];

	(void)state;
	snprintf(good, sizeof(good), "s=a&action=maint&b=be&t=%s", stats_token());
	snprintf(bad, sizeof(bad), "s=a&action=maint&b=be&t=%.31sx", stats_token());
	post(p, HOST, "s=a&action=maint&b=be", "DENY");
	post(p, HOST, bad, "DENY");
	post(p, HOST "Origin: http://evil.example\n", good, "DENY");
	post(p, HOST "Origin: null\n", good, "DENY");
	post(p, HOST "Origin: http://lb.example\n", good, "DENY");
	post(p, HOST "Origin: http://lb.example:8080.evil\n", good, "DENY");
	post(p, HOST "Sec-Fetch-Site: cross-site\n", good, "DENY");
	post(p, HOST "Sec-Fetch-Site: same-site\nOrigin: http://lb.example:8080\n", good, "DENY");
	post(p, HOST "Referer: http://evil/?http://lb.example:8080/\n", good, "DENY");
	post(p, HOST HOST, good, "DENY");
	post(p, "", good, "DENY");
	assert_int_equal(admin_bits(p, "a"), 0);
	post(p, HOST "Origin: http://LB.example:8080\nSec-Fetch-Site: same-origin\n", good, "DONE");
	assert_int_equal(admin_bits(p, "a"), SERVER_MAINT);
	post(p, HOST "Referer: https://lb.example:8080/stats\n", good, "NONE");
	helper_free(p);
}

static void test_not_admin(void **state)
{
	struct program *p = page_program(" stats admin if FALSE\n");
	char good[256];

	(void)state;
	snprintf(good, sizeof(good), "s=a&action=maint&b=be&t=%s", stats_token());
	post(p, HOST, good, "DENY");
	assert_int_equal(admin_bits(p, "a"), 0);
	helper_free(p);
}

static void act(struct program *p, const char *form, const char *status)
{
	char body[512];

	snprintf(body, sizeof(body), "t=%s&%s", stats_token(), form);
	post(p, HOST, body, status);
}

static void test_actions(void **state)
{
	struct program *p = page_program(" stats admin if TRUE\n");
	struct helper_request r;

	(void)state;
	act(p, "s=a&s=b&action=drain&b=%2313", "DONE");
	assert_int_equal(admin_bits(p, "a"), SERVER_DRAIN);
	assert_int_equal(admin_bits(p, "b"), SERVER_DRAIN);
	act(p, "s=c&s=a&action=ready&b=be", "DONE");
	assert_int_equal(admin_bits(p, "c"), 0);
	assert_int_equal(admin_bits(p, "a"), 0);
	act(p, "s=zz&s=a&action=maint&b=be", "PART");
	assert_int_equal(admin_bits(p, "a"), SERVER_MAINT);
	act(p, "s=zz&action=maint&b=be", "ERRP");
	act(p, "s=b&action=explode&b=be", "ERRP");
	act(p, "s=b&action=maint&b=nope", "ERRP");
	act(p, "s=%zz&action=maint&b=be", "ERRP");
	act(p, "action=maint&b=be", "NONE");
	act(p, "s=b&b=be", "NONE");
	act(p, "s=b&action=maint", "NONE");
	act(p, "s=b&action=dagent&b=be", "NONE");
	act(p, "s=a&action=dhlth&b=be", "DONE");
	act(p, "s=a&action=dhlth&b=be", "NONE");
	act(p, "s=a&action=ehlth&b=be", "DONE");
	helper_page(&r, p, "st", "GET /stats;st=PART", "", "");
	assert_non_null(strstr(r.body_text, "Done in part"));
	assert_non_null(strstr(r.body_text, "<form method=post action=\"/stats\">"));
	assert_non_null(strstr(r.body_text, stats_token()));
	helper_page_free(&r);
	helper_free(p);
}

static void test_query(void **state)
{
	struct stats_query q;
	struct buffer b;

	(void)state;
	assert_false(stats_query_parse(&q, SPAN("/other"), SPAN("/haproxy?stats")));
	assert_true(stats_query_parse(&q, SPAN("/haproxy?stats;up;norefresh;st=DONE"),
				      SPAN("/haproxy?stats")));
	assert_true(q.hide_down && q.no_refresh);
	assert_string_equal(q.status, "DONE");
	assert_true(
	    stats_query_parse(&q, SPAN("/haproxy?stats=&scope=a+b%26"), SPAN("/haproxy?stats")));
	assert_span(span_make(q.scope, q.scope_len), "a b&");
	buffer_init(&b, 1000);
	q.form = PAGE_CSV;
	q.hide_down = true;
	stats_query_link(&b, &q, SPAN("/haproxy?stats"));
	assert_string_equal(buffer_text(&b), "/haproxy?stats;csv;up?scope=a%20b%26");
	assert_true(stats_query_parse(&q, buffer_span(&b), SPAN("/haproxy?stats")));
	assert_span(span_make(q.scope, q.scope_len), "a b&");
	assert_true(q.hide_down && q.form == PAGE_CSV);
	assert_true(stats_query_parse(&q, SPAN("/s;st=toolong;scope=%zz;upx;st=done"), SPAN("/s")));
	assert_string_equal(q.status, "");
	assert_int_equal(q.scope_len, 0);
	assert_false(q.hide_down);
	buffer_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_passwords),     cmocka_unit_test(test_long_credentials),
	    cmocka_unit_test(test_forms_of_data), cmocka_unit_test(test_configured_scope),
	    cmocka_unit_test(test_escaping),      cmocka_unit_test(test_whose_post),
	    cmocka_unit_test(test_not_admin),     cmocka_unit_test(test_actions),
	    cmocka_unit_test(test_query)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
