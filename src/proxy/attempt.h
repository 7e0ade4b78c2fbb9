/* SPDX-License-Identifier: MIT */
/*
 * One try to get an answer from one server, and what its failure means: another try on another
 * server while that is safe and nothing has reached the client, else an error. Patience: a server
 * that is silent for long is asked by a probe, and where that gets no answer either, requests that
 * may be repeated move on before the client notices.
 */
#ifndef PROXY_ATTEMPT_H
#define PROXY_ATTEMPT_H

#include "proxy/stream.h"

enum attempt_end {
	ATTEMPT_REFUSED, /* no connection: refused, reset, unreachable */
	ATTEMPT_CONNECT_TIMEOUT,
	ATTEMPT_NO_SOCKET, /* no descriptor, port or memory for a connection: not the server's fault
			    */
	ATTEMPT_SEND_FAILED,
	ATTEMPT_EMPTY,     /* closed before the first byte of an answer */
	ATTEMPT_JUNK,      /* not an answer */
	ATTEMPT_SILENT,    /* timeout server */
	ATTEMPT_STATUS,    /* an answer with a status that retry-on names */
	ATTEMPT_SUSPECT,   /* the probe says that the server hangs */
	ATTEMPT_KILLED,    /* the server was marked down with shutdown-sessions, or by a person */
	ATTEMPT_NO_MEMORY, /* for an answer that came */
	ATTEMPTS
};

/* Ends this attempt: the next step is pick_server again, or the error's answer. */
enum step_result attempt_failed(struct stream *s, enum attempt_end end);
/* retry-on names this status and another try is possible: the answer that came is thrown away. */
bool attempt_wants_other_answer(const struct stream *s, unsigned int status);
/* The request is out: timeout server runs. */
void attempt_start_waiting(struct stream *s);
/* The connection is being made: timeout connect runs. */
void attempt_start_connecting(struct stream *s);
/* The stream's timer has expired: true when the real timeout is over, else patience has run out,
 * the server is probed and the timer set again. */
bool attempt_time_is_up(struct stream *s);
/* The server is suspect or down, another one is not, and the request may be repeated there. */
bool attempt_should_move(const struct stream *s);

#endif
