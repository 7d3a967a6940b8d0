/* SPDX-License-Identifier: Apache-2.0
 *
 * Large blobs: their places are used again, and what was sent from them by reference arrives as it was all the same.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn/http.h"
#include "net/conn/request.h"

#define LEN ((size_t)20000)

static struct blob *filled(size_t n, char c)
{
	struct blob *b = blob_new_large(n);
	assert_non_null(b);
	assert_int_equal(b->len, n);
	memset(b->data, c, n);
	return b;
}

static void tcp_pair(int fd[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(l, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&a, n), 0);
	fd[1] = accept(l, NULL, NULL);
	assert_true(fd[1] >= 0);
	close(l);
}

static void send_forget_overwrite(int fd[2])
{
	struct blob *b = filled(LEN, 'a');
	char *got = malloc(LEN);
	uint64_t from;
	int file = blob_file(b, b->data, &from);
	assert_true(file >= 0);
	off_t off = (off_t)from;
	assert_int_equal(sendfile(fd[0], file, &off, LEN), LEN);
	const void *place = b;
	blob_unref(b);
	struct blob *next = filled(LEN, 'b');
	assert_ptr_equal(next, place);
	for (size_t have = 0; have < LEN;) {
		ssize_t n = recv(fd[1], got + have, LEN - have, 0);
		assert_true(n > 0);
		have += (size_t)n;
	}
	for (size_t i = 0; i < LEN; i++)
		assert_int_equal(got[i], 'a');
	blob_unref(next);
	free(got);
	close(fd[0]);
	close(fd[1]);
}

static void test_in_flight(void **state)
{
	int fd[2];
	tcp_pair(fd);
	send_forget_overwrite(fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	send_forget_overwrite(fd);
}

static void test_sizes(void **state)
{
	uint64_t off, sub;
	struct blob *small = filled(BLOB_LARGE - 1, 's'), *large = filled(BLOB_LARGE, 'l'),
	            *huge = filled((size_t)100 << 20, 'h');
	assert_int_equal(blob_file(small, small->data, &off), -1);
	assert_int_equal(blob_file(huge, huge->data, &off), -1);
	assert_true(blob_file(large, large->data, &off) >= 0);
	assert_true(blob_file(large, large->data + 100, &sub) >= 0);
	assert_int_equal(sub, off + 100);
	assert_int_equal(blob_bytes(large) % 4096, 0);
	assert_true(blob_bytes(large) >= sizeof *large + BLOB_LARGE);
	assert_int_equal(blob_bytes(small), sizeof *small + BLOB_LARGE - 1);
	assert_null(blob_new_large(SIZE_MAX - 3));
	blob_unref(small);
	blob_unref(large);
	blob_unref(huge);
}

/* Many at once, freed in another order: none overlaps another, and the places come back. */
static void test_places(void **state)
{
	enum { N = 300 };
	struct blob *b[N];
	unsigned seed = 1;
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++)
			if (round == 0 || !b[i])
				b[i] = filled(BLOB_LARGE + (seed = seed * 1103515245 + 12345) % 100000, (char)i);
		for (int i = 0; i < N; i++)
			for (size_t at = 0; at < b[i]->len; at += at + 1000 < b[i]->len ? 1000 : b[i]->len)
				assert_int_equal(b[i]->data[at], (char)i);
		for (int i = 0; i < N; i++)
			if ((seed = seed * 1103515245 + 12345) >> 16 & 1 || round == 19) {
				assert_int_equal(b[i]->data[b[i]->len - 1], (char)i);
				blob_unref(b[i]);
				b[i] = NULL;
			}
	}
}

/* Full, it goes on with copies; and the second time there is as much room. */
static void test_full(void **state)
{
	enum { N = 17 };
	struct blob *b[N];
	unsigned copied[2] = { 0 };
	uint64_t off;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) { /* nothing is written: no memory is taken */
			b[i] = blob_new_large(((size_t)1 << 26) - 4096);
			assert_non_null(b[i]);
			copied[round] += blob_file(b[i], b[i]->data, &off) < 0;
		}
		for (int i = 0; i < N; i++)
			blob_unref(b[i]);
	}
	assert_true(copied[0] > 0 && copied[0] < N);
	assert_true(copied[1] <= copied[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
