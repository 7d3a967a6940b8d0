/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses that strangers give (redirects, pictures, home pages), parsed once, by one parser (libcurl's, RFC 3986),
 * and compared parsed: what begins like a name is not that name.
 */
#ifndef GH_PLATFORM_URL_H
#define GH_PLATFORM_URL_H

#include "base/arena.h"
#include "base/str.h"

enum { URL_MAX = 2000 };

struct url {
	struct str scheme; /* lower case */
	struct str host;   /* lower case, brackets of IPv6 kept; "" where the scheme has none ("com.example.app:/cb") */
	int port;          /* 0: not written */
	struct str rest;   /* path and query, as written; "" or from "/" or "?" on */
};

/* An absolute address in printable ASCII without a fragment: "https://", "http://" with a host and without user names,
   or another scheme with anything behind it. *out in a, borrowing from text. False: it is none, or one that programs
   read differently (control characters, blanks, backslashes, percent signs in the host, a port out of range). */
bool url_parse(struct arena *a, struct str text, struct url *out);
/* Is it this machine's, exactly: 127.0.0.1, [::1], localhost (RFC 8252 7.3)? */
bool url_is_loopback(const struct url *u);
/* May pages, feeds and maps name it? A path from "/" on (not "//"), or http(s). */
bool url_is_public(struct str text);

/* Does it look like an e-mail address? name@domain, without quoted names, blanks and what turns the text around;
   letters of any script. (What SMTP takes is less: mail/mail_int.h.) */
bool email_looks_right(struct str s);

#endif
