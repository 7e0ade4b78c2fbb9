/* SPDX-License-Identifier: MIT */
/* The runtime API on a real unix socket: lines, prompt, payload, levels, limits, other threads. */
#include "admin/admin.h"

#include "unit/admin/admin_helper.h"

#include "net/fd_pass.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TURNS 2000

static const struct worker_part *part(void)
{
	FAMILY_EACH(worker_part, it) {
		if (strcmp((*it)->name, "admin") == 0)
			return *it;
	}
	fail_msg("admin is not a part of the workers");
	return NULL;
}

/* With two threads, the second without clients, and two sockets: "cli" for admins, "user". */
static struct program *start(const char *global)
{
	char config[2048];
	struct program *p;
	struct diags d;

	snprintf(config, sizeof(config),
		 "global\n stats socket %s/cli level admin expose-fd listeners\n"
		 " stats socket %s/user level user\n%s" ADMIN_CONFIG,
		 helper_folder(), helper_folder(), global, helper_folder(), helper_folder());
	p = helper_program(2, config);
	diags_init(&d);
	assert_int_equal(admin_open(p, NULL, 0, &d), 0);
	diags_fini(&d);
	for (unsigned int i = 0; i < p->n_threads; i++)
		part()->start(&p->workers[i]);
	return p;
}

static void end(struct program *p)
{
	for (unsigned int i = 0; i < p->n_threads; i++)
		part()->stop(&p->workers[i]);
	helper_turn(p);
	for (unsigned int i = 0; i < p->n_threads; i++)
		part()->stop(&p->workers[i]); /* harmless */
	admin_close(p);
	helper_free(p);
}

static int connect_to(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", helper_folder(), name);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes until the end, or until it ends with `until`. */
static const char *hear(struct program *p, int fd, const char *until)
{
	static char text[1 << 20];
	size_t len = 0;

	for (unsigned int i = 0; i < TURNS; i++) {
		ssize_t n;

		helper_turn(p);
		n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT);
		if (n > 0)
			len += (size_t)n;
		text[len] = '\0';
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return text;
		if (until && span_ends_with(span_make(text, len), span_of(until)))
			return text;
	}
	fail_msg("no end came after '%s'", text);
	return NULL;
}

static void talk(struct program *p, const char *socket, const char *say_this, const char *wanted)
{
	int fd = connect_to(socket);

	say(fd, say_this);
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(p, fd, NULL), wanted);
	close(fd);
}

static void test_lines(void **state)
{
	struct program *p = start("");

	(void)state;
	talk(p, "cli", "get weight be/a\n", "10 (initial 10)\n\n");
	talk(p, "cli", "get weight be/a;get weight be/b\n", "10 (initial 10)\n\n1 (initial 1)\n\n");
	talk(p, "cli", "get weight be/a\nget weight be/b\n",
	     "10 (initial 10)\n\n1 (initial 1)\n\n");
	talk(p, "cli", "get weight be/a", "");
	talk(p, "cli", "quit\n", "");
	talk(p, "cli", "get weight be/a;quit;get weight be/b\n", "10 (initial 10)\n\n");
	talk(p, "cli", "get weight be/a <<\nx\n\n", "10 (initial 10)\n\n");
	talk(p, "user", "disable server be/a\n", "Permission denied\n\n");
	talk(p, "cli", "user;show cli level;disable server be/a\n",
	     "\nuser\n\nPermission denied\n\n");
	end(p);
}

/* Without half-close too a connection ends after its line. */
static void test_ends_by_itself(void **state)
{
	struct program *p = start("");
	int fd = connect_to("cli");

	(void)state;
	say(fd, "get wei");
	helper_turn(p);
	say(fd, "ght be/a\n");
	assert_string_equal(hear(p, fd, NULL), "10 (initial 10)\n\n");
	close(fd);
	end(p);
}

static void test_prompt(void **state)
{
	struct program *p = start("");
	int fd = connect_to("cli");

	(void)state;
	say(fd, "prompt\n");
	assert_string_equal(hear(p, fd, "> "), "\n> ");
	say(fd, "get weight be/a\n");
	assert_string_equal(hear(p, fd, "> "), "10 (initial 10)\n\n> ");
	say(fd, "get weight be/a <<\n");
	assert_string_equal(hear(p, fd, "+ "), "+ ");
	say(fd, "line\n");
	assert_string_equal(hear(p, fd, "+ "), "+ ");
	say(fd, "\n");
	assert_string_equal(hear(p, fd, "> "), "10 (initial 10)\n\n> ");
	say(fd, "quit\n");
	assert_string_equal(hear(p, fd, NULL), "");
	close(fd);
	end(p);
}

/* Commands that ask other threads, also in a row and with the client gone meanwhile. */
static void test_other_threads(void **state)
{
	struct program *p = start("");
	int fd = connect_to("cli");
	const char *text;

	(void)state;
	talk(p, "cli", "show sess 0x1234\n", "Session not found.\n\n");
	say(fd, "prompt;show activity;get weight be/a;show pools\n");
	text = hear(p, fd, "used.\n\n> ");
	assert_non_null(strstr(text, "\nloops: "));
	assert_non_null(strstr(text, "]\n\n> 10 (initial 10)\n\n> Dumping pools usage.\n"));
	say(fd, "show sess\n");
	text = hear(p, fd, "> ");
	assert_non_null(strstr(text, ": proto=unix_stream src=unix:1 fe=GLOBAL be=<NONE> "));
	say(fd, "show servers conn be\n");
	text = hear(p, fd, "> ");
	assert_non_null(strstr(text, "idle_per_thr[2]\n"));
	assert_non_null(strstr(text, "\nbe/a 13/1 127.0.0.1 20001 - 5000 0 0 0 0 0 -1 0 0 0\n"));
	assert_null(strstr(text, "raw/t"));
	say(fd, "show threads\n");
	loop_turn(&p->workers[0].loop, 1);
	close(fd);
	for (unsigned int i = 0; i < 5; i++)
		helper_turn(p);
	fd = connect_to("cli");
	say(fd, "show threads\n");
	loop_turn(&p->workers[0].loop, 1); /* accepted */
	loop_turn(&p->workers[0].loop, 1); /* asked */
	end(p);
	close(fd);
}

static void test_long_answers(void **state)
{
	struct program *p = start("");
	int fd = connect_to("cli");
	const char *text;
	char many[4001];

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		memcpy(many + 10 * i, i < 99 ? "show stat;" : "show stat\n", 10);
	many[1000] = '\0';
	say(fd, many);
	shutdown(fd, SHUT_WR);
	text = hear(p, fd, NULL);
	for (unsigned int i = 0; i < 100; i++) {
		text = strstr(text, "# pxname,");
		assert_non_null(text);
		text += 1;
	}
	assert_null(strstr(text, "# pxname,"));
	close(fd);
	end(p);
}

static void test_too_long(void **state)
{
	struct program *p = start("");
	int fd = connect_to("cli");
	char chunk[1001];

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	chunk[1000] = '\0';
	for (unsigned int i = 0; i < 80; i++) {
		helper_turn(p);
		if (send(fd, chunk, 1000, MSG_NOSIGNAL) < 0)
			break;
	}
	assert_string_equal(hear(p, fd, NULL), "The command is too long.\n\n");
	close(fd);
	end(p);
}

static void test_maxconn(void **state)
{
	struct program *p = start(" stats maxconn 1\n");
	int first = connect_to("cli"), second;

	(void)state;
	say(first, "prompt\n");
	assert_string_equal(hear(p, first, "> "), "\n> ");
	second = connect_to("user");
	say(second, "get weight be/a\n");
	for (unsigned int i = 0; i < 20; i++)
		helper_turn(p);
	assert_int_equal(recv(second, (char[1]){0}, 1, MSG_DONTWAIT), -1);
	close(first);
	assert_string_equal(hear(p, second, NULL), "10 (initial 10)\n\n");
	close(second);
	end(p);
}

static void test_timeout(void **state)
{
	struct program *p = start(" stats timeout 20ms\n");
	int fd = connect_to("cli");

	(void)state;
	assert_string_equal(hear(p, fd, NULL), "");
	close(fd);
	end(p);
}

static void test_getsocks(void **state)
{
	struct program *p = start("");
	struct passed_fd got[16];
	int fd = connect_to("cli"), n;
	unsigned int found = 0;

	(void)state;
	say(fd, "_getsocks\n");
	for (unsigned int i = 0; i < 5; i++)
		helper_turn(p);
	n = fd_pass_receive(fd, got, array_size(got));
	assert_int_equal(n, 4); /* fe, raw, both stats sockets */
	for (int i = 0; i < n; i++) {
		found +=
		    strstr(got[i].label, "/fe") != NULL || strstr(got[i].label, "/cli") != NULL;
		close(got[i].fd);
	}
	assert_int_equal(found, 2);
	close(fd);
	talk(p, "user", "_getsocks\n", "Permission denied\n\n");
	end(p);
}

static void count_socket(int *fd, const char *word, void *user)
{
	assert_true(*fd >= 0);
	assert_non_null(strstr(word, helper_folder()));
	++*(unsigned int *)user;
}

static void test_inherited(void **state)
{
	struct program *p = start(""), *q;
	char word[128];
	unsigned int n = 0;
	struct inherited_socket v = {.word = word};
	struct diags d;

	(void)state;
	admin_each_socket(p, count_socket, &n);
	assert_int_equal(n, 2);
	end(p);
	q = helper_program(1, "global\n stats socket /tmp/halb-admin-never level admin\n");
	snprintf(word, sizeof(word), "%s", q->model->global.stats_sockets->word);
	v.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	diags_init(&d);
	assert_int_equal(admin_open(q, &v, 1, &d), 0);
	assert_true(v.used);
	assert_int_not_equal(access("/tmp/halb-admin-never", F_OK), 0);
	diags_fini(&d);
	admin_close(q);
	helper_free(q);
}

static void test_cannot_open(void **state)
{
	struct program *p = helper_program(1, "global\n stats socket /nonexistent/halb.sock\n");
	struct diags d;

	(void)state;
	diags_init(&d);
	assert_int_equal(admin_open(p, NULL, 0, &d), -1);
	assert_int_equal(d.alerts, 1);
	diags_fini(&d);
	admin_close(p);
	helper_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),        cmocka_unit_test(test_ends_by_itself),
	    cmocka_unit_test(test_prompt),       cmocka_unit_test(test_other_threads),
	    cmocka_unit_test(test_long_answers), cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_maxconn),      cmocka_unit_test(test_timeout),
	    cmocka_unit_test(test_getsocks),     cmocka_unit_test(test_inherited),
	    cmocka_unit_test(test_cannot_open)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
