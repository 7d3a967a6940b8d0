/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall user add EMAIL: a person with a password, made by whoever may run the program.
 */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "main/command.h"
#include "services/identity/admin/admin.h"
#include "services/identity/people/people.h"

#define LINE (PASSWORD_MAX + 3) /* a line of it: its end, and that of the text */

/* One line of standard input; not shown while it is typed. */
static enum status read_password(char line[LINE], struct err *e)
{
	struct termios before, silent;
	bool terminal = isatty(0) && !tcgetattr(0, &before);
	if (terminal) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(0, TCSAFLUSH, &silent);
	}
	char *got = fgets(line, LINE, stdin);
	if (terminal) {
		tcsetattr(0, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (!got)
		return err_set(e, ST_USAGE, "give the password as one line on standard input");
	size_t n = strcspn(line, "\r\n");
	if (!line[n] && n == LINE - 1)
		return err_set(e, ST_USAGE, "the password has more than %d bytes", PASSWORD_MAX);
	line[n] = 0;
	return ST_OK;
}

static enum status user_command_run(struct invocation *inv, struct err *e)
{
	char line[LINE];
	struct service_instance *s = platform_service(inv->platform, "identity");
	const char *name = inv_option(inv, "name");
	int64_t id;
	if (strcmp(inv->args[0], "add"))
		return err_set(e, ST_USAGE, "'user %s' is not known; there is: user add EMAIL", inv->args[0]);
	if (!s || !s->db)
		return err_set(
		        e, ST_CONFIG, "identity, which keeps people, does not run in this process (server.only)");
	TRY(read_password(line, e));
	inv->ctx->svc = s;
	struct str email = str_c(inv->args[1]), own = email;
	ptrdiff_t at = str_chr(own, '@');
	const struct admin_person n = { .email = email,
		.name = name     ? str_c(name)
		        : at > 0 ? str_first(own, (size_t)at)
		                 : own,
		.password = str_c(line),
		.roles = inv_option(inv, "owner")  ? STR("owner")
		        : inv_option(inv, "admin") ? STR("admin")
		                                   : STR("") };
	TRY(admin_add_person(inv->ctx, &n, &id, e));
	printf("added %s\n", inv->args[1]);
	return ST_OK;
}

static const struct option_def options[] = {
	{ "name", "NAME", NULL, "how the person is called; otherwise what stands before the @" },
	{ "admin", NULL, NULL, "may administer the site" },
	{ "owner", NULL, NULL, "owns the site: may also make administrators" },
	{ 0 },
};

const struct command command_user = {
	.name = "user", .usage = "add EMAIL [--name NAME] [--admin]", .summary = "Add a person",
	.details = "The password is one line on standard input. The address counts as confirmed.",
	.options = options, .min_args = 2, .max_args = 2, .flags = CMD_MIGRATED, .run = user_command_run,
};
