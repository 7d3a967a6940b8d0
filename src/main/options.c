/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line: options everywhere, `--name value` or `--name=value`; `--` ends them.
 */
#include <assert.h>
#include <stdio.h>

#include "main/command.h"
#include "platform/config/suggest.h"

static const struct option_def common[] = {
	{ "config", "FILE", NULL, "read settings from FILE" },
	{ "set", "SECTION.KEY=VALUE", NULL, "set one setting; may be given again" },
	{ "data", "DIR", "server.data_dir", "folder of databases, media, mail and keys" },
	{ "only", "NAMES", "server.only", "the services of this process, separated by commas" },
	{ "help", NULL, NULL, "say how this command is used" },
	{ 0 },
};

const char *inv_option(const struct invocation *inv, const char *name)
{
	for (unsigned i = 0; i < inv->option_count; i++)
		if (!strcmp(inv->options[i].def->name, name))
			return inv->options[i].value;
	return NULL;
}

static const struct option_def *find_option(const struct option_def *list, struct str name)
{
	for (; list && list->name; list++)
		if (str_eqc(name, list->name))
			return list;
	return NULL;
}

static enum status unknown_option(const struct command *c, struct str name, struct err *e)
{
	struct suggest s;
	suggest_init(&s, name);
	for (const struct option_def *o = common; o->name; o++)
		suggest_offer(&s, o->name);
	for (const struct option_def *o = c->options; o && o->name; o++)
		suggest_offer(&s, o->name);
	if (s.best)
		return err_set(
		        e, ST_USAGE, "%s has no option --%.*s. Did you mean --%s?", c->name, STR_ARG(name), s.best);
	return err_set(e, ST_USAGE, "%s has no option --%.*s. See: guildhall help %s", c->name, STR_ARG(name), c->name);
}

/* Lives as long as the program: settings point into it. */
static char set_texts[SETS_MAX][512];

static enum status add_set(struct invocation *inv, const char *text, struct err *e)
{
	if (inv->set_count == SETS_MAX)
		return err_set(e, ST_USAGE, "more than %d settings on the command line: use --config FILE", SETS_MAX);
	inv->sets[inv->set_count++] = text;
	return ST_OK;
}

static enum status take_option(struct invocation *inv, const struct option_def *o, const char *value, struct err *e)
{
	if (!strcmp(o->name, "config")) {
		inv->config_file = value;
		return ST_OK;
	}
	if (!strcmp(o->name, "set"))
		return add_set(inv, value, e);
	if (o->setting) {
		char *text = set_texts[inv->set_count < SETS_MAX ? inv->set_count : 0];
		if (snprintf(text, sizeof set_texts[0], "%s=%s", o->setting, value) >= (int)sizeof set_texts[0])
			return err_set(e, ST_USAGE, "the value of --%s is too long", o->name);
		return add_set(inv, text, e);
	}
	if (inv->option_count == OPTIONS_MAX)
		return err_set(e, ST_USAGE, "more than %d options on the command line", OPTIONS_MAX);
	inv->options[inv->option_count].def = o;
	inv->options[inv->option_count++].value = value ? value : "";
	return ST_OK;
}

enum status parse_arguments(int argc, char **argv, struct invocation *inv, struct err *e)
{
	const struct command *c = inv->command;
	bool options = true;
	assert(c->max_args <= ARGS_MAX);
	for (const char *const *set = c->sets; set && *set; set++)
		TRY(add_set(inv, *set, e));
	for (int i = 0; i < argc; i++) {
		struct str name = str_c(argv[i]), value;
		if (!options || !str_starts(name, STR("--"))) {
			if (inv->arg_count >= c->max_args)
				return err_set(e, ST_USAGE, "%s does not take '%s'. See: guildhall help %s", c->name,
				        argv[i], c->name);
			inv->args[inv->arg_count++] = argv[i];
			continue;
		}
		value = str_skip(name, 2);
		if (!value.n) {
			options = false;
			continue;
		}
		bool has = str_cut(&value, '=', &name);
		const struct option_def *o = find_option(common, name);
		if (!o)
			o = find_option(c->options, name);
		if (!o)
			return unknown_option(c, name, e);
		if (has && !o->value)
			return err_set(e, ST_USAGE, "--%s takes no value", o->name);
		if (o->value && !has && i + 1 >= argc)
			return err_set(e, ST_USAGE, "--%s needs a value: %s", o->name, o->value);
		TRY(take_option(inv, o, !o->value ? NULL : has ? value.p : argv[++i], e));
	}
	if (inv->arg_count < c->min_args && !inv_option(inv, "help"))
		return err_set(e, ST_USAGE, "usage: guildhall %s %s", c->name, c->usage);
	return ST_OK;
}

enum status parse_roles(const char *text, unsigned *roles, struct err *e)
{
	struct str rest = str_c(text), one;
	*roles = 0;
	while (rest.n && str_next(&rest, ',', &one)) {
		one = str_trim(one);
		if (str_eqc(one, "events"))
			*roles |= ROLE_EVENTS;
		else if (str_eqc(one, "jobs"))
			*roles |= ROLE_JOBS;
		else if (!str_eqc(one, "none"))
			return err_set(
			        e, ST_USAGE, "there is no role '%.*s'; there are: events, jobs, none", STR_ARG(one));
	}
	return ST_OK;
}

/* --- help --------------------------------------------------------------------------------------------------- */

static void print_options(const struct option_def *o)
{
	for (; o && o->name; o++) {
		char left[64];
		snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		printf("  %-26s %s\n", left, o->help);
	}
}

void print_help(const struct command *c)
{
	if (!c) {
		printf("usage: guildhall COMMAND [options]\n\n");
		for (const struct command *const *p = commands; *p; p++)
			printf("  %-10s %s\n", (*p)->name, (*p)->summary);
		printf("\n`guildhall help COMMAND` says more; `guildhall dump settings` lists every setting.\n");
		return;
	}
	printf("usage: guildhall %s %s\n\n%s.\n", c->name, c->usage, c->summary);
	if (c->details)
		printf("\n%s\n", c->details);
	if (c->options) {
		printf("\n");
		print_options(c->options);
	}
	printf("\nOptions of every command:\n");
	print_options(common);
}
