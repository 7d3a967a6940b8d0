/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fuzz target defines: one function over one input. Linked with libFuzzer by tests/fuzz/run.sh, with replay.c in
 * ordinary builds. A target checks invariants with FUZZ_ASSERT, which stays on in every build.
 */
#ifndef GH_TESTS_FUZZ_H
#define GH_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define FUZZ_ASSERT(c)                                                                        \
	do {                                                                                  \
		if (!(c)) {                                                                   \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #c);       \
			abort();                                                              \
		}                                                                             \
	} while (0)

#endif
