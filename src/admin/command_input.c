/* SPDX-License-Identifier: MIT */
/* Bytes to command lines to words: see command_input.h. */
#include "admin/command_input.h"

void command_input_init(struct command_input *in)
{
	memset(in, 0, sizeof(*in));
	buffer_init(&in->bytes, COMMAND_INPUT_BYTES);
}

void command_input_fini(struct command_input *in)
{
	buffer_fini(&in->bytes);
}

static void drop_used(struct command_input *in)
{
	if (!in->used)
		return;
	buffer_consume(&in->bytes, in->used);
	in->used = in->scanned = 0;
}

void command_input_add(struct command_input *in, struct span bytes)
{
	drop_used(in);
	buffer_add_span(&in->bytes, bytes);
}

bool command_input_has_line(const struct command_input *in)
{
	size_t rest = in->bytes.len - in->scanned;

	return rest > 0 && memchr(in->bytes.p + in->scanned, '\n', rest) != NULL;
}

static struct span without_cr(struct span line)
{
	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* "… <<": what stands before it stays in *line. */
static bool wants_payload(struct span *line)
{
	struct span trimmed = span_trim(*line);

	if (!span_ends_with(trimmed, SPAN("<<")))
		return false;
	trimmed.len -= 2;
	if (trimmed.len && trimmed.p[trimmed.len - 1] != ' ' && trimmed.p[trimmed.len - 1] != '\t')
		return false;
	line->len = (size_t)(trimmed.p - line->p) + trimmed.len;
	return true;
}

static enum command_input_result give(struct command_input *in, struct command_line *line,
				      size_t line_bytes, struct span payload)
{
	*line = (struct command_line){.text = in->bytes.p, .len = line_bytes, .payload = payload};
	in->used = in->scanned;
	in->in_payload = false;
	return COMMAND_INPUT_LINE;
}

/* One line of payload, [from, end): the empty one ends it. */
static enum command_input_result payload_line(struct command_input *in, struct command_line *line,
					      size_t from, size_t end)
{
	struct span s = without_cr(span_make(in->bytes.p + from, end - from));

	in->scanned = end + 1;
	if (s.len > 0)
		return COMMAND_INPUT_IN_PAYLOAD;
	return give(in, line, in->line_bytes,
		    span_make(in->bytes.p + in->payload_from, from - in->payload_from));
}

enum command_input_result command_input_next(struct command_input *in, struct command_line *line)
{
	char *end;
	size_t from;
	struct span s;

	drop_used(in);
	if (in->bytes.failed)
		return COMMAND_INPUT_TOO_LONG;
	from = in->scanned;
	end = in->bytes.len > from ? memchr(in->bytes.p + from, '\n', in->bytes.len - from) : NULL;
	if (!end)
		return in->bytes.len >= COMMAND_INPUT_BYTES ? COMMAND_INPUT_TOO_LONG
							    : COMMAND_INPUT_MORE;
	if (in->in_payload)
		return payload_line(in, line, from, (size_t)(end - in->bytes.p));
	in->scanned = (size_t)(end - in->bytes.p) + 1;
	s = without_cr(span_make(in->bytes.p, (size_t)(end - in->bytes.p)));
	if (wants_payload(&s)) {
		in->in_payload = true;
		in->payload_from = in->scanned;
		in->line_bytes = s.len;
		return COMMAND_INPUT_IN_PAYLOAD;
	}
	return give(in, line, s.len, SPAN_NONE);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One word from *at, unescaped in place: its length. */
static size_t take_word(char *text, size_t len, size_t *at)
{
	char *to = text + *at;
	size_t n = 0;

	while (*at < len && !is_blank(text[*at]) && text[*at] != ';') {
		if (text[*at] == '\\' && *at + 1 < len)
			(*at)++;
		to[n++] = text[(*at)++];
	}
	return n;
}

int command_line_split(struct command_line *line, struct span words[COMMAND_MAX_WORDS])
{
	char *text = line->text;
	size_t at = 0;
	int n = 0;
	bool too_many = false;

	while (at < line->len && text[at] != ';') {
		size_t from = at;

		if (is_blank(text[at])) {
			at++;
			continue;
		}
		if (n == COMMAND_MAX_WORDS) {
			too_many = true;
			(void)take_word(text, line->len, &at);
			continue;
		}
		words[n].len = take_word(text, line->len, &at);
		words[n++].p = text + from;
	}
	if (at < line->len) {
		line->text += at + 1;
		line->len -= at + 1;
	} else {
		line->text = NULL;
		line->len = 0;
	}
	return too_many ? -1 : n;
}
