/* SPDX-License-Identifier: Apache-2.0
 *
 * A descriptor that is closed at the end of its block, also when a request is unwound (base/guard.h).
 */
#ifndef GH_BASE_FD_H
#define GH_BASE_FD_H

#include <unistd.h>

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

#endif
