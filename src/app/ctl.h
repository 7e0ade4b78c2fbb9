/* SPDX-License-Identifier: MIT */
/* "halb ctl COMMAND…": one command to a running halb through its stats socket. */
#ifndef APP_CTL_H
#define APP_CTL_H

/* Of a halb with virtual IPs, besides those that the configuration names; root's alone. */
#define CTL_SOCKET "/run/halb.sock"

/* argv behind "ctl": [-s SOCKET] WORD…. Prints the answer. The exit status. */
int ctl_run(int argc, char **argv);

#endif
