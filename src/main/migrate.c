/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall migrate [--status]: bring the databases up to date, or say how far they are.
 */
#include <stdio.h>

#include "base/clock.h"
#include "main/command.h"
#include "platform/auth/store.h"
#include "platform/boot/platform.h"

static void print_list(const char *database, const struct db_migration_state *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char when[CLOCK_TEXT_MAX] = "pending";
		if (list[i].applied)
			clock_rfc3339(list[i].applied_us, when);
		printf("%-10s %-10s %04u %-28s %s\n", database, list[i].owner, list[i].number, list[i].name, when);
	}
}

static enum status print_status(struct invocation *inv, struct service_instance *s, struct err *e)
{
	struct db_migration_set sets[2];
	struct db_migration_state *list;
	size_t n;
	TRY(db_migrate_status(inv->ctx, s->db, sets, platform_migrations_of(s->def, sets), &list, &n, e));
	print_list(s->def->name, list, n);
	return ST_OK;
}

static enum status migrate_command_run(struct invocation *inv, struct err *e)
{
	struct platform *p = inv->platform;
	unsigned applied;
	if (!inv_option(inv, "status")) {
		TRY(platform_migrate(inv->ctx, p, &applied, e));
		printf("%u migration%s applied\n", applied, applied == 1 ? "" : "s");
		return ST_OK;
	}
	for (unsigned i = 0; i < p->service_count; i++)
		if (p->services[i].db)
			TRY(print_status(inv, &p->services[i], e));
	if (p->auth) {
		struct db_migration_state *list;
		size_t n;
		TRY(authstore_migrate_status(inv->ctx, p->auth, &list, &n, e));
		print_list("auth", list, n);
	}
	return ST_OK;
}

static const struct option_def options[] = {
	{ "status", NULL, NULL, "list the migrations and when each was applied; change nothing" }, { 0 }
};

const struct command command_migrate = {
	.name = "migrate",
	.usage = "[--status]",
	.summary = "Bring the databases up to date",
	.details = "Every service has its own database; the platform's tables are in each. Of several processes that "
	           "migrate at once one does\n"
	           "the work and the others wait. `serve` migrates by itself unless database.migrate is off.",
	.options = options,
	.flags = CMD_PLATFORM | CMD_FIBER,
	.run = migrate_command_run,
};
