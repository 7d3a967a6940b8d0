/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded: a zlib that ends the process, as some libraries do when memory is out, while the file named by
 * EXITING_FILE exists; with EXITING_AT_ONCE it does so before main, where there is nobody to unwind to.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int deflateInit2_(void *z, int level, int method, int bits, int memory, int strategy, const char *version, int size);
__attribute__((visibility("default"))) int deflateInit2_(
        void *z, int level, int method, int bits, int memory, int strategy, const char *version, int size)
{
	const char *file = getenv("EXITING_FILE");
	int (*real)(void *, int, int, int, int, int, const char *, int) = dlsym(RTLD_NEXT, "deflateInit2_");
	if (file && !access(file, F_OK))
		exit(3);
	return real(z, level, method, bits, memory, strategy, version, size);
}

__attribute__((constructor)) static void at_once(void)
{
	if (getenv("EXITING_AT_ONCE"))
		exit(0);
}
