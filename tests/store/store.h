/* SPDX-License-Identifier: Apache-2.0
 *
 * The harness of store tests: each test runs in a fiber, on a fresh and migrated database, once on SQLite, once on
 * PostgreSQL and once through PgBouncer in transaction mode. Without GUILDHALL_TEST_PG and GUILDHALL_TEST_BOUNCER
 * (tests/lib/pg.sh run sets them) the latter two are skipped and counted as such.
 *
 *     static void adds(struct store *t) { CHECK_OK(blog_post_add(t->ctx, t->db, …, &t->err)); CHECK(n == 1); }
 *     static const struct store_test tests[] = { { "adds", adds } };
 *     int main(int argc, char **argv)
 *     {
 *             return store_main(argc, argv, tests, 1, (const struct db_migration_set *[]){ &platform_migrations, NULL
 * });
 *     }
 *
 * The program's arguments select tests by a part of "engine/name". A test that fails its CHECK returns at once and is
 * reported; the others go on.
 */
#ifndef GH_TESTS_STORE_H
#define GH_TESTS_STORE_H

#include <ftw.h>

#include "base/ctx.h"
#include "db/db.h"

struct store {
	const char *engine; /* "sqlite", "postgres", "pgbouncer" */
	const char *name;   /* of the test */
	struct db *db;
	struct db_config cfg; /* as db was opened; for a second one on the same data */
	const char *folder;   /* a folder of this test's own, removed afterwards */
	const char *admin_url; /* PostgreSQL without a pooler; NULL on SQLite */
	struct ctx *ctx;
	struct err err; /* scratch */
	bool failed;
};

struct store_test {
	const char *name;
	void (*run)(struct store *t);
	const char *only;                      /* an engine; NULL: all */
	void (*configure)(struct db_config *c); /* before opening; may be NULL */
};

int store_main(
        int argc, char **argv, const struct store_test *tests, size_t n, const struct db_migration_set *const *sets);

/* Runs one statement as the administrator of url; a database's name stands where %s does. False, told on stdout, when
 * it fails. */
bool store_admin(const char *url, const char *format, const char *name);
/* url with another database: postgresql:///postgres?… → postgresql:///name?… */
void store_with_database(char *out, size_t n, const char *url, const char *name);
/* For nftw: removes a folder with all that is in it. */
int store_remove(const char *path, const struct stat *st, int type, struct FTW *ftw);

void store_failed(struct store *t, const char *file, int line, const char *what);
#define CHECK(cond)                                                                                           \
	do {                                                                                                  \
		if (!(cond)) {                                                                                \
			store_failed(t, __FILE__, __LINE__, #cond);                                           \
			return;                                                                               \
		}                                                                                             \
	} while (0)
#define CHECK_STATUS(want, expr)                                                                              \
	do {                                                                                                  \
		enum status check_s_ = (expr);                                                                \
		if (check_s_ != (want)) {                                                                     \
			char check_what_[1280];                                                               \
			snprintf(check_what_, sizeof check_what_, "%s gave %s instead of %s (%s)", #expr,      \
			         status_info(check_s_)->name, status_info(want)->name, t->err.msg);           \
			store_failed(t, __FILE__, __LINE__, check_what_);                                     \
			return;                                                                               \
		}                                                                                             \
	} while (0)
#define CHECK_OK(expr) CHECK_STATUS(ST_OK, expr)

#endif
