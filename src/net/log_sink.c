/* SPDX-License-Identifier: MIT */
/*
 * Log lines to syslog and to descriptors. A line is gathered from pieces on the stack and leaves by
 * one system call, from any thread; the head's date is put together once a second and thread. Every
 * form ends its line with a line feed, over UDP too, as haproxy does.
 */
#include "net/log_sink.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_BYTES 1024 /* of a line, where the sink does not say */
#define HEAD_BYTES 512 /* of what stands before the structured data */

/* The texts of one second, in this thread. */
struct second {
	int64_t at; /* seconds since the epoch */
	bool valid;
	char syslog[16];  /* "Nov 24 21:07:35" */
	char request[24]; /* "24/Nov/2026:21:07:35" */
	char iso[24];     /* "2026-11-24T21:07:35" */
	char zone[8];     /* "+00:00" */
};

static const struct second *second_of(int64_t wall_us)
{
	static _Thread_local struct second cached;
	time_t at = (time_t)(wall_us / 1000000);
	char zone[8] = "+0000";
	struct tm tm;

	if (cached.valid && cached.at == at)
		return &cached;
	memset(&cached, 0, sizeof(cached));
	localtime_r(&at, &tm);
	/* The locale is always "C": halb never calls setlocale. */
	strftime(cached.syslog, sizeof(cached.syslog), "%b %e %H:%M:%S", &tm);
	strftime(cached.request, sizeof(cached.request), "%d/%b/%Y:%H:%M:%S", &tm);
	strftime(cached.iso, sizeof(cached.iso), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(cached.zone, sizeof(cached.zone), "%.3s:%.2s", zone, zone + 3);
	cached.at = at;
	cached.valid = true;
	return &cached;
}

/* '.' and the fraction of the second, without a NUL. */
static size_t write_fraction(char *dst, int64_t value, size_t digits)
{
	size_t i;

	dst[0] = '.';
	for (i = digits; i > 0; i--) {
		dst[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return digits + 1;
}

size_t log_date_syslog(char dst[16], int64_t wall_us)
{
	memcpy(dst, second_of(wall_us)->syslog, 16);
	return 15;
}

size_t log_date_request(char dst[32], int64_t wall_us)
{
	size_t n = 20;

	memcpy(dst, second_of(wall_us)->request, n);
	n += write_fraction(dst + n, wall_us % 1000000 / 1000, 3);
	dst[n] = '\0';
	return n;
}

size_t log_date_iso(char dst[40], int64_t wall_us)
{
	const struct second *s = second_of(wall_us);
	size_t n = 19;

	memcpy(dst, s->iso, n);
	n += write_fraction(dst + n, wall_us % 1000000, 6);
	memcpy(dst + n, s->zone, 6);
	n += 6;
	dst[n] = '\0';
	return n;
}

/* Pipes and terminals are shared with others, and so is their O_NONBLOCK. Opened once more they get
 * flags of our own; where that is not allowed, they are written as they are. */
static int reopen_nonblocking(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int open_stream(struct log_sink *s, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	s->socket = S_ISSOCK(st.st_mode);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		s->fd = reopen_nonblocking(fd);
	s->ours = s->fd >= 0;
	if (!s->ours)
		s->fd = fd;
	return 0;
}

/* On this machine itself, where no address of ours can change under a connected socket. */
static bool is_loopback(const struct sockaddr_storage *to)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)to;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)to;

	if (to->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return to->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int log_sink_open(struct log_sink *s, const struct address *to)
{
	int fd, error;

	tzset(); /* while the time zone's file can be read: before a chroot */
	s->fd = -1;
	s->to_len = 0;
	s->socket = s->ours = s->connected = false;
	atomic_init(&s->sent, 0);
	atomic_init(&s->dropped, 0);
	s->stream = to->kind == ADDRESS_FD;
	if (s->stream)
		return open_stream(s, to->fd);
	error = address_to_sockaddr(to, &s->to, &s->to_len);
	if (error)
		return error;
	fd = socket_for(&s->to, true);
	if (fd < 0)
		return fd;
	s->fd = fd;
	s->ours = true;
	s->connected =
	    is_loopback(&s->to) && connect(fd, (struct sockaddr *)&s->to, s->to_len) == 0;
	return 0;
}

/* A connected socket reports once that nobody took the datagram before this one. */
static ssize_t send_datagram(const struct log_sink *s, struct msghdr *msg)
{
	ssize_t n;

	if (s->connected) {
		msg->msg_name = NULL;
		msg->msg_namelen = 0;
	}
	n = sendmsg(s->fd, msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno == ECONNREFUSED && s->connected)
		n = sendmsg(s->fd, msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	return n;
}

void log_sink_close(struct log_sink *s)
{
	if (s->ours)
		close(s->fd);
	s->ours = false;
	s->fd = -1;
}

static void add_date(struct buffer *b, enum log_form form, int64_t wall_us)
{
	char date[40];
	size_t n = form == LOG_FORM_RFC3164 || form == LOG_FORM_LOCAL
		       ? log_date_syslog(date, wall_us)
		       : log_date_iso(date, wall_us);

	buffer_add(b, date, n);
	buffer_add_char(b, ' ');
}

/* tag[PID]: as syslog daemons expect it since ever. */
static void add_syslog_head(struct buffer *b, const struct log_line *line, bool with_host)
{
	if (with_host && line->host.len) {
		buffer_add_span(b, line->host);
		buffer_add_char(b, ' ');
	}
	buffer_add_span(b, line->tag);
	if (line->pid > 0) {
		buffer_add_char(b, '[');
		buffer_add_i64(b, line->pid);
		buffer_add_char(b, ']');
	}
	buffer_add_text(b, ": ");
}

static void add_or_dash(struct buffer *b, struct span s)
{
	buffer_add_span(b, s.len ? s : SPAN("-"));
	buffer_add_char(b, ' ');
}

/* RFC 5424: HOSTNAME APP-NAME PROCID MSGID. */
static void add_rfc5424_head(struct buffer *b, const struct log_line *line)
{
	add_or_dash(b, line->host);
	add_or_dash(b, line->tag);
	if (line->pid > 0) {
		buffer_add_i64(b, line->pid);
		buffer_add_char(b, ' ');
	} else {
		add_or_dash(b, SPAN_NONE);
	}
	add_or_dash(b, SPAN_NONE);
}

static void add_head(struct buffer *b, const struct log_sink *s, const struct log_line *line)
{
	bool level_only = s->form == LOG_FORM_SHORT || s->form == LOG_FORM_TIMED;

	if (s->form == LOG_FORM_RAW)
		return;
	if (s->form != LOG_FORM_ISO) {
		buffer_add_char(b, '<');
		buffer_add_u64(b, (level_only ? 0 : s->facility << 3) + (unsigned int)line->level);
		buffer_add_char(b, '>');
	}
	if (s->form == LOG_FORM_RFC5424)
		buffer_add_text(b, "1 ");
	if (s->form == LOG_FORM_PRIORITY || s->form == LOG_FORM_SHORT)
		return;
	add_date(b, s->form, line->wall_us);
	if (s->form == LOG_FORM_RFC5424)
		add_rfc5424_head(b, line);
	else if (s->form == LOG_FORM_RFC3164 || s->form == LOG_FORM_LOCAL)
		add_syslog_head(b, line, s->form == LOG_FORM_RFC3164);
}

/* The last head that this thread wrote: most lines of a second have the same. */
struct written_head {
	int64_t at; /* seconds since the epoch */
	enum log_form form;
	unsigned int facility, level;
	int pid;
	size_t host_len, tag_len, len;
	char names[HEAD_BYTES]; /* host and tag */
	char bytes[HEAD_BYTES];
};

static bool same_head(const struct written_head *w, const struct log_sink *s,
		      const struct log_line *line)
{
	return w->at == line->wall_us / 1000000 && w->form == s->form &&
	       w->facility == s->facility && w->level == (unsigned int)line->level &&
	       w->pid == line->pid && w->host_len == line->host.len &&
	       w->tag_len == line->tag.len &&
	       (!w->host_len || memcmp(w->names, line->host.p, w->host_len) == 0) &&
	       (!w->tag_len || memcmp(w->names + w->host_len, line->tag.p, w->tag_len) == 0);
}

/* The head of a form that has no fractions of a second. */
static struct span head_of_second(const struct log_sink *s, const struct log_line *line)
{
	static _Thread_local struct written_head w;
	struct buffer b;

	if (w.len && same_head(&w, s, line))
		return span_make(w.bytes, w.len);
	buffer_init_fixed(&b, w.bytes, sizeof(w.bytes));
	add_head(&b, s, line);
	w.len = 0;
	if (line->host.len + line->tag.len > sizeof(w.names))
		return buffer_span(&b);
	w.at = line->wall_us / 1000000;
	w.form = s->form;
	w.facility = s->facility;
	w.level = (unsigned int)line->level;
	w.pid = line->pid;
	w.host_len = line->host.len;
	w.tag_len = line->tag.len;
	if (w.host_len)
		memcpy(w.names, line->host.p, w.host_len);
	if (w.tag_len)
		memcpy(w.names + w.host_len, line->tag.p, w.tag_len);
	w.len = b.len;
	return buffer_span(&b);
}

void log_sink_send(struct log_sink *s, const struct log_line *line)
{
	char head_bytes[HEAD_BYTES];
	struct buffer head;
	size_t room = s->max_bytes ? s->max_bytes : MAX_BYTES, total = 0;
	struct span structured = line->structured.len ? line->structured : SPAN("-");
	struct span pieces[5];
	struct iovec iov[5];
	unsigned int i, n = 0;
	struct msghdr msg = {&s->to, s->to_len, iov, 0, NULL, 0, 0};
	ssize_t done;

	if (s->fd < 0)
		return;
	buffer_init_fixed(&head, head_bytes, sizeof(head_bytes));
	if (s->form == LOG_FORM_RFC3164 || s->form == LOG_FORM_LOCAL) {
		pieces[n++] = head_of_second(s, line);
	} else {
		add_head(&head, s, line);
		pieces[n++] = buffer_span(&head);
	}
	if (s->form == LOG_FORM_RFC5424) {
		pieces[n++] = structured;
		pieces[n++] = SPAN(" ");
	}
	pieces[n++] = line->message;
	for (i = 0; i < n; i++) {
		size_t len = pieces[i].len < room ? pieces[i].len : room;

		iov[i] = (struct iovec){(char *)pieces[i].p, len};
		room -= len;
		total += len;
	}
	iov[n++] = (struct iovec){"\n", 1};
	total++;
	msg.msg_iovlen = n;
	if (s->stream && !s->socket)
		done = writev(s->fd, iov, (int)n);
	else
		done = send_datagram(s, &msg);
	atomic_fetch_add_explicit(done == (ssize_t)total ? &s->sent : &s->dropped, 1,
				  memory_order_relaxed);
}
