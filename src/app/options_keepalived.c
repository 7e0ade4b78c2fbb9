/* SPDX-License-Identifier: MIT */
/* The command line of a halb that is called keepalived: keepalived's options, long and short. */
#include "app/options_keepalived.h"

#include "base/check.h"
#include "base/span.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#define DEFAULT_FILE "/etc/keepalived/keepalived.conf"
#define DEFAULT_PIDFILE "/run/keepalived.pid"

enum { LONG_ALL = 256, LONG_SIGNUM };

/* Those without effect here: there is one process (-r -c -b -R), no health checker (-C -I -c), no
 * SNMP
 * (-x -A), and log lines always have their details (-D). */
static const struct option long_options[] = {
    {"use-file", required_argument, NULL, 'f'},
    {"vrrp", no_argument, NULL, 'P'},
    {"check", no_argument, NULL, 'C'},
    {"no_bfd", no_argument, NULL, 'B'},
    {"all", no_argument, NULL, LONG_ALL},
    {"log-console", no_argument, NULL, 'l'},
    {"log-detail", no_argument, NULL, 'D'},
    {"log-facility", required_argument, NULL, 'S'},
    {"no-syslog", no_argument, NULL, 'G'},
    {"umask", required_argument, NULL, 'u'},
    {"release-vips", no_argument, NULL, 'X'},
    {"dont-release-vrrp", no_argument, NULL, 'V'},
    {"dont-release-ipvs", no_argument, NULL, 'I'},
    {"dont-respawn", no_argument, NULL, 'R'},
    {"dont-fork", no_argument, NULL, 'n'},
    {"dump-conf", no_argument, NULL, 'd'},
    {"pid", required_argument, NULL, 'p'},
    {"vrrp_pid", required_argument, NULL, 'r'},
    {"checkers_pid", required_argument, NULL, 'c'},
    {"bfd_pid", required_argument, NULL, 'b'},
    {"address-monitoring", no_argument, NULL, 'a'},
    {"snmp", no_argument, NULL, 'x'},
    {"snmp-agent-socket", required_argument, NULL, 'A'},
    {"namespace", required_argument, NULL, 's'},
    {"core-dump", no_argument, NULL, 'm'},
    {"core-dump-pattern", optional_argument, NULL, 'M'},
    {"all-config", no_argument, NULL, 'e'},
    {"config-id", required_argument, NULL, 'i'},
    {"signum", required_argument, NULL, LONG_SIGNUM},
    {"config-test", optional_argument, NULL, 't'},
    {"version", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};
#define SHORT_OPTIONS "f:PCBlDS:Gu:XVIRndp:r:c:b:axA:s:mM::ei:t::vh"

static void print_help(FILE *to)
{
	fputs(
	    "Usage: keepalived [OPTION]...   (this is halb, called keepalived)\n"
	    "  -f, --use-file=FILE      the configuration, by default " DEFAULT_FILE "\n"
	    "  -t, --config-test        check the configuration; 0: it is valid\n"
	    "  -d, --dump-conf          print it as it was understood\n"
	    "  -n, --dont-fork          stay in the foreground\n"
	    "  -l, --log-console        log to standard error too\n"
	    "  -i, --config-id=NAME     what lines that begin with @ are compared with\n"
	    "  -p, --pid=FILE           the pid file, by default " DEFAULT_PIDFILE "\n"
	    "      --signum=NAME        the number of the signal for STOP, RELOAD, DATA, STATS\n"
	    "  -v, --version   -h, --help\n"
	    "Other options of keepalived's are accepted; what they turn on or off is not there.\n",
	    to);
}

static int print_signal(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
	    {"STOP", SIGTERM}, {"RELOAD", SIGHUP}, {"DATA", SIGUSR1}, {"STATS", SIGUSR2}};

	for (size_t i = 0; i < array_size(signals); i++)
		if (strcmp(signals[i].name, name) == 0) {
			printf("%d\n", signals[i].number);
			return 0;
		}
	fprintf(stderr, "keepalived: no signal for '%s': there are STOP, RELOAD, DATA and STATS\n",
		name);
	return 1;
}

/* OPTIONS_EXIT where it prints something and that is all. */
static enum options_result apply(struct options *o, int option, int *status)
{
	*status = 0;
	switch (option) {
	case 'f':
		o->vrrp_file = optarg;
		return OPTIONS_RUN;
	case 'l':
		o->log_console = true;
		return OPTIONS_RUN;
	case 'n':
		o->foreground = true;
		return OPTIONS_RUN;
	case 'd':
		o->dump = true;
		return OPTIONS_RUN;
	case 'p':
		o->pidfile = optarg;
		return OPTIONS_RUN;
	case 'i':
		o->config_id = optarg;
		return OPTIONS_RUN;
	case 't':
		o->check = true;
		return OPTIONS_RUN;
	case LONG_SIGNUM:
		*status = print_signal(optarg);
		return OPTIONS_EXIT;
	case 'v':
		printf("Keepalived v2.2.7, by halb %s\n", HALB_VERSION);
		return OPTIONS_EXIT;
	case 'h':
		print_help(stdout);
		return OPTIONS_EXIT;
	case '?':
		print_help(stderr);
		*status = 1;
		return OPTIONS_EXIT;
	default:
		return OPTIONS_RUN;
	}
}

enum options_result options_parse_keepalived(struct options *o, int argc, char **argv, int *status)
{
	int option;

	o->keepalived = true;
	o->daemon = true;
	o->vrrp_file = DEFAULT_FILE;
	o->pidfile = DEFAULT_PIDFILE;
	while ((option = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1)
		if (apply(o, option, status) == OPTIONS_EXIT)
			return OPTIONS_EXIT;
	if (optind == argc)
		return OPTIONS_RUN;
	fprintf(stderr, "keepalived: unexpected argument '%s'\n", argv[optind]);
	*status = 1;
	return OPTIONS_EXIT;
}
