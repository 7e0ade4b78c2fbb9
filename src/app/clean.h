/* SPDX-License-Identifier: MIT */
/* "halb --clean": for the service's ExecStopPost=, when all of halb's processes were killed at once
 * and nobody was left to take the virtual addresses off. */
#ifndef APP_CLEAN_H
#define APP_CLEAN_H

/* Removes what a dead halb has left in this network namespace: addresses and local routes with its
 * tag, the packet filter. Does nothing while a halb with virtual IPs answers. The exit status. */
int clean_run(void);

#endif
