/* SPDX-License-Identifier: Apache-2.0
 *
 * A market without a house around it, for tests of its store.
 */
#ifndef GH_TESTS_STORE_SHOP_H
#define GH_TESTS_STORE_SHOP_H

#include "db/db.h"
#include "gen/market_sql.h"
#include "gen/platform_sql.h"
#include "platform/core/service.h"

extern const struct service service_market;

struct shop {
	struct platform p;
	struct service_instance svc;
};

/* As a running service would: ctx asks and writes as the market's from now on. All of them stay the caller's. */
static inline void open_shop(struct shop *s, struct ctx *ctx, struct db *db)
{
	*s = (struct shop){ 0 };
	s->svc = (struct service_instance){ .def = &service_market,
		.db = db,
		.platform = &s->p,
		.local = true,
		.base_url = STR("http://localhost/market"),
		.base_path = STR("/market") };
	s->p.services = &s->svc;
	s->p.service_count = 1;
	ctx->svc = &s->svc;
}

/* The same over the market's database at url, made where there is none. ST_OK, or why not in *e; db_close ends it. */
static inline enum status open_shop_at(struct shop *s, struct ctx *ctx, const char *url, struct err *e)
{
	const struct db_migration_set sets[] = { platform_migrations, market_migrations };
	struct db_config cfg;
	db_config_default(&cfg);
	cfg.name = "market";
	cfg.url = url;
	open_shop(s, ctx, db_open(&cfg, e));
	return s->svc.db ? db_migrate(ctx, s->svc.db, sets, 2, NULL, e) : ST_IO;
}

#endif
