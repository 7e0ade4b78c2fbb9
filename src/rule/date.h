/* SPDX-License-Identifier: MIT */
/* Civil dates from microseconds since 1970, without the system's tables: for log lines, http_date
 * and utime. */
#ifndef RULE_DATE_H
#define RULE_DATE_H

#include <stdint.h>

struct date {
	unsigned int year, month, day, hour, minute, second, ms; /* month 0-11 */
};

/* From microseconds since 1970. Days to civil date: the year begins in March, so that the leap day
 * is its last. */
static inline struct date date_of(int64_t us, int offset_s)
{
	uint64_t seconds = us < 0 ? 0 : (uint64_t)us / 1000000 + (uint64_t)(int64_t)offset_s;
	uint32_t of_day = (uint32_t)(seconds % 86400), days = (uint32_t)(seconds / 86400) + 719468;
	uint32_t era = days / 146097, day_of_era = days % 146097;
	uint32_t year =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint32_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
	uint32_t march_month = (5 * day_of_year + 2) / 153;

	return (struct date){
	    .year = era * 400 + year + (march_month >= 10),
	    .month = march_month >= 10 ? march_month - 10 : march_month + 2,
	    .day = day_of_year - (153 * march_month + 2) / 5 + 1,
	    .hour = of_day / 3600,
	    .minute = of_day / 60 % 60,
	    .second = of_day % 60,
	    .ms = us < 0 ? 0 : (unsigned int)((uint64_t)us / 1000 % 1000),
	};
}

#endif
