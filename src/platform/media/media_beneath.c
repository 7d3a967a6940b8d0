/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a file of a folder that somebody handed us: nothing outside of it, by whatever links lie in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/media/media.h"

enum status media_open_beneath(const char *dir, const char *below, int *fd, struct err *e)
{
	/* NONBLOCK: a pipe that lies there is looked at, not waited for. */
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
				      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	struct stat st;
	int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*fd = -1;
	if (folder < 0)
		return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_IO, "%s", dir);
	int opened = (int)syscall(SYS_openat2, folder, below, &how, sizeof how), why = errno;
	close(folder);
	if (opened >= 0 && (fstat(opened, &st) || !S_ISREG(st.st_mode))) {
		close(opened);
		return err_set(e, ST_NOT_FOUND, "it is not a file");
	}
	if (opened >= 0) {
		*fd = opened;
		return ST_OK;
	}
	if (why == ELOOP || why == EXDEV)
		return err_set(e, ST_FORBIDDEN, "a symbolic link leads there, and is not followed");
	errno = why;
	return why == ENOENT || why == ENOTDIR ? err_set(e, ST_NOT_FOUND, "there is no such file in the folder given")
	                                       : err_errno(e, ST_IO, "%s", below);
}
