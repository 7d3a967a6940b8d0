/* SPDX-License-Identifier: Apache-2.0
 *
 * The command table: one row per sub-command, one file each. Flags are preconditions that main() fulfils before run()
 * is called, so no command loads a configuration or opens a store itself.
 *
 * To add a command: a file with its row, the row's name in main.c's table.
 */
#ifndef GH_MAIN_COMMAND_H
#define GH_MAIN_COMMAND_H

#include "platform/config/config.h"
#include "platform/core/service.h"

enum command_flag {
	CMD_CONFIG = 1 << 0,       /* inv->config is loaded, logging set up */
	CMD_PLATFORM = 1 << 1,     /* inv->platform is made: stores opened; implies CMD_CONFIG */
	CMD_FIBER = 1 << 2,        /* run() is in a fiber of a loop of its own, with inv->ctx */
	CMD_MIGRATED = 1 << 3,     /* databases are up to date and the services started; implies the three above */
	CMD_LOOSE_CONFIG = 1 << 4, /* a configuration that can't be loaded is no failure: inv->config is NULL,
	                              inv->config_error says why */
};

struct option_def {
	const char *name;    /* "listen" */
	const char *value;   /* "ADDR:PORT"; NULL: a switch */
	const char *setting; /* "server.listen": an abbreviation of --set; NULL: read it with inv_option */
	const char *help;
};

#define ARGS_MAX 8
#define SETS_MAX 64
#define OPTIONS_MAX 16

struct invocation {
	const struct command *command;
	unsigned flags;
	int64_t started_ns;
	const char *args[ARGS_MAX];
	unsigned arg_count;
	const char *config_file;
	const char *sets[SETS_MAX];
	unsigned set_count;
	struct {
		const struct option_def *def;
		const char *value;
	} options[OPTIONS_MAX];
	unsigned option_count;
	struct config_source source;
	struct config *config;
	struct err config_error;
	struct platform *platform;
	struct ctx *ctx;
};
/* Value of an option given on the command line; "" for a switch; NULL: not given. */
const char *inv_option(const struct invocation *inv, const char *name);

struct command {
	const char *name, *usage, *summary; /* usage: what follows the name */
	const char *details;                /* for `help NAME`; may be NULL */
	const struct option_def *options;   /* zero-terminated; may be NULL */
	const char *const *sets; /* settings that it begins with, "section.key=value"; NULL-terminated, or NULL */
	unsigned min_args, max_args;
	unsigned flags;
	unsigned (*flags_for)(const struct invocation *inv); /* where they depend on the arguments; NULL: flags */
	/* ST_OK: exit 0; ST_USAGE: 2; ST_CONFIG: 3; anything else: 1, with the message. */
	enum status (*run)(struct invocation *inv, struct err *e);
};

extern const struct command command_serve, command_worker, command_migrate, command_dump, command_doctor,
        command_import, command_export, command_backup, command_restore, command_content_key, command_sumup_sim,
        command_user, command_audit, command_bench, command_help;
extern const struct command *const commands[]; /* NULL-terminated */

/* options.c. ST_USAGE. */
enum status parse_arguments(int argc, char **argv, struct invocation *inv, struct err *e) MUST_CHECK;
void print_help(const struct command *c); /* NULL: of the program */
/* --roles events,jobs → bits. */
enum { ROLE_EVENTS = 1, ROLE_JOBS = 2 };
enum status parse_roles(const char *text, unsigned *roles, struct err *e) MUST_CHECK;

/* The demonstration's folder: server.demo_dir, else beside the program, in a source tree and installed; in a, or lives
 * as long as c. */
const char *demo_folder(struct arena *a, const struct config *c);

/* As --version shows it: "1.2.3". */
const char *program_version(void);

#endif
