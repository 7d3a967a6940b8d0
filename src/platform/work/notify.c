/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/work/notify.h"

#include "platform/text/json.h"
#include "platform/work/event.h"

enum { PAYLOAD_MAX = 48 << 10 };

enum status notify_person(struct db_conn *c, const struct notice *n, struct err *e)
{
	struct buf b;
	if (n->about.n > NOTICE_ABOUT_MAX || n->url.n > NOTICE_URL_MAX)
		return err_set(e, ST_INVALID, "a notification about %s has too long an address", n->topic);
	buf_arena(&b, db_arena(c), PAYLOAD_MAX);
	buf_printf(&b, "{\"written\":%s", n->written ? "true" : "false");
	json_put_member(&b, "topic", str_c(n->topic));
	json_put_member(&b, "about", n->about.p ? n->about : STR(""));
	json_put_member(&b, "title", str_utf8_first(n->title, NOTICE_TITLE_MAX));
	json_put_member(&b, "text", n->text.p ? str_utf8_first(n->text, NOTICE_TEXT_MAX) : STR(""));
	json_put_member(&b, "url", n->url.p ? n->url : STR(""));
	buf_putc(&b, '}');
	if (!buf_ok(&b))
		return err_set(e, ST_TOO_LARGE, "a notification about %s is too long", n->topic);
	return event_emit(c, NOTICE_EVENT, arena_strf(db_arena(c), "%lld", (long long)n->person), buf_str(&b), e);
}
