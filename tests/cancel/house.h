/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole house in the test's own process: all services of services.def on one loop, behind a real server on the
 * loopback, on stores of its own; and a client that stands outside, on the test's thread.
 *
 *     struct house h;
 *     if (house_open(&h, "sqlite", wrap)) … house_in_fiber(&h, fn, arg); … house_close(&h);
 *
 * Engines: "sqlite"; "postgres" (GUILDHALL_TEST_PG); "redis": SQLite, with caches, limits and sign-in state in Redis
 * (GUILDHALL_TEST_REDIS). No queue runs: what requests put there lies there.
 */
#ifndef GH_TESTS_HOUSE_H
#define GH_TESTS_HOUSE_H

#include "platform/core/service.h"
#include "platform/web/web_app.h"

struct house {
	const char *engine;
	const struct service *const *services; /* NULL-terminated */
	struct config *config;
	struct platform *p;
	struct loops *loops;
	struct loop *loop; /* the only one */
	struct http_server *server;
	char folder[64], data[96];
	char database[512];  /* URL with {service}; "" : files in data */
	struct err err;
};

/* Everything migrated and started, and the blog filled with the demonstration. wrap: may change what the server calls;
   or NULL. False, with the reason on stdout, when something is missing; house_close is due all the same. */
bool house_open(struct house *h, const char *engine, void (*wrap)(struct http_app *app));
/* The same of other services than the program's, without the demonstration; NULL-terminated, and they outlive it. */
bool house_open_of(struct house *h, const char *engine, const struct service *const *services,
        void (*wrap)(struct http_app *app));
void house_close(struct house *h);
/* fn in a fiber of the loop, in identity's ctx with an arena of its own and a minute of time; returns when it has. */
void house_in_fiber(struct house *h, void (*fn)(struct ctx *ctx, void *arg), void *arg);

/* A connection to the server; the caller closes it. */
int house_connect(const struct house *h);
/* All of n bytes, as far as the other side takes them. */
void house_send(int fd, const char *p, size_t n);
/* Reads until the other side ends. Returns the status of the answer, 0 without one; out is NUL-terminated, *got bytes.
   What did not come within a minute won't: -1. */
int house_read(int fd, char *out, size_t max, size_t *got);
/* The same until the head of the answer is there. */
int house_read_head(int fd, char *out, size_t max, size_t *got);

#endif
