/* SPDX-License-Identifier: Apache-2.0
 *
 * guildhall help [COMMAND]
 */
#include "main/command.h"

static enum status help_command_run(struct invocation *inv, struct err *e)
{
	const struct command *found = NULL;
	for (const struct command *const *c = commands; *c && inv->arg_count; c++)
		if (!strcmp((*c)->name, inv->args[0]))
			found = *c;
	if (inv->arg_count && !found)
		return err_set(e, ST_USAGE, "there is no command '%s'", inv->args[0]);
	print_help(found);
	return ST_OK;
}

const struct command command_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "Say how a command is used",
	.max_args = 1,
	.run = help_command_run,
};
