/* SPDX-License-Identifier: MIT */
/*
 * Where messages and request lines of a proxy go: its "log" lines, each with levels of its own, and
 * the console for what haproxy tells there too. Any thread calls this; nothing blocks or allocates.
 */
#include "proxy/proxy_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES 1024

/* "log … sample": is it this line's turn? */
static bool is_sampled(struct log_out *out)
{
	const struct model_log *conf = out->conf;
	uint64_t number;

	if (!conf->sample_of)
		return true;
	number =
	    atomic_fetch_add_explicit(&out->seen, 1, memory_order_relaxed) % conf->sample_of + 1;
	for (unsigned int i = 0; i < conf->n_sample_ranges; i++) {
		if (number >= conf->sample_ranges[i].from && number <= conf->sample_ranges[i].to)
			return true;
	}
	return false;
}

static void send_to(struct log_outs *outs, struct log_line *line)
{
	enum log_level level = line->level;

	for (unsigned int i = 0; i < outs->n; i++) {
		struct log_out *out = &outs->v[i];

		if (level > out->conf->max_level || !is_sampled(out))
			continue;
		line->level = level < out->conf->min_level ? out->conf->min_level : level;
		log_sink_send(&out->sink, line);
	}
}

void proxy_log_line(struct program *p, struct proxy *px, enum log_level level, struct span message,
		    int64_t wall_us)
{
	struct log_outs *outs = px ? &px->logs : &p->logs;
	struct log_line line = {.level = level,
				.wall_us = wall_us,
				.host = outs->hostname,
				.tag = outs->tag.len ? outs->tag : span_of(p->name),
				.pid = p->pid,
				.message = message};

	send_to(outs, &line);
}

void proxy_log(struct program *p, struct proxy *px, enum log_level level, const char *fmt, ...)
{
	char text[MESSAGE_BYTES];
	struct buffer b;
	struct timespec now;
	va_list args;

	buffer_init_fixed(&b, text, sizeof(text));
	va_start(args, fmt);
	buffer_vprintf(&b, fmt, args);
	va_end(args);
	if (b.failed) { /* too long: cut */
		va_start(args, fmt);
		vsnprintf(text, sizeof(text), fmt, args);
		va_end(args);
		b.len = strlen(text);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	proxy_log_line(p, px, level, span_make(text, b.len),
		       (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void program_console(struct program *p, enum diag_level level, const char *text)
{
	static const char *const labels[] = {[DIAG_DIAG] = "[DIAG]",
					     [DIAG_NOTICE] = "[NOTICE]",
					     [DIAG_WARNING] = "[WARNING]",
					     [DIAG_ALERT] = "[ALERT]"};
	char bytes[MESSAGE_BYTES + 64];
	int n = snprintf(bytes, sizeof(bytes), "%-10s (%d) : %s", labels[level], p->pid, text);
	struct log_line line = {.message = span_make(bytes, strlen(bytes))};

	if (n > 0 && p->console.fd >= 0)
		log_sink_send(&p->console, &line);
}

/* ---- opening */

void program_leave_console(struct program *p)
{
	log_sink_close(&p->console);
	p->console.fd = -1;
}

void console_open(struct program *p)
{
	const struct address to = {.kind = ADDRESS_FD, .fd = STDERR_FILENO};

	p->console.form = LOG_FORM_RAW;
	p->console.max_bytes = MESSAGE_BYTES + 64;
	if (p->model->global.quiet || log_sink_open(&p->console, &to) != 0)
		p->console.fd = -1;
}

static int open_one(struct log_out *out, const struct model_log *conf)
{
	out->conf = conf;
	out->sink.fd = -1;
	out->sink.form = conf->form;
	out->sink.facility = conf->facility;
	out->sink.max_bytes = conf->max_bytes;
	return log_sink_open(&out->sink, &conf->to);
}

int log_outs_open(struct log_outs *outs, const struct model_log *logs, const char *owner,
		  struct diags *d)
{
	unsigned int n = 0;
	int failed = 0;

	for (const struct model_log *l = logs; l; l = l->next)
		n++;
	if (n == 0)
		return 0;
	outs->v = calloc(n, sizeof(*outs->v));
	if (!outs->v)
		return -1;
	for (const struct model_log *l = logs; l; l = l->next) {
		int error = open_one(&outs->v[outs->n++], l);

		if (!error)
			continue;
		diag_add(d, DIAG_ALERT, NULL, 0, "'%s': cannot open log target number %u: %s.",
			 owner, outs->n, strerror(-error));
		failed = -1;
	}
	return failed;
}

void log_outs_close(struct log_outs *outs)
{
	for (unsigned int i = 0; i < outs->n; i++)
		log_sink_close(&outs->v[i].sink);
	free(outs->v);
	outs->v = NULL;
	outs->n = 0;
}

struct span log_host_name(struct program *p, const struct model_global *g)
{
	if (gethostname(p->host, sizeof(p->host) - 1) != 0)
		p->host[0] = '\0';
	if (!g->log_send_hostname)
		return SPAN_NONE;
	return span_of(g->log_hostname ? g->log_hostname : p->host);
}
