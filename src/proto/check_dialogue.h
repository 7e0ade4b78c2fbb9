/* SPDX-License-Identifier: MIT */
/*
 * What a health check sends and what a good answer is: a list of steps, made by config, run by a
 * small machine that sees only bytes. The answer of a server is hostile input here as everywhere.
 */
#ifndef PROTO_CHECK_DIALOGUE_H
#define PROTO_CHECK_DIALOGUE_H

#include "proto/check_answer.h"
#include "proto/health.h"

enum check_step_kind {
	CHECK_STEP_CONNECT,
	CHECK_STEP_SEND,
	CHECK_STEP_SEND_HTTP,
	CHECK_STEP_EXPECT,
	CHECK_STEP_EXPECT_HTTP
};

enum check_match {
	CHECK_MATCH_STRING, /* anywhere in what was received / the HTTP body */
	CHECK_MATCH_BINARY, /* the same with bytes */
	CHECK_MATCH_REGEX,  /* rstring */
	CHECK_MATCH_STATUS, /* list of codes and ranges: text "200,301,400-499" compiled into ranges
			     */
	CHECK_MATCH_RSTATUS, /* regex on the status */
	CHECK_MATCH_HEADER,  /* hdr name, value (matched by header_how) */
	CHECK_MATCH_RBINARY, /* regex on the bytes received as upper-case hex digits */
};

/* CHECK_HEADER_REG uses `regex`, or `header_name_regex` for the name. For the name
 * CHECK_HEADER_PRESENT is an exact match. Names are matched without regard to case. */
enum check_header_how {
	CHECK_HEADER_PRESENT,
	CHECK_HEADER_STR,
	CHECK_HEADER_BEG,
	CHECK_HEADER_END,
	CHECK_HEADER_SUB,
	CHECK_HEADER_REG
};

struct check_regex; /* compiled by config (PCRE2); see check_regex_compile */

struct check_step {
	enum check_step_kind kind;
	struct span comment; /* shown in the error, p NULL for none; a comment rule right before
				gives its own to a step without */
	unsigned int number; /* "at step N": comment and set-var rules count too; 0: the place in
				the list */
	/* connect */
	uint16_t port; /* 0: the server's check port */
	bool default_options, send_proxy, linger;
	/* send; send_http: */
	struct span data;
	struct span method, uri, version, body; /* uri "/" and version "HTTP/1.0" by default, as
						   haproxy */
	struct header *headers;
	unsigned int n_headers;
	bool send_state; /* http-check send-state: the line is given by the driver */
	/* expect */
	enum check_match match;
	bool negate;
	int min_recv; /* -1: none */
	struct span pattern;
	struct check_regex *regex;
	struct span header_name;
	enum check_header_how header_how, header_name_how;
	struct check_regex *header_name_regex;
	bool header_full; /* fhdr: a value is not a list */
	struct {
		uint16_t from, to;
	} * ranges;
	unsigned int n_ranges; /* CHECK_MATCH_STATUS with none: 2xx and 3xx */
	enum check_status ok_status, error_status, tout_status; /* CHECK_UNKNOWN: the default of the
								   step */
	struct span on_success, on_error;
};

/*
 * The steps that a configuration spells out. The machine adds what haproxy adds: a connection first
 * where the first step is another one; with `http` a request (OPTIONS / HTTP/1.0) where there is
 * none, and an answer of 2xx or 3xx where nothing is expected after the last request. No steps and
 * not http: a plain connection check.
 */
struct check_dialogue {
	const struct check_step *steps;
	unsigned int n_steps;
	bool http; /* option httpchk: judged at the end of the response's head, or its body where an
		      expect needs it */
	bool disable_on_404; /* http-check disable-on-404 */
};

enum check_todo {
	CHECK_DO_CONNECT,
	CHECK_DO_SEND,
	CHECK_DO_WAIT,
	CHECK_DO_CLOSE_OK,
	CHECK_DO_CLOSE_FAILED
};

struct check_run {
	const struct check_dialogue *dialogue;
	unsigned int step;        /* of dialogue->steps; n_steps when through */
	struct buffer received;   /* at most CHECK_MAX_RECEIVED */
	struct buffer to_send;    /* filled when CHECK_DO_SEND is returned */
	enum check_status status; /* when closed */
	unsigned int http_status; /* 0: none */
	char info[128]; /* what stats and logs show: "HTTP status check returned code <500>", … ;
			   NUL-ended */
	struct span send_state;   /* set by the driver before the start where send_state is wanted:
				     the value ("UP 2/3; name=...") */
	struct span host_default; /* a Host of the server, where none is configured and the version
				     is 1.1 */
	bool server_down; /* set by the driver before the start: a 404 does not bring a stopped
			     server back */
	/* The machine's own from here. */
	const struct check_step *current; /* one of the dialogue's, or one that the machine adds */
	uint8_t phase;
	bool connected;  /* at least once */
	bool layer6;     /* this connection went through a handshake */
	bool ended;      /* the peer's end of stream came */
	bool asked_once; /* a request went out */
	bool asked;      /* ... and nothing was expected of its answer yet */
	bool expected;   /* the step before was an expect: sending forgets what was received */
	enum http_method method;
	size_t taken; /* bytes received for the current expects, before any decoding; no more than
			 CHECK_MAX_RECEIVED */
	struct check_answer answer;
};

#define CHECK_MAX_RECEIVED 16384

/* `r` is kept at its address until check_run_fini; it may be started again and again. */
void check_run_init(struct check_run *r, const struct check_dialogue *d);
void check_run_fini(struct check_run *r);
/* The first thing to do: CHECK_DO_CONNECT. */
enum check_todo check_run_start(struct check_run *r);
/* How to connect, after CHECK_DO_CONNECT (which may come again in mid-dialogue: the old connection
 * is closed then). NULL: as the server line says. */
const struct check_step *check_run_connect_step(const struct check_run *r);
/* The TCP connection is up and a TLS handshake goes on: what goes wrong from here to
 * check_run_connected is layer 6. */
enum check_todo check_run_handshaking(struct check_run *r);
/* The connection is up / refused, reset or unroutable (`text` is the system's words for it) / timed
 * out. */
enum check_todo check_run_connected(struct check_run *r);
enum check_todo check_run_failed(struct check_run *r, const char *text);
enum check_todo check_run_timeout(struct check_run *r);
/* to_send went out. */
enum check_todo check_run_sent(struct check_run *r);
/* Bytes came, or the end of the stream (n == 0). While bytes are still to be sent the answer is
 * CHECK_DO_WAIT: go on sending. Calls that do not fit the state, and those after the close, change
 * nothing: they return CHECK_DO_WAIT or the verdict again. */
enum check_todo check_run_received(struct check_run *r, struct span bytes);

/* PCRE2 without captures. NULL with *error (static text or from the arena) when it does not
 * compile. Memory is PCRE2's: freed by check_regex_free. */
struct check_regex *check_regex_compile(struct span pattern, struct arena *a, const char **error);
bool check_regex_matches(const struct check_regex *re, struct span text);
/* 1: matches; 0: does not; -1: gave up, the text being made to take for ever. check_regex_matches
 * calls that no match; who negates must not take it for one. */
int check_regex_try(const struct check_regex *re, struct span text);
void check_regex_free(struct check_regex *re);

#endif
