/* SPDX-License-Identifier: MIT */
/* The tables of keywords as a whole: no row twice, each with its help, and the list that is
 * printed. */
#include "config/keyword.h"

#include "unit/base/cmocka_all.h"

#include <string.h>

enum { IN_ANY = IN_GLOBAL | IN_PROXY | IN_USERLIST | IN_HTTP_ERRORS };

struct rows {
	const struct keyword *v[1024];
	unsigned int n;
};

static void collect(struct rows *rows)
{
	rows->n = 0;
	FAMILY_EACH(keyword_table, table) {
		for (unsigned int i = 0; i < (*table)->n; i++) {
			assert_true(rows->n < array_size(rows->v));
			rows->v[rows->n++] = &(*table)->rows[i];
		}
	}
}

static void test_no_row_twice(void **state)
{
	struct rows rows;

	(void)state;
	collect(&rows);
	assert_true(rows.n > 250);
	for (unsigned int i = 0; i < rows.n; i++) {
		for (unsigned int j = i + 1; j < rows.n; j++) {
			if (rows.v[i]->where & rows.v[j]->where & IN_ANY &&
			    strcmp(rows.v[i]->name, rows.v[j]->name) == 0)
				fail_msg("'%s' stands in two rows for the same section",
					 rows.v[i]->name);
		}
	}
}

static void test_rows_are_whole(void **state)
{
	struct rows rows;

	(void)state;
	collect(&rows);
	for (unsigned int i = 0; i < rows.n; i++) {
		const struct keyword *row = rows.v[i];
		const char *blank = strchr(row->name, ' ');

		assert_true((row->where & IN_ANY) != 0);
		assert_false(row->where & IN_GLOBAL && row->where & IN_PROXY &&
			     row->type != KEYWORD_PARSE);
		assert_true(!blank || !strchr(blank + 1, ' '));
		assert_int_equal(row->type == KEYWORD_PARSE, row->parse != NULL);
		if (row->type != KEYWORD_LATER && !row->help)
			fail_msg("'%s' has no help", row->name);
		if (row->type == KEYWORD_UINT)
			assert_true(row->min < row->max);
		if (row->type == KEYWORD_OPTION)
			assert_true(row->max && !(row->max & (row->max - 1)));
	}
}

static void test_list(void **state)
{
	struct buffer b;
	const char *text;

	(void)state;
	buffer_init(&b, 1 << 20);
	config_list_keywords(&b);
	text = buffer_text(&b);
	assert_false(b.failed);
	assert_non_null(strstr(text, "\nmaxconn "));
	assert_non_null(strstr(text, "(not yet)"));
	assert_true(strstr(text, "\nbalance ") < strstr(text, "\nbind "));
	buffer_fini(&b);
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(keyword_nearest(SPAN("blance"), IN_BACKEND), "balance");
	assert_string_equal(keyword_nearest(SPAN("maxcon"), IN_GLOBAL), "maxconn");
	assert_null(keyword_nearest(SPAN("blance"), IN_GLOBAL));
	assert_null(keyword_nearest(SPAN("x"), IN_BACKEND));
	assert_null(keyword_nearest(SPAN(""), IN_BACKEND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_row_twice),
	    cmocka_unit_test(test_rows_are_whole),
	    cmocka_unit_test(test_list),
	    cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
