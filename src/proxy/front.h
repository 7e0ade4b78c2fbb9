/* SPDX-License-Identifier: MIT */
/*
 * A client's connection, from accept to close: idle between requests it is all that there is of it.
 * HTTP/1 and raw TCP clients are both this; what their bytes mean is the codec's.
 */
#ifndef PROXY_FRONT_H
#define PROXY_FRONT_H

#include "proxy/stream.h"

struct proxy_header;

struct front {
	struct connection connection;
	struct timer timer; /* of the client's side: http-request, http-keep-alive, client */
	struct list link;   /* worker->sessions */
	struct task next;   /* the next request is at hand already: pipelining */
	struct listener *listener;
	struct stream *stream; /* NULL while idle */
	struct inet src, dst;  /* dst: looked up when first asked for, see front_destination */
	int64_t accept_wall_us;
	uint64_t accept_us, idle_since_us;
	char *pipelined; /* bytes that came before their time: `pipelined_bytes`, from */
	uint32_t pipelined_from, pipelined_bytes;
	uint32_t requests;
	bool dst_known, ended, lingering;
	uint64_t lingered_bytes;
	size_t unsent_bytes;           /* when the timer was set: has it taken any since? */
	uint32_t patience_ms;          /* what the timer was set to */
	struct server *last_server;    /* whose connection served the last request: option
					  prefer-last-server, http-reuse never */
	struct variable_set variables; /* sess.*: v NULL until one is set */
	struct back *private_back;     /* http-reuse never: kept for this client alone */
};

/* Takes over an accepted socket, and its place (listener_give_place). Closes it where there is no
 * memory. */
void front_accept(struct worker *w, struct listener *l, int fd,
		  const struct sockaddr_storage *peer);
enum front_end {
	FRONT_KEEP,   /* idle, for the next request */
	FRONT_LINGER, /* our side ends; what the client still sends is thrown away for a moment */
	FRONT_CLOSE,
};
#define FRONT_LINGER_MS 1000
#define FRONT_LINGER_BYTES (1024 * 1024)
/* The stream has ended and was freed. */
void front_request_done(struct front *f, enum front_end how);
/* The PROXY header in front of the client's bytes has been read; `rest`: what came behind it,
 * malloc'ed, now the front's (NULL: nothing). */
void front_proxy_header_done(struct front *f, const struct proxy_header *header, char *rest,
			     size_t rest_bytes);
/* silent-drop: when it is closed the client is not told. */
void front_forget(struct front *f);
/* Closes it, with its stream's resources already given back. */
void front_close(struct front *f);
const struct inet *front_destination(struct front *f);
/* Arms the client-side timer (0: stops it). */
void front_arm(struct front *f, uint32_t ms);

#endif
