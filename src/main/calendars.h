/* SPDX-License-Identifier: Apache-2.0
 *
 * Calendars in and out: what `import ics` and `export ics` do.
 */
#ifndef GH_MAIN_CALENDARS_H
#define GH_MAIN_CALENDARS_H

#include "main/command.h"

/* inv->args[1] is the file. ST_INVALID names the line of what can't be taken; then nothing has changed. */
enum status import_ics(struct invocation *inv, struct err *e) MUST_CHECK;
/* Writes a line for each occurrence to standard output. inv->args: "ics", the end of the window. */
enum status export_ics(struct invocation *inv, struct err *e) MUST_CHECK;

#endif
