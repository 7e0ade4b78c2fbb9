/* SPDX-License-Identifier: MIT */
/*
 * The names that iproute2 gives rtnetlink's numbers, as its own files hold them on every system.
 * Names from /etc/iproute2 beside these are not known here: the number says the same.
 */
#include "config/vrrp_scope.h"

#include <stdio.h>

struct number_name {
	const char *name;
	uint8_t value;
};

static bool parse_name(struct vrrp_reader *r, const struct node *n, unsigned int at,
		       const struct number_name *names, size_t n_names, long *out)
{
	char list[160] = "";
	size_t used = 0;

	if (!block_need_word(r, n, at, "a name or a number behind its last word"))
		return false;
	for (size_t i = 0; i < n_names; i++) {
		if (node_word_is(n, at, names[i].name)) {
			*out = names[i].value;
			return true;
		}
	}
	if (n->words[at].p[0] >= '0' && n->words[at].p[0] <= '9')
		return block_parse_int(r, n, at, 0, *out, out);
	for (size_t i = 0; i < n_names && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s, ", names[i].name);
	block_alert(r, n, "'%s' expects %sor a number (got '%s')", n->words[at - 1].p, list,
		    n->words[at].p);
	return false;
}

bool vrrp_parse_scope(struct vrrp_reader *r, const struct node *n, unsigned int at, uint8_t *out)
{
	static const struct number_name names[] = {
	    {"global", 0}, {"site", 200}, {"link", 253}, {"host", 254}, {"nowhere", 255}};
	long value = 255;

	if (!parse_name(r, n, at, names, array_size(names), &value))
		return false;
	*out = (uint8_t)value;
	return true;
}

bool vrrp_parse_table(struct vrrp_reader *r, const struct node *n, unsigned int at, uint32_t *out)
{
	static const struct number_name names[] = {{"main", 254}, {"local", 255}, {"default", 253}};
	long value = UINT32_MAX;

	if (!parse_name(r, n, at, names, array_size(names), &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

bool vrrp_parse_protocol(struct vrrp_reader *r, const struct node *n, unsigned int at, uint8_t *out)
{
	static const struct number_name names[] = {{"kernel", 2},     {"boot", 3},  {"static", 4},
						   {"ra", 9},         {"bird", 12}, {"dhcp", 16},
						   {"keepalived", 18}};
	long value = 255;

	if (!parse_name(r, n, at, names, array_size(names), &value))
		return false;
	*out = (uint8_t)value;
	return true;
}
