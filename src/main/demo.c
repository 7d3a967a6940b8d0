/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "main/command.h"

static bool readable(const char *path)
{
	return access(path, R_OK | X_OK) == 0;
}

const char *demo_folder(struct arena *a, const struct config *c)
{
	static const char *const places[] = { "%.*s/../demo", "%.*s/../../demo", "%.*s/../share/guildhall/demo" };
	const char *set = config_cstr(c, "server", "demo_dir");
	char exe[4096];
	ssize_t n = *set ? -1 : readlink("/proc/self/exe", exe, sizeof exe - 1);
	if (n <= 0)
		return set;
	struct str dir = str_n(exe, (size_t)n);
	dir = str_first(dir, (size_t)str_rchr(dir, '/'));
	for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
		char *path = arena_printf(a, places[i], STR_ARG(dir));
		if (readable(path))
			return path;
	}
	return "demo";
}
