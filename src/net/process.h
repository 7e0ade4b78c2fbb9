/* SPDX-License-Identifier: MIT */
/* Processes and what the system wants to know of them: forking, daemon mode, pid files, limits,
 * readiness, signals. */
#ifndef NET_PROCESS_H
#define NET_PROCESS_H

#include "base/check.h"
#include "base/span.h"

#include <signal.h>
#include <sys/types.h>

/* Forks into the background, the parent exits 0 only when the child calls process_daemon_ready,
 * else with the child's status. */
int process_daemonize(void) must_check;
void process_daemon_ready(void);
/* Standard input, output and error lead to /dev/null from now on: a daemon's, and its children's.
 */
void process_detach_stdio(void);
/* Opens the pid file before privileges go (never through a symlink); later writes "PID\n" for each
 * pid. fd or -errno. */
int process_pidfile_open(const char *path) must_check;
int process_pidfile_write(int fd, const pid_t *pids, unsigned int n) must_check;
/* sd_notify(3): one datagram to $NOTIFY_SOCKET; 0 also where there is none. */
int process_notify(const char *state);
/* RLIMIT_NOFILE soft limit raised to at least n (hard too where allowed). 0 or -errno. */
int process_limit_files(unsigned long n) must_check;
unsigned long process_file_limit(void);
/* One core's number for the calling thread, or all; best effort. */
unsigned int process_cpus(void);
/* Signals become readable: blocks those of `set` in all threads and returns a signalfd
 * (non-blocking, close-on-exec). */
int process_signal_fd(const sigset_t *set) must_check;
/* The next signal, 0 when there is none. */
int process_signal_next(int fd, pid_t *from);
/* Zeroed memory that children forked later share; NULL when there is none. */
void *process_share_memory(size_t bytes) must_check;
void process_unshare_memory(void *memory, size_t bytes);
/* Kills a child and reaps it. */
void process_end(pid_t child);
/* waitpid without blocking: the pid where it has ended (*status) or stopped, 0 while it runs,
 * -errno. */
pid_t process_reap(pid_t child, int *status);
/* A descriptor that becomes readable when the process ends, or -errno. */
int process_pidfd(pid_t pid) must_check;

#endif
