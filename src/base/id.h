/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids: 63-bit, positive, increasing with time. 41 bits of milliseconds since 2024-01-01, 10 bits of node, 12 bits
 * of sequence. Shown to people and in URLs as 13 characters of Crockford base32, lower case, sorting like the number.
 */
#ifndef GH_BASE_ID_H
#define GH_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define ID_TEXT_LEN 13

void id_set_node(unsigned node); /* 0..1023; by default derived from the host name and process id */
int64_t id_new(void);            /* thread-safe, never repeats within a node */
/* An id as its 13 characters and a NUL; read back (either case; false: not one); and the moment it was made, in µs. */
void id_text(int64_t id, char out[ID_TEXT_LEN + 1]);
struct str id_str(struct arena *a, int64_t id); /* the same text, in a */
bool id_parse(struct str s, int64_t *id);
int64_t id_time_us(int64_t id);

/* n random bytes from the kernel's generator, as lower-case hex (out holds 2n+1) or base64url (out holds 4n/3+4). */
void random_bytes(void *out, size_t n);
void random_hex(char *out, size_t n);
void random_token(char *out, size_t n);

#endif
