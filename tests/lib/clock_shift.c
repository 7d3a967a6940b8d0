/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into a server under test, moves its wall clock: by as many seconds as the file that CLOCK_SHIFT_FILE names
 * says, a little-endian int64 that the test may change while the server runs. What counts time in intervals (the
 * monotonic clock) is left alone.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_s;

__attribute__((constructor)) static void find(void)
{
	const char *path = getenv("CLOCK_SHIFT_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd >= 0 ? mmap(NULL, sizeof *shift_s, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (at == MAP_FAILED)
		abort();
	shift_s = at;
	close(fd);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = (int)syscall(SYS_clock_gettime, id, out);
	if (!rc && shift_s && id == CLOCK_REALTIME)
		out->tv_sec += *shift_s;
	return rc;
}
