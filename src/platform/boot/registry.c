/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks over the service tables. Boot calls it once: a mistake here is the programmer's, so the first one is enough.
 */
#include "platform/boot/registry.h"

#include "platform/peers/contract.h"

static bool good_name(const char *s, const char *extra)
{
	if (!s || !*s)
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || strchr(extra, *s)))
			return false;
	return true;
}

static enum status row_bad(struct err *e, const struct service *s, const char *table, const char *row, const char *why)
{
	return err_set(e, ST_CONFIG, "service %s, %s %s: %s", s->name, table, row ? row : "(unnamed)", why);
}

static const char *const site_roles[] = { "owner", "admin", "editor", "member" };

static bool role_known(const struct service *s, struct str role)
{
	for (unsigned i = 0; i < sizeof site_roles / sizeof *site_roles; i++)
		if (str_eqc(role, site_roles[i]))
			return true;
	for (const struct role_def *r = s->roles; r && r->name; r++)
		if (str_eqc(role, r->name))
			return true;
	return false;
}

/* Of several with a space between them, each. */
static bool roles_known(const struct service *s, const char *roles)
{
	struct str rest = str_c(roles), role;
	while (str_next(&rest, ' ', &role))
		if (!role_known(s, role))
			return false;
	return true;
}

static enum status check_roles(const struct service *s, struct err *e)
{
	for (const struct role_def *r = s->roles; r && r->name; r++) {
		if (!good_name(r->name, "-") || !r->title || !r->help)
			return row_bad(e, s, "role", r->name, "needs a name of a-z, 0-9, -, a title and a help line");
		for (unsigned i = 0; i < sizeof site_roles / sizeof *site_roles; i++)
			if (!strcmp(site_roles[i], r->name))
				return row_bad(e, s, "role", r->name, "is a role of the site");
	}
	return ST_OK;
}

static enum status check_routes(const struct service *s, struct err *e)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL };
	for (const struct route *r = s->routes; r && r->method; r++) {
		unsigned m = 0;
		while (methods[m] && strcmp(methods[m], r->method))
			m++;
		if (!methods[m])
			return row_bad(e, s, "route", r->pattern, "unknown method");
		if (!r->handle)
			return row_bad(e, s, "route", r->pattern, "no handler");
		if (!r->help || !*r->help)
			return row_bad(e, s, "route", r->pattern, "no help");
		if (r->role && !roles_known(s, r->role))
			return row_bad(e, s, "route", r->pattern, "asks for a role that does not exist");
		if ((r->flags & ROUTE_CACHE) &&
		        (r->role || strcmp(r->method, "GET") || (r->flags & (ROUTE_AUTH | ROUTE_ADMIN | ROUTE_STREAM))))
			return row_bad(e, s, "route", r->pattern, "only a public GET page can be cached");
	}
	return ST_OK;
}

static enum status check_fragments(const struct service *s, struct err *e)
{
	for (const struct fragment_def *f = s->fragments; f && f->type; f++) {
		if (!good_name(f->type, "-") || !f->render)
			return row_bad(e, s, "fragment", f->type, "needs a name of a-z, 0-9, - and a render function");
		for (const struct fragment_def *g = s->fragments; g < f; g++)
			if (!strcmp(f->type, g->type))
				return row_bad(e, s, "fragment", f->type, "defined twice");
	}
	return ST_OK;
}

static enum status check_contracts(const struct service *s, struct err *e)
{
	for (const struct contract_def *const *c = s->contracts; c && *c; c++) {
		if (!good_name((*c)->name, "-_") || !(*c)->serve || !(*c)->in || !(*c)->out)
			return row_bad(e, s, "contract", (*c)->name, "needs a name, in, out and serve");
		if (!(*c)->service || strcmp((*c)->service, s->name))
			return row_bad(e, s, "contract", (*c)->name, "names another service");
		for (const struct contract_def *const *d = s->contracts; d < c; d++)
			if (!strcmp((*c)->name, (*d)->name))
				return row_bad(e, s, "contract", (*c)->name, "defined twice");
	}
	return ST_OK;
}

static bool service_known(const struct service *const *services, const char *name)
{
	for (; *services; services++)
		if (!strcmp((*services)->name, name))
			return true;
	return false;
}

static enum status check_events(const struct service *const *all, const struct service *s, struct err *e)
{
	for (const struct event_handler *h = s->events; h && h->type; h++) {
		if (!good_name(h->name, "-_.") || !h->handle)
			return row_bad(e, s, "event handler", h->name, "needs a name and a function");
		if (h->origin && strcmp(h->origin, "*") && !service_known(all, h->origin))
			return row_bad(e, s, "event handler", h->name,
			               "takes the events of a service that does not exist");
		for (const struct event_handler *g = s->events; g < h; g++)
			if (!strcmp(h->name, g->name))
				return row_bad(e, s, "event handler", h->name, "defined twice");
	}
	return ST_OK;
}

static enum status check_jobs(const struct service *const *all, const struct service *s, struct err *e)
{
	for (const struct job_def *j = s->jobs; j && j->kind; j++) {
		if (!good_name(j->kind, "-_.") || !j->run)
			return row_bad(e, s, "job", j->kind, "needs a name and a function");
		/* Kinds are the process's: metrics and the dead-letter list name them without their service. */
		for (const struct service *const *o = all; *o; o++)
			for (const struct job_def *k = (*o)->jobs; k && k->kind; k++)
				if (k != j && !strcmp(j->kind, k->kind))
					return row_bad(e, s, "job", j->kind, "defined twice");
	}
	return ST_OK;
}

enum status registry_check(const struct service *const *services, struct err *e)
{
	for (const struct service *const *p = services; *p; p++) {
		const struct service *s = *p;
		if (!good_name(s->name, "") || !s->title || !s->summary)
			return err_set(e, ST_CONFIG, "service %s: needs a name of a-z and 0-9, a title and a summary",
			        s->name ? s->name : "?");
		if (!s->mount || s->mount[0] != '/' || (s->mount[1] && s->mount[strlen(s->mount) - 1] == '/'))
			return err_set(e, ST_CONFIG, "service %s: mount is a path without a slash at its end", s->name);
		for (const struct service *const *q = services; q < p; q++)
			if (!strcmp((*q)->name, s->name))
				return err_set(e, ST_CONFIG, "service %s is there twice", s->name);
		for (const struct service *const *q = services; s->identity && q < p; q++)
			if ((*q)->identity)
				return err_set(e, ST_CONFIG, "services %s and %s both want to be the identity provider",
				        (*q)->name, s->name);
		TRY(check_roles(s, e));
		TRY(check_routes(s, e));
		TRY(check_fragments(s, e));
		TRY(check_contracts(s, e));
		TRY(check_events(services, s, e));
		TRY(check_jobs(services, s, e));
	}
	return ST_OK;
}
