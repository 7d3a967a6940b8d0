/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside account: a person's notifications (inbox.c) and the letters about them (digest.c).
 */
#ifndef GH_SERVICES_ACCOUNT_INBOX_H
#define GH_SERVICES_ACCOUNT_INBOX_H

#include "gen/account_serve.h"
#include "platform/forms/forms.h"
#include "services/account/account.h"

enum { TOPIC_ROOM = 40 /* "inbox:" and a number */ };

struct inbox_entry { struct str id, title, text, when; int64_t times; bool unread; };
struct digest_choice { struct str every; }; /* "", "day", "week" */
struct inbox_view {
	struct inbox_entry *list;
	size_t count;
	bool unread_only, unread, first;
	struct str newest, older; /* ids; "": none */
	struct str done, undo;    /* undo: the moment of the marks that can be taken back */
	struct digest_choice digest;
	const struct form_fill *form;
};

/* Topic of the hub that tells a person's open pages how many are unread; NUL-terminated in out. */
struct str inbox_topic(int64_t person, char out[TOPIC_ROOM]);
/* How many are unread, as the badge says it; "": none, or it can't be told. In ctx->arena. */
struct str inbox_badge(struct ctx *ctx, int64_t person);

/* Inside db_write's fn: the job that writes about that entry. */
enum status letter_enqueue(struct db_conn *c, int64_t id, int64_t person, struct err *e) MUST_CHECK;
/* How often the person asking wants a letter about all that is new: "", "day", "week". */
enum status digest_choose(struct web *w, struct str every, struct err *e) MUST_CHECK;
/* The next seven o'clock in the morning after now_us in that IANA zone ("": UTC), of any day or of a Monday; UTC µs. */
int64_t digest_next(int64_t now_us, struct str zone, bool weekly);

#endif
