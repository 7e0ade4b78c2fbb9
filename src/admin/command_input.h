/* SPDX-License-Identifier: MIT */
/*
 * What comes in on a runtime API connection, taken apart: lines, a payload ("<<" at a line's end,
 * up to an empty line), commands separated by ';', words separated by blanks, '\' in front of a
 * character that means itself. No I/O; the same result for every split of the input.
 */
#ifndef ADMIN_COMMAND_INPUT_H
#define ADMIN_COMMAND_INPUT_H

#include "base/buffer.h"

#define COMMAND_INPUT_BYTES 65536 /* a line with its payload */
#define COMMAND_MAX_WORDS 64

struct command_input {
	struct buffer bytes;
	size_t scanned; /* looked through for a line's end */
	size_t used;    /* of the last line: dropped at the next call */
	bool in_payload;
	size_t payload_from, line_bytes; /* while in_payload */
};

struct command_line {
	char *text; /* commands; writable, words are unescaped in place */
	size_t len;
	struct span payload; /* p NULL: none */
};

enum command_input_result {
	COMMAND_INPUT_MORE,
	COMMAND_INPUT_LINE,
	COMMAND_INPUT_IN_PAYLOAD, /* a line of payload was read, and more follows: call again */
	COMMAND_INPUT_TOO_LONG,
};

void command_input_init(struct command_input *in);
void command_input_fini(struct command_input *in);
void command_input_add(struct command_input *in, struct span bytes);
/* *line is good until the next call. */
enum command_input_result command_input_next(struct command_input *in, struct command_line *line);
/* True where a whole line waits (of the payload, while there is one). */
bool command_input_has_line(const struct command_input *in);

/* The next command's words from *line, which moves behind it (text NULL at the end). Their number,
 * or -1 where there are too many. */
int command_line_split(struct command_line *line, struct span words[COMMAND_MAX_WORDS]);

#endif
