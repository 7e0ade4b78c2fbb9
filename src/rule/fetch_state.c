/* SPDX-License-Identifier: MIT */
/*
 * Fetches of the running program's state: names, connections, queues, servers. The numbers come
 * through rule_world.
 */
#include "rule/expr.h"

static bool fetch_name(const struct fetch_call *c)
{
	struct span s = rule_name(c->ctx, (enum rule_name)c->fetch->variant);

	*c->out = value_of_text(s);
	return s.p != NULL;
}

#define NAME(id, which, needs, what)                                                               \
	FETCH(id, #id, NO_ARGUMENTS, VALUE_STR, (needs), 0, (which), fetch_name, NULL, what)

NAME(fe_name, RULE_FE_NAME, 0, "name of the frontend");
NAME(fe_defbe, RULE_FE_DEFBE, 0, "name of the frontend's default backend");
NAME(be_name, RULE_BE_NAME, 0, "name of the backend, or of the frontend before one is chosen");
NAME(srv_name, RULE_SRV_NAME, NEEDS_SERVER, "name of the server");
NAME(so_name, RULE_SO_NAME, 0, "name of the listening address (bind ... name)");
NAME(hostname, RULE_HOSTNAME, 0, "this machine's name");
FETCH(unique_id, "unique-id", NO_ARGUMENTS, VALUE_STR, 0, 0, RULE_UNIQUE_ID, fetch_name, NULL,
      "the request's unique id");
NAME(last_rule_file, RULE_LAST_RULE_FILE, 0, "file of the final rule that ended the evaluation");

static bool fetch_number(const struct fetch_call *c)
{
	const struct rule_reference *of = c->args[0].type ? c->args[0].reference : NULL;
	int64_t n;

	if (!rule_number(c->ctx, (enum rule_number)c->fetch->variant, of, &n))
		return false;
	*c->out = (struct value){.type = (uint8_t)c->fetch->type, .number = n};
	return true;
}

#define NUMBER(id, which, needs, what)                                                             \
	FETCH(id, #id, NO_ARGUMENTS, VALUE_INT, (needs), 0, (which), fetch_number, NULL, what)
#define TRUTH(id, which, needs, what)                                                              \
	FETCH(id, #id, NO_ARGUMENTS, VALUE_BOOL, (needs), 0, (which), fetch_number, NULL, what)
/* The argument may be left out: the stream's own. */
#define NUMBER_OF(id, which, kind, what)                                                           \
	FETCH(id, #id, ARGUMENTS(0, kind), VALUE_INT, 0, 0, (which), fetch_number, NULL, what)
#define SERVER(id, which, type, what)                                                              \
	FETCH(id, #id, ARGUMENTS(1, ARGUMENT_SERVER), type, 0, 0, (which), fetch_number, NULL, what)

NUMBER(fe_id, RULE_FE_ID, 0, "number of the frontend");
NUMBER(be_id, RULE_BE_ID, 0, "number of the backend");
NUMBER(srv_id, RULE_SRV_ID, NEEDS_SERVER, "number of the server");
NUMBER(so_id, RULE_SO_ID, 0, "number of the listening address");
NUMBER(act_conn, RULE_ACT_CONN, 0, "connections of the process");
NUMBER(pid, RULE_PID, 0, "process id");
NUMBER(thread, RULE_THREAD, 0, "number of the thread, from 0");
NUMBER(nbthread, RULE_N_THREADS, 0, "number of threads");
NUMBER(uptime, RULE_UPTIME_S, 0, "seconds since the start");
NUMBER(last_rule_line, RULE_LAST_RULE_LINE, 0, "line of the final rule that ended the evaluation");
NUMBER(txn_redispatches, RULE_RETRIES, NEEDS_SERVER, "retries of the request");
TRUTH(http_first_req, RULE_FIRST_REQUEST, 0, "the first request of its connection");
TRUTH(bc_reused, RULE_REUSED, NEEDS_SERVER, "the server's connection had been used before");
TRUTH(stopping, RULE_STOPPING, 0, "the process is stopping");
NUMBER_OF(fe_conn, RULE_FE_CONN, ARGUMENT_FRONTEND, "([FRONTEND]): its connections");
NUMBER_OF(fe_sess_rate, RULE_FE_SESS_RATE, ARGUMENT_FRONTEND,
	  "([FRONTEND]): its new sessions per second");
NUMBER_OF(fe_req_rate, RULE_FE_REQ_RATE, ARGUMENT_FRONTEND,
	  "([FRONTEND]): its requests per second");
NUMBER_OF(be_conn, RULE_BE_CONN, ARGUMENT_BACKEND, "([BACKEND]): its connections");
NUMBER_OF(be_conn_free, RULE_BE_CONN_FREE, ARGUMENT_BACKEND,
	  "([BACKEND]): connections that its servers have room for, -1: no limit");
NUMBER_OF(be_sess_rate, RULE_BE_SESS_RATE, ARGUMENT_BACKEND,
	  "([BACKEND]): its new sessions per second");
NUMBER_OF(nbsrv, RULE_NBSRV, ARGUMENT_BACKEND, "([BACKEND]): its usable servers");
NUMBER_OF(queue, RULE_QUEUE, ARGUMENT_BACKEND, "([BACKEND]): requests in its queues");
NUMBER_OF(avg_queue, RULE_AVG_QUEUE, ARGUMENT_BACKEND,
	  "([BACKEND]): requests in its queues for each usable server");
NUMBER_OF(connslots, RULE_CONNSLOTS, ARGUMENT_BACKEND,
	  "([BACKEND]): free places of its servers and their queues, -1: no limit");
SERVER(srv_conn, RULE_SRV_CONN, VALUE_INT, "([BACKEND/]SERVER): its connections");
SERVER(srv_conn_free, RULE_SRV_CONN_FREE, VALUE_INT,
       "([BACKEND/]SERVER): connections it has room for, -1: no limit");
SERVER(srv_is_up, RULE_SRV_IS_UP, VALUE_BOOL, "([BACKEND/]SERVER): it is up");
SERVER(srv_queue, RULE_SRV_QUEUE, VALUE_INT, "([BACKEND/]SERVER): requests in its queue");
SERVER(srv_sess_rate, RULE_SRV_SESS_RATE, VALUE_INT,
       "([BACKEND/]SERVER): its new sessions per second");
SERVER(srv_weight, RULE_SRV_WEIGHT, VALUE_INT, "([BACKEND/]SERVER): its weight now");
SERVER(srv_iweight, RULE_SRV_IWEIGHT, VALUE_INT, "([BACKEND/]SERVER): its initial weight");
SERVER(srv_uweight, RULE_SRV_UWEIGHT, VALUE_INT, "([BACKEND/]SERVER): its weight as set");

/* ---- captures ---- */

static bool fetch_capture(const struct fetch_call *c)
{
	struct span s = SPAN_NONE;

	if (c->args[0].number >= 0 && c->args[0].number < 65536 && c->ctx->world &&
	    c->ctx->world->capture)
		s = c->ctx->world->capture(c->ctx->owner, c->fetch->variant,
					   (unsigned int)c->args[0].number);
	*c->out = value_of_text(s);
	return s.p != NULL;
}

FETCH(capture_req_hdr, "capture.req.hdr", ARGUMENTS(1, ARGUMENT_INT), VALUE_STR, NEEDS_REQUEST_SEEN,
      0, false, fetch_capture, NULL, "(SLOT): what 'capture request header' holds");
FETCH(capture_res_hdr, "capture.res.hdr", ARGUMENTS(1, ARGUMENT_INT), VALUE_STR, NEEDS_REQUEST_SEEN,
      0, true, fetch_capture, NULL, "(SLOT): what 'capture response header' holds");
FETCH(capture_req_method, "capture.req.method", NO_ARGUMENTS, VALUE_STR, NEEDS_REQUEST_SEEN, 0,
      RULE_CAPTURED_METHOD, fetch_name, NULL, "the method, as it came");
FETCH(capture_req_uri, "capture.req.uri", NO_ARGUMENTS, VALUE_STR, NEEDS_REQUEST_SEEN, 0,
      RULE_CAPTURED_URI, fetch_name, NULL, "the request target, as it came");
FETCH(capture_req_ver, "capture.req.ver", NO_ARGUMENTS, VALUE_STR, NEEDS_REQUEST_SEEN, 0,
      RULE_CAPTURED_VERSION, fetch_name, NULL, "HTTP/1.0 or HTTP/1.1, of the request");
FETCH(capture_res_ver, "capture.res.ver", NO_ARGUMENTS, VALUE_STR, NEEDS_REQUEST_SEEN, 0,
      RULE_CAPTURED_RESPONSE_VERSION, fetch_name, NULL, "HTTP/1.0 or HTTP/1.1, of the response");
