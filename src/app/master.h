/* SPDX-License-Identifier: MIT */
/*
 * Master-worker mode: the master holds the listening sockets and serves nothing; workers come and
 * go on them. A reload that fails leaves everything as it is; a worker that dies is replaced on the
 * same sockets.
 */
#ifndef APP_MASTER_H
#define APP_MASTER_H

#include "app/options.h"

/* Runs until it is told to stop and the last worker has gone. The exit status. */
int master_run(const struct options *o);

#endif
