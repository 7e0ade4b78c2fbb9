/* SPDX-License-Identifier: MIT */
/* Maps and programs by bpf(2). Skipped where the kernel forbids it to us, as in most containers. */
#include "net/bpf.h"

#include "net_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct bpf_map_layout hash = {.name = "test_hash",
					   .type = BPF_MAP_TYPE_HASH,
					   .key_bytes = 4,
					   .value_bytes = 8,
					   .max_entries = 3,
					   .flags = BPF_F_NO_PREALLOC};
static const struct bpf_map_layout per_cpu = {.name = "test.per_cpu",
					      .type = BPF_MAP_TYPE_PERCPU_ARRAY,
					      .key_bytes = 4,
					      .value_bytes = 4,
					      .max_entries = 2};

static int map_new(const struct bpf_map_layout *l)
{
	int map = bpf_map_new(l);

	assert_true(map >= 0);
	return map;
}

static void test_map(void **state)
{
	uint32_t key, seen = 0, sum = 0;
	uint64_t value;
	int map = map_new(&hash);

	(void)state;
	key = 7;
	assert_int_equal(bpf_map_get(map, &key, &value), -ENOENT);
	assert_int_equal(bpf_map_remove(map, &key), -ENOENT);
	assert_int_equal(bpf_map_next(map, NULL, &key), -ENOENT);
	assert_int_equal(key, 7);
	for (key = 1; key <= 3; key++) {
		value = key * 100;
		assert_int_equal(bpf_map_set(map, &key, &value), 0);
	}
	assert_int_equal(bpf_map_set(map, &key, &value), -E2BIG);
	key = 2;
	value = 222;
	assert_int_equal(bpf_map_set(map, &key, &value), 0);
	value = 0;
	assert_int_equal(bpf_map_get(map, &key, &value), 0);
	assert_int_equal(value, 222);
	for (int error = bpf_map_next(map, NULL, &key); error != -ENOENT;
	     error = bpf_map_next(map, &key, &key)) {
		assert_int_equal(error, 0);
		assert_true(++seen <= 3);
		sum += key;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(sum, 6);
	key = 3;
	assert_int_equal(bpf_map_remove(map, &key), 0);
	assert_int_equal(bpf_map_get(map, &key, &value), -ENOENT);
	close(map);
	assert_int_equal(bpf_map_get(map, &key, &value), -EBADF);
}

static void test_map_refused(void **state)
{
	struct bpf_map_layout l = hash;

	(void)state;
	l.name = "a_name_of_16_byt";
	assert_int_equal(bpf_map_new(&l), -EINVAL);
	l.name = "not a name";
	assert_int_equal(bpf_map_new(&l), -EINVAL);
	l = hash;
	l.max_entries = 0;
	assert_int_equal(bpf_map_new(&l), -EINVAL);
}

/* A value for each CPU, padded to 8 bytes: no more is written than bpf_cpus() says, and no less. */
static void test_per_cpu(void **state)
{
	unsigned int cpus = bpf_cpus();
	uint64_t *values = calloc(cpus + 1, sizeof(*values));
	uint32_t key = 1, written;
	int map = map_new(&per_cpu);

	(void)state;
	assert_true(cpus >= 1);
	assert_true((long)cpus >= sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(bpf_cpus(), cpus);
	for (unsigned int i = 0; i < cpus; i++)
		values[i] = i + 1;
	assert_int_equal(bpf_map_set(map, &key, values), 0);
	memset(values, 0xff, (cpus + 1) * sizeof(*values));
	assert_int_equal(bpf_map_get(map, &key, values), 0);
	for (unsigned int i = 0; i < cpus; i++) {
		written = (uint32_t)values[i];
		assert_int_equal(written, i + 1);
	}
	assert_true(values[cpus] == UINT64_MAX);
	key = 2;
	assert_int_equal(bpf_map_get(map, &key, values), -ENOENT);
	free(values);
	close(map);
}

static void test_closed_on_exec(void **state)
{
	static const struct bpf_insn ok[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, TC_ACT_OK},
					     {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
	int fds[] = {map_new(&hash), bpf_program_new("test", ok, 2, NULL, 0, NULL, 0)};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		assert_true(fds[i] >= 0);
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		close(fds[i]);
	}
}

/* ---- programs */

/* Puts 5 into map [1] under key 0, and says TC_ACT_SHOT where that went well. */
static const struct bpf_insn writer[] = {
    {BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0},
    {BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -16, 5},
    {BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, 1},
    {0, 0, 0, 0, 0},
    {BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0},
    {BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4},
    {BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_10, 0, 0},
    {BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -16},
    {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, BPF_ANY},
    {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_update_elem},
    {BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 1, 0},
    {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, TC_ACT_SHOT},
    {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
};

static uint32_t run(int program)
{
	char frame[64] = {0};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (uint32_t)program;
	a.test.data_in = (uintptr_t)frame;
	a.test.data_size_in = sizeof(frame);
	assert_int_equal(syscall(SYS_bpf, BPF_PROG_TEST_RUN, &a, sizeof(a)), 0);
	return a.test.retval;
}

static void test_program(void **state)
{
	int maps[] = {map_new(&per_cpu), map_new(&hash)};
	char refusal[256] = "?";
	uint64_t value = 0;
	uint32_t key = 0;
	int program = bpf_program_new("writer", writer, array_size(writer), maps, 2, refusal,
				      sizeof(refusal));

	(void)state;
	assert_true(program >= 0);
	assert_string_equal(refusal, "");
	assert_int_equal(run(program), TC_ACT_SHOT);
	assert_int_equal(bpf_map_get(maps[1], &key, &value), 0);
	assert_int_equal(value, 5);
	close(program);
	close(maps[0]);
	close(maps[1]);
}

static void test_program_refused(void **state)
{
	/* r0 is not set at the end; before that more than the log's end has room for */
	static struct bpf_insn bad[600];
	char refusal[200], tiny[8];
	unsigned int n = array_size(bad);

	(void)state;
	for (unsigned int i = 0; i < n; i++)
		bad[i] = (struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, (int)i};
	bad[n - 1] = (struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0};
	assert_int_equal(bpf_program_new("bad", bad, n, NULL, 0, refusal, sizeof(refusal)),
			 -EACCES);
	assert_non_null(strstr(refusal, "R0 !read_ok"));
	assert_int_equal(bpf_program_new("bad", bad, n, NULL, 0, tiny, sizeof(tiny)), -EACCES);
	assert_true(strlen(tiny) < sizeof(tiny));
	assert_int_equal(bpf_program_new("bad", bad, n, NULL, 0, NULL, 0), -EACCES);
	/* the verifier did not even begin */
	assert_int_equal(bpf_program_new("empty", bad, 0, NULL, 0, refusal, sizeof(refusal)),
			 -E2BIG);
	assert_string_equal(refusal, "");
	assert_int_equal(
	    bpf_program_new("a_name_of_16_byt", bad, n, NULL, 0, refusal, sizeof(refusal)),
	    -EINVAL);
	assert_string_equal(refusal, "");
}

static void bpf_forbidden(void **state)
{
	(void)state;
	assert_int_equal(bpf_cpus(), 1);
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_map),     cmocka_unit_test(test_map_refused),
	    cmocka_unit_test(test_per_cpu), cmocka_unit_test(test_closed_on_exec),
	    cmocka_unit_test(test_program), cmocka_unit_test(test_program_refused),
	};
	const struct CMUnitTest forbidden[] = {cmocka_unit_test(bpf_forbidden)};
	int map = bpf_map_new(&hash);

	if (map < 0) {
		printf("# bpf(2) is forbidden here: %s\n", strerror(-map));
		return cmocka_run_group_tests(forbidden, NULL, NULL);
	}
	close(map);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
