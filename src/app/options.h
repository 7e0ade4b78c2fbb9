/* SPDX-License-Identifier: MIT */
/* The command line: haproxy's options, for halb and for a halb that is called haproxy. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#define OPTIONS_MAX_FILES 256
#define OPTIONS_MAX_PIDS 256

enum master_mode { MASTER_NONE, MASTER_ON /* -W */, MASTER_NOTIFY /* -Ws */ };

struct options {
	const char *files[OPTIONS_MAX_FILES]; /* -f and what follows --: files and folders */
	unsigned int n_files;
	const char *program;   /* the name it was called by, without its folder */
	bool check;            /* -c */
	const char *condition; /* -cc */
	bool foreground;       /* -d (and verbose), -db */
	bool verbose, quiet;   /* -d, -V; -q */
	bool daemon;           /* -D */
	enum master_mode master;
	const char *pidfile, *chdir, *local_peer; /* -p -C -L */
	unsigned int maxconn, proxy_maxconn;      /* -n -N, 0: not given */
	unsigned int memory_mb;                   /* -m */
	bool zero_warning;                        /* -dW */
	pid_t old_pids[OPTIONS_MAX_PIDS];         /* -sf, -st */
	unsigned int n_old_pids;
	bool terminate_old;         /* -st */
	const char *take_sockets;   /* -x: the old process's stats socket */
	const char *master_socket;  /* -S */
	const char *vrrp_file;      /* -k: a keepalived.conf */
	const char *peer_vrrp_file; /* a second -k, with -c: the other node's */
	bool keepalived;            /* called by that name: its options, its signals */
	bool dump;                  /* keepalived's -d: print the configuration */
	bool log_console;           /* keepalived's -l */
	const char *config_id; /* keepalived's -i: for lines that begin with @; NULL: the host's
				  name */
	bool list_keywords;    /* -dK, --list */
	bool clean;            /* --clean */
};

enum options_result { OPTIONS_RUN, OPTIONS_EXIT };

/* Fills *o, or prints what was asked for (version, help) or what is wrong, with *status as the exit
 * code. */
enum options_result options_parse(struct options *o, int argc, char **argv, int *status);

#endif
