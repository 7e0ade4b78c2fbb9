/* SPDX-License-Identifier: MIT */
/*
 * Assertions that are always on, and the attributes every file uses. A CHECK states an invariant of
 * our own code: a peer's bytes or a user's file can never reach one. Failing prints where and
 * aborts.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define array_size(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

/* Prints "FILE:LINE: CHECK failed: WHAT" to standard error and aborts. */
_Noreturn void check_failed(const char *file, int line, const char *what);

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			check_failed(__FILE__, __LINE__, #cond);                                   \
	} while (0)

#endif
