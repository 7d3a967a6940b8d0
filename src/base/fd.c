/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <fcntl.h>

#include "base/buf.h"

#define READ_AT_ONCE ((size_t)64 << 10)

enum status fd_read_text(struct arena *a, int fd, const char *name, size_t max, struct str *out, struct err *e)
{
	struct buf b;
	ssize_t n = 0;
	buf_arena(&b, a, max + 1);
	do {
		size_t want = max + 1 - b.len < READ_AT_ONCE ? max + 1 - b.len : READ_AT_ONCE;
		if (!want || !buf_reserve(&b, want))
			break;
		n = read(fd, b.data + b.len, want);
		b.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n < 0)
		return err_errno(e, ST_IO, "%s", name);
	if (!buf_ok(&b) || b.len > max)
		return err_set(
		        e, ST_TOO_LARGE, "%s has more than %zu bytes, which is the most that is read", name, max);
	*out = buf_str(&b);
	if (str_starts(*out, STR("\xef\xbb\xbf")))
		*out = str_skip(*out, 3);
	return ST_OK;
}

enum status file_read_text(struct arena *a, const char *path, size_t max, struct str *out, struct err *e)
{
	SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ST_NOT_FOUND, "%s can't be read", path);
	return fd_read_text(a, fd, path, max, out, e);
}
