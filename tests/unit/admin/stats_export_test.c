/* SPDX-License-Identifier: MIT */
/* The table of fields and what comes out of it: CSV, typed, JSON; "show info". */
#include "admin/stats_export.h"

#include "admin/info_fields.h"

#include "unit/admin/admin_helper.h"

#include "proxy/health_check.h"

/* As Debian's haproxy 2.6.12 prints it. */
static const char wanted_header[] =
    "# "
    "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,"
    "wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,"
    "iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,"
    "check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,"
    "hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,"
    "comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,"
    "agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,"
    "check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,"
    "conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,"
    "cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,"
    "ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,"
    "agg_server_status,agg_server_check_status,agg_check_status,-,ssl_sess,"
    "ssl_reused_sess,ssl_failed_handshake,h2_headers_rcvd,h2_data_rcvd,"
    "h2_settings_rcvd,h2_rst_stream_rcvd,h2_goaway_rcvd,"
    "h2_detected_conn_protocol_errors,h2_detected_strm_protocol_errors,"
    "h2_rst_stream_resp,h2_goaway_resp,h2_open_connections,h2_backend_open_streams,"
    "h2_total_connections,h2_backend_total_streams,h1_open_connections,"
    "h1_open_streams,h1_total_connections,h1_total_streams,h1_bytes_in,h1_bytes_out,"
    "h1_spliced_bytes_in,h1_spliced_bytes_out,"
    "\n";

static struct buffer export(struct program *p, const struct stats_filter *f,
			    enum stats_export_form form)
{
	struct buffer b;

	buffer_init(&b, 1 << 22);
	stats_export(&b, p, p->workers[0].loop.now_ms, f, form);
	(void)buffer_text(&b);
	assert_false(b.failed);
	return b;
}

/* Where the line of this object starts. */
static const char *find_line(const struct buffer *csv, const char *start)
{
	const char *at = strstr(csv->p, start);

	assert_non_null(at);
	return at;
}

static struct span column(const char *line, const char *name)
{
	struct span names = span_of(wanted_header + 2), values = span_of(line);

	values.len = span_find(values, '\n');

	while (names.p) {
		struct span value = span_split(&values, ',');

		if (span_equal(span_split(&names, ','), span_of(name)))
			return value;
	}
	fail_msg("no column %s", name);
	return SPAN_NONE;
}

static void test_columns(void **state)
{
	struct program *p = helper_admin_program("");
	struct buffer b = export(p, &STATS_FILTER_ALL, STATS_CSV);
	struct span rest = buffer_span(&b), header = span_split(&rest, '\n');
	unsigned int rows = 0;

	(void)state;
	assert_int_equal(header.len + 1, strlen(wanted_header));
	assert_memory_equal(header.p, wanted_header, header.len);
	while (rest.len) {
		struct span row = span_split(&rest, '\n');
		unsigned int commas = 0;

		for (size_t i = 0; i < row.len; i++)
			commas += row.p[i] == ',';
		assert_int_equal(commas, stats_n_fields);
		rows++;
	}
	assert_int_equal(rows, 10); /* fe, its listener; be's four servers, be; raw both, its server
				     */
	buffer_fini(&b);
	helper_free(p);
}

static void test_values(void **state)
{
	struct program *p = helper_admin_program("");
	struct buffer b = export(p, &STATS_FILTER_ALL, STATS_CSV);
	const char *line;

	(void)state;
	line = find_line(&b, "be,a,");
	assert_span(column(line, "weight"), "10");
	assert_span(column(line, "act"), "1");
	assert_span(column(line, "slim"), "5");
	assert_span(column(line, "cookie"), "ca");
	assert_span(column(line, "addr"), "127.0.0.1:20001");
	assert_span(column(line, "check_status"), "INI");
	assert_span(column(line, "check_duration"), "");
	assert_span(column(line, "qlimit"), "");
	assert_span(column(line, "lastsess"), "-1");
	assert_span(column(line, "type"), "2");
	assert_span(column(line, "-"), "-");
	line = find_line(&b, "be,b,");
	assert_span(column(line, "status"), "no check");
	assert_span(column(line, "bck"), "1");
	assert_span(column(line, "chkfail"), "");
	line = find_line(&b, "be,c,");
	assert_span(column(line, "status"), "MAINT");
	assert_span(column(line, "qlimit"), "7");
	line = find_line(&b, "be,d,");
	assert_span(column(line, "tracked"), "be/a");
	assert_span(column(line, "addr"), "[::1]:20004");
	line = find_line(&b, "be,BACKEND,");
	assert_span(column(line, "algo"), "roundrobin");
	assert_span(column(line, "cookie"), "SRV");
	line = find_line(&b, "fe,one,");
	assert_span(column(line, "addr"), "unix");
	assert_span(column(line, "sid"), "1");
	line = find_line(&b, "raw,t,");
	assert_span(column(line, "mode"), "tcp");
	assert_span(column(line, "hrsp_2xx"), ""); /* mode http only */
	assert_span(column(line, "req_tot"), "");
	buffer_fini(&b);
	helper_free(p);
}

static void test_counters(void **state)
{
	struct program *p = helper_admin_program("");
	struct server *s =
	    proxy_find_server(program_find_proxy(p, SPAN("be"), PROXY_BACKEND), SPAN("a"));
	struct counters *c = &s->counters.thread[0];
	struct buffer b;
	const char *line;

	(void)state;
	c->sessions = 12;
	c->bytes_in = 1ull << 40;
	c->responses[2] = 3;
	c->responses[0] = 4;
	c->retries = 5;
	counters_add_times(c, 10, 20, 30, 40);
	counters_add_times(c, 30, 40, 50, 60);
	counter_max(&s->counters.sessions_max, 9);
	b = export(p, &STATS_FILTER_ALL, STATS_CSV);
	line = find_line(&b, "be,a,");
	assert_span(column(line, "stot"), "12");
	assert_span(column(line, "bin"), "1099511627776");
	assert_span(column(line, "hrsp_2xx"), "3");
	assert_span(column(line, "hrsp_other"), "4");
	assert_span(column(line, "wretr"), "5");
	assert_span(column(line, "smax"), "9");
	assert_span(column(line, "qtime"), "20");
	assert_span(column(line, "ctime"), "30");
	assert_span(column(line, "rtime"), "40");
	assert_span(column(line, "ttime"), "50");
	assert_span(column(line, "ttime_max"), "60");
	buffer_fini(&b);
	helper_free(p);
}

static void test_filters(void **state)
{
	struct program *p = helper_admin_program("");
	struct stats_filter f = STATS_FILTER_ALL;
	struct buffer b;

	(void)state;
	f.kinds = 1u << STATS_SERVER;
	f.no_maint = true;
	b = export(p, &f, STATS_CSV);
	assert_null(strstr(b.p, "FRONTEND"));
	assert_null(strstr(b.p, "be,c,"));
	assert_non_null(strstr(b.p, "be,b,"));
	buffer_fini(&b);
	f = STATS_FILTER_ALL;
	f.iid = (int)program_find_proxy(p, SPAN("raw"), PROXY_BACKEND)->conf->id;
	f.up_only = true;
	b = export(p, &f, STATS_CSV);
	assert_null(strstr(b.p, "\nbe,"));
	assert_non_null(strstr(b.p, ",UP (1/1),"));
	buffer_fini(&b);
	f = STATS_FILTER_ALL;
	f.part = SPAN("A"); /* anywhere, either case */
	b = export(p, &f, STATS_CSV);
	assert_non_null(strstr(b.p, "\nraw,"));
	assert_null(strstr(b.p, "\nfe,"));
	buffer_fini(&b);
	helper_free(p);
}

/* What a server says in a check stays one field, one line, one string. */
static void test_hostile_text(void **state)
{
	struct program *p = helper_admin_program("");
	struct server *s =
	    proxy_find_server(program_find_proxy(p, SPAN("be"), PROXY_BACKEND), SPAN("a"));
	struct buffer b;

	(void)state;
	s->check->status = CHECK_L7STS;
	s->check->code = 500;
	snprintf(s->check->info, sizeof(s->check->info), "a\",b\nS.1.1.0.x");
	b = export(p, &STATS_FILTER_ALL, STATS_CSV);
	assert_non_null(strstr(b.p, ",\"a\"\",b\nS.1.1.0.x\","));
	assert_non_null(strstr(b.p, ",L7STS,500,"));
	buffer_fini(&b);
	b = export(p, &STATS_FILTER_ALL, STATS_TYPED);
	assert_non_null(strstr(b.p, ".56.last_chk.1:MOP:str:a\",b?S.1.1.0.x\n"));
	buffer_fini(&b);
	b = export(p, &STATS_FILTER_ALL, STATS_JSON);
	assert_non_null(strstr(b.p, "\"value\":\"a\\\",b\\nS.1.1.0.x\"}}"));
	buffer_fini(&b);
	helper_free(p);
}

static void test_typed_and_json(void **state)
{
	struct program *p = helper_admin_program("");
	struct buffer b = export(p, &STATS_FILTER_ALL, STATS_TYPED);
	int depth = 0;

	(void)state;
	assert_non_null(strstr(b.p, "F.12.0.0.pxname.1:KNS:str:fe\n"));
	assert_non_null(strstr(b.p, "S.13.1.19.act.1:SGP:u32:1\n"));
	assert_non_null(strstr(b.p, "B.13.0.19.act.1:MGP:u32:"));
	assert_non_null(strstr(b.p, ".103.ssl_sess.1:MCP:u64:0\n")); /* "-" has no position */
	assert_null(strstr(b.p, ".-.1"));
	buffer_fini(&b);
	b = export(p, &STATS_FILTER_ALL, STATS_JSON);
	assert_non_null(strstr(b.p,
			       "[[{\"objType\":\"Frontend\",\"proxyId\":12,\"id\":0,\"field\":{"
			       "\"pos\":0,\"name\":\"pxname\"},\"processNum\":1,\"tags\":{"
			       "\"origin\":\"Key\",\"nature\":\"Name\",\"scope\":\"Service\"},"
			       "\"value\":{\"type\":\"str\",\"value\":\"fe\"}},{"));
	for (const char *c = b.p; *c; c++)
		depth += *c == '{' || *c == '[' ? 1 : *c == '}' || *c == ']' ? -1 : 0;
	assert_int_equal(depth, 0);
	assert_string_equal(b.p + b.len - 3, "]]\n");
	buffer_fini(&b);
	helper_free(p);
}

static void test_info(void **state)
{
	/* hatop and others look for these */
	static const char *const wanted[] = {
	    "Name: HAProxy\n",    "\nVersion: ",     "\nRelease_date: ", "\nNbproc: 1\n",
	    "\nProcess_num: 1\n", "\nPid: ",         "\nUptime: 0d 0h",  "\nMaxconn: ",
	    "\nCurrConns: 0\n",   "\nMaxpipes: 0\n", "\nPipesUsed: 0\n", "\nTasks: ",
	    "\nRun_queue: ",      "\nnode: ",        "\nTainted: 0\n"};
	struct program *p = helper_admin_program("");
	struct buffer b;

	(void)state;
	assert_int_equal(info_n_fields, 72);
	buffer_init(&b, 65536);
	info_export(&b, &p->workers[0], INFO_PLAIN, false);
	for (unsigned int i = 0; i < array_size(wanted); i++)
		assert_non_null(strstr(buffer_text(&b), wanted[i]));
	buffer_clear(&b);
	info_export(&b, &p->workers[0], INFO_TYPED, false);
	assert_non_null(strstr(buffer_text(&b), "\n47.Tasks.1:MGP:u32:"));
	assert_non_null(strstr(buffer_text(&b), "\n71.Tainted.1:SGP:str:0\n"));
	buffer_clear(&b);
	info_export(&b, &p->workers[0], INFO_PLAIN, true);
	assert_non_null(strstr(buffer_text(&b), "Pid: "));
	assert_non_null(strstr(buffer_text(&b), ":\"process id\"\n"));
	buffer_fini(&b);
	helper_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_columns),      cmocka_unit_test(test_values),
	    cmocka_unit_test(test_counters),     cmocka_unit_test(test_filters),
	    cmocka_unit_test(test_hostile_text), cmocka_unit_test(test_typed_and_json),
	    cmocka_unit_test(test_info)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
