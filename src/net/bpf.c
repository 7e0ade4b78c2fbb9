/* SPDX-License-Identifier: MIT */
/*
 * bpf(2) without a library. A program is loaded silently, and a second time with the verifier's log
 * where it was refused: the log costs more than the loading. Called by failover/second_chance.c.
 */
#include "net/bpf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LICENSE "Dual MIT/GPL" /* some helpers are for GPL-compatible programs only */
#define LOG_BYTES (1u << 20)
#define LOAD_ATTEMPTS 5 /* a signal interrupts the verifier */
#define MOST_CPUS 8192

static int bpf(enum bpf_cmd what, union bpf_attr *a)
{
	long done = syscall(SYS_bpf, what, a, sizeof(*a));

	return done < 0 ? -errno : (int)done;
}

static uint64_t address_of(const void *p)
{
	return (uintptr_t)p;
}

/* False where it is longer than the kernel takes. */
static bool put_name(char dst[BPF_OBJ_NAME_LEN], const char *name)
{
	size_t n = strlen(name);

	if (n >= BPF_OBJ_NAME_LEN)
		return false;
	memcpy(dst, name, n + 1);
	return true;
}

/* ---- maps */

int bpf_map_new(const struct bpf_map_layout *l)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = l->type;
	a.key_size = l->key_bytes;
	a.value_size = l->value_bytes;
	a.max_entries = l->max_entries;
	a.map_flags = l->flags;
	return put_name(a.map_name, l->name) ? bpf(BPF_MAP_CREATE, &a) : -EINVAL;
}

static int on_entry(enum bpf_cmd what, int map, const void *key, const void *value)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)map;
	a.key = address_of(key);
	a.value = address_of(value); /* or next_key */
	return bpf(what, &a);
}

int bpf_map_set(int map, const void *key, const void *value)
{
	return on_entry(BPF_MAP_UPDATE_ELEM, map, key, value);
}

int bpf_map_get(int map, const void *key, void *value)
{
	return on_entry(BPF_MAP_LOOKUP_ELEM, map, key, value);
}

int bpf_map_remove(int map, const void *key)
{
	return on_entry(BPF_MAP_DELETE_ELEM, map, key, NULL);
}

int bpf_map_next(int map, const void *key, void *next)
{
	return on_entry(BPF_MAP_GET_NEXT_KEY, map, key, next);
}

/* The kernel itself is asked, not /sys: a value for each CPU is a zero in a buffer of ones. */
static unsigned int count_cpus(void)
{
	const struct bpf_map_layout one = {.name = "halb_cpus",
					   .type = BPF_MAP_TYPE_PERCPU_ARRAY,
					   .key_bytes = 4,
					   .value_bytes = 8,
					   .max_entries = 1};
	uint64_t *values = malloc(MOST_CPUS * sizeof(*values));
	int map = values ? bpf_map_new(&one) : -ENOMEM;
	unsigned int n = 0;
	uint32_t key = 0;

	if (map >= 0) {
		memset(values, 0xff, MOST_CPUS * sizeof(*values));
		if (bpf_map_get(map, &key, values) == 0)
			while (n < MOST_CPUS && values[n] == 0)
				n++;
		close(map);
	}
	free(values);
	return n;
}

unsigned int bpf_cpus(void)
{
	static _Atomic unsigned int cpus; /* does not change while the machine runs */

	if (!cpus)
		cpus = count_cpus();
	return cpus ? cpus : 1;
}

/* ---- programs */

static bool loads_map(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_IMM | BPF_DW) && i->src_reg == BPF_PSEUDO_MAP_FD;
}

/* The same instructions with the descriptors of the maps; NULL: no memory. */
static struct bpf_insn *with_maps(const struct bpf_insn *code, unsigned int n, const int *maps,
				  unsigned int n_maps)
{
	struct bpf_insn *out = calloc(n ? n : 1, sizeof(*out));

	if (!out)
		return NULL;
	for (unsigned int i = 0; i < n; i++) {
		out[i] = code[i];
		if (!loads_map(&code[i]))
			continue;
		CHECK(code[i].imm >= 0 && (unsigned int)code[i].imm < n_maps);
		out[i].imm = maps[code[i].imm];
	}
	return out;
}

static int load(union bpf_attr *a)
{
	int fd = -EAGAIN;

	for (unsigned int i = 0; i < LOAD_ATTEMPTS && fd == -EAGAIN; i++)
		fd = bpf(BPF_PROG_LOAD, a);
	return fd;
}

/* The end of the log says why: as many of its last lines as there is room for. */
static void keep_end(char *dst, size_t size, const char *log)
{
	size_t n = strlen(log);
	const char *from = n < size ? log : log + n - size + 1, *line;

	if (from > log && from[-1] != '\n') {
		line = strchr(from, '\n');
		from = line && line[1] ? line + 1 : from;
	}
	memcpy(dst, from, strlen(from) + 1);
}

static void ask_why(union bpf_attr *a, char *refusal, size_t refusal_bytes)
{
	char *log = calloc(1, LOG_BYTES);
	int fd;

	if (!log)
		return;
	a->log_level = 1;
	a->log_buf = address_of(log);
	a->log_size = LOG_BYTES;
	fd = load(a);
	if (fd >= 0)
		close(fd); /* well now: that is the caller's next attempt */
	else
		keep_end(refusal, refusal_bytes, log);
	free(log);
}

/* One parameter more than usual: two arrays, and the text. */
/* NOLINTNEXTLINE(readability-function-size) */
int bpf_program_new(const char *name, const struct bpf_insn *code, unsigned int n, const int *maps,
		    unsigned int n_maps, char *refusal, size_t refusal_bytes)
{
	struct bpf_insn *insns;
	union bpf_attr a;
	int fd;

	if (refusal_bytes)
		refusal[0] = '\0';
	memset(&a, 0, sizeof(a));
	if (!put_name(a.prog_name, name))
		return -EINVAL;
	insns = with_maps(code, n, maps, n_maps);
	if (!insns)
		return -ENOMEM;
	a.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	a.insns = address_of(insns);
	a.insn_cnt = n;
	a.license = address_of(LICENSE);
	fd = load(&a);
	if (fd < 0 && fd != -EPERM && refusal_bytes)
		ask_why(&a, refusal, refusal_bytes);
	free(insns);
	return fd;
}
