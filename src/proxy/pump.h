/* SPDX-License-Identifier: MIT */
/* Moves body bytes from one side of a stream to the other, as fast as the slower one takes them. */
#ifndef PROXY_PUMP_H
#define PROXY_PUMP_H

#include "proxy/stream.h"

enum pump_result {
	PUMP_DONE,        /* the last piece is with the kernel */
	PUMP_WAITING,     /* for more bytes, or for room */
	PUMP_FROM_FAILED, /* the sender broke off, or erred */
	PUMP_BAD,         /* the sender's framing is broken */
	PUMP_TO_FAILED,   /* the receiver is gone */
};

/* The request's next body piece: as codec->take, and kept for another attempt while it is small
 * enough. */
enum take_result pump_take_request(struct stream *s, struct span *piece);
/* The request's body goes on to the server, where it has not been sent whole; what becomes of it is
 * noted in the endpoints. */
enum pump_result pump_request(struct stream *s);

#endif
