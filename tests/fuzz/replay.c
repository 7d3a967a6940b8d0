/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over committed inputs: replay FILE|FOLDER… Each input is also given without its last byte and
 * doubled, from a buffer of exactly its size, so that a read past the end is seen by AddressSanitizer.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned replayed;

static void give(const uint8_t *data, size_t n, size_t times)
{
	size_t total = n * times;
	uint8_t *exact = malloc(total > 0 ? total : 1);
	for (size_t i = 0; i < times; i++)
		memcpy(exact + i * n, data, n);
	LLVMFuzzerTestOneInput(exact, total);
	free(exact);
}

static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	static uint8_t data[1 << 20];
	size_t n = fread(data, 1, sizeof data, f);
	fclose(f);
	give(data, n, 1);
	give(data, n, 2);
	if (n)
		give(data, n - 1, 1);
	replayed++;
}

static void replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char inner[4096];
		if (names[i]->d_name[0] != '.') {
			snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name);
			replay(inner);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%u inputs\n", replayed);
	return replayed ? 0 : 1;
}
