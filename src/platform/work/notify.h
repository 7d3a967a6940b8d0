/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling a person that something happened. The account service keeps it, shows it in the person's notifications and on
 * the badge of every page, and writes a letter when the person wants one about that topic, or one about all that is
 *new.
 *
 *	notify_person(c, &(struct notice){ .person = author, .topic = "blog.comments", .about = id,
 *		.title = …, .url = … }, e);
 *
 * The topic is a row of the service's notices (struct notice_def). The texts are in the person's language:
 *lang_of_person (platform/peers/site.h).
 */
#ifndef GH_PLATFORM_NOTIFY_H
#define GH_PLATFORM_NOTIFY_H

#include "db/db.h"

enum { NOTICE_TITLE_MAX = 200, NOTICE_TEXT_MAX = 1000, NOTICE_URL_MAX = 2000, NOTICE_ABOUT_MAX = 200 };
#define NOTICE_EVENT "person.notified"

struct notice {
	int64_t person;
	const char *topic;
	struct str about; /* what it is about: the same topic and about again is one notification, counted and new
	                     again; p NULL or "": each stands for itself. At most NOTICE_ABOUT_MAX bytes */
	struct str title; /* a line; cut after NOTICE_TITLE_MAX characters */
	struct str text;  /* more words; cut after NOTICE_TEXT_MAX; may be "" */
	struct str url;   /* where it leads: a path or address of this site; may be "" */
	bool written;     /* a letter of its own goes out: account writes none */
};

/* Inside db_write's fn: it is told when the transaction is. ST_INVALID: about or url is too long. */
enum status notify_person(struct db_conn *c, const struct notice *n, struct err *e) MUST_CHECK;

#endif
