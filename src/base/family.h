/* SPDX-License-Identifier: MIT */
/*
 * Families (DESIGN 7): things of one kind, each a const struct in the file that implements it,
 * registered by pointer in a linker section of the family's name. FAMILY_ADD stands beside the
 * struct, FAMILY_DECLARE in the header of the family.
 *
 *     FAMILY_DECLARE(command, struct command)      in admin/command.h
 *     FAMILY_ADD(command, command_show_info)       in admin/command_show.c
 *     FAMILY_EACH(command, cmd) { ... }            cmd is a const struct command *const *
 */
#ifndef BASE_FAMILY_H
#define BASE_FAMILY_H

#include "base/span.h"

#define FAMILY_DECLARE(family, type)                                                               \
	typedef type family_##family##_t;                                                          \
	extern const type *const __start_halb_##family[] __attribute__((weak));                    \
	extern const type *const __stop_halb_##family[] __attribute__((weak))

#define FAMILY_ADD(family, object)                                                                 \
	static const family_##family##_t *const object##_entry                                     \
	    __attribute__((used, section("halb_" #family))) = &object

#define FAMILY_EACH(family, it)                                                                    \
	for (const family_##family##_t *const *it = __start_halb_##family;                         \
	     it < __stop_halb_##family; it++)

#endif
