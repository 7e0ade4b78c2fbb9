/* SPDX-License-Identifier: MIT */
/*
 * Two network namespaces for a test program, as two machines with a cable between them: "wire0" in
 * the first, "wire1" in the second, up and with addresses. They end with the process; nothing of
 * the machine is touched.
 */
#ifndef TESTS_NETNS_HELPER_H
#define TESTS_NETNS_HELPER_H

#include <stdbool.h>

/* At the beginning of main. Where namespaces are forbidden it says why, and is false: then only
 * netns_forbidden, which skips, is to be run. */
bool netns_enter(void);
void netns_forbidden(void **state);
/* The calling thread goes to one of the two: 0 or 1. */
void netns_go(int which);
/* `ip WORDS` there where we are: a failure ends the test. */
void netns_ip(const char *words);
/* The same, as an answer. */
bool netns_try_ip(const char *words);

#define WIRE0_V4 "10.9.0.1"
#define WIRE1_V4 "10.9.0.2"
#define WIRE0_V6 "fe80::1"
#define WIRE1_V6 "fe80::2"

#endif
