/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service's queues keep, on each engine: a letter to many has one body, what is over goes when its time is over,
 * and what was about a person goes with that person.
 */
#include "store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gen/platform_sql.h"
#include "platform/config/config.h"
#include "platform/mail/mail_int.h"
#include "platform/work/job.h"
#include "platform/work/retention.h"

#define DAY_US (86400 * US_PER_S)

struct bed { struct platform p; struct service_instance svc; };

static bool bed_begin(struct bed *b, struct store *t)
{
	static const struct service here = { .name = "t", .title = "T", .mount = "/" };
	static struct config *config;
	struct config_source src = { 0 };
	if (!config)
		config = config_load(&src, NULL, &t->err);
	*b = (struct bed){ .p = { .config = config, .data_dir = str_c(t->folder) },
		.svc = { .def = &here, .db = t->db, .platform = &b->p, .local = true } };
	t->ctx->svc = &b->svc;
	return config != NULL;
}

/* --- letters ---------------------------------------------------------------------------------------------------- */

enum { LETTERS = 300, BODY = 140 << 10 };

static enum status letters_tx(struct db_conn *c, void *arg, struct err *e)
{
	for (int i = 0; i < LETTERS; i++) {
		char to[64];
		snprintf(to, sizeof to, "member%d@example.org", i);
		TRY(mail_enqueue(c, &(struct mail){ .to = str_c(to), .subject = STR("Bread"), .text = str_c(arg) }, e));
	}
	return mail_enqueue(c,
	        &(struct mail){ .to = STR("ruth@example.org"), .subject = STR("Short"), .text = STR("Come by.") }, e);
}

static enum status headers_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct http_header list[21];
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		list[i] = (struct http_header){ STR("X-A"), STR("1") };
	struct mail m = { .to = STR("ruth@example.org"),
		.subject = STR("Bread"),
		.text = STR("Come by."),
		.headers = list,
		.header_count = *(unsigned *)arg };
	return mail_enqueue(c, &m, e);
}

/* mail.c's HEADERS_MAX, and one more. */
static void a_letter_has_so_many_headers(struct store *t)
{
	unsigned n = 20;
	struct bed b;
	CHECK(bed_begin(&b, t));
	CHECK_OK(db_write(t->ctx, t->db, headers_tx, &n, &t->err));
	n++;
	CHECK_STATUS(ST_INVALID, db_write(t->ctx, t->db, headers_tx, &n, &t->err));
}

static enum status attachments_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct mail_attachment list[MAIL_ATTACHMENTS_MAX + 1];
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		list[i] = (struct mail_attachment){ STR("a.csv"), STR("text/csv"), STR("1,2\r\n") };
	struct mail m = { .to = STR("ruth@example.org"),
		.subject = STR("Bread"),
		.text = STR("Come by."),
		.attachments = list,
		.attachment_count = *(unsigned *)arg };
	return mail_enqueue(c, &m, e);
}

static void a_letter_has_so_many_attachments(struct store *t)
{
	unsigned n = MAIL_ATTACHMENTS_MAX;
	struct bed b;
	CHECK(bed_begin(&b, t));
	CHECK_OK(db_write(t->ctx, t->db, attachments_tx, &n, &t->err));
	n++;
	CHECK_STATUS(ST_INVALID, db_write(t->ctx, t->db, attachments_tx, &n, &t->err));
}

struct letter {
	struct str text, html;
};

static enum status letter_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct letter *l = arg;
	return mail_enqueue(
	        c,
	        &(struct mail){
	                .to = STR("ruth@example.org"), .subject = STR("Bread"), .text = l->text, .html = l->html },
	        e);
}

/* mail.c's PAYLOAD_MAX: bytes of a letter's text as JSON, and one more. */
static void a_letter_is_so_large(struct store *t)
{
	enum { MOST = 1 << 20 };
	struct bed b;
	size_t n = MOST - strlen("{\"text\":\"\"}");
	char *text = arena_alloc(t->ctx->arena, n + 1);
	memset(text, 'x', n + 1);
	CHECK(bed_begin(&b, t));
	CHECK_OK(db_write(t->ctx, t->db, letter_tx, &(struct letter){ .text = str_n(text, n) }, &t->err));
	CHECK_STATUS(ST_TOO_LARGE,
	             db_write(t->ctx, t->db, letter_tx, &(struct letter){ .text = str_n(text, n + 1) }, &t->err));
}

struct claimed { struct job_claim_row *rows; size_t n; };

static enum status claim_tx(struct db_conn *c, void *arg, struct err *e)
{
	struct claimed *x = arg;
	return q_job_claim(c, clock_now_us() + DAY_US, 1, 1000, INT64_C(1) << 40, &x->rows, &x->n, e);
}

static char *text_of(struct store *t, const char *last_line)
{
	char *text = arena_alloc(t->ctx->arena, BODY + 64);
	for (size_t i = 0; i < BODY; i++)
		text[i] = i % 70 == 69 ? '\n' : 'a';
	strcpy(text + BODY, last_line);
	return text;
}

static bool written(struct store *t, const char *text)
{
	char path[4096], *found = NULL, *bytes = arena_zalloc(t->ctx->arena, 1 << 20);
	snprintf(path, sizeof path, "%s/mail", t->folder);
	DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir)) && !found;) {
		snprintf(path, sizeof path, "%s/mail/%s", t->folder, d->d_name);
		int fd = d->d_name[0] == '.' ? -1 : open(path, O_RDONLY);
		ssize_t n = fd < 0 ? 0 : read(fd, bytes, (1 << 20) - 1);
		bytes[n > 0 ? n : 0] = 0;
		found = strstr(bytes, text);
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return found != NULL;
}

static void a_body_is_kept_once(struct store *t)
{
	struct bed b;
	struct claimed x = { 0 };
	size_t bytes = 0;
	CHECK(bed_begin(&b, t));
	CHECK_OK(db_write(t->ctx, t->db, letters_tx, text_of(t, "see you at the mill"), &t->err));
	CHECK_OK(db_write(t->ctx, t->db, claim_tx, &x, &t->err));
	CHECK(x.n == LETTERS + 1);
	for (size_t i = 0; i < x.n; i++)
		bytes += x.rows[i].payload.n;
	CHECK(bytes < LETTERS * 1024);
	b.p.mailer = mailer_new(&b.p, &t->err);
	CHECK(b.p.mailer);
	for (size_t i = 0; i < x.n; i += LETTERS) { /* the first, and the short one */
		struct job j = {
			.id = x.rows[i].id, .kind = x.rows[i].kind, .payload = x.rows[i].payload, .attempt = 1
		};
		CHECK_OK(mail_send_job(t->ctx, &j, &t->err));
	}
	mailer_free(b.p.mailer);
	CHECK(written(t, "see you at the mill"));
	CHECK(written(t, "Come by."));
}

/* --- what is over ----------------------------------------------------------------------------------------------- */

struct dead { int64_t person, died_us; };

static enum status dead_tx(struct db_conn *c, void *arg, struct err *e)
{
	const struct dead *d = arg;
	int64_t id;
	struct job_claim_row *rows;
	size_t n;
	TRY(job_enqueue(c, &(struct job_new){ .kind = "x", .payload = STR("{}"), .person = d->person }, &id, e));
	TRY(q_job_claim(c, d->died_us, 1, 1, 1, &rows, &n, e));
	TRY(q_job_bury(c, id, 1, 1, STR("given up"), d->died_us, NULL, e));
	return q_job_end(c, id, 1, NULL, e);
}

static enum status over_tx(struct db_conn *c, void *arg, struct err *e)
{
	int64_t now = clock_now_us();
	for (int i = 0; i < 2500; i++)
		TRY(q_event_add(c, 1 + i, STR("post.published"), STR("x"), STR("{}"),
		        i ? now - 31 * DAY_US : now - 29 * DAY_US, true, NULL, e));
	TRY(q_event_add(c, 9000, STR("post.published"), STR("x"), STR("{}"), now - 400 * DAY_US, false, NULL,
	        e)); /* still to be handled */
	TRY(q_mail_body_add(c, STR("old"), STR("{}"), now - 33 * DAY_US, NULL, e));
	return q_mail_body_add(c, STR("new"), STR("{}"), now - 31 * DAY_US, NULL, e);
}

static int64_t dead_letters(struct store *t)
{
	struct job_totals x = { 0 };
	return jobs_totals(t->ctx, t->db, &x, &t->err) == ST_OK ? x.dead : -1;
}

static enum status rest_tx(struct db_conn *c, void *arg, struct err *e)
{
	int64_t *rest = arg; /* what a sweep of everything would still find: nothing is kept beyond what should be */
	TRY(q_event_expire(c, INT64_MAX, 100000, &rest[0], e));
	return q_mail_body_expire(c, INT64_MAX, 100000, &rest[1], e);
}

static void what_is_over_goes(struct store *t)
{
	struct bed b;
	int64_t now = clock_now_us(), rest[2];
	struct dead old = { 7, now - 31 * DAY_US }, fresh = { 7, now - 29 * DAY_US }, other = { 8, now };
	CHECK(bed_begin(&b, t));
	CHECK_OK(db_write(t->ctx, t->db, dead_tx, &old, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, dead_tx, &fresh, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, dead_tx, &other, &t->err));
	CHECK_OK(db_write(t->ctx, t->db, over_tx, NULL, &t->err));
	CHECK(dead_letters(t) == 3);
	CHECK_OK(retention_job(t->ctx, &(struct job){ .kind = STR("platform.retention") }, &t->err));
	CHECK(dead_letters(t) == 2);
	CHECK_OK(retention_forget(t->ctx, &(struct event){ .object = STR("7") }, &t->err));
	CHECK(dead_letters(t) == 1);
	CHECK_OK(db_write(t->ctx, t->db, rest_tx, rest, &t->err));
	CHECK(rest[0] == 1 && rest[1] == 1);
}

static const struct store_test tests[] = {
	{ "a_body_is_kept_once", a_body_is_kept_once },
	{ "a_letter_has_so_many_headers", a_letter_has_so_many_headers },
	{ "a_letter_has_so_many_attachments", a_letter_has_so_many_attachments },
	{ "a_letter_is_so_large", a_letter_is_so_large },
	{ "what_is_over_goes", what_is_over_goes },
};

int main(int argc, char **argv)
{
	return store_main(argc, argv, tests, sizeof tests / sizeof *tests,
	        (const struct db_migration_set *[]){ &platform_migrations, NULL });
}
