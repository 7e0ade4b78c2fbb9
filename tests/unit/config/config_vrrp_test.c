/* SPDX-License-Identifier: MIT */
/* keepalived.conf to model: references, resolved names, the list of words, the pair of files. */
#include "config/config_vrrp.h"

#include "fake_world.h"
#include "unit/base/cmocka_all.h"

static const char pair[] = "vrrp_instance VI_1 {\n"
			   "    interface eth1\n"
			   "    virtual_router_id 51\n"
			   "    priority 101\n"
			   "    track_script {\n"
			   "        chk_haproxy\n"
			   "    }\n"
			   "    virtual_ipaddress {\n"
			   "        192.168.50.10\n"
			   "    }\n"
			   "    virtual_ipaddress_excluded {\n"
			   "        fe80::10/64\n"
			   "    }\n"
			   "}\n"
			   "vrrp_script chk_haproxy {\n" /* below its use */
			   "    script \"killall -0 haproxy\"\n"
			   "    interval 2\n"
			   "    weight 2\n"
			   "}\n";

static struct model_vrrp *read_vrrp(const char *text, struct diags *d)
{
	static const struct config_vrrp_world world = {.config_id = "hap1", .hostname = "hap1"};
	struct config_file file = {"k.conf", span_of(text)};

	diags_init(d);
	return config_read_vrrp(&file, &world, d);
}

static void test_the_classic_file(void **state)
{
	const struct model_vrrp_instance *v;
	const struct model_vrrp_script *s;
	struct model_vrrp *m;
	struct diags d;

	(void)state;
	m = read_vrrp(pair, &d);
	assert_non_null(m);
	assert_int_equal(d.alerts + d.warnings, 0);
	v = m->instances;
	s = m->scripts;
	assert_string_equal(v->name, "VI_1");
	assert_int_equal(v->vrid, 51);
	assert_int_equal(v->version, 2);
	assert_int_equal(v->family, INET_V4);
	assert_int_equal(v->advert_us, 1000000);
	assert_int_equal(v->n_addresses, 1);
	assert_int_equal(v->addresses->prefix, 32);
	assert_int_equal(v->garp.lower_prio_delay_ms, 5000);
	assert_ptr_equal(v->track_scripts->script, s);
	assert_int_equal(v->track_scripts->weight, 2);
	assert_true(s->asks_service);
	assert_string_equal(s->command.argv[0], "killall");
	assert_string_equal(s->command.argv[2], "haproxy");
	assert_null(s->command.argv[3]);
	assert_int_equal(m->global.bfd_interval_ms, 100);
	assert_true(m->global.service_health);
	diags_fini(&d);
	model_vrrp_put(m);
}

static void test_references(void **state)
{
	struct model_vrrp *m;
	struct diags d;

	(void)state;
	m = read_vrrp(pair, &d);
	assert_ptr_equal(model_vrrp_get(m), m);
	model_vrrp_put(m);
	assert_string_equal(m->instances->interface, "eth1");
	model_vrrp_put(m);
	model_vrrp_put(NULL);
	diags_fini(&d);
}

static void test_an_alert_gives_no_model(void **state)
{
	struct diags d;

	(void)state;
	assert_null(read_vrrp("vrrp_instance A {\n}\n", &d));
	assert_int_equal(d.alerts, 2);
	diags_fini(&d);
}

static void test_addresses(void **state)
{
	struct inet vip, excluded, other;
	struct model_vrrp *m;
	struct diags d;

	(void)state;
	assert_true(inet_parse(SPAN("192.168.50.10"), &vip));
	assert_true(inet_parse(SPAN("fe80::10"), &excluded));
	assert_true(inet_parse(SPAN("192.168.50.11"), &other));
	m = read_vrrp(pair, &d);
	assert_true(model_vrrp_has_address(m, &vip));
	assert_true(model_vrrp_has_address(m, &excluded));
	assert_false(model_vrrp_has_address(m, &other));
	diags_fini(&d);
	model_vrrp_put(m);
}

/* A frontend with that bind is the service of the pair. */
static bool binds(const char *bind)
{
	struct reading_result r;
	struct fake_world w;
	struct model_vrrp *v;
	struct diags d;
	char text[256];
	bool result;

	snprintf(text, sizeof(text), "frontend f\n bind %s\n", bind);
	fake_world_init(&w);
	read_text(&w, text, &r);
	assert_non_null(r.model);
	v = read_vrrp(pair, &d);
	result = config_binds_vip(r.model->proxies, v);
	model_vrrp_put(v);
	diags_fini(&d);
	read_free(&r);
	return result;
}

static void test_binds_vip(void **state)
{
	(void)state;
	assert_true(binds("*:80"));
	assert_true(binds(":80"));
	assert_true(binds("192.168.50.10:80"));
	assert_true(binds("127.0.0.1:80,192.168.50.10:81"));
	assert_true(binds("[fe80::10]:80"));
	assert_true(binds("[::]:80"));
	assert_false(binds("192.168.50.11:80"));
	assert_false(binds("[fe80::11]:80"));
	assert_false(binds("/run/halb.sock"));
}

static void test_list(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 20);
	config_list_vrrp(&out);
	assert_false(out.failed);
	assert_non_null(strstr(buffer_text(&out), "\nvirtual_router_id "));
	assert_non_null(strstr(buffer_text(&out), "\nhalb_bfd_interval "));
	assert_non_null(strstr(buffer_text(&out), " (no effect)\n"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_classic_file),
	    cmocka_unit_test(test_references),
	    cmocka_unit_test(test_an_alert_gives_no_model),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_binds_vip),
	    cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
