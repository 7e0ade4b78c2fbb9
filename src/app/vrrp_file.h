/* SPDX-License-Identifier: MIT */
/* keepalived.conf from disk: what its reader asks of the system, and both files together. */
#ifndef APP_VRRP_FILE_H
#define APP_VRRP_FILE_H

#include "app/options.h"

#include "config/config_vrrp.h"

/* Reads o->vrrp_file. NULL after diagnostics, which have been printed. */
struct model_vrrp *vrrp_file_load(const struct options *o) must_check;
/* Warnings about the pair of files. False where they count as errors (-dW). */
bool vrrp_file_audit(const struct model *m, const struct model_vrrp *v,
		     const struct options *o) must_check;

#endif
