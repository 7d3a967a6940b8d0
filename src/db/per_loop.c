/* SPDX-License-Identifier: Apache-2.0
 *
 * What an engine keeps for each loop (connections with watches): found again by every read, so without a lock in the
 * usual case, and closed when its loop ends or its db does, whichever comes first.
 *
 * Each thread remembers where its loop's things are, by the db's serial number: an address may come again.
 */
#include <pthread.h>
#include <stdlib.h>

#include "db/internal.h"

#define REMEMBERED 32

static _Thread_local struct {
	uint64_t serial;
	struct loop *loop;
	struct db_per_loop *thing;
} remembered[REMEMBERED];

static void serial_forget(uint64_t serial)
{
	if (remembered[serial % REMEMBERED].serial == serial)
		remembered[serial % REMEMBERED].serial = 0;
}

static void unlink_thing(struct db *db, struct db_per_loop *p)
{
	pthread_mutex_lock(&db->loops_lock);
	for (struct db_per_loop **at = &db->loops; *at; at = &(*at)->next) {
		if (*at == p) {
			*at = p->next;
			break;
		}
	}
	pthread_mutex_unlock(&db->loops_lock);
}

static void on_loop_exit(struct loop_exit *x)
{
	struct db_per_loop *p = (struct db_per_loop *)((char *)x - offsetof(struct db_per_loop, exit));
	serial_forget(p->db->serial);
	unlink_thing(p->db, p);
	p->db->ops->loop_close(p, true);
}

static struct db_per_loop *find_or_make(struct db *db, struct loop *l)
{
	struct db_per_loop *p;
	pthread_mutex_lock(&db->loops_lock);
	for (p = db->loops; p && p->loop != l; p = p->next)
		;
	pthread_mutex_unlock(&db->loops_lock);
	if (p || !(p = db->ops->loop_new(db)))
		return p;
	/* Only the loop's own thread makes its entry, so no lock is held meanwhile. */
	p->db = db;
	p->loop = l;
	loop_at_exit(l, &p->exit, on_loop_exit);
	pthread_mutex_lock(&db->loops_lock);
	p->next = db->loops;
	db->loops = p;
	pthread_mutex_unlock(&db->loops_lock);
	return p;
}

struct db_per_loop *db_per_loop(struct db *db)
{
	struct loop *l = loop_current();
	typeof(remembered[0]) *r = &remembered[db->serial % REMEMBERED];
	if (r->serial == db->serial && r->loop == l)
		return r->thing;
	struct db_per_loop *p = find_or_make(db, l);
	if (p) {
		r->serial = db->serial;
		r->loop = l;
		r->thing = p;
	}
	return p;
}

void db_per_loop_close_all(struct db *db)
{
	struct db_per_loop *next;
	for (struct db_per_loop *p = db->loops; p; p = next) {
		next = p->next;
		loop_exit_cancel(&p->exit);
		db->ops->loop_close(p, p->loop == loop_current());
	}
	db->loops = NULL;
	serial_forget(db->serial);
}
