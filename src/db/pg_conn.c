/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL connections: connecting, sending statements, waiting for results, rows and errors. Non-blocking libpq in
 * pipeline mode throughout. Parameters travel in binary with their types named, results as text, so that any type of
 * the server's can be read as one of ours.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/postgres.h"
#include "rt/fiber.h"
#include "rt/offload.h"

#define PARAMS_MAX 255
#define KEYWORDS_MAX 60  /* of a connection string; libpq knows fewer */
#define SAID_MAX     300 /* bytes of what libpq says that are told */

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_FLOAT8 = 701 };

void pg_clearp(PGresult **r)
{
	PQclear(*r);
	*r = NULL;
}

bool pg_patience(unsigned *left, int64_t since_ns)
{
	if (!*left || clock_mono_ns() - since_ns > PG_CONNECT_NS / 2)
		return false;
	--*left;
	return true;
}

/* --- errors --------------------------------------------------------------------------------------------------- */

static const char *sqlstate(const PGresult *r)
{
	const char *s = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	return s ? s : "";
}

bool pg_is_state(const PGresult *r, const char *state)
{
	return !strncmp(sqlstate(r), state, strlen(state));
}

bool pg_is_stale(const PGresult *r)
{
	/* cached plan must not change result type; no such prepared statement; it exists already; operator intervention
	 */
	return pg_is_state(r, "0A000") || pg_is_state(r, "26000") || pg_is_state(r, "42P05") ||
	       (pg_is_state(r, "57P") && !pg_is_state(r, "57P04")) || pg_is_state(r, "08");
}

static const struct {
	const char *state; /* or its class */
	enum status status;
	const char *say; /* NULL: the server's own words */
} states[] = {
	{ "23505", ST_CONFLICT, "this exists already" },
	{ "23503", ST_CONFLICT, "this refers to something that is not there, or is referred to" },
	{ "23P01", ST_CONFLICT, "this overlaps with something that is there" },
	{ "23", ST_INVALID, "a value is missing or not allowed" },
	{ "22", ST_INVALID, NULL },
	{ "40", ST_UNAVAILABLE, "another transaction was in the way" },
	{ "55P03", ST_UNAVAILABLE, "another transaction was in the way" },
	{ "57014", ST_TIMEOUT, "it took too long" },
	{ "53100", ST_IO, "the disk is full" },
	{ "53", ST_UNAVAILABLE, NULL },
	{ "57P", ST_UNAVAILABLE, "the database is not available" },
	{ "08", ST_UNAVAILABLE, "the database is not available" },
	{ "58", ST_IO, NULL },
	{ "XX001", ST_CORRUPT, NULL },
	{ "XX002", ST_CORRUPT, NULL },
	{ "28", ST_CONFIG, NULL },
	{ "3D", ST_CONFIG, NULL },
};

enum status pg_result_error(const PGresult *r, const char *what, struct err *e)
{
	const char *msg = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
	if (!msg)
		msg = "the database did not say why";
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (!pg_is_state(r, states[i].state))
			continue;
		if (constraint && states[i].say)
			return err_set(e, states[i].status, "%s (%s)", states[i].say, constraint);
		return err_set(e, states[i].status, "%s: %s", what, states[i].say ? states[i].say : msg);
	}
	return err_set(e, ST_INTERNAL, "%s: %s (%s)", what, msg, sqlstate(r));
}

enum status pg_lost(const struct db *db, const struct pg_conn *c, struct err *e)
{
	struct str msg = str_trim(str_c(c->h ? PQerrorMessage(c->h) : "not connected"));
	return err_set(e, ST_UNAVAILABLE, "%s: the connection to the database is lost: %.*s", db->cfg.name,
	               STR_ARG(str_utf8_fit(msg, SAID_MAX)));
}

/* --- connecting ----------------------------------------------------------------------------------------------- */

struct lookup {
	const char *host;
	char addr[INET6_ADDRSTRLEN];
	int rc;
};

static void look_up(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	l->rc = getaddrinfo(l->host, NULL, &hints, &list);
	if (l->rc == 0)
		l->rc = getnameinfo(list->ai_addr, list->ai_addrlen, l->addr, sizeof l->addr, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(list);
}

static PQconninfoOption *option(PQconninfoOption *list, const char *name)
{
	for (; list->keyword; list++)
		if (!strcmp(list->keyword, name))
			return list;
	return NULL;
}

/* libpq would look the name up in the middle of PQconnectPoll and hold the loop: so it is given the address. */
static enum status resolve_host(PQconninfoOption *options, char addr[INET6_ADDRSTRLEN], struct err *e)
{
	const char *host = option(options, "host")->val, *known = option(options, "hostaddr")->val;
	unsigned char ignored[sizeof(struct in6_addr)];
	*addr = '\0';
	if (!host || !*host || *host == '/' || *host == '@' || strchr(host, ',') || (known && *known))
		return ST_OK;
	if (inet_pton(AF_INET, host, ignored) == 1 || inet_pton(AF_INET6, host, ignored) == 1)
		return ST_OK;
	struct lookup l = { .host = host };
	enum status s = offload(OFFLOAD_PROMPT, look_up, &l);
	/* no pool, or it is full: the name is then looked up on the loop, which waits for it */
	if (s == ST_UNAVAILABLE) {
		look_up(&l);
		s = ST_OK;
	}
	if (s != ST_OK)
		return err_set(e, s, "looking up %s", host);
	if (l.rc != 0)
		return err_set(e, ST_UNAVAILABLE, "looking up %s: %s", host, gai_strerror(l.rc));
	memcpy(addr, l.addr, sizeof l.addr);
	return ST_OK;
}

static PGconn *connect_start(const PQconninfoOption *options, const char *addr)
{
	const char *keys[KEYWORDS_MAX + 3], *values[KEYWORDS_MAX + 3];
	int n = 0;
	for (const PQconninfoOption *o = options; o->keyword && n < KEYWORDS_MAX; o++) {
		if (!o->val || !strcmp(o->keyword, "application_name"))
			continue;
		keys[n] = o->keyword;
		values[n++] = o->val;
	}
	keys[n] = "application_name";
	values[n++] = "guildhall";
	if (*addr) {
		keys[n] = "hostaddr";
		values[n++] = addr;
	}
	keys[n] = values[n] = NULL;
	return PQconnectStartParams(keys, values, 0);
}

static enum status poll_connect(struct pg_conn *c, int64_t deadline_ns, struct err *e)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	while (PQstatus(c->h) != CONNECTION_BAD && want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
		enum status s = pg_wait(c, want == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT, deadline_ns);
		if (s != ST_OK)
			return err_set(e, s, "no connection to the database");
		want = PQconnectPoll(c->h);
	}
	if (PQstatus(c->h) == CONNECTION_OK)
		return ST_OK;
	struct str msg = str_trim(str_c(PQerrorMessage(c->h)));
	return err_set(e, ST_UNAVAILABLE, "no connection to the database: %.*s", STR_ARG(str_utf8_fit(msg, SAID_MAX)));
}

/* Settings of the session. Not through a pooler: the session there is somebody else's. */
static enum status session_settings(
        const struct db *db, struct pg_conn *c, enum pg_purpose purpose, int64_t deadline_ns, struct err *e)
{
	char sql[256];
	snprintf(sql, sizeof sql, "SET statement_timeout=%lld;SET idle_in_transaction_session_timeout=60000;%s",
	        (long long)(db->cfg.query_ns / NS_PER_MS),
	        purpose == PG_FOR_READS ? "SET default_transaction_read_only=on" : "");
	if (!PQsendQuery(c->h, sql))
		return pg_lost(db, c, e);
	PGresult *r = NULL;
	enum status failed = ST_OK;
	do {
		PQclear(r);
		TRY(pg_next_result(c, deadline_ns, &r, e));
		if (r && PQresultStatus(r) != PGRES_COMMAND_OK)
			failed = pg_result_error(r, "settings", e);
	} while (r);
	return failed;
}

static void ignore_notice(void *arg, const PGresult *r)
{
	const char *msg = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	LOG(DEBUG, NULL, "db.notice", LS("message", msg ? msg : ""));
}

static enum status connect_with(const struct db *db, PQconninfoOption *options, enum pg_purpose purpose,
        int64_t deadline_ns, struct pg_conn *c, struct err *e)
{
	char addr[INET6_ADDRSTRLEN];
	TRY(resolve_host(options, addr, e));
	c->h = connect_start(options, addr);
	if (!c->h)
		return err_set(e, ST_NOMEM, "no memory for a connection");
	TRY(poll_connect(c, deadline_ns, e));
	PQsetNoticeReceiver(c->h, ignore_notice, NULL);
	PQsetnonblocking(c->h, 1);
	if (!db->cfg.pooler)
		TRY(session_settings(db, c, purpose, deadline_ns, e));
	if (!PQenterPipelineMode(c->h))
		return pg_lost(db, c, e);
	c->opened_ns = clock_mono_ns();
	return ST_OK;
}

enum status pg_connect(const struct db *db, const char *url, enum pg_purpose purpose, int64_t deadline_ns,
        struct pg_conn *c, struct err *e)
{
	deadline_ns = db_earlier(deadline_ns, clock_mono_ns() + PG_CONNECT_NS);
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &why);
	if (!options) {
		enum status s = err_set(
		        e, ST_CONFIG, "%s: %s", db->cfg.name, why ? why : "the database URL is not usable");
		PQfreemem(why);
		return s;
	}
	enum status s = connect_with(db, options, purpose, deadline_ns, c, e);
	PQconninfoFree(options);
	if (s == ST_OK)
		return ST_OK;
	pg_disconnect(c);
	if (s == ST_TIMEOUT) /* ST_TIMEOUT is kept for a statement that was too slow */
		s = err_set(e, ST_UNAVAILABLE, "no connection to the database in time");
	return err_wrap(e, s, "%s", db->cfg.name);
}

static void send_cancel(void *arg)
{
	char why[256];
	if (!PQcancel(arg, why, sizeof why)) /* blocks: it connects */
		LOG(DEBUG, NULL, "db.cancel_failed", LS("error", why));
	PQfreeCancel(arg);
}

void pg_cancel(const struct pg_conn *c)
{
	PGcancel *cancel = PQgetCancel(c->h);
	/* Without the pool the statement runs on until the server's own limit. */
	if (cancel && offload_detached(OFFLOAD_PROMPT, send_cancel, NULL, cancel) != ST_OK)
		PQfreeCancel(cancel);
}

void pg_disconnect(struct pg_conn *c)
{
	PQfinish(c->h);
	free(c->prepared);
	*c = (struct pg_conn){ 0 };
}

/* --- waiting -------------------------------------------------------------------------------------------------- */

enum status pg_wait(struct pg_conn *c, uint32_t events, int64_t deadline_ns)
{
	uint32_t got;
	int fd = PQsocket(c->h);
	if (fd < 0)
		return ST_UNAVAILABLE;
	return fiber_wait_fd(fd, events, deadline_ns ? deadline_ns : FIBER_FOREVER, &got);
}

enum status pg_next_result(struct pg_conn *c, int64_t deadline_ns, PGresult **out, struct err *e)
{
	*out = NULL;
	for (;;) {
		int unsent = PQflush(c->h);
		if (unsent < 0 || PQstatus(c->h) == CONNECTION_BAD)
			break;
		if (!PQisBusy(c->h)) {
			*out = PQgetResult(c->h);
			return ST_OK;
		}
		enum status s = pg_wait(c, EPOLLIN | (unsent ? EPOLLOUT : 0), deadline_ns);
		if (s != ST_OK)
			return err_set(e, s, "the database did not answer in time");
		if (!PQconsumeInput(c->h))
			break;
	}
	/* The server's last message explains more than the closed connection does. */
	*out = PQgetResult(c->h);
	return *out ? ST_OK : err_set(e, ST_UNAVAILABLE, "the connection to the database is lost");
}

/* --- sending -------------------------------------------------------------------------------------------------- */

struct args {
	Oid types[PARAMS_MAX];
	const char *values[PARAMS_MAX];
	int lengths[PARAMS_MAX];
	int formats[PARAMS_MAX];
	union { uint64_t u; char c; } room[PARAMS_MAX];
};

static Oid type_oid(enum db_type t)
{
	switch (t) {
	case DB_INT:
		return OID_INT8;
	case DB_REAL:
		return OID_FLOAT8;
	case DB_BOOL:
		return OID_BOOL;
	case DB_TEXT:
		return OID_TEXT;
	case DB_BLOB:
		return OID_BYTEA;
	}
	return 0;
}

static bool encode_one(struct args *a, unsigned i, const struct db_value *v)
{
	uint64_t bits;
	a->formats[i] = 1;
	a->values[i] = (const char *)&a->room[i];
	a->lengths[i] = sizeof bits;
	switch (v->type) {
	case DB_INT:
		a->room[i].u = htobe64((uint64_t)v->i);
		break;
	case DB_REAL:
		memcpy(&bits, &v->d, sizeof bits);
		a->room[i].u = htobe64(bits);
		break;
	case DB_BOOL:
		a->room[i].c = v->b;
		a->lengths[i] = 1;
		break;
	case DB_TEXT:
	case DB_BLOB:
		if (v->s.n > INT32_MAX / 2)
			return false;
		a->values[i] = v->s.p ? v->s.p : "";
		a->lengths[i] = (int)v->s.n;
		break;
	}
	if (v->null)
		a->values[i] = NULL;
	return true;
}

static bool is_prepared(struct pg_conn *c, unsigned slot)
{
	return slot / 64 < c->prepared_words && (c->prepared[slot / 64] >> (slot % 64) & 1);
}

static bool mark_prepared(struct pg_conn *c, unsigned slot)
{
	if (slot / 64 >= c->prepared_words) {
		unsigned words = slot / 64 + 4;
		uint64_t *grown = realloc(c->prepared, words * sizeof *grown);
		if (!grown)
			return false;
		memset(grown + c->prepared_words, 0, (words - c->prepared_words) * sizeof *grown);
		c->prepared = grown;
		c->prepared_words = words;
	}
	c->prepared[slot / 64] |= UINT64_C(1) << (slot % 64);
	return true;
}

void pg_forget(struct pg_conn *c, const struct db_query *q)
{
	unsigned slot = q->slot;
	if (slot / 64 < c->prepared_words)
		c->prepared[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

bool pg_send(const struct db *db, struct pg_conn *c, struct db_query *q, const struct db_value *params, bool *prepares)
{
	/* Some 7 KiB, too much for a fiber's stack; nothing yields between filling and sending it. */
	static _Thread_local struct args a;
	const char *sql = q->sql[DB_POSTGRES];
	int n = q->param_count;
	bool named = !db->cfg.pooler && !q->passing && !q->anew;
	unsigned slot = named ? db_slot(q) : 0;
	char name[16];
	for (int i = 0; i < n; i++) {
		if (!encode_one(&a, (unsigned)i, &params[i]))
			return false;
		a.types[i] = type_oid(params[i].type);
	}
	*prepares = false;
	if (!named)
		return PQsendQueryParams(c->h, sql, n, a.types, a.values, a.lengths, a.formats, 0);
	snprintf(name, sizeof name, "q%u", slot);
	if (!is_prepared(c, slot)) {
		*prepares = true;
		if (!mark_prepared(c, slot) || !PQsendPrepare(c->h, name, sql, n, a.types))
			return false;
	}
	return PQsendQueryPrepared(c->h, name, n, a.values, a.lengths, a.formats, 0);
}
