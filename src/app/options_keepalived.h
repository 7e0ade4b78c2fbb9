/* SPDX-License-Identifier: MIT */
/* keepalived's command line, for a halb that is called by that name. */
#ifndef APP_OPTIONS_KEEPALIVED_H
#define APP_OPTIONS_KEEPALIVED_H

#include "app/options.h"

/* As options_parse; o is zeroed but for its program's name. */
enum options_result options_parse_keepalived(struct options *o, int argc, char **argv, int *status);

#endif
