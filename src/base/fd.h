/* SPDX-License-Identifier: Apache-2.0
 *
 * A descriptor that is closed at the end of its block, also when a request is unwound (base/guard.h); files read whole.
 */
#ifndef GH_BASE_FD_H
#define GH_BASE_FD_H

#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

static inline void fd_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define SCOPED_FD __attribute__((cleanup(fd_closep))) int

/* Gives it to somebody else: the block does not close it any more. */
static inline int fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* The whole of a text file of at most max bytes, in a, without a byte order mark; fd is read from where it stands.
   name: for messages. ST_TOO_LARGE, ST_IO. */
enum status fd_read_text(struct arena *a, int fd, const char *name, size_t max, struct str *out, struct err *e)
        MUST_CHECK;
/* The same of the file at path. ST_NOT_FOUND: it can not be opened. */
enum status file_read_text(struct arena *a, const char *path, size_t max, struct str *out, struct err *e) MUST_CHECK;

#endif
