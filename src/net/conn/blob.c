/* SPDX-License-Identifier: Apache-2.0
 *
 * Blobs, and where large ones live: in whole pages of one memfd that is mapped here. Such a blob is memory like any
 * other, and the kernel can also send it as a file, by reference to its pages, which saves the copy into the socket (an
 * eighth of the time of a cached page of 20 KB).
 *
 * What was sent that way may still be on its way, unread or to be sent again, long after the blob is gone. So the pages
 * of a blob are never used again: its place is punched out of the file, which leaves them to whoever still refers to
 * them, and who gets the place next gets other pages. That holds for single pages, hence MADV_NOHUGEPAGE; the kernel is
 * asked once, with a pipe, whether it does so. If not, or when the region is full, blobs come from malloc and are
 * copied.
 *
 * Any thread; the lock guards the map of used pages and nothing else.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/log.h"
#include "net/conn/http.h"
#include "net/conn/request.h"

#define REGION     ((size_t)1 << 30) /* reserved addresses; memory is used only for pages that are taken */
#define PAGE       ((size_t)4096)
#define PAGES      (REGION / PAGE)
#define WORDS      (PAGES / 64)

static struct {
	pthread_once_t once;
	pthread_mutex_t lock;
	int fd;
	char *base; /* NULL: there is no region */
	size_t hint;
	uint64_t used[WORDS]; /* a bit for each page */
} region = { .once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

/* --- the region --------------------------------------------------------------------------------------------------- */

static bool punch(size_t page, size_t count)
{
	return fallocate(region.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(page * PAGE),
	               (off_t)(count * PAGE)) == 0;
}

/* A buffer that was handed over by reference must stay readable after its owner ended, and must not be reused
   before it was sent. */
static bool pages_stay(void)
{
	int pipe_fd[2];
	off_t off = 0;
	char seen = 0;
	if (pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK))
		return false;
	region.base[0] = 'a';
	bool ok = sendfile(pipe_fd[1], region.fd, &off, 1) == 1 && punch(0, 1) && region.base[0] == 0;
	region.base[0] = 'b';
	ok = ok && read(pipe_fd[0], &seen, 1) == 1 && seen == 'a' && punch(0, 1);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return ok;
}

static void region_open(void)
{
	region.fd = memfd_create("guildhall-blobs", MFD_CLOEXEC);
	if (region.fd < 0 || ftruncate(region.fd, (off_t)REGION) || sysconf(_SC_PAGESIZE) != (long)PAGE)
		return;
	void *base = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, region.fd, 0);
	if (base == MAP_FAILED)
		return;
	region.base = base;
	madvise(base, REGION, MADV_DONTDUMP);
	if (!madvise(base, REGION, MADV_NOHUGEPAGE) && pages_stay())
		return;
	LOG(INFO, NULL, "http.blobs_copied"); /* works, a little slower */
	munmap(base, REGION);
	region.base = NULL;
}

static bool is_used(size_t page) { return region.used[page / 64] >> (page % 64) & 1; }

static void mark(size_t page, size_t count, bool used)
{
	for (size_t i = page; i < page + count; i++)
		region.used[i / 64] = (region.used[i / 64] & ~(UINT64_C(1) << (i % 64))) | (uint64_t)used << (i % 64);
}

/* The first run of count free pages in [from, to); PAGES: none. */
static size_t find_run(size_t from, size_t to, size_t count)
{
	size_t run = 0;
	for (size_t i = from; i < to; i++) {
		if (i % 64 == 0 && region.used[i / 64] == UINT64_MAX) {
			i += 63;
			run = 0;
		} else if (is_used(i)) {
			run = 0;
		} else if (++run == count) {
			return i + 1 - count;
		}
	}
	return PAGES;
}

static size_t take_pages(size_t count)
{
	pthread_mutex_lock(&region.lock);
	size_t page = find_run(region.hint, PAGES, count);
	if (page == PAGES)
		page = find_run(0, PAGES, count);
	if (page != PAGES) {
		mark(page, count, true);
		region.hint = page + count < PAGES ? page + count : 0;
	}
	pthread_mutex_unlock(&region.lock);
	return page;
}

static size_t pages_of(size_t total) { return (total + PAGE - 1) / PAGE; }

static bool in_region(const struct blob *b)
{
	return region.base && (const char *)b >= region.base && (const char *)b < region.base + REGION;
}

static void give_pages(struct blob *b)
{
	size_t page = (size_t)((char *)b - region.base) / PAGE, count = pages_of(sizeof *b + b->len);
	if (!punch(page, count))
		return; /* the page is lost for good: reusing it could give one page to two owners */
	pthread_mutex_lock(&region.lock);
	mark(page, count, false);
	if (page < region.hint)
		region.hint = page;
	pthread_mutex_unlock(&region.lock);
}

/* --- blobs -------------------------------------------------------------------------------------------------------- */

static struct blob *blob_init(struct blob *b, size_t n)
{
	atomic_init(&b->refs, 1);
	b->len = n;
	return b;
}

struct blob *blob_new(const void *data, size_t n)
{
	size_t total;
	if (__builtin_add_overflow(sizeof(struct blob), n, &total))
		return NULL;
	struct blob *b = malloc(total);
	if (!b)
		return NULL;
	if (data && n)
		memcpy(b->data, data, n);
	return blob_init(b, n);
}

struct blob *blob_new_large(size_t n)
{
	if (n < BLOB_LARGE || n > REGION / 16)
		return blob_new(NULL, n);
	pthread_once(&region.once, region_open);
	size_t page = region.base ? take_pages(pages_of(sizeof(struct blob) + n)) : PAGES;
	return page == PAGES ? blob_new(NULL, n) : blob_init((struct blob *)(region.base + page * PAGE), n);
}

struct blob *blob_ref(struct blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void blob_unref(struct blob *b)
{
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (in_region(b))
		give_pages(b);
	else
		free(b);
}

size_t blob_bytes(const struct blob *b)
{
	size_t total = sizeof *b + b->len;
	return in_region(b) ? pages_of(total) * PAGE : total;
}

int blob_file(const struct blob *b, const char *p, uint64_t *off)
{
	if (!in_region(b))
		return -1;
	*off = (uint64_t)(p - region.base);
	return region.fd;
}
