/* SPDX-License-Identifier: MIT */
/* "halb lab VERB…": the lab of namespaces, a Python program that is installed with halb. */
#ifndef APP_LAB_H
#define APP_LAB_H

/* argv behind "lab", ended by NULL. Becomes halb-lab; comes back, with the exit status, only when
 * it cannot. */
int lab_run(int argc, char **argv);

#endif
