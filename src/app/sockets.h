/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets that outlive a configuration: from one generation to the next in a master, and
 * from an old process to a new one
 * ("-x", "-sf", "-st").
 */
#ifndef APP_SOCKETS_H
#define APP_SOCKETS_H

#include "app/options.h"

#include "proxy/listener.h"

struct socket_list { /* owns its descriptors, but for those that were used, and its words */
	struct inherited_socket *v;
	unsigned int n;
};

/* Copies of the sockets a program listens on, with their address words. */
void sockets_of_program(struct socket_list *l, struct program *p);
/* "-x": asks the old process. False after a message. An empty list where there is no -x. */
bool sockets_take_over(struct socket_list *l, const struct options *o);
void sockets_free(struct socket_list *l);
/* In a new worker: closes every descriptor but the standard ones, what the program listens on and
 * logs to, and these. False when out of memory: nothing is closed. */
bool sockets_close_others(struct program *p, const int *more, unsigned int n) must_check;
/* "-sf", "-st": tells the old processes. */
void sockets_signal_old(const struct options *o);

#endif
