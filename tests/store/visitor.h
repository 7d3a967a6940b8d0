/* SPDX-License-Identifier: Apache-2.0
 *
 * A visitor's browser, as far as tests of a house want one: forms, the basket's cookie, the last answer.
 */
#ifndef GH_TESTS_STORE_VISITOR_H
#define GH_TESTS_STORE_VISITOR_H

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cancel/house.h"

enum { ANSWER_MAX = 1 << 20 };
static char answer[ANSWER_MAX];
static char cookies[1024];

/* The answer's status; its text is in `answer`. A cookie of the basket is kept as a browser would. */
static inline int ask(struct house *h, const char *method, const char *path, const char *form)
{
	static char request[64 << 10];
	size_t got;
	snprintf(request, sizeof request,
	        "%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\naccept: text/html\r\nsec-fetch-site: "
	        "same-origin\r\n"
	        "%s%s%s%scontent-length: %zu\r\n\r\n%s",
	        method, path, cookies[0] ? "cookie: " : "", cookies, cookies[0] ? "\r\n" : "",
	        form ? "content-type: application/x-www-form-urlencoded\r\n" : "", form ? strlen(form) : 0,
	        form ? form : "");
	int fd = house_connect(h);
	house_send(fd, request, strlen(request));
	int status = house_read(fd, answer, sizeof answer, &got);
	close(fd);
	char *set = strstr(answer, "set-cookie: gh_basket=");
	if (set)
		snprintf(cookies, sizeof cookies, "%.*s", (int)strcspn(set + 12, ";\r\n"), set + 12);
	return status;
}

/* What stands between two texts of the answer, in out; "" when it is not there. */
static inline const char *between(const char *from, const char *to, char *out, size_t room)
{
	const char *a = strstr(answer, from), *b = a ? strstr(a + strlen(from), to) : NULL;
	snprintf(out, room, "%.*s", a && b ? (int)(b - a - (ptrdiff_t)strlen(from)) : 0, a ? a + strlen(from) : "");
	return out;
}

#endif
