/* SPDX-License-Identifier: MIT */
/*
 * A connection to a server: made or taken from the pool for a stream, given back or closed after
 * it. Idle ones belong to the thread that made them, and end when the server closes them, when
 * there are too many or when they have not been needed for a while.
 */
#ifndef PROXY_BACK_H
#define PROXY_BACK_H

#include "proxy/stream.h"

struct back {
	struct connection connection;
	struct list link; /* in its server's pool while idle */
	struct server *server;
	struct stream *stream; /* NULL while idle */
	struct front *owner; /* idle, and for this client alone (http-reuse never); else in the pool
			      */
	uint32_t uses;
	bool connected;
};

/* Starts connecting for this stream; back_on_connected runs it later. 0, or -errno at once. */
int back_connect(struct stream *s) must_check;
/* "send-proxy": tells the server who the client is, before anything else. 0 or -errno. */
int back_send_proxy_header(struct stream *s) must_check;
/* Takes an idle connection that http-reuse allows this stream to use; false where there is none. */
bool back_reuse(struct stream *s);
/* The stream does not need it any more: to the pool (`reusable`: all of the answer was read and
 * nothing is left over), or closed. The server's slot is given back too. Harmless where there is
 * neither. */
void back_release(struct stream *s, bool reusable);
/* An idle one. */
void back_close(struct back *b);
/* Ends idle connections that have not been needed (pool-purge-delay): once a second. */
void back_purge(struct worker *w, uint64_t now_ms);
void back_close_all_idle(struct worker *w);

#endif
