/* SPDX-License-Identifier: MIT */
/*
 * The guardian: holds the listening sockets and, with -k, the virtual IPs; no byte of a client is
 * ever read here. Workers come and go on its sockets. A reload that fails leaves everything as it
 * is; a worker that dies, or does not answer any more, is replaced.
 */
#ifndef APP_GUARDIAN_H
#define APP_GUARDIAN_H

#include "app/options.h"

#include "base/check.h"

/* Runs until it is told to stop, the virtual IPs are given away and the last worker has gone. The
 * exit status. */
int guardian_run(const struct options *o);

/* "-c": reads and checks the files, each and together; with -d of keepalived's prints what was
 * understood. False after diagnostics. */
bool guardian_check(const struct options *o) must_check;

#endif
