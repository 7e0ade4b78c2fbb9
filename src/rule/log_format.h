/* SPDX-License-Identifier: MIT */
/*
 * Log lines from formats: text with aliases (%ci, %ST, %{+Q}r, …) and expressions (%[src]),
 * compiled once, written from a record of plain values that the proxy fills in. The built-in
 * httplog, tcplog and default forms are formats too, and so are the texts of rules.
 */
#ifndef RULE_LOG_FORMAT_H
#define RULE_LOG_FORMAT_H

#include "rule/compiler.h"
#include "rule/context.h"

struct log_format;

struct log_record {
	struct inet client, client_local, server, server_local; /* %ci %cp, %fi %fp, %si %sp, %bi
								   %bp */
	int64_t accept_us, request_us; /* wall clock: %t (accept), %tr (start of the request) */
	struct span frontend, frontend_tls_mark, backend, server_name; /* names; "<NOSRV>" is the
									  writer's for an empty one
									*/
	int64_t th, ti, tr_request, tw, tc, tr, ta, td, tt; /* milliseconds, -1: not reached: %Th
							       %Ti %TR %Tw %Tc %Tr %Ta %Td %Tt */
	bool unfinished;                          /* logasap: '+' in front of the times and bytes */
	int status;                               /* -1: none */
	int64_t bytes_to_client, bytes_to_server; /* %B %U */
	struct span request_cookie, response_cookie; /* captured, empty: "-" */
	char termination[4]; /* "cD--": cause, state, cookie request, cookie response */
	unsigned int actconn, feconn, beconn, srvconn, retries;  /* %ac %fc %bc %sc %rc */
	bool redispatched;                                       /* '+' in front of %rc */
	uint64_t srv_queue, backend_queue;                       /* %sq %bq */
	const struct span *request_captures, *response_captures; /* p NULL: not there */
	unsigned int n_request_captures, n_response_captures;    /* 0 also where no request came:
								    nothing is written then */
	struct span method, uri, version;                        /* %HM, %HU, %HV; */
	struct span request_line; /* %r, cut to tune.http.logurilen - 1 bytes; p NULL: "<BADREQ>" */
	struct span hostname;     /* %H */
	struct span unique_id;    /* %ID */
	int pid;
	unsigned int request_counter;       /* %rt */
	uint64_t log_counter;               /* %lc */
	int utc_offset_s;                   /* of local time: %t %tr %Tl %trl are local */
	bool tcp;                           /* mode tcp: the default form says so */
	const struct rule_context *context; /* what expressions see; NULL: nothing */
};

enum log_format_use {
	LOG_FORMAT_LINE, /* of a log: blanks are joined, "-" stands for what is not there */
	LOG_FORMAT_HTTP, /* a text of a rule: what is not there is empty, CR and LF of an
			    expression's value are encoded */
};

/* NULL after compiler_fail, which names the alias or expression that is wrong. */
struct log_format *log_format_compile(struct rule_compiler *k, struct span format,
				      enum log_format_use use) must_check;
/* True where it has expressions: the record needs its context. */
bool log_format_has_expressions(const struct log_format *f);
/* For rules: the text, in scratch memory or in the configuration. False where it does not fit. */
bool log_format_build(const struct log_format *f, const struct rule_context *ctx, struct span *out);
/* True where it holds values that need the stream's end (bytes, total time): false allows logging
 * as soon as possible. */
bool log_format_needs_end(const struct log_format *f);
/* The name of an alias in it that mode tcp does not have ("r"), NULL where there is none. */
const char *log_format_http_only(const struct log_format *f);
/* Appends one line, without its end. What does not fit into a fixed buffer (or past max_bytes) is
 * cut off. */
void log_format_write(const struct log_format *f, const struct log_record *r, struct buffer *out);

extern const char log_format_http[], log_format_tcp[], log_format_clf[], log_format_default[];

#endif
