/* SPDX-License-Identifier: Apache-2.0
 *
 * Mail on its way: enqueued as a job in the transaction that causes it, sent by SMTP or put into the mailbox folder,
 * both on the offload pool. The Message-ID is given when enqueued: a message sent twice by a retry is recognised as
 * one.
 */
#include "platform/core/metrics.h"
#include "platform/mail/mail_int.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "gen/platform_sql.h"
#include "platform/config/config.h"
#include "platform/text/json.h"
#include "rt/offload.h"

enum { MESSAGE_MAX = 4 << 20, PAYLOAD_MAX = 1 << 20, HEADERS_MAX = 20, SMTP_SECONDS = 45,
       INLINE_MAX = 2048 /* a longer text is kept once for all who get it, by its hash */ };

/* Quoted-printable makes three bytes of one, and three more in each line of 75. */
_Static_assert(PAYLOAD_MAX / 25 * 78 + (PAYLOAD_MAX >> 2) < MESSAGE_MAX, "the largest letter fits, with its head");

struct mailer {
	struct platform *platform;
	const char *smtp_url, *from; /* the configuration's */
	char *dir;
};

struct mailer *mailer_new(struct platform *p, struct err *e)
{
	struct mailer *m = calloc(1, sizeof *m);
	struct str name, address;
	if (!m) {
		(void)err_set(e, ST_NOMEM, "no memory for mail");
		return NULL;
	}
	m->platform = p;
	m->smtp_url = p->config ? config_cstr(p->config, "mail", "smtp_url") : "";
	m->from = p->config ? config_cstr(p->config, "mail", "from") : "Guildhall <noreply@localhost>";
	bool ok = true;
	if (!mail_from_parse(str_c(m->from), &name, &address))
		ok = err_set(e, ST_CONFIG, "mail.from must look like name@example.org or Name <name@example.org>") ==
		        ST_OK;
	else if (*m->smtp_url && strncmp(m->smtp_url, "smtp://", 7) != 0 && strncmp(m->smtp_url, "smtps://", 8) != 0)
		ok = err_set(e, ST_CONFIG, "mail.smtp_url must begin with smtp:// or smtps://") == ST_OK;
	else if (asprintf(&m->dir, "%.*s/mail", STR_ARG(p->data_dir)) < 0)
		m->dir = NULL, ok = err_set(e, ST_NOMEM, "no memory for mail") == ST_OK;
	if (!ok || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		mailer_free(m);
		return NULL;
	}
	return m;
}

void mailer_free(struct mailer *m)
{
	if (!m)
		return;
	free(m->dir);
	free(m);
}

/* --- enqueue --- */

static void put_member(struct buf *b, const char *name, struct str value)
{
	if (!value.p)
		return;
	buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
	json_put_str(b, value);
}

static void put_headers(struct buf *b, const struct mail *m)
{
	char random[33];
	random_hex(random, 16);
	BUF_LIT(b, ",\"headers\":[");
	for (unsigned i = 0; i < m->header_count; i++) {
		buf_putc(b, '[');
		json_put_str(b, m->headers[i].name);
		buf_putc(b, ',');
		json_put_str(b, m->headers[i].value);
		BUF_LIT(b, "],");
	}
	buf_printf(b, "[\"Message-ID\",\"<%s@guildhall>\"]]", random);
}

/* As JSON has bytes: base64. They are many, so they always are in a row of their own. */
static void put_attachments(struct buf *b, const struct mail *m)
{
	if (!m->attachment_count)
		return;
	BUF_LIT(b, ",\"attachments\":[");
	for (unsigned i = 0; i < m->attachment_count; i++) {
		const struct mail_attachment *a = &m->attachments[i];
		buf_puts(b, i ? ",[" : "[");
		json_put_str(b, a->name);
		buf_putc(b, ',');
		json_put_str(b, a->type);
		BUF_LIT(b, ",\"");
		size_t room = sodium_base64_encoded_len(a->bytes.n, sodium_base64_VARIANT_ORIGINAL);
		if (buf_reserve(b, room)) {
			sodium_bin2base64(b->data + b->len, room, (const unsigned char *)a->bytes.p, a->bytes.n,
			        sodium_base64_VARIANT_ORIGINAL);
			b->len += room - 1;
		}
		BUF_LIT(b, "\"]");
	}
	buf_putc(b, ']');
}

/* Text and HTML, or the hash of the row that has them. */
static enum status put_body(struct db_conn *c, struct buf *b, const struct mail *m, struct err *e)
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	char hash[2 * sizeof sum + 1];
	SCOPED_BUF body; /* not in the arena: one transaction may write letters to many */
	buf_init(&body, PAYLOAD_MAX);
	if (m->text.n + m->html.n <= INLINE_MAX && !m->attachment_count) {
		put_member(b, "text", m->text);
		put_member(b, "html", m->html);
		return ST_OK;
	}
	buf_putc(&body, '{');
	put_member(&body, "text", m->text);
	put_member(&body, "html", m->html);
	put_attachments(&body, m);
	buf_putc(&body, '}');
	if (!buf_ok(&body))
		return err_set(e, ST_TOO_LARGE, "the message is too large");
	crypto_hash_sha256(sum, (const unsigned char *)body.data, body.len);
	sodium_bin2hex(hash, sizeof hash, sum, sizeof sum);
	put_member(b, "body", str_c(hash));
	return q_mail_body_add(c, str_c(hash), buf_str(&body), clock_now_us(), NULL, e);
}

enum status mail_enqueue(struct db_conn *c, const struct mail *m, struct err *e)
{
	if (!mail_address_ok(m->to) || (m->reply_to.p && !mail_address_ok(m->reply_to)))
		return err_set(e, ST_INVALID, "\"%.*s\" is not an e-mail address", STR_ARG(str_shown(m->to)));
	if (m->header_count > HEADERS_MAX)
		return err_set(e, ST_INVALID, "a message has at most %d headers of its own", HEADERS_MAX);
	if (m->attachment_count > MAIL_ATTACHMENTS_MAX)
		return err_set(e, ST_INVALID, "a message has at most %d attachments", MAIL_ATTACHMENTS_MAX);
	for (unsigned i = 0; i < m->attachment_count; i++)
		if (!mail_attachment_ok(&m->attachments[i]))
			return err_set(e, ST_INVALID, "\"%.*s\" can not be attached",
			               STR_ARG(str_shown(m->attachments[i].name)));
	struct buf b;
	buf_arena(&b, db_arena(c), PAYLOAD_MAX);
	buf_putc(&b, '{');
	put_member(&b, "to", m->to);
	put_member(&b, "to_name", m->to_name);
	put_member(&b, "subject", m->subject);
	TRY(put_body(c, &b, m, e));
	put_member(&b, "reply_to", m->reply_to);
	put_headers(&b, m);
	buf_putc(&b, '}');
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "the message is too large");
	struct job_new j = { .kind = "mail.send", .payload = buf_str(&b), .person = m->person };
	return job_enqueue(c, &j, NULL, e);
}

/* --- send --- */

struct mail_delivery {
	struct mailer *m;
	struct str bytes;
	const char *to, *from;
	int64_t id;
	enum status st;
	struct err err;
	size_t sent;
};

static enum status write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ST_IO;
		s = str_skip(s, (size_t)n);
	}
	return ST_OK;
}

/* A name is never half a message: written beside, synced, renamed. A retry of the same job overwrites its own. */
static void to_folder(void *arg)
{
	struct mail_delivery *d = arg;
	char id[ID_TEXT_LEN + 1], tmp[4096], name[4096];
	id_text(d->id, id);
	int n = snprintf(tmp, sizeof tmp, "%s/.%s.tmp", d->m->dir, id);
	int k = snprintf(name, sizeof name, "%s/%s.eml", d->m->dir, id);
	if (n >= (int)sizeof tmp || k >= (int)sizeof name || (mkdir(d->m->dir, 0700) != 0 && errno != EEXIST)) {
		d->st = err_errno(&d->err, ST_IO, "mail folder %s", d->m->dir);
		return;
	}
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write_all(fd, d->bytes) == ST_OK && fsync(fd) == 0;
	if (fd >= 0)
		ok = close(fd) == 0 && ok;
	if (!ok || rename(tmp, name) != 0) {
		d->st = err_errno(&d->err, ST_IO, "writing %s", name);
		unlink(tmp);
	}
}

static size_t upload_chunk(char *to, size_t size, size_t count, void *arg)
{
	struct mail_delivery *d = arg;
	struct str left = str_first(str_skip(d->bytes, d->sent), size * count);
	if (left.n)
		memcpy(to, left.p, left.n);
	d->sent += left.n;
	return left.n;
}

static void smtp_result(struct mail_delivery *d, CURL *c, CURLcode rc, const char *text)
{
	long code = 0;
	if (rc == CURLE_OK)
		return;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	/* 5yz: the server will never take it (RFC 5321 4.2.1). */
	d->st = err_set(&d->err, code >= 500 ? ST_INVALID : rc == CURLE_OPERATION_TIMEDOUT ? ST_TIMEOUT : ST_UPSTREAM,
			"the mail server did not take it (%ld): %s", code, *text ? text : curl_easy_strerror(rc));
}

static void to_smtp(void *arg)
{
	struct mail_delivery *d = arg;
	char text[CURL_ERROR_SIZE] = "";
	CURL *c = curl_easy_init();
	struct curl_slist *to = c ? curl_slist_append(NULL, d->to) : NULL;
	if (!to) {
		d->st = err_set(&d->err, ST_NOMEM, "no memory to send mail");
		curl_easy_cleanup(c);
		return;
	}
	bool secret = strchr(d->m->smtp_url, '@') != NULL; /* a password never goes in the clear */
	curl_easy_setopt(c, CURLOPT_URL, d->m->smtp_url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_USE_SSL, (long)(secret ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, d->from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, upload_chunk);
	curl_easy_setopt(c, CURLOPT_READDATA, d);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)d->bytes.n);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)SMTP_SECONDS);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, text);
	smtp_result(d, c, curl_easy_perform(c), text);
	curl_slist_free_all(to);
	curl_easy_cleanup(c);
}

static enum status mail_of(struct arena *a, const json_t *j, struct mail *out)
{
	const json_t *headers = json_object_get(j, "headers");
	size_t n = json_array_size(headers);
	struct http_header *list = ARENA_ARRAY(a, struct http_header, n ? n : 1);
	*out = (struct mail){ .to = json_str(j, "to"),
		.to_name = json_str(j, "to_name"),
		.subject = json_str(j, "subject"),
		.text = json_str(j, "text"),
		.html = json_str(j, "html"),
		.reply_to = json_str(j, "reply_to"),
		.headers = list,
		.header_count = (unsigned)n };
	for (size_t i = 0; i < n; i++) {
		const json_t *h = json_array_get(headers, i);
		list[i].name = str_c(json_string_value(json_array_get(h, 0)));
		list[i].value = str_c(json_string_value(json_array_get(h, 1)));
	}
	return out->to.p ? ST_OK : ST_CORRUPT;
}

static enum status load_attachments(struct arena *a, const json_t *body, struct mail *m)
{
	const json_t *list = json_object_get(body, "attachments");
	size_t n = json_array_size(list);
	struct mail_attachment *out = ARENA_ARRAY(a, struct mail_attachment, n ? n : 1);
	for (size_t i = 0; i < n; i++) {
		const json_t *x = json_array_get(list, i);
		struct str text = str_c(json_string_value(json_array_get(x, 2)));
		char *bytes = arena_alloc(a, text.n + 1);
		out[i].name = str_c(json_string_value(json_array_get(x, 0)));
		out[i].type = str_c(json_string_value(json_array_get(x, 1)));
		if (!str_base64(text, sodium_base64_VARIANT_ORIGINAL, bytes, text.n + 1, &out[i].bytes.n))
			return ST_CORRUPT;
		out[i].bytes.p = bytes;
	}
	m->attachments = out, m->attachment_count = (unsigned)n;
	return ST_OK;
}

/* *body: parsed from the row that the message names, for text and html to point into; NULL: it has them itself. */
static enum status load_body(struct ctx *ctx, const json_t *message, struct mail *m, json_t **body, struct err *e)
{
	struct mail_body_row *row;
	struct str hash = json_str(message, "body");
	if (!hash.p)
		return ST_OK;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	TRY(q_mail_body(c, hash, &row, e));
	if (!row || !(*body = json_parse(row->body, 3, NULL)))
		return err_set(e, ST_CORRUPT, "the text of the message is gone");
	m->text = json_str(*body, "text");
	m->html = json_str(*body, "html");
	return load_attachments(ctx->arena, *body, m);
}

enum status mail_send_job(struct ctx *ctx, const struct job *job, struct err *e)
{
	struct mailer *mailer = ctx->svc->platform->mailer;
	SCOPED_JSON *j = json_parse(job->payload, 4, e);
	SCOPED_JSON *body = NULL;
	struct mail m;
	struct buf bytes;
	struct str name, address;
	if (!mailer)
		return err_set(e, ST_UNAVAILABLE, "this process has no mailer");
	if (!j || mail_of(ctx->arena, j, &m) != ST_OK)
		return err_set(e, ST_CORRUPT, "the message in the queue is damaged");
	TRY(load_body(ctx, j, &m, &body, e));
	if (!m.subject.p)
		m.subject = STR("");
	if (!m.text.p)
		m.text = STR("");
	buf_arena(&bytes, ctx->arena, MESSAGE_MAX);
	TRY(mail_format(ctx, &m, str_c(mailer->from), &bytes, e));
	if (!mail_from_parse(str_c(mailer->from), &name, &address))
		return err_set(e, ST_CONFIG, "mail.from is not an address");
	struct mail_delivery d = { .m = mailer, .bytes = buf_str(&bytes), .to = arena_cstr(ctx->arena, m.to),
			      .from = arena_cstr(ctx->arena, address), .id = job->id };
	enum status st = offload(OFFLOAD_PROMPT, *mailer->smtp_url ? to_smtp : to_folder, &d);
	if (st != ST_OK)
		return err_set(e, st, "too much waits for the offload pool");
	metric_add_l(M_MAIL, d.st == ST_OK ? "sent" : "failed", 1);
	if (d.st != ST_OK && e)
		*e = d.err;
	return d.st;
}
