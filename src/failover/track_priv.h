/* SPDX-License-Identifier: MIT */
/*
 * What the files of tracking share: the tracked things' run-time state. Each kind has a file; they
 * know of each other only that track_changed tells the instances.
 */
#ifndef FAILOVER_TRACK_PRIV_H
#define FAILOVER_TRACK_PRIV_H

#include "failover/runnable.h"
#include "failover/track.h"

enum track_state { TRACK_UNKNOWN, TRACK_UP, TRACK_DOWN };

struct track_script {
	struct tracks *tracks;
	const struct model_vrrp_script *conf;
	struct runnable command;
	enum track_state state;
	bool disabled;   /* does not count: it cannot be run, or must not */
	bool inside;     /* answered by tracks_set_service */
	bool decided;    /* the first result decides at once, then rise and fall count */
	unsigned streak; /* results in a row against the state */
	int last_exit;
	bool running, timed_out, skipped;
	uint64_t due_ms;
	struct timer turn, limit;
	struct spawned child;
	struct io io; /* its pidfd, while running */
};

struct track_file {
	struct tracks *tracks;
	const struct model_vrrp_file *conf;
	const char *name; /* in its folder */
	int watch;        /* inotify's number of the folder, -1: it is not there */
	int value;        /* 0 while there is no file */
};

struct track_process {
	struct tracks *tracks;
	const struct model_vrrp_process *conf;
	enum track_state state;
	bool inside;
	pid_t *pids;
	unsigned int n, size;
	struct timer delay;
};

struct track_link {
	const char *name;
	bool up;
};

struct track_bfd {
	const struct model_vrrp_bfd *conf;
	bool up;
};

struct tracks {
	struct loop *loop;
	const struct model_vrrp *model;
	struct tracks_hooks hooks;
	struct say log;
	struct task changed;
	enum track_state service;
	struct track_script *scripts;
	struct track_file *files;
	struct track_process *processes;
	struct track_link *links;
	struct track_bfd *bfds;
	unsigned int n_scripts, n_files, n_processes, n_links, n_bfds;
	struct io inotify; /* fd -1: no files */
	struct timer folders;
	struct io connector; /* the kernel's process events; fd -1: none */
	struct timer poll;
	bool connected, said_polling;
};

/* A sum may be another now: told in the loop's next round. */
void track_changed(struct tracks *t);

/* `previous`: the same script before a reload, or NULL. */
void track_script_start(struct track_script *s, struct tracks *t,
			const struct model_vrrp_script *conf, const struct track_script *previous);
void track_script_service(struct track_script *s, bool answers);
/* Ends all that run, and frees. */
void track_scripts_stop(struct tracks *t);

void track_files_start(struct tracks *t);
void track_files_stop(struct tracks *t);
/* Does this value make a fault, in a track_file line with this weight? */
bool track_file_is_fault(const struct model_vrrp_track *line, bool weighted, int value);
/* What it adds to the priority: -254 … 254. */
int track_file_weight(const struct model_vrrp_track *line, int value);

void track_processes_start(struct tracks *t);
void track_processes_stop(struct tracks *t);
void track_process_service(struct track_process *p, bool answers);
/* What the kernel tells of processes. */
void track_process_forked(struct tracks *t, pid_t parent, pid_t child);
void track_process_renamed(struct tracks *t, pid_t pid);
void track_process_ended(struct tracks *t, pid_t pid);
void track_process_scan(struct tracks *t);
/* Subscribes; t->connected is set when the kernel has agreed. */
void track_connector_start(struct tracks *t);
void track_connector_stop(struct tracks *t);

#endif
