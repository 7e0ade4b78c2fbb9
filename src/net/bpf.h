/* SPDX-License-Identifier: MIT */
/*
 * bpf(2): maps, and programs from instructions that are part of halb; no compiler and no library at
 * run time. Needs CAP_BPF and CAP_NET_ADMIN (before Linux 5.8: CAP_SYS_ADMIN), and CAP_PERFMON for
 * a program that overwrites what it spilled, as compilers' do. Errors are -errno: -EPERM where it
 * is not permitted, -EACCES where the verifier refuses.
 */
#ifndef NET_BPF_H
#define NET_BPF_H

#include "base/check.h"

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_map_layout {
	const char *name; /* at most 15 characters of [A-Za-z0-9_.] */
	enum bpf_map_type type;
	uint32_t key_bytes, value_bytes, max_entries, flags; /* BPF_F_* */
};

/* Descriptors, close-on-exec; close() is the end of a map that no program uses. */
int bpf_map_new(const struct bpf_map_layout *l) must_check;
int bpf_map_set(int map, const void *key, const void *value) must_check;
/* -ENOENT: none. Of a per-CPU map: bpf_cpus() values, each padded to 8 bytes. */
int bpf_map_get(int map, const void *key, void *value) must_check;
int bpf_map_remove(int map, const void *key) must_check;
/* The key behind `key` (NULL: the first) into `next`; -ENOENT: that was the last. */
int bpf_map_next(int map, const void *key, void *next) must_check;
/* The possible CPUs: values in a per-CPU map. At least 1. */
unsigned int bpf_cpus(void);

/* A TC program (BPF_PROG_TYPE_SCHED_CLS). Loads of a map's address (BPF_LD|BPF_IMM|BPF_DW with
 * BPF_PSEUDO_MAP_FD) name it by its place in `maps`. `refusal` gets what the verifier said, empty
 * where it said nothing. The descriptor, close-on-exec. */
int bpf_program_new(const char *name, const struct bpf_insn *code, unsigned int n, const int *maps,
		    unsigned int n_maps, char *refusal, size_t refusal_bytes) must_check;

#endif
