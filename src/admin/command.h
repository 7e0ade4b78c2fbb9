/* SPDX-License-Identifier: MIT */
/*
 * The runtime API's commands: a family. A command is known by its first words; the longest match
 * wins. What it answers goes to call->out; whoever called adds the empty line that ends an answer.
 */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

#include "admin/command_input.h"

#include "proxy/server.h"
#include "proxy/worker.h"

struct gather;

/* What commands see of the connection they came on. */
struct command_session {
	enum bind_level level;
	bool prompt;
	uint32_t timeout_ms;
	int socket; /* -1: none */
	bool may_pass_sockets;
	const char *word;      /* of the stats socket, for "show cli sockets" */
	struct gather *gather; /* COMMAND_LATER: what is awaited, see gather.h */
	struct list *gathers;  /* the owner's list of them */
	/* What is awaited has come, its text is in `out`; called in the connection's own thread. */
	void (*answered)(struct command_session *s, const struct buffer *out);
};

struct command_call {
	struct program *program;
	struct worker *worker; /* the thread it runs in */
	struct command_session *session;
	struct span words[COMMAND_MAX_WORDS]; /* all, the command's own ones too */
	unsigned int n_words;
	unsigned int at; /* the first word behind the command's own */
	struct span payload;
	struct buffer *out;
};

enum command_result {
	COMMAND_DONE,
	COMMAND_LATER, /* session->answered comes */
	COMMAND_CLOSE, /* the connection ends, without an empty line */
};

struct command {
	const char *words; /* "show stat" */
	const char *args;  /* "[up|no-maint|typed|json]*" */
	const char *help;  /* NULL: not listed */
	bool always;       /* ends every list of commands */
	enum bind_level level;
	enum command_result (*run)(struct command_call *c);
};

FAMILY_DECLARE(command, struct command);

/* Finds and runs it; unknown ones are answered with those that resemble it. */
enum command_result command_run(struct command_call *c);
/* "help [words]": all that are allowed at this level, or those that begin so. */
void command_list(struct buffer *out, enum bind_level level, const struct span *words,
		  unsigned int n);

/* The word behind the command's own ones, "" where there is none. */
struct span command_word(const struct command_call *c, unsigned int i);
bool command_word_is(const struct command_call *c, unsigned int i, const char *word);
/* "backend/server" by name or #id; NULL after an answer. */
struct server *command_server(const struct command_call *c, struct span word);
/* NULL after an answer. */
struct proxy *command_frontend(const struct command_call *c, unsigned int i);

#endif
