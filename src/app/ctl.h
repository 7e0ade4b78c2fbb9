/* SPDX-License-Identifier: MIT */
/* "halb ctl COMMAND…": one command to a running halb through its stats socket. */
#ifndef APP_CTL_H
#define APP_CTL_H

#include "base/check.h"

/* Of a halb with virtual IPs, besides those that the configuration names; root's alone. */
#define CTL_SOCKET "/run/halb.sock"

/* Connects to a stats socket; whoever is about to end listens and answers no more, so each read and
 * write waits for so many seconds at most. fd or -errno. */
int ctl_connect(const char *path, unsigned int patience_s) must_check;
/* argv behind "ctl": [-s SOCKET] WORD…. Prints the answer. The exit status. */
int ctl_run(int argc, char **argv);

#endif
