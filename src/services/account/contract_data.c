/* SPDX-License-Identifier: Apache-2.0
 *
 * account/person_data: addresses and choices.
 */
#include "gen/account_sql.h"
#include "platform/peers/person_data.h"
#include "platform/text/json.h"
#include "services/account/account.h"

static void put_address(struct buf *b, const struct account_addresses_row *r)
{
	const struct {
		const char *name;
		struct str value;
	} members[] = { { "name", r->name }, { "line1", r->line1 }, { "line2", r->line2 },
		{ "postal code", r->postal_code }, { "city", r->city }, { "region", r->region },
		{ "country", r->country }, { "phone", r->phone } };
	buf_putc(b, '{');
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_put_member(b, members[i].name, members[i].value);
	buf_printf(
	        b, ",\"delivery\":%s,\"billing\":%s}", r->delivery ? "true" : "false", r->billing ? "true" : "false");
}

static void put_notice(struct buf *b, const struct account_inbox_all_row *r)
{
	char at[CLOCK_TEXT_MAX];
	buf_putc(b, '{');
	json_put_member(b, "topic", r->topic);
	json_put_member(b, "title", r->title);
	json_put_member(b, "text", r->body);
	json_put_member(b, "address", r->url);
	json_put_member(b, "at", str_n(at, clock_rfc3339(r->at, at)));
	buf_puts(b, r->read_at_null ? ",\"read\":false}" : ",\"read\":true}");
}

enum status account_serve_person_data(
        struct ctx *ctx, const struct person_data_ask *in, struct person_data_answer *out, struct err *e)
{
	struct account_addresses_row *addresses;
	struct account_choices_row *choices;
	struct account_inbox_all_row *inbox;
	struct buf b;
	size_t n;
	SCOPED_DB_READ c = NULL;
	TRY(db_read(ctx, ctx->svc->db, &c, e));
	buf_arena(&b, ctx->arena, PERSON_DATA_MAX);
	TRY(q_account_addresses(c, in->person, &addresses, &n, e));
	BUF_LIT(&b, "{\"addresses\":[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&b, ',');
		put_address(&b, &addresses[i]);
	}
	TRY(q_account_choices(c, in->person, &choices, &n, e));
	BUF_LIT(&b, "],\"notifications by mail\":{");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&b, ',');
		json_put_str(&b, choices[i].topic);
		buf_puts(&b, choices[i].by_mail ? ":true" : ":false");
	}
	BUF_LIT(&b, "},\"notifications\":[");
	TRY(q_account_inbox_all(c, in->person, &inbox, &n, e));
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(&b, ',');
		put_notice(&b, &inbox[i]);
	}
	BUF_LIT(&b, "]}");
	out->json = buf_str(&b);
	return buf_ok(&b) ? ST_OK : err_set(e, ST_TOO_LARGE, "more is kept about this person than fits");
}
