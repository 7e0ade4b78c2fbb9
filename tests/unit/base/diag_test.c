/* SPDX-License-Identifier: MIT */
/* LINK: -Wl,--wrap=malloc -Wl,--wrap=realloc -Wl,--wrap=free */
/* Diagnostics: order, counts, the printed form, and that one without memory still counts. */
#include "base/diag.h"

#include "base/buffer.h"
#include "cmocka_all.h"
#include "fail_alloc.h"

static void test_print(void **state)
{
	struct diags d;
	struct buffer out;
	struct list *node;

	(void)state;
	diags_init(&d);
	diag_add(&d, DIAG_ALERT, "a.cfg", 3, "unknown keyword '%s'", "blance");
	diag_add(&d, DIAG_WARNING, NULL, 0, "missing timeouts");
	diag_add(&d, DIAG_NOTICE, "a.cfg", 0, "whole file");
	diag_add(&d, DIAG_DIAG, "b.cfg", 12, "100%% sure");
	assert_int_equal(d.alerts, 1);
	assert_int_equal(d.warnings, 1);
	buffer_init(&out, 10000);
	LIST_EACH(node, &d.all)
		diag_print(&out, LIST_ENTRY(node, struct diag, link), 4711);
	assert_string_equal(
	    buffer_text(&out),
	    "[ALERT]    (4711) : config : parsing [a.cfg:3] : unknown keyword 'blance'\n"
	    "[WARNING]  (4711) : config : missing timeouts\n"
	    "[NOTICE]   (4711) : config : parsing [a.cfg] : whole file\n"
	    "[DIAG]     (4711) : config : parsing [b.cfg:12] : 100% sure\n");
	buffer_fini(&out);
	diags_fini(&d);
	assert_true(list_empty(&d.all));
	assert_int_equal(d.alerts, 0);
}

static void test_file_name_is_copied(void **state)
{
	char name[] = "a.cfg";
	struct diags d;
	struct diag *first, *second, *third;

	(void)state;
	diags_init(&d);
	diag_add(&d, DIAG_ALERT, name, 1, "one");
	diag_add(&d, DIAG_ALERT, name, 2, "two");
	name[0] = 'b';
	diag_add(&d, DIAG_ALERT, name, 3, "three");
	first = LIST_ENTRY(d.all.next, struct diag, link);
	second = LIST_ENTRY(first->link.next, struct diag, link);
	third = LIST_ENTRY(second->link.next, struct diag, link);
	assert_string_equal(first->file, "a.cfg");
	assert_string_equal(second->file, "a.cfg");
	assert_string_equal(third->file, "b.cfg");
	assert_string_equal(second->text, "two");
	assert_int_equal(third->line, 3);
	diags_fini(&d);
}

static void test_without_memory_it_counts_as_alert(void **state)
{
	struct diags d;
	unsigned int failures = 0;

	(void)state;
	alloc_reset(0);
	diags_init(&d);
	for (unsigned int n = 1; n <= 400; n++) {
		unsigned int alerts = d.alerts, warnings = d.warnings;
		bool failed;

		alloc_fail_at = 1; /* whichever of the three pieces needs a block */
		diag_add(&d, DIAG_WARNING, n % 2 ? "a.cfg" : "b.cfg", 1, "%20u", n);
		failed = alloc_fail_at == 0;
		assert_int_equal(d.alerts, alerts + failed);
		assert_int_equal(d.warnings, warnings + !failed);
		failures += failed;
		alloc_fail_at = 0;
		if (failed) /* gets a new block for the next ones */
			diag_add(&d, DIAG_NOTICE, NULL, 0, "%*d", 200 + (int)n, 1);
	}
	assert_in_range(failures, 4, 20);
	diags_fini(&d);
	assert_int_equal(alloc_live, 0);
}

/* An endless bad file ends at the limit of the arena, and every line of it is counted. */
static void test_bounded(void **state)
{
	struct diags d;
	unsigned int kept = 0;
	struct list *node;

	(void)state;
	diags_init(&d);
	for (int i = 0; i < 200000; i++)
		diag_add(&d, DIAG_ALERT, "a.cfg", i, "a rather long complaint about line %d", i);
	LIST_EACH(node, &d.all)
		kept++;
	assert_int_equal(d.alerts, 200000);
	assert_in_range(kept, 10000, 199999);
	assert_true(d.arena.used_bytes <= d.arena.max_bytes);
	diags_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_print),
	    cmocka_unit_test(test_file_name_is_copied),
	    cmocka_unit_test(test_without_memory_it_counts_as_alert),
	    cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
