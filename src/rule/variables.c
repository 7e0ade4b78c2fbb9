/* SPDX-License-Identifier: MIT */
/*
 * Variables in their scopes. Compilers find places for names; var(), set-var and unset-var use
 * them. The sets themselves are made by proxy/ when one is first written to or read.
 */
#include "rule/variables.h"

#include "rule/context.h"

#define MAX_TEXT_BYTES 65536
#define MAX_VARIABLES 4096 /* of one scope */

struct variable_name {
	struct variable_name *next;
	struct span name;
	struct variable variable;
};

static const char *const scope_names[VAR_SCOPES] = {
    [VAR_PROC] = "proc.", [VAR_SESS] = "sess.", [VAR_TXN] = "txn.",
    [VAR_REQ] = "req.",   [VAR_RES] = "res.",
};

static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((unsigned char)((c | 0x20) - 'a') < 26 || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '-'))
			return false;
	}
	return s.len > 0;
}

static int scope_of(struct span *name)
{
	for (int scope = 0; scope < VAR_SCOPES; scope++) {
		struct span prefix = span_of(scope_names[scope]);

		if (!span_starts_with(*name, prefix))
			continue;
		*name = span_slice(*name, prefix.len, name->len);
		return scope;
	}
	return -1;
}

static bool add_name(struct variable_names *names, struct arena *a, struct span whole, int scope,
		     struct variable *out, const char **error)
{
	struct variable_name *it = ARENA_NEW(a, struct variable_name);
	char *copy = arena_copy(a, whole);

	*error = "out of memory";
	if (!it || !copy)
		return false;
	*error = "there are too many variables";
	if (names->n[scope] == MAX_VARIABLES)
		return false;
	it->name = span_make(copy, whole.len);
	it->variable = (struct variable){(uint8_t)scope, names->n[scope]++};
	it->next = names->first;
	names->first = it;
	*out = it->variable;
	*error = NULL;
	return true;
}

bool variable_find(struct variable_names *names, struct arena *a, struct span name,
		   struct variable *out, const char **error)
{
	struct span rest = name;
	int scope = scope_of(&rest);

	if (scope < 0 || !is_name(rest)) {
		*error = arena_printf(
		    a,
		    scope < 0 ? "invalid variable name '%.*s'. A variable name must be start by "
				"its scope. The scope can be 'proc', 'sess', 'txn', 'req' or "
				"'res', such as in 'txn.user'"
			      : "invalid variable name '%.*s'. Behind its scope it is made of "
				"letters, digits, '.', '-' and '_'",
		    SPAN_ARG(name));
		return false;
	}
	for (const struct variable_name *it = names->first; it; it = it->next) {
		if (span_equal(it->name, name)) {
			*out = it->variable;
			return true;
		}
	}
	return add_name(names, a, name, scope, out, error);
}

static struct variable_cell *cell_of(const struct rule_context *ctx, struct variable var)
{
	struct variable_set *set = NULL;

	if (ctx->world && ctx->world->variables)
		set = ctx->world->variables(ctx->owner, (enum variable_scope)var.scope);
	return set && var.slot < set->n ? &set->v[var.slot] : NULL;
}

static void lock(const struct rule_context *ctx, struct variable var, bool locked)
{
	if (var.scope == VAR_PROC && ctx->world->lock)
		ctx->world->lock(ctx->owner, locked);
}

static bool has_text(const struct value *v)
{
	return v->type == VALUE_STR || v->type == VALUE_BIN || v->type == VALUE_METH;
}

/* Bytes of a variable that others may change meanwhile. */
static bool copy_text(struct value *v, struct scratch *s)
{
	char *p = scratch_take(s, v->text.len);

	if (!p)
		return false;
	if (v->text.len)
		memcpy(p, v->text.p, v->text.len);
	v->text.p = p;
	return true;
}

bool variable_get(const struct rule_context *ctx, struct variable var, struct value *out)
{
	const struct variable_cell *cell = cell_of(ctx, var);
	bool found;

	if (!cell)
		return false;
	lock(ctx, var, true);
	found = cell->is_set;
	if (found)
		*out = cell->value;
	if (found && var.scope <= VAR_SESS && has_text(out))
		found = copy_text(out, ctx->scratch);
	lock(ctx, var, false);
	return found;
}

static bool store_lasting(struct variable_cell *cell, const struct value *v)
{
	if (cell->text.max_bytes == 0)
		buffer_init(&cell->text, MAX_TEXT_BYTES);
	buffer_clear(&cell->text);
	buffer_add_span(&cell->text, v->text);
	cell->is_set = !cell->text.failed;
	cell->value = *v;
	cell->value.text = buffer_span(&cell->text);
	return cell->is_set;
}

static bool store_in_arena(const struct rule_context *ctx, struct variable_cell *cell,
			   const struct value *v)
{
	char *p = arena_bytes(ctx->arena, v->text.len);

	if (!p)
		return false;
	if (v->text.len)
		memcpy(p, v->text.p, v->text.len);
	cell->value = *v;
	cell->value.text.p = p;
	cell->is_set = true;
	return true;
}

bool variable_set(const struct rule_context *ctx, struct variable var, const struct value *v)
{
	struct variable_cell *cell = cell_of(ctx, var);
	bool good = true;

	if (!cell)
		return false;
	lock(ctx, var, true);
	if (!has_text(v)) {
		cell->value = *v;
		cell->is_set = true;
	} else if (var.scope <= VAR_SESS) {
		good = store_lasting(cell, v);
	} else {
		good = store_in_arena(ctx, cell, v);
	}
	lock(ctx, var, false);
	return good;
}

void variable_unset(const struct rule_context *ctx, struct variable var)
{
	struct variable_cell *cell = cell_of(ctx, var);

	if (!cell)
		return;
	lock(ctx, var, true);
	cell->is_set = false;
	lock(ctx, var, false);
}

void variable_set_fini(struct variable_set *set)
{
	for (unsigned int i = 0; i < set->n; i++)
		buffer_fini(&set->v[i].text);
}
