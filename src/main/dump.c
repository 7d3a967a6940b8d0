/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall dump TABLE: the tables that the program is made of, as text with tabs between the columns. Documentation
 * and golden tests are made from it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "main/command.h"
#include "platform/boot/platform.h"
#include "platform/config/suggest.h"
#include "platform/core/metrics.h"
#include "platform/peers/contract.h"
#include "platform/receive/receive.h"
#include "platform/web/web_app.h"

static void print_flags(unsigned flags)
{
	static const char *const names[] = { "auth", "admin", "no-csrf", "cache", "internal", "ops", "stream",
		"large" };
	bool any = false;
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (flags & 1u << i) {
			printf("%s%s", any ? "," : "", names[i]);
			any = true;
		}
	if (!any)
		printf("-");
}

static void print_routes(const char *service, const char *base, const struct route *r)
{
	static const char *const rates[] = {
		[RATE_READ] = "read", [RATE_WRITE] = "write", [RATE_SIGN_IN] = "sign-in", [RATE_NONE] = "none"
	};
	for (; r && r->method; r++) {
		bool front = *base && !strcmp(r->pattern, "/");
		printf("%s\t%s\t%s%s\t", service, r->method, base, front ? "" : r->pattern);
		print_flags(r->flags);
		printf("\t%s\t%u\t%s\n", rates[route_rate(r)], r->cache_s, r->help ? r->help : "");
	}
}

static void dump_routes(struct invocation *inv)
{
	SCOPED_ARENA *a = arena_new(1 << 20);
	printf("service\tmethod\tpattern\tflags\trate\tcache s\thelp\n");
	print_routes("platform", "", ops_routes);
	print_routes("platform", "", receive_routes);
	for (const struct service *const *s = services_all; *s; s++) {
		struct str url, path;
		platform_base(a, inv->config, *s, &url, &path);
		print_routes((*s)->name, arena_cstr(a, path), (*s)->routes);
		print_routes((*s)->name, arena_cstr(a, path), (*s)->media ? media_routes : NULL);
	}
}

static void dump_events(struct invocation *inv)
{
	printf("service\thandler\ttype\torigin\n");
	for (const struct service *const *s = services_all; *s; s++)
		for (const struct event_handler *h = (*s)->events; h && h->type; h++)
			printf("%s\t%s\t%s\t%s\n", (*s)->name, h->name, h->type, h->origin ? h->origin : (*s)->name);
}

static void dump_jobs(struct invocation *inv)
{
	printf("service\tkind\tattempts\ttime s\tpriority\tcron\n");
	for (const struct service *const *s = services_all; *s; s++)
		for (const struct job_def *j = (*s)->jobs; j && j->kind; j++)
			printf("%s\t%s\t%u\t%u\t%d\t%s\n", (*s)->name, j->kind, j->attempts ? j->attempts : 5,
			        j->time_s ? j->time_s : 15, j->priority, j->cron ? j->cron : "-");
}

static void dump_errors(struct invocation *inv)
{
	static const char *const levels[] = { "trace", "debug", "info", "warn", "error" };
	printf("name\thttp\tslug\tretry\tlog\ttitle\n");
	for (enum status st = ST_OK; st < ST_COUNT; st++) {
		const struct status_info *i = status_info(st);
		printf("%s\t%d\t%s\t%s\t%s\t%s\n", i->name, i->http, i->slug, i->retry ? "yes" : "no", levels[i->level],
		        i->title);
	}
}

static void dump_metrics(struct invocation *inv)
{
	struct metric_row rows[M_COUNT];
	size_t n = metric_rows(rows, M_COUNT);
	printf("name\tkind\tlabel\thelp\n");
	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\t%s\t%s\n", rows[i].name, rows[i].kind, *rows[i].label ? rows[i].label : "-",
		        rows[i].help);
}

static void dump_settings(struct invocation *inv)
{
	static const char *const kinds[] = { "text", "number", "yes/no", "duration", "bytes", "choice", "secret" };
	SCOPED_ARENA *a = arena_new(4 << 20);
	struct config_row *rows;
	size_t n = config_rows(inv->config, a, &rows);
	printf("setting\tvalue\tsource\tkind\tdefault\tlive\thelp\n");
	for (size_t i = 0; i < n; i++) {
		const struct setting *s = rows[i].setting;
		printf("%s.%s\t%s\t%s\t%s\t%s\t%s\t%s%s%s%s\n", s->section, s->key, rows[i].value, rows[i].source,
		        kinds[s->kind], s->fallback ? s->fallback : "", s->live ? "yes" : "no", s->help,
		        s->choices ? " (" : "", s->choices ? s->choices : "", s->choices ? ")" : "");
	}
}

static void dump_contracts(struct invocation *inv)
{
	printf("service\tname\tkind\tttl s\tin\tout\n");
	for (const struct service *const *s = services_all; *s; s++)
		for (const struct contract_def *const *c = (*s)->contracts; c && *c; c++)
			printf("%s\t%s\t%s\t%u\t%s\t%s\n", (*s)->name, (*c)->name,
			        (*c)->kind == CONTRACT_QUERY ? "query" : "action", (*c)->ttl_s, (*c)->in->name,
			        (*c)->out->name);
}

static void dump_fragments(struct invocation *inv)
{
	printf("service\ttype\tsoft s\tper person\tparams\n");
	for (const struct service *const *s = services_all; *s; s++)
		for (const struct fragment_def *f = (*s)->fragments; f && f->type; f++)
			printf("%s\t%s\t%u\t%s\t%s\n", (*s)->name, f->type, f->soft_s, f->per_person ? "yes" : "no",
			        f->params && *f->params ? f->params : "-");
}

static const struct { const char *name; void (*print)(struct invocation *inv); } tables[] = {
	{ "routes", dump_routes },
	{ "events", dump_events },
	{ "jobs", dump_jobs },
	{ "errors", dump_errors },
	{ "metrics", dump_metrics },
	{ "settings", dump_settings },
	{ "contracts", dump_contracts },
	{ "fragments", dump_fragments },
};

static enum status dump_command_run(struct invocation *inv, struct err *e)
{
	struct suggest s;
	suggest_init(&s, str_c(inv->args[0]));
	for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (!strcmp(tables[i].name, inv->args[0])) {
			tables[i].print(inv);
			return fflush(stdout) ? err_set(e, ST_IO, "standard output can not be written") : ST_OK;
		}
		suggest_offer(&s, tables[i].name);
	}
	return err_set(e, ST_USAGE, "there is no table '%s'%s%s%s", inv->args[0], s.best ? ". Did you mean " : "",
	        s.best ? s.best : "", s.best ? "?" : "");
}

const struct command command_dump = {
	.name = "dump",
	.usage = "routes|events|jobs|errors|metrics|settings|contracts|fragments",
	.summary = "Print a table of the program",
	.details = "One row per line, columns separated by tabs. `dump settings` shows what each setting is and where "
	           "that comes from;\nsecrets are masked.",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_CONFIG,
	.run = dump_command_run,
};
