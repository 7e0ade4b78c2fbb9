/* SPDX-License-Identifier: MIT */
/*
 * Recognises the commands of vrrp_script that only ask whether haproxy (or halb) lives: halb
 * answers these from its own knowledge, faster and better than a process table can. Anything else
 * is run as it is; so what is not wholly understood is not recognised. Called by section_track.c.
 */
#include "config/section_vrrp.h"

#define MAX_WORDS 16

struct question {
	const char *word[MAX_WORDS];
	unsigned int n;
};

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is(const char *word, const char *text)
{
	return word && strcmp(word, text) == 0;
}

bool vrrp_is_service(struct span word)
{
	for (size_t i = word.len; i > 0; i--) {
		if (word.p[i - 1] == '/') {
			word = span_slice(word, i, word.len);
			break;
		}
	}
	return span_equal(word, SPAN("haproxy")) || span_equal(word, SPAN("halb"));
}

static bool is_service(const char *word)
{
	return word && vrrp_is_service(span_of(word));
}

/* "haproxy", "haproxy.service" */
static bool is_unit(const char *word)
{
	struct span name = span_of(word);

	if (word && span_ends_with(name, SPAN(".service")))
		name.len -= strlen(".service");
	return word && vrrp_is_service(name);
}

/* Signal 0 asks; any other one acts. */
static bool asks_killall(const struct question *q)
{
	bool zero = false, service = false;

	for (unsigned int i = 1; i < q->n; i++) {
		const char *w = q->word[i];

		if (is(w, "-0"))
			zero = true;
		else if ((is(w, "-s") || is(w, "--signal")) && is(q->word[i + 1], "0"))
			zero = i++ > 0;
		else if (is_service(w) && !service)
			service = true;
		else if (!is(w, "-q") && !is(w, "--quiet") && !is(w, "-e") && !is(w, "--exact"))
			return false;
	}
	return zero && service;
}

/* Options without a value, all of them letters of `letters`, and then the service. */
static bool asks_by_name(const struct question *q, const char *letters)
{
	bool service = false;

	for (unsigned int i = 1; i < q->n; i++) {
		const char *w = q->word[i];

		if (w[0] == '-' && w[1] && strspn(w + 1, letters) == strlen(w + 1))
			continue;
		if (service || !is_service(w))
			return false;
		service = true;
	}
	return service;
}

static bool asks_pidof(const struct question *q)
{
	return asks_by_name(q, "sqx");
}

static bool asks_pgrep(const struct question *q)
{
	return asks_by_name(q, "xfclano");
}

static bool asks_systemctl(const struct question *q)
{
	bool asked = false, unit = false;

	for (unsigned int i = 1; i < q->n; i++) {
		const char *w = q->word[i];

		if (is(w, "is-active") || is(w, "status"))
			asked = true;
		else if (asked && !unit && is_unit(w))
			unit = true;
		else if (!is(w, "-q") && !is(w, "--quiet") && !is(w, "--no-pager"))
			return false;
	}
	return asked && unit;
}

static bool asks_service_command(const struct question *q)
{
	return q->n == 3 && is_service(q->word[1]) && is(q->word[2], "status");
}

static bool asks_init_script(const struct question *q)
{
	return q->n == 2 && span_starts_with(span_of(q->word[0]), SPAN("/etc/init.d/")) &&
	       is(q->word[1], "status");
}

/* A file that ends with ".pid" and whose path names the service. */
static bool is_pidfile(struct span path)
{
	return span_ends_with(path, SPAN(".pid")) &&
	       (span_find_span(path, SPAN("haproxy")) < path.len ||
		span_find_span(path, SPAN("halb")) < path.len);
}

/* kill -0 $(cat /run/haproxy.pid), kill -0 `cat …`, kill -0 $(< …), which only a shell runs. */
static bool asks_kill(const struct question *q)
{
	struct span path;

	if (q->n != 4 || !is(q->word[1], "-0"))
		return false;
	if (!is(q->word[2], "$(cat") && !is(q->word[2], "`cat") && !is(q->word[2], "$(<"))
		return false;
	path = span_of(q->word[3]);
	if (!path.len || path.p[path.len - 1] != (q->word[2][0] == '`' ? '`' : ')'))
		return false;
	path.len--;
	return is_pidfile(path);
}

static const struct {
	const char *program;
	bool shell_only;
	bool (*asks)(const struct question *q);
} programs[] = {
    {"killall", false, asks_killall},
    {"pidof", false, asks_pidof},
    {"pgrep", false, asks_pgrep},
    {"systemctl", false, asks_systemctl},
    {"service", false, asks_service_command},
    {"haproxy", false, asks_init_script},
    {"kill", true, asks_kill},
};

static bool asks(const struct question *q, bool in_shell)
{
	const char *program = q->n ? basename_of(q->word[0]) : "";

	for (size_t i = 0; i < array_size(programs); i++) {
		if (is(program, programs[i].program))
			return (in_shell || !programs[i].shell_only) && programs[i].asks(q);
	}
	return false;
}

/* Words that only quieten what goes before them. */
static bool is_redirection(const char *word)
{
	static const char *const forms[] = {">/dev/null",  "1>/dev/null", "2>/dev/null",
					    "&>/dev/null", ">&/dev/null", "2>&1"};

	for (size_t i = 0; i < array_size(forms); i++) {
		if (is(word, forms[i]))
			return true;
	}
	return false;
}

/* The words of a shell's -c text in `bytes`, without redirections and the quotes of $(…). False
 * where there are too many. */
static bool split_shell(const char *text, char bytes[512], struct question *q)
{
	size_t n = strlen(text), start = 0;

	*q = (struct question){0};
	if (n >= 511)
		return false;
	for (size_t i = 0; i <= n; i++)
		bytes[i] = text[i] == ' ' || text[i] == '\t' || text[i] == '"' ? '\0' : text[i];
	for (; start < n; start += strlen(bytes + start) + 1) {
		const char *word = bytes + start;

		if (!word[0] || is_redirection(word))
			continue;
		if (q->n == MAX_WORDS - 1)
			return false;
		if (q->n && is(q->word[q->n - 1], ">") && is(word, "/dev/null"))
			q->word[--q->n] = NULL;
		else
			q->word[q->n++] = word;
	}
	return true;
}

bool vrrp_asks_service(const char *const *argv)
{
	struct question q = {0};
	char bytes[512];

	while (argv[q.n]) {
		if (q.n == MAX_WORDS - 1)
			return false;
		q.word[q.n] = argv[q.n];
		q.n++;
	}
	if (asks(&q, false))
		return true;
	if (q.n != 3 || !is(q.word[1], "-c"))
		return false;
	if (!is(basename_of(q.word[0]), "sh") && !is(basename_of(q.word[0]), "bash") &&
	    !is(basename_of(q.word[0]), "dash"))
		return false;
	return split_shell(q.word[2], bytes, &q) && asks(&q, true);
}
