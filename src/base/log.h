/* SPDX-License-Identifier: MIT */
/* The words of syslog (RFC 5424 section 6.2.1) that configuration, rules and sinks share. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
	LOG_LEVEL_EMERG,
	LOG_LEVEL_ALERT,
	LOG_LEVEL_CRIT,
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum log_form {
	LOG_FORM_RFC3164,
	LOG_FORM_LOCAL,
	LOG_FORM_RFC5424,
	LOG_FORM_PRIORITY,
	LOG_FORM_SHORT,
	LOG_FORM_TIMED,
	LOG_FORM_ISO,
	LOG_FORM_RAW
};

#endif
