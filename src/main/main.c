/* SPDX-License-Identifier: Apache-2.0
 *
 * The one binary. Finds the command, fulfils its preconditions, turns its result into an exit code:
 * 0 done, 1 failed, 2 used wrongly, 3 configuration not usable.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"
#include "main/command.h"
#include "main/exits.h"
#include "platform/boot/platform.h"
#include "platform/config/suggest.h"
#include "platform/media/media.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define COMMAND_MEMORY (256u << 20)

const struct command *const commands[] = { &command_serve, &command_worker, &command_migrate, &command_import,
	&command_export, &command_backup, &command_restore, &command_content_key, &command_sumup_sim, &command_user,
	&command_audit, &command_doctor, &command_bench, &command_dump, &command_help, NULL };

const char *program_version(void)
{
	return GUILDHALL_VERSION;
}

static int exit_code(enum status st)
{
	return st == ST_OK ? 0 : st == ST_USAGE ? 2 : st == ST_CONFIG ? 3 : 1;
}

static int exit_with(const struct err *e)
{
	fprintf(stderr, "guildhall: %s\n", e->msg[0] ? e->msg : status_info(e->status)->title);
	return exit_code(e->status);
}

static enum status load_config(struct invocation *inv, struct err *e)
{
	enum log_level level = LOG_INFO;
	inv->source = (struct config_source){
		.file = inv->config_file, .sets = inv->sets, .set_count = inv->set_count, .environment = true
	};
	inv->config = config_load(&inv->source, services_all, e);
	if (!inv->config)
		return ST_CONFIG;
	(void)log_level_parse(config_str(inv->config, "log", "level"), &level);
	struct str format = config_str(inv->config, "log", "format");
	log_setup(level, str_eqc(format, "json") ? LOG_JSON : str_eqc(format, "text") ? LOG_TEXT : LOG_AUTO);
	return ST_OK;
}

struct in_fiber { struct invocation *inv; enum status st; struct err *e; };

static enum status start_platform(struct invocation *inv, struct ctx *ctx, struct err *e)
{
	unsigned applied;
	TRY(platform_migrate(ctx, inv->platform, &applied, e));
	return platform_start(ctx, inv->platform, e);
}

static void run_in_fiber(void *arg)
{
	struct in_fiber *f = arg;
	SCOPED_ARENA *a = arena_new(COMMAND_MEMORY);
	struct ctx ctx;
	if (!a) {
		f->st = err_set(f->e, ST_NOMEM, "no memory to start");
		return;
	}
	ctx_init(&ctx, a);
	f->inv->ctx = &ctx;
	f->st = ST_OK;
	if (f->inv->flags & CMD_MIGRATED)
		f->st = start_platform(f->inv, &ctx, f->e);
	if (f->st == ST_OK)
		f->st = f->inv->command->run(f->inv, f->e);
}

static enum status run_command(struct invocation *inv, struct err *e)
{
	unsigned flags = inv->flags = inv->command->flags_for ? inv->command->flags_for(inv) : inv->command->flags;
	if (flags & CMD_MIGRATED)
		flags |= CMD_CONFIG | CMD_PLATFORM | CMD_FIBER;
	if (flags & (CMD_CONFIG | CMD_PLATFORM))
		TRY(load_config(inv, e));
	if (flags & CMD_LOOSE_CONFIG)
		(void)!load_config(inv, &inv->config_error);
	if ((flags & CMD_PLATFORM) && !(inv->platform = platform_new(inv->config, services_all, e)))
		return ST_CONFIG;
	if (!(flags & CMD_FIBER))
		return inv->command->run(inv, e);
	TRY(offload_start(2, 1000, e));
	struct in_fiber f = { inv, ST_OK, e };
	fiber_main(run_in_fiber, &f);
	offload_stop();
	return f.st;
}

struct guarded_command { struct invocation *inv; enum status st; struct err *e; };

static void guarded_command(void *arg)
{
	struct guarded_command *g = arg;
	g->st = run_command(g->inv, g->e);
}

static int run_named(struct invocation *inv, const char *name, int argc, char **argv)
{
	struct err e = { 0 };
	for (const struct command *const *c = commands; *c && !inv->command; c++)
		if (!strcmp((*c)->name, name))
			inv->command = *c;
	if (!inv->command) {
		struct suggest s;
		suggest_init(&s, str_c(name));
		for (const struct command *const *c = commands; *c; c++)
			suggest_offer(&s, (*c)->name);
		err_set(&e, ST_USAGE, "there is no command '%s'. %s%s%s", name,
		        s.best ? "Did you mean " : "See: guildhall help", s.best ? s.best : "", s.best ? "?" : "");
		return exit_with(&e);
	}
	if (parse_arguments(argc, argv, inv, &e) != ST_OK)
		return exit_with(&e);
	if (inv_option(inv, "help")) {
		print_help(inv->command);
		return 0;
	}
	struct guarded_command g = { inv, ST_OK, &e };
	enum status st = guard_run(guarded_command, &g);
	st = st == ST_OK ? g.st : err_set(&e, st, "the command needed more memory than it may have");
	platform_free(inv->platform);
	config_free(inv->config);
	if (st == ST_OK)
		return 0;
	e.status = st;
	return exit_with(&e);
}

static void prepare_process(void)
{
	struct rlimit files;
	sigset_t signals;
	umask(0077);
	/* A heap for each loop, and not one for every thread: with fewer, loops wait for each other in malloc. */
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	mallopt(M_ARENA_MAX, processors > 0 ? (int)processors + 1 : 4);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Taken through a descriptor by the loop that asks for them: blocked before there is any thread. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	struct invocation inv = { .started_ns = clock_mono_ns() };
	exits_watch();
	if (argc < 2) {
		print_help(NULL);
		return process_ends(2);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		printf("guildhall %s\n", program_version());
		return process_ends(0);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(NULL);
		return process_ends(0);
	}
	if (!strcmp(argv[1], MEDIA_WORKER) && argc == 3)
		return process_ends(media_worker(argv[2]));
	prepare_process();
	return process_ends(run_named(&inv, argv[1], argc - 2, argv + 2));
}
