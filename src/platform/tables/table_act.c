/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done to the rows of a list: to those that are ticked, to one by its own button, and back again.
 */
#include <string.h>

#include "base/lang.h"
#include "platform/tables/tables_int.h"

#define KEYS_MAX 3000u /* bytes of keys in the address that offers to take back what was done */

const struct table_action *table_action_named(const struct table_desc *d, struct str name)
{
	for (const struct table_action *a = d->actions; a && a->name; a++)
		if (str_eqc(name, a->name))
			return a;
	return NULL;
}

struct doing {
	struct web *w;
	const struct table_desc *d;
	const struct table_action *action;
	struct str keys[TABLE_AT_ONCE];
	size_t n, done;
	struct buf undo; /* keys that were changed, a blank between them */
	struct str problem;
};

static void add_key(struct doing *x, struct str key)
{
	if (key.n && key.n <= TABLE_KEY_MAX && x->n < TABLE_AT_ONCE)
		x->keys[x->n++] = key;
}

/* "suspend" with the rows that are ticked, "suspend:KEY" for that one, or "restore" with keys="KEY KEY". */
static enum status read_asked(struct doing *x, struct err *e)
{
	struct str word = web_form(x->w, "do"), name, many = web_form(x->w, "keys"), key;
	bool alone = str_cut(&word, ':', &name);
	x->action = table_action_named(x->d, alone ? name : web_form(x->w, "do"));
	if (!x->action)
		return err_set(e, ST_INVALID, "Please choose what to do.");
	if (alone)
		add_key(x, word);
	while (!alone && many.n && str_next(&many, ' ', &key))
		add_key(x, key);
	for (unsigned i = 0; !alone && i < x->w->form_.count; i++)
		if (str_eqc(x->w->form_.list[i].name, "key"))
			add_key(x, x->w->form_.list[i].value);
	return ST_OK;
}

static enum status do_to(struct doing *x, struct str key, struct err *e)
{
	struct err why = { 0 };
	bool changed = false;
	enum status st = x->d->act(x->w, x->action, key, &changed, &why);
	if (st == ST_FORBIDDEN || st == ST_NOT_FOUND || st == ST_CONFLICT) {
		x->problem = arena_str(x->w->ctx->arena, str_c(why.msg));
		return ST_OK;
	}
	if (st != ST_OK)
		return err_set(e, st, "%s", why.msg);
	if (changed)
		buf_printf(&x->undo, "%s%.*s", x->done++ ? " " : "", STR_ARG(key));
	return ST_OK;
}

/* Back to the list as it was: what was done stands behind its address. */
static struct str done_url(struct doing *x)
{
	struct table_ask ask;
	const struct column *sorted;
	struct buf b;
	table_ask_read(x->w, x->d, &ask, &sorted);
	table_address(x->w, x->d, &ask, "", &b);
	table_put_sort(&b, sorted, ask.page.down);
	buf_printf(&b, "done=%s&n=%zu", x->action->name, x->done);
	if (x->action->undo && x->done && buf_ok(&x->undo)) {
		buf_puts(&b, "&keys=");
		url_encode(&b, buf_str(&x->undo));
	}
	return buf_str(&b);
}

bool table_is_asked(struct web *w)
{
	return web_form(w, "do").p != NULL;
}

enum status table_post(struct web *w, const struct table_desc *d, void *arg, struct err *e)
{
	struct doing *x = ARENA_NEW(w->ctx->arena, struct doing);
	*x = (struct doing){ .w = w, .d = d, .problem = STR("") };
	buf_arena(&x->undo, w->ctx->arena, KEYS_MAX);
	TRY(read_asked(x, e));
	if (!x->n)
		return table_show(w, d, 422, arg, TR("Nothing was chosen. Tick the rows first."), e);
	if (x->action->confirm && !web_form(w, "sure").p)
		return table_answer(w, d,
		        &(struct table_told){ .status = 200,
		                .arg = arg,
		                .problem = STR(""),
		                .done_keys = STR(""),
		                .asking = x->action,
		                .asked = x->keys,
		                .asked_n = x->n },
		        e);
	for (size_t i = 0; i < x->n; i++)
		TRY(do_to(x, x->keys[i], e));
	if (!x->problem.n)
		return web_redirect(w, 303, done_url(x));
	return table_answer(w, d,
	        &(struct table_told){ .status = 403,
	                .arg = arg,
	                .problem = x->problem,
	                .done = x->done ? x->action : NULL,
	                .done_n = (int64_t)x->done,
	                .done_keys = buf_ok(&x->undo) ? buf_str(&x->undo) : STR("") },
	        e);
}
