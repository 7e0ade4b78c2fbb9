/* SPDX-License-Identifier: MIT */
/*
 * The status line names what the worker does and the state of each instance, as far as they fit; it
 * is sent when it changes. A manager that does not listen is no reason to stop serving: what cannot
 * be sent is dropped.
 */
#include "app/sd_notify.h"

#include "failover/status.h"

#include "net/process.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 512
#define MESSAGE_BYTES (LINE_BYTES + 64)
#define PAUSE_MS 1000
#define ALIVE_PARTS 4 /* signs of life in the time after which a watchdog bites */

static struct {
	char line[LINE_BYTES]; /* sent last */
	const char *remark;
	uint64_t alive_ms; /* when the next sign of life is due */
} told;

static bool is_heard(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

static uint64_t number_of(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t n = 0;

	return text && span_to_u64(span_of(text), UINT64_MAX, &n) ? n : 0;
}

/* 0: nobody watches this process. */
static uint64_t watchdog_ms(void)
{
	uint64_t pid = number_of("WATCHDOG_PID");

	return pid == 0 || pid == (uint64_t)getpid() ? number_of("WATCHDOG_USEC") / 1000 : 0;
}

void sd_notify_ready(const char *remark)
{
	char text[MESSAGE_BYTES];

	told.remark = remark;
	told.line[0] = '\0';
	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", remark ? remark : "Ready.");
	process_notify(text);
}

void sd_notify_reloading(void)
{
	char text[MESSAGE_BYTES];
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reloading.",
		 (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000);
	process_notify(text);
}

void sd_notify_stopping(uint64_t patience_ms)
{
	char text[MESSAGE_BYTES];

	snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		 (unsigned long long)patience_ms * 1000);
	process_notify(text);
}

static void write_line(struct buffer *b, const char *proxy)
{
	struct failover_row row;

	if (proxy)
		buffer_add_text(b, proxy);
	for (unsigned int i = 0; failover_page && failover_page_read(failover_page, i, &row); i++)
		buffer_printf(b, "%s%s %s", b->len ? ", " : "", row.name,
			      row.leaving ? "leaving" : vrrp_state_name(row.state));
	if (told.remark)
		buffer_printf(b, "%s%s", b->len ? "; " : "", told.remark);
}

static void tell_line(const char *proxy)
{
	char line[LINE_BYTES], text[MESSAGE_BYTES];
	struct buffer b;

	buffer_init_fixed(&b, line, sizeof(line));
	write_line(&b, proxy);
	if (strcmp(buffer_text(&b), told.line) == 0)
		return;
	memcpy(told.line, line, sizeof(line));
	snprintf(text, sizeof(text), "STATUS=%s", told.line);
	process_notify(text);
}

void sd_notify_turn(uint64_t now_ms, const char *proxy)
{
	uint64_t bites_ms;

	if (!is_heard())
		return;
	bites_ms = watchdog_ms();
	if (bites_ms && now_ms >= told.alive_ms) {
		told.alive_ms = now_ms + bites_ms / ALIVE_PARTS;
		process_notify("WATCHDOG=1");
	}
	tell_line(proxy);
}

bool sd_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM"); /* DEVICE:INODE */
	char text[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(stream, text) == 0;
}

int sd_notify_pause_ms(void)
{
	uint64_t pause = watchdog_ms() / ALIVE_PARTS;

	if (!is_heard())
		return -1;
	return pause && pause < PAUSE_MS ? (int)pause : PAUSE_MS;
}
