/* SPDX-License-Identifier: MIT */
/* keepalived.conf from disk: what its reader asks of the system, and both files together. */
#ifndef APP_VRRP_FILE_H
#define APP_VRRP_FILE_H

#include "app/options.h"

#include "config/config_vrrp.h"

/* Reads such a file. NULL after diagnostics, which have been printed. */
struct model_vrrp *vrrp_file_load(const char *path, const struct options *o) must_check;
/* This node's file and the other's (o->peer_vrrp_file), which is read here. False after
 * diagnostics. */
bool vrrp_file_compare(const struct model_vrrp *here, const struct options *o) must_check;
/* Warnings about the pair of files. False where they count as errors (-dW). */
bool vrrp_file_audit(const struct model *m, const struct model_vrrp *v,
		     const struct options *o) must_check;

#endif
