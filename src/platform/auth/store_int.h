/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the auth store: the table of what an engine can do. store.c checks, names and caches; store_db.c and
 * store_redis.c keep. Keys here are whole: "<kind>:<key>".
 */
#ifndef GH_PLATFORM_AUTH_STORE_INT_H
#define GH_PLATFORM_AUTH_STORE_INT_H

#include "platform/auth/store.h"

struct auth_row {
	struct str key, owner, value;
	int64_t expires_us;
	bool brief; /* to be written: no reason to wait for the disk */
};

/* Is it of those that are kept in memory under authstore_version? */
bool auth_is_kept(struct str key);
/* Does it say something of entries that are kept, even where it is new? */
bool auth_says_of_others(struct str key);
struct auth_span { struct str owner, first, past; }; /* of an owner's keys: first <= key < past */

struct auth_engine {
	enum status (*put)(struct ctx *ctx, void *self, const struct auth_row *rows, size_t n, struct err *e);
	enum status (*add)(struct ctx *ctx, void *self, const struct auth_row *row, bool *added, struct err *e);
	enum status (*swap)(struct ctx *ctx, void *self, const struct auth_row *row, struct str former, bool *swapped,
	        struct err *e);
	enum status (*get)(
	        struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e); /* row->key given */
	/* The one whose key is prefix and the value of row->key's: row becomes that. */
	enum status (*follow)(
	        struct ctx *ctx, void *self, struct str prefix, struct auth_row *row, bool *found, struct err *e);
	enum status (*take)(struct ctx *ctx, void *self, struct auth_row *row, bool *found, struct err *e);
	enum status (*drop)(struct ctx *ctx, void *self, struct str key, struct err *e);
	enum status (*drop_span)(struct ctx *ctx, void *self, const struct auth_span *s, struct err *e);
	enum status (*list)(struct ctx *ctx, void *self, const struct auth_span *s, size_t max, struct auth_row **rows,
	        size_t *n, struct err *e);
	enum status (*ping)(struct ctx *ctx, void *self, struct err *e);
	enum status (*sweep)(
	        struct ctx *ctx, void *self, size_t max, size_t *swept, struct err *e); /* NULL: it forgets by itself */
};

extern const struct auth_engine auth_engine_db;    /* self: struct db * */
extern const struct auth_engine auth_engine_redis; /* self: struct redis * */

#endif
