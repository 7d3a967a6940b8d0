/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/config/stores.h"

#include <string.h>

#include "platform/config/config.h"

const char *stores_url(
        struct arena *a, const struct config *c, struct str own, const char *shared_key, const char *name)
{
	struct str shared = config_str(c, "database", shared_key);
	if (own.n)
		return own.p;
	if (!shared.n)
		return NULL;
	ptrdiff_t at = str_find(shared, STR("{service}"));
	if (at < 0)
		return shared.p;
	return arena_printf(a, "%.*s%s%s", (int)at, shared.p, name, shared.p + at + strlen("{service}"));
}

struct db *stores_open(struct arena *a, const struct platform *p, const char *name, struct str own_url,
        const char *replica_url, struct err *e)
{
	const struct config *c = p->config;
	struct db_config d;
	db_config_default(&d);
	d.name = name;
	d.url = stores_url(a, c, own_url, "url", name);
	if (!d.url)
		d.url = arena_printf(a, "sqlite:%s/%s.db", p->data_dir.p, name);
	d.replica_url = replica_url;
	bool sqlite = !strncmp(d.url, "sqlite:", 7);
	d.pool = (unsigned)config_int(c, "database", "pool");
	d.read_pool = (unsigned)config_int(c, "database", "read_pool");
	if (!d.read_pool)
		d.read_pool = sqlite ? 8 : 1;
	d.queue = (unsigned)config_int(c, "database", "queue");
	d.pooler = config_bool(c, "database", "pooler");
	d.checkout_ns = config_duration_ns(c, "database", "checkout");
	d.recycle_ns = config_duration_ns(c, "database", "recycle");
	d.query_ns = config_duration_ns(c, "database", "query_time");
	d.fsync = config_bool(c, "database", "fsync");
	return db_open(&d, e);
}
