/* SPDX-License-Identifier: MIT */
/*
 * cmocka with the headers it wants before it, and the comparison of spans and texts that the tests
 * of base share.
 */
#ifndef TESTS_UNIT_BASE_CMOCKA_ALL_H
#define TESTS_UNIT_BASE_CMOCKA_ALL_H

#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define assert_span(s, text)                                                                       \
	do {                                                                                       \
		struct span seen_ = (s), wanted_ = span_of(text);                                  \
		assert_int_equal(seen_.len, wanted_.len);                                          \
		if (wanted_.len)                                                                   \
			assert_memory_equal(seen_.p, wanted_.p, wanted_.len);                      \
	} while (0)

#endif
