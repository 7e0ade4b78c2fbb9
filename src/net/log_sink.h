/* SPDX-License-Identifier: MIT */
/*
 * Where log lines go: syslog over UDP or a unix datagram socket, or a file descriptor. Sending
 * never blocks and never allocates: what the kernel does not take is dropped and counted.
 */
#ifndef NET_LOG_SINK_H
#define NET_LOG_SINK_H

#include "net/address.h"

#include "base/log.h"

#include <stdatomic.h>

struct log_sink {
	int fd;         /* -1: not open */
	bool stream;    /* fd@, stdout, stderr: written, not sent to an address */
	bool connected; /* datagrams to a loopback address: the kernel looks the way up only once */
	bool socket;    /* a stream that is a socket */
	bool ours;      /* closed by log_sink_close */
	struct sockaddr_storage to;
	socklen_t to_len;
	enum log_form form;
	unsigned int facility, max_bytes; /* `len`: the line is cut there, its line feed not
					     counted; 0: 1024 */
	_Atomic uint64_t sent, dropped;
};

struct log_line {
	enum log_level level;
	int64_t wall_us;
	struct span host; /* log-send-hostname; empty: none in rfc3164, "-" in 5424 */
	struct span tag;  /* log-tag, "haproxy" by default */
	int pid;
	struct span structured; /* rfc5424 structured data, empty: "-" */
	struct span message;
};

/* Opens; form, facility and max_bytes are the caller's. A descriptor (ADDRESS_FD) stays the
 * caller's, its flags untouched, and must stay open as long as the sink. 0 or -errno. */
int log_sink_open(struct log_sink *s, const struct address *to) must_check;
void log_sink_close(struct log_sink *s);
/* From any thread. */
void log_sink_send(struct log_sink *s, const struct log_line *line);
/* Writes "Nov 24 21:07:35" (rfc3164), "24/Nov/2026:21:07:35.123" (request logs, with milliseconds),
 * RFC 3339; caches per thread the second's text. Returns the length. */
size_t log_date_syslog(char dst[16], int64_t wall_us);
size_t log_date_request(char dst[32], int64_t wall_us);
size_t log_date_iso(char dst[40], int64_t wall_us);

#endif
