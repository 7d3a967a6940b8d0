/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall audit verify | export | list | key. Changes no database.
 */
#include <stdio.h>

#include "base/clock.h"
#include "main/command.h"
#include "platform/audit/audit.h"

#define LIST_DEFAULT 50

/* One line for each chain: what was found. */
static enum status print_verdict(const char *what, const struct audit_verdict *v, struct err *e)
{
	if (v->bad_seq) {
		printf("%-12s BAD at entry %lld: %s\n", what, (long long)v->bad_seq, v->why);
		return err_set(e, ST_CORRUPT, "%s: %s", what, v->why);
	}
	printf("%-12s good: %lld entries, signed up to %lld, %lld checkpoints, end %s\n", what, (long long)v->entries,
	        (long long)v->signed_upto, (long long)v->checkpoints, v->hash);
	return ST_OK;
}

static bool service_wanted(const struct invocation *inv, const struct service_instance *s)
{
	const char *one = inv_option(inv, "service");
	return s->db && (!one || !strcmp(one, s->def->name));
}

/* --known SEQ:HASH, as the log or an earlier look told it. */
static enum status read_trust(const struct invocation *inv, struct audit_trust *t, struct err *e)
{
	const char *keys = inv_option(inv, "key"), *known = inv_option(inv, "known");
	struct str rest = str_c(known ? known : ""), seq;
	*t = (struct audit_trust){ .keys = str_c(keys ? keys : "") };
	if (!known)
		return ST_OK;
	if (!str_cut(&rest, ':', &seq) || !str_i64(seq, &t->known_seq) || t->known_seq < 1 || rest.n != AUDIT_HASH_HEX)
		return err_set(e, ST_USAGE, "--known is SEQ:HASH, a number and %d hex digits", AUDIT_HASH_HEX);
	t->known_hash = rest;
	return ST_OK;
}

static enum status verify(struct invocation *inv, struct err *e)
{
	struct platform *p = inv->platform;
	struct audit_trust t;
	struct audit_verdict v;
	enum status worst = ST_OK;
	unsigned looked = 0;
	TRY(read_trust(inv, &t, e));
	if (inv->arg_count > 1) {
		if (!t.keys.n)
			return err_set(e, ST_USAGE,
			        "verify FILE needs --key, the site's public key: `guildhall audit key` tells it");
		TRY(audit_verify_file(inv->ctx, inv->args[1], &t, &v, e));
		return print_verdict(inv->args[1], &v, e);
	}
	if (t.known_seq && !inv_option(inv, "service"))
		return err_set(e, ST_USAGE, "--known needs --service: each has a chain of its own");
	for (unsigned i = 0; i < p->service_count; i++) {
		if (!service_wanted(inv, &p->services[i]))
			continue;
		enum status st = audit_verify(inv->ctx, p->services[i].db, &t, &v, e);
		if (st != ST_OK)
			return err_wrap(e, st, "the audit chain of %s can not be read (is the database migrated?)",
			        p->services[i].def->name);
		st = print_verdict(p->services[i].def->name, &v, worst == ST_OK ? e : NULL);
		worst = worst == ST_OK ? st : worst;
		looked++;
	}
	return looked ? worst : err_set(e, ST_USAGE, "no service of that name keeps an audit chain here");
}

static struct service_instance *the_one(struct invocation *inv)
{
	const char *name = inv_option(inv, "service");
	struct service_instance *s = platform_service(inv->platform, name ? name : "identity");
	return s && s->db ? s : NULL;
}

static enum status export(struct invocation *inv, struct err *e)
{
	struct service_instance *s = the_one(inv);
	char key[AUDIT_KEY_HEX + 1];
	int64_t n;
	if (inv->arg_count < 2)
		return err_set(e, ST_USAGE, "audit export needs the FILE to write");
	if (!s)
		return err_set(e, ST_USAGE, "no service of that name keeps an audit chain here");
	TRY(audit_export(inv->ctx, s->db, inv->args[1], &n, e));
	audit_public_key(key);
	printf("%lld entries of %s written to %s\nkey %s\n", (long long)n, s->def->name, inv->args[1], key);
	return ST_OK;
}

static void print_row(const struct audit_row *r)
{
	char when[CLOCK_TEXT_MAX];
	clock_rfc3339(r->at_us, when);
	printf("%lld\t%s\t%.*s\t%.*s\t%.*s\t%.*s\t%.*s\n", (long long)r->seq, when, STR_ARG(r->action),
	        r->actor.n ? (int)r->actor.n : 1, r->actor.n ? r->actor.p : "-", r->object.n ? (int)r->object.n : 1,
	        r->object.n ? r->object.p : "-", r->address.n ? (int)r->address.n : 1,
	        r->address.n ? r->address.p : "-", STR_ARG(r->details));
}

static enum status audit_list_command(struct invocation *inv, struct err *e)
{
	struct service_instance *s = the_one(inv);
	const char *action = inv_option(inv, "action"), *actor = inv_option(inv, "actor"),
	           *max = inv_option(inv, "max");
	const char *object = inv_option(inv, "object"), *since = inv_option(inv, "since");
	int64_t lines = LIST_DEFAULT, since_us = 0;
	struct audit_row *rows;
	size_t n;
	if (!s)
		return err_set(e, ST_USAGE, "no service of that name keeps an audit chain here");
	if (max && (!str_i64(str_c(max), &lines) || lines < 1 || lines > AUDIT_LIST_MAX))
		return err_set(e, ST_USAGE, "--max is a number from 1 to %d", AUDIT_LIST_MAX);
	if (since && !clock_parse_rfc3339(str_c(since), &since_us))
		return err_set(e, ST_USAGE, "--since is a date, 2026-11-21 or 2026-11-21T08:30:00Z");
	const struct audit_filter f = { .action = str_c(action ? action : ""), .actor = str_c(actor ? actor : ""),
		.object = str_c(object ? object : ""), .since_us = since_us, .max = (size_t)lines };
	SCOPED_DB_READ c = NULL;
	TRY(db_read(inv->ctx, s->db, &c, e));
	TRY(audit_list(c, &f, &rows, &n, e));
	for (size_t i = n; i-- > 0;)
		print_row(&rows[i]);
	return ST_OK;
}

static enum status key(struct invocation *inv, struct err *e)
{
	char hex[AUDIT_KEY_HEX + 1];
	audit_public_key(hex);
	printf("%s\n", hex);
	return ST_OK;
}

/* An exported file is verified where there is no site, and makes none. */
static unsigned flags_for(const struct invocation *inv)
{
	bool file = inv->arg_count > 1 && !strcmp(inv->args[0], "verify");
	return file ? CMD_FIBER : CMD_PLATFORM | CMD_FIBER;
}

static enum status audit_command_run(struct invocation *inv, struct err *e)
{
	static const struct { const char *name; enum status (*run)(struct invocation *inv, struct err *e); } verbs[] = {
		{ "verify", verify }, { "export", export }, { "list", audit_list_command }, { "key", key } };
	for (unsigned i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(inv->args[0], verbs[i].name))
			return verbs[i].run(inv, e);
	return err_set(e, ST_USAGE, "'audit %s' is not known; there are: verify, export, list, key", inv->args[0]);
}

static const struct option_def options[] = {
	{ "service", "NAME", NULL, "whose chain; verify: every service's here, otherwise identity's" },
	{ "key", "HEX,...", NULL, "verify: public keys to trust; of a FILE only these" },
	{ "known", "SEQ:HASH", NULL, "verify: a checkpoint from the log that must be there" },
	{ "action", "TEXT", NULL, "list: actions that begin so, \"person.\"" },
	{ "actor", "ID", NULL, "list: what this person did" },
	{ "object", "ID", NULL, "list: what was done to this" },
	{ "since", "DATE", NULL, "list: from this date on" },
	{ "max", "N", NULL, "list: the newest N (50)" },
	{ 0 },
};

const struct command command_audit = {
	.name = "audit",
	.usage = "verify [FILE] | export FILE | list | key",
	.summary = "Verify, export or list the record of what was done",
	.details = "verify walks each chain from its first entry and names the first that was edited, removed, moved "
	           "or added by another hand. With\n"
	           "a FILE that was exported before it needs neither database nor site, but --key: `guildhall audit "
	           "key` tells it. Checkpoints are in\n"
	           "the log (audit.checkpoint): --known with the newest proves that nothing before it was cut off. "
	           "Exit code 1: something is bad.",
	.options = options,
	.min_args = 1,
	.max_args = 2,
	.flags_for = flags_for,
	.run = audit_command_run,
};
