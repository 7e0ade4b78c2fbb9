/* SPDX-License-Identifier: MIT */
/*
 * THE table of a stream. A request walks down it; a retry goes back to pick_server; a failure goes
 * to flush with an answer, or to abort where the client has part of one already.
 *
 *     accept → read_head → request_rules → pick_backend → backend_rules → serve → pick_server →
 * wait_queue → connect → send_head → read_response → response_rules → pump → flush → log → next
 */
#ifndef PROXY_STEPS_H
#define PROXY_STEPS_H

#include "proxy/stream.h"

enum http_step {
	STEP_READ_HEAD,
	STEP_REQUEST_RULES,
	STEP_PICK_BACKEND,
	STEP_BACKEND_RULES,
	STEP_SERVE,
	STEP_PICK_SERVER,
	STEP_WAIT_QUEUE,
	STEP_CONNECT,
	STEP_SEND_HEAD,
	STEP_READ_RESPONSE,
	STEP_RESPONSE_RULES,
	STEP_PUMP,
	STEP_FLUSH,
	STEP_LOG,
	STEP_FINISH,
	STEPS
};

extern const struct step steps_http[STEPS], steps_tcp[STEPS];

/* step_request.c */
enum step_result step_read_head(struct stream *s);
enum step_result step_request_rules(struct stream *s);
enum step_result step_serve(struct stream *s);
/* step_route.c */
enum step_result step_pick_backend(struct stream *s);
enum step_result step_backend_rules(struct stream *s);
/* step_server.c */
enum step_result step_pick_server(struct stream *s);
enum step_result step_wait_queue(struct stream *s);
/* Out of the queue it may wait in; false where a slot has been granted and its mail is on the way.
 */
bool step_leave_queue(struct stream *s);
enum step_result step_connect(struct stream *s);
enum step_result step_send_head(struct stream *s);
/* step_response.c */
enum step_result step_read_response(struct stream *s);
enum step_result step_response_rules(struct stream *s);
/* pump.c */
enum step_result step_pump(struct stream *s);
enum step_result step_flush(struct stream *s);
/* step_log.c */
enum step_result step_log(struct stream *s);
/* "option logasap": the line is written when the answer's head is there. */
void step_log_soon(struct stream *s);
enum step_result step_finish(struct stream *s);
enum step_result step_skip(struct stream *s);

#endif
