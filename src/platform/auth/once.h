/* SPDX-License-Identifier: Apache-2.0
 *
 * A form that is sent twice (a second press, a browser that tries again) does its work once, in whichever process the
 * two arrive: the first puts an entry into the auth store, and its answer when there is one; the second waits for it
 * and gives the same answer, cookies and all. What did not end with a redirect (a field is wrong) is done anew.
 *
 * The work of the first goes on when its sender is gone, for that is what a browser does on a second press. But of a
 * form with files it ends: what a picture costs is done for nobody who left, and the second press does it.
 */
#ifndef GH_PLATFORM_ONCE_H
#define GH_PLATFORM_ONCE_H

#include "platform/core/service.h"

#define ONCE_WORK_S 30   /* a process that ended in the middle of it is waited for no longer */
/* That long an answer is given again: what comes within it is the second press of an impatient person, or a browser
   that tries again after a broken connection. Who comes back to the page later and sends the same again means it;
   within it, too, where there is JavaScript (forms.js marks a page that the browser took out of its memory). */
#define ONCE_KEPT_S 60
#define ONCE_ANSWER_MAX 4096 /* bytes of its address and cookies; a longer one is not kept */

/* As auth_hooks.once says. Without the auth store the handler runs as if there were no such thing. */
enum status once_handle(struct web *w, struct str sent, enum status (*handle)(struct web *w, struct err *e),
        struct err *e) MUST_CHECK;

#endif
