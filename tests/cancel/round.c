/* SPDX-License-Identifier: Apache-2.0
 *
 * See round.h.
 */
#include "round.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/id.h"
#include "platform/cache/cache.h"
#include "platform/cache/redis.h"

static char csrf[128], csrf_cookie[128];

static void forget_kept(struct ctx *ctx, struct house *h)
{
	const struct str flush[] = { STR("FLUSHDB") };
	struct redis_reply reply;
	struct err e = { 0 };
	cache_clear(h->p->cache);
	if (h->p->redis && redis_call(ctx, h->p->redis, 1, flush, &reply, &e) != ST_OK)
		abort();
}

struct preparing {
	struct house *h;
	struct round *r;
};

static void prepare(struct ctx *ctx, void *arg)
{
	struct preparing *c = arg;
	struct round *r = c->r;
	struct prep *x = &r->x;
	*x = (struct prep){ .ctx = ctx, .h = c->h, .n = r->n };
	forget_kept(ctx, c->h);
	snprintf(r->cookies, sizeof r->cookies, "%s", csrf_cookie);
	scene_sign_in(x, r->s->who, r->cookies, sizeof r->cookies);
	if (r->s->prepare)
		r->s->prepare(x);
	x->ctx = NULL;
	x->sso = STR_NULL;
	char id[ID_TEXT_LEN + 1];
	id_text(scene_person(MEMBER), id);
	snprintf(r->member, sizeof r->member, "%s", id);
}

void round_prepare(struct house *h, struct round *r)
{
	house_in_fiber(h, prepare, &(struct preparing){ h, r });
}

size_t round_fill(const struct round *r, struct str text, char *out, size_t max)
{
	const struct {
		struct str name;
		const char *value;
	} names[] = { { STR("{a}"), r->x.a },
		      { STR("{b}"), r->x.b },
		      { STR("{c}"), r->x.c },
		      { STR("{csrf}"), csrf },
		      { STR("{id}"), r->member } };
	size_t n = 0;
	while (text.n && n + 1 < max) {
		unsigned i = 0;
		while (i < 5 && !str_starts(text, names[i].name))
			i++;
		if (i < 5) {
			n += (size_t)snprintf(out + n, max - n, "%s", names[i].value);
			text = str_skip(text, names[i].name.n);
		} else {
			out[n++] = text.p[0];
			text = str_skip(text, 1);
		}
	}
	out[n] = 0;
	return n;
}

/* No two forms are the same: one that was sent already would be answered as it was. */
size_t round_body(const struct round *r, char *out, size_t max)
{
	static unsigned turn;
	size_t n = round_fill(r, r->x.body.p ? r->x.body : str_c(r->s->body), out, max);
	if (n && r->s->headers && strstr(r->s->headers, "x-www-form-urlencoded"))
		n += (size_t)snprintf(out + n, max - n, "&turn=%u", ++turn);
	return n;
}

/* Two cookie headers are one. */
size_t round_head(const struct round *r, size_t body, char *out)
{
	const struct sample *s = r->s;
	char path[12288], headers[8192] = "", more[4200] = "";
	round_fill(r, str_c(s->path), path, sizeof path);
	if (s->headers)
		round_fill(r, str_c(s->headers), headers, sizeof headers);
	char *own = strstr(headers, "cookie: ");
	if (own) {
		snprintf(more, sizeof more, "; %.*s", (int)strcspn(own + 8, "\r"), own + 8);
		memmove(own, strchr(own, '\n') + 1, strlen(strchr(own, '\n') + 1) + 1);
	}
	size_t n = (size_t)snprintf(out, ROUND_HEAD_MAX,
	                            "%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncookie: %s%s\r\n%s",
	                            s->method, path, r->cookies, more, headers);
	if (body != SIZE_MAX)
		n += (size_t)snprintf(out + n, ROUND_HEAD_MAX - n, "content-length: %zu\r\n", body);
	return n + (size_t)snprintf(out + n, ROUND_HEAD_MAX - n, "\r\n");
}

int round_ask(struct house *h, struct round *r, char *answer, size_t max)
{
	static char head[ROUND_HEAD_MAX], body[ROUND_BODY_MAX];
	size_t n = SIZE_MAX, got;
	round_prepare(h, r);
	if (r->x.body.p || r->s->body)
		n = round_body(r, body, sizeof body);
	int fd = house_connect(h);
	house_send(fd, head, round_head(r, n, head));
	if (n != SIZE_MAX)
		house_send(fd, body, n);
	int status = house_read(fd, answer, max, &got);
	close(fd);
	return status;
}

void round_learn_token(struct house *h)
{
	static const struct sample form = { "identity", "GET", "/sign-in", "/sign-in", VISITOR, 200 };
	static struct round r = { .s = &form };
	static char answer[1 << 17];
	if (round_ask(h, &r, answer, sizeof answer) != 200)
		abort();
	const char *cookie = strstr(answer, "gh_form="), *token = strstr(answer, "name=\"csrf\" value=\"");
	if (!cookie || !token)
		abort();
	snprintf(csrf_cookie, sizeof csrf_cookie, "%.*s", (int)strcspn(cookie, ";\r"), cookie);
	token += strlen("name=\"csrf\" value=\"");
	snprintf(csrf, sizeof csrf, "%.*s", (int)strcspn(token, "\""), token);
}
