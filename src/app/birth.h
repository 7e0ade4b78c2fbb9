/* SPDX-License-Identifier: MIT */
/*
 * Making a worker: a child of the guardian that takes the program's listening sockets with it,
 * gives up all rights, and serves.
 */
#ifndef APP_BIRTH_H
#define APP_BIRTH_H

#include "app/heartbeat.h"
#include "app/sockets.h"

struct birth { /* what a worker gets from its guardian */
	struct program *program;
	struct program *leaving;    /* the former generation, whose sockets it must not keep; NULL:
				       none */
	struct socket_list *passed; /* nor these copies; NULL: none */
	int bell;                   /* eventfd: news for the guardian */
	int leash[2]; /* a pipe; the worker stops softly when nobody holds its writing end any more
		       */
	unsigned int leash_ms; /* so long it goes on then */
	bool background;
};

struct offspring {
	pid_t pid; /* 0: none */
	struct heartbeat *heartbeat;
};

/* Forks it and waits until it serves. False after a message. */
bool birth_worker(const struct birth *b, struct offspring *out) must_check;

#endif
