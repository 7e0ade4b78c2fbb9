/* SPDX-License-Identifier: MIT */
/*
 * Nodes of a link for a test program: two halbs' failover threads and a stranger, each in a network
 * namespace with "eth1", on a bridge in another ("inner1" leads nowhere). Models are made by hand,
 * all with VRRPv3 at 100 ms.
 */
#ifndef TESTS_PAIR_HELPER_H
#define TESTS_PAIR_HELPER_H

#include "failover/failover.h"

#include <stdatomic.h>

#define PAIR_MAX_LINES 4096
#define PAIR_VIP "192.168.50.10"
#define PAIR_VRID 51

enum pair_place { PAIR_A, PAIR_B, PAIR_STRANGER, PAIR_SWITCH, PAIR_PLACES };

struct pair_node {
	enum pair_place place;
	struct failover *f;
	struct failover_page *page;
	_Atomic unsigned int left, rechecks, held;
	struct failover_holding holdings[8];
};

/* Group set-up for cmocka: always 0. Where namespaces are forbidden it says so, and
 * pair_required() skips each test. */
int pair_enter(void **state);
/* After a test: ends what runs still, undoes cuts. */
int pair_clean(void **state);
void pair_required(void);
/* The calling thread goes there. */
void pair_go(enum pair_place place);
/* `ip WORDS` there; true where that went well. */
bool pair_ip(enum pair_place place, const char *words);
/* Cuts a node off the bridge without its knowing, or joins it again. */
void pair_cut(enum pair_place place, bool cut);

/* One instance VI_1 on eth1 with PAIR_VIP/24. */
struct model_vrrp *pair_model(uint8_t priority);
/* One more in the same model, "VI_2" on another VRID, with that address. */
struct model_vrrp_instance *pair_add_instance(struct model_vrrp *m, const char *name,
					      const char *interface, uint8_t vrid,
					      const char *address);
void pair_start(struct pair_node *n, enum pair_place place, struct model_vrrp *model,
		enum service service);
void pair_end(struct pair_node *n);

/* Waits (at most 10 s) until it is so; a failure ends the test. */
void pair_wait_state(struct pair_node *n, unsigned int row, enum vrrp_state state);
void pair_wait_owns(struct pair_node *n, unsigned int row, bool owns);
void pair_wait_row(struct pair_node *n, unsigned int row,
		   bool (*is_so)(const struct failover_row *row, uint64_t value), uint64_t value);
void pair_wait_count(_Atomic unsigned int *counter, unsigned int value);
struct failover_row pair_row(struct pair_node *n, unsigned int row);
/* On the interface, as the kernel says. */
bool pair_has(enum pair_place place, const char *address);
/* The place (1 ...) of the first line since the last pair_forget that holds the text, said by that
 * node; 0: none. Lines of both nodes are in one order. */
unsigned int pair_said(const struct pair_node *n, const char *text);
void pair_wait_said(const struct pair_node *n, const char *text);
void pair_forget(void);

#endif
