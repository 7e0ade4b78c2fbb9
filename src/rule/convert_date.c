/* SPDX-License-Identifier: MIT */
/* Converters of times: numbers since 1970 to text. */
#include "rule/date.h"
#include "rule/expr.h"

#include <time.h>

enum { SECONDS = 1, MILLISECONDS = 1000, MICROSECONDS = 1000000 };
enum { UTC, LOCAL };

static struct tm civil(int64_t us, int offset_s)
{
	struct date d = date_of(us, offset_s);
	int64_t days = ((us < 0 ? 0 : us) / MICROSECONDS + offset_s) / 86400;
	static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;

	return (struct tm){
	    .tm_sec = (int)d.second,
	    .tm_min = (int)d.minute,
	    .tm_hour = (int)d.hour,
	    .tm_mday = (int)d.day,
	    .tm_mon = (int)d.month,
	    .tm_year = (int)d.year - 1900,
	    .tm_wday = (int)((days + 4) % 7),
	    .tm_yday = before[d.month] + (int)d.day - 1 + (d.month > 1 ? leap : 0),
	    .tm_gmtoff = offset_s,
	    .tm_zone = offset_s ? "" : "GMT",
	};
}

static bool check_unit(struct rule_compiler *k, struct argument_value *args)
{
	struct span unit = args[1].text;

	args[1].number = SECONDS;
	if (span_equal(unit, SPAN("ms")))
		args[1].number = MILLISECONDS;
	else if (span_equal(unit, SPAN("us")))
		args[1].number = MICROSECONDS;
	else if (unit.len && !span_equal(unit, SPAN("s")))
		return compiler_fail(k, "the unit of http_date is 's', 'ms' or 'us', not '%.*s'",
				     SPAN_ARG(unit));
	return true;
}

static bool print(const struct convert_call *c, int64_t us, int offset_s, const char *format)
{
	struct tm tm = civil(us, offset_s);
	enum { ROOM = 256 };
	char *p = scratch_take(c->ctx->scratch, ROOM);
	size_t n;

	if (!p)
		return false;
	n = strftime(p, ROOM, format, &tm);
	*c->v = value_of_text(span_make(p, n));
	return n > 0;
}

/* With the fraction of a second that the unit has. */
static bool add_zone(const struct convert_call *c, int64_t unit, int64_t us)
{
	struct buffer b;

	scratch_open(c->ctx->scratch, &b);
	buffer_add_span(&b, c->v->text);
	if (unit == MILLISECONDS)
		buffer_printf(&b, ".%03d", (int)(us / MILLISECONDS));
	else if (unit == MICROSECONDS)
		buffer_printf(&b, ".%06d", (int)us);
	buffer_add_text(&b, " GMT");
	return scratch_close(c->ctx->scratch, &b, &c->v->text);
}

static bool http_date(const struct convert_call *c)
{
	int64_t unit = c->args[1].number, us = c->v->number;

	if (c->args[0].type && __builtin_add_overflow(us, c->args[0].number, &us))
		return false;
	if (__builtin_mul_overflow(us, MICROSECONDS / unit, &us) || us < 0)
		return false;
	if (!print(c, us, 0, "%a, %d %b %Y %H:%M:%S"))
		return false;
	return add_zone(c, unit, us % MICROSECONDS);
}

CONVERTER(http_date, "http_date", ARGUMENTS(0, ARGUMENT_INT, ARGUMENT_STR), VALUE_INT, VALUE_STR, 0,
	  http_date, check_unit, "([OFFSET[,UNIT]]): seconds since 1970 as HTTP writes dates");

static bool format_time(const struct convert_call *c)
{
	int64_t us = c->v->number;

	if (c->args[1].type && __builtin_add_overflow(us, c->args[1].number, &us))
		return false;
	if (__builtin_mul_overflow(us, MICROSECONDS, &us) || us < 0)
		return false;
	return print(c, us, c->converter->variant == LOCAL ? c->ctx->utc_offset_s : 0,
		     c->args[0].text.p);
}

#define TIME ARGUMENTS(1, ARGUMENT_STR, ARGUMENT_INT)

CONVERTER(utime, "utime", TIME, VALUE_INT, VALUE_STR, UTC, format_time, NULL,
	  "(FORMAT[,OFFSET]): seconds since 1970 by a format of strftime, UTC");
CONVERTER(ltime, "ltime", TIME, VALUE_INT, VALUE_STR, LOCAL, format_time, NULL,
	  "(FORMAT[,OFFSET]): seconds since 1970 by a format of strftime, local time");
