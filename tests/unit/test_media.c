/* SPDX-License-Identifier: Apache-2.0
 *
 * Media storage with its real helper processes: this program is the helper, too, as the server is.
 */
#include "unit/unit.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/log.h"
#include "platform/media/media.h"
#include "platform/media/media_internal.h"
#include "rt/fiber.h"
#include "rt/offload.h"

static struct media *media;
static char folder[] = "/tmp/gh-media-XXXXXX";

/* --- pictures ----------------------------------------------------------------------------------------------------- */

struct picture {
	unsigned char *p;
	size_t n;
};

static void put_u32(unsigned char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(v >> (24 - 8 * i));
}

static void chunk(struct picture *out, const char *type, const unsigned char *data, size_t n)
{
	out->p = realloc(out->p, out->n + n + 12);
	unsigned char *at = out->p + out->n;
	put_u32(at, (uint32_t)n);
	memcpy(at + 4, type, 4);
	if (n)
		memcpy(at + 8, data, n);
	put_u32(at + 8 + n, (uint32_t)crc32(0, at + 4, (uInt)n + 4));
	out->n += n + 12;
}

/* An RGB picture that says it is width × height and has so many lines of it. */
static struct picture png(uint32_t width, uint32_t height, uint32_t lines)
{
	static const unsigned char magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	unsigned char head[13] = { [8] = 8, [9] = 2 };
	size_t raw_n = lines * (3 * (size_t)width + 1);
	unsigned char *raw = calloc(1, raw_n ? raw_n : 1);
	uLongf packed_n = compressBound(raw_n);
	unsigned char *packed = malloc(packed_n);
	for (size_t i = 0; i < raw_n; i++)
		raw[i] = i % (3 * (size_t)width + 1) ? (unsigned char)(i * 7) : 0; /* the line's filter: none */
	assert_int_equal(compress(packed, &packed_n, raw, raw_n), Z_OK);
	put_u32(head, width);
	put_u32(head + 4, height);
	struct picture out = { malloc(sizeof magic), sizeof magic };
	memcpy(out.p, magic, sizeof magic);
	chunk(&out, "IHDR", head, sizeof head);
	chunk(&out, "IDAT", packed, packed_n);
	chunk(&out, "IEND", NULL, 0);
	free(raw);
	free(packed);
	return out;
}

/* In a fiber, whose stack cmocka's way out would not survive. */
#define broken(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

/* --- puts, each in a fiber ---------------------------------------------------------------------------------------- */

struct putting {
	int64_t whose;
	struct str bytes;
	struct arena *arena;
	struct media_item item;
	enum status st;
	struct err err;
	unsigned *left;
	struct fiber *waiter;
};

static void put_fiber(void *arg)
{
	struct putting *p = arg;
	struct ctx ctx;
	ctx_init(&ctx, p->arena);
	p->st = media_put(&ctx, media, p->whose, p->bytes, &p->item, &p->err);
	if (p->left && --*p->left == 0)
		fiber_wake(p->waiter);
}

static enum status put_bytes(struct str bytes, struct media_item *item)
{
	struct putting p = { .bytes = bytes, .arena = arena_new(1 << 20) };
	fiber_main(put_fiber, &p);
	if (item)
		*item = p.item;
	arena_free(p.arena); /* item: only what it holds itself is good after this */
	return p.st;
}

static struct str bytes_of(const struct picture *p)
{
	return str_n((const char *)p->p, p->n);
}

static unsigned files;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	files += type == FTW_F;
	return 0;
}

static unsigned files_kept(void)
{
	files = 0;
	nftw(folder, count_file, 16, FTW_PHYS);
	return files;
}

/* --- the tests ---------------------------------------------------------------------------------------------------- */

static void check_served(const struct media_item *item, struct arena *a)
{
	struct err e;
	const char *type;
	int fd = -1;
	for (unsigned i = 0; i < item->variant_count; i++) {
		assert_int_equal(media_open_path(media, item->variants[i].path, &fd, &type, &e), ST_OK);
		assert_int_equal(lseek(fd, 0, SEEK_END), item->variants[i].bytes);
		assert_true(!strncmp(type, "image/", 6));
		close(fd);
	}
	struct str original = arena_strf(a, "%.2s/%.2s/%s.orig", item->sha256, item->sha256 + 2, item->sha256);
	assert_int_not_equal(media_open_path(media, original, &fd, &type, &e), ST_OK);
}

static void variants_in_fiber(void *arg)
{
	static const int widths[] = { 320, 320, 640, 640, 700, 700 };
	struct picture *pic = arg;
	struct arena *a = arena_new(1 << 20);
	struct putting p = { .bytes = bytes_of(pic), .arena = a };
	put_fiber(&p);
	assert_int_equal(p.st, ST_OK);
	assert_string_equal(p.item.type, "image/png");
	assert_int_equal(p.item.width, 700);
	assert_int_equal(p.item.height, 40);
	assert_int_equal(p.item.variant_count, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(p.item.variants[i].width, widths[i]);
	check_served(&p.item, a);
	unsigned before = files_kept();
	struct putting again = { .bytes = bytes_of(pic), .arena = a };
	put_fiber(&again);
	assert_int_equal(again.st, ST_OK);
	assert_string_equal(again.item.sha256, p.item.sha256);
	assert_int_equal(again.item.variant_count, 6);
	assert_int_equal(files_kept(), before);
	arena_free(a);
}

static void picture_gets_variants(void **state)
{
	struct picture pic = png(700, 40, 40);
	fiber_main(variants_in_fiber, &pic);
	free(pic.p);
}

static void broken_pictures_leave_nothing(void **state)
{
	unsigned before = files_kept();
	struct picture cut = png(400, 400, 400), noise = png(300, 300, 300), empty = png(50, 50, 0);
	memset(noise.p + 60, 0x5a, noise.n - 90);
	assert_int_equal(put_bytes(str_n((char *)cut.p, 40), NULL), ST_CORRUPT);
	assert_int_equal(put_bytes(bytes_of(&noise), NULL), ST_CORRUPT);
	assert_int_equal(put_bytes(bytes_of(&empty), NULL), ST_CORRUPT);
	assert_int_equal(files_kept(), before);
	struct picture good = png(90, 30, 30);
	assert_int_equal(put_bytes(bytes_of(&good), NULL), ST_OK); /* whatever became of the helper */
	free(cut.p);
	free(noise.p);
	free(empty.p);
	free(good.p);
}

/* 400 megapixels in a few bytes. */
static void pixel_bomb(void **state)
{
	unsigned before = files_kept();
	struct picture bomb = png(20000, 20000, 2);
	assert_int_equal(put_bytes(bytes_of(&bomb), NULL), ST_TOO_LARGE);
	assert_int_equal(files_kept(), before);
	free(bomb.p);
}

static void two_in_fiber(void *arg)
{
	struct picture *pic = arg;
	struct putting p[2];
	unsigned left = 2;
	for (int i = 0; i < 2; i++) {
		p[i] = (struct putting){
			.bytes = bytes_of(pic), .arena = arena_new(1 << 20), .left = &left, .waiter = fiber_self()
		};
		assert_non_null(fiber_spawn(fiber_loop(fiber_self()), put_fiber, &p[i], FIBER_LARGE));
	}
	while (left)
		assert_int_equal(fiber_park(FIBER_FOREVER), ST_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(p[i].st, ST_OK);
		assert_string_equal(p[i].item.sha256, p[0].item.sha256);
		assert_int_equal(p[i].item.variant_count, p[0].item.variant_count);
		check_served(&p[i].item, p[i].arena);
		arena_free(p[i].arena);
	}
}

static void two_puts_at_once_agree(void **state)
{
	struct picture pic = png(350, 60, 60);
	fiber_main(two_in_fiber, &pic);
	free(pic.p);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

/* --- what a helper may do ----------------------------------------------------------------------------------------- */

static char own_file[300], other_file[300], own_folder[300];

#define TRY_CALL(name, expression) \
	static long try_##name(void) { return (long)(expression); }
TRY_CALL(open_other, open(other_file, O_RDONLY))
TRY_CALL(open_passwords, open("/etc/passwd", O_RDONLY))
TRY_CALL(make_other, open("/tmp/made-by-a-helper", O_WRONLY | O_CREAT, 0600))
TRY_CALL(truncate_other, truncate(other_file, 0))
TRY_CALL(truncate_own, truncate(own_file, 0))
TRY_CALL(chmod_other, chmod(other_file, 0777))
TRY_CALL(fchmodat_other, fchmodat(AT_FDCWD, other_file, 0777, 0))
TRY_CALL(chown_other, chown(other_file, getuid(), getgid()))
TRY_CALL(rename_own, rename(own_file, "/tmp/renamed-by-a-helper"))
TRY_CALL(unlink_own, unlink(own_file))
TRY_CALL(link_other, link(other_file, "/tmp/linked-by-a-helper"))
TRY_CALL(symlink_other, symlink(other_file, "/tmp/linked-by-a-helper"))
TRY_CALL(make_folder, mkdir("/tmp/made-by-a-helper", 0700))
TRY_CALL(set_times, utimensat(AT_FDCWD, other_file, NULL, 0))
TRY_CALL(set_attribute, setxattr(other_file, "user.x", "1", 1, 0))
TRY_CALL(make_node, mknod("/tmp/made-by-a-helper", S_IFIFO | 0600, 0))
TRY_CALL(socket_inet, socket(AF_INET, SOCK_STREAM, 0))
TRY_CALL(socket_unix, socket(AF_UNIX, SOCK_STREAM, 0))
TRY_CALL(socket_pair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }))
TRY_CALL(connect,
        connect(0, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET }, sizeof(struct sockaddr_in)))
TRY_CALL(signal_parent, kill(getppid(), 0))
TRY_CALL(signal_thread, syscall(SYS_tgkill, getppid(), getppid(), 0))
TRY_CALL(trace_parent, ptrace(PTRACE_ATTACH, getppid(), NULL, NULL))
TRY_CALL(read_parent,
        process_vm_readv(getppid(), &(struct iovec){ own_file, 1 }, 1, &(struct iovec){ own_file, 1 }, 1, 0))
TRY_CALL(limit_parent, prlimit(getppid(), RLIMIT_NOFILE, &(struct rlimit){ 10, 10 }, NULL))
TRY_CALL(limit_self, setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, 10 }))
TRY_CALL(fork, syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0))
TRY_CALL(vfork, syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, 0))
TRY_CALL(execute, execl("/bin/true", "true", (char *)NULL))
TRY_CALL(namespace, unshare(CLONE_NEWUSER))
TRY_CALL(change_folder, chdir("/"))
TRY_CALL(ring, syscall(SYS_io_uring_setup, 1, NULL))
TRY_CALL(memory_file, memfd_create("x", 0))
TRY_CALL(bpf, syscall(SYS_bpf, 0, NULL, 0))
TRY_CALL(keys, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
TRY_CALL(name_in_kernel, prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0))
TRY_CALL(control, ioctl(0, FIONREAD, &(int){ 0 }))
TRY_CALL(own_signals, fcntl(0, F_SETOWN, getppid()))
TRY_CALL(list_folder, syscall(SYS_getdents64, 0, NULL, 0))
#undef TRY_CALL

#define ROW(name) { #name, try_##name }
static const struct { const char *name; long (*try)(void); } forbidden_calls[] = {
	ROW(open_other),
	ROW(open_passwords),
	ROW(make_other),
	ROW(truncate_other),
	ROW(truncate_own),
	ROW(chmod_other),
	ROW(fchmodat_other),
	ROW(chown_other),
	ROW(rename_own),
	ROW(unlink_own),
	ROW(link_other),
	ROW(symlink_other),
	ROW(make_folder),
	ROW(set_times),
	ROW(set_attribute),
	ROW(make_node),
	ROW(socket_inet),
	ROW(socket_unix),
	ROW(socket_pair),
	ROW(connect),
	ROW(signal_parent),
	ROW(signal_thread),
	ROW(trace_parent),
	ROW(read_parent),
	ROW(limit_parent),
	ROW(limit_self),
	ROW(fork),
	ROW(vfork),
	ROW(execute),
	ROW(namespace),
	ROW(change_folder),
	ROW(ring),
	ROW(memory_file),
	ROW(bpf),
	ROW(keys),
	ROW(name_in_kernel),
	ROW(control),
	ROW(own_signals),
	ROW(list_folder),
};
#undef ROW

static void *in_thread(void *arg)
{
	*(bool *)arg = true;
	return NULL;
}

/* What libvips needs: a file of the folder read and written anew, memory, a thread. */
static bool work_is_possible(void)
{
	pthread_t thread;
	bool ran = false;
	char made[350], c;
	snprintf(made, sizeof made, "%s/made", own_folder);
	int in = open(own_file, O_RDONLY), out = open(made, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return in >= 0 && out >= 0 && read(in, &c, 1) == 1 && write(out, &c, 1) == 1 && p != MAP_FAILED &&
	       !pthread_create(&thread, NULL, in_thread, &ran) && !pthread_join(thread, NULL) && ran;
}

/* 0, or 1 + the first call that was possible, or 255. */
static int confined(void)
{
	if (!media_confine(own_folder) || !work_is_possible())
		return 255;
	for (int i = 0; i < (int)(sizeof forbidden_calls / sizeof *forbidden_calls); i++) {
		errno = 0;
		if (forbidden_calls[i].try() != -1 || (errno != EPERM && errno != EACCES))
			return i + 1;
	}
	return 0;
}

static void write_a_byte(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static void a_helper_can_do_its_work_and_nothing_else(void **state)
{
	int status;
	snprintf(own_folder, sizeof own_folder, "/tmp/test_confine_XXXXXX");
	assert_non_null(mkdtemp(own_folder));
	snprintf(own_file, sizeof own_file, "%s/own", own_folder);
	snprintf(other_file, sizeof other_file, "%s.other", own_folder);
	write_a_byte(own_file);
	write_a_byte(other_file);
	pid_t child = fork();
	if (child == 0)
		_exit(confined());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status) || WEXITSTATUS(status) == 255)
		fail_msg("the child could not work: %x", status);
	if (WEXITSTATUS(status))
		fail_msg("%s was possible", forbidden_calls[WEXITSTATUS(status) - 1].name);
	assert_int_equal(nftw(own_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) | unlink(other_file), 0);
}

/* --- folders handed over ------------------------------------------------------------------------------------------ */

static void no_link_leads_out_of_a_folder(void **state)
{
	static const struct { const char *below; enum status st; } rows[] = {
		{ "a/file", ST_OK },
		{ "linked-file", ST_FORBIDDEN },
		{ "linked-out/file", ST_FORBIDDEN },
		{ "linked-in/file", ST_FORBIDDEN },
		{ "a/../a/file", ST_OK },
		{ "../out/file", ST_FORBIDDEN },
		{ "a/../../out/file", ST_FORBIDDEN },
		{ "a", ST_NOT_FOUND },
		{ "none", ST_NOT_FOUND },
		{ "a/file/more", ST_NOT_FOUND },
		{ "pipe", ST_NOT_FOUND },
	};
	char root[] = "/tmp/test_beneath_XXXXXX", dir[400];
	assert_non_null(mkdtemp(root));
	assert_int_equal(chdir(root), 0);
	assert_int_equal(mkdir("in", 0700) | mkdir("in/a", 0700) | mkdir("out", 0700), 0);
	write_a_byte("in/a/file");
	write_a_byte("out/file");
	assert_int_equal(symlink("a/file", "in/linked-file") | symlink("../out", "in/linked-out") |
	                symlink("a", "in/linked-in") | mkfifo("in/pipe", 0600),
	        0);
	snprintf(dir, sizeof dir, "%s/in", root);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = { 0 };
		int fd;
		enum status st = media_open_beneath(dir, rows[i].below, &fd, &e);
		if (st != rows[i].st)
			fail_msg("%s: %s (%s)", rows[i].below, status_info(st)->name, e.msg);
		assert_int_equal(fd >= 0, st == ST_OK);
		if (fd >= 0)
			close(fd);
	}
	assert_int_equal(chdir("/") | nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* --- metadata ----------------------------------------------------------------------------------------------------- */

static struct str read_fd(struct arena *a, int fd)
{
	off_t n = lseek(fd, 0, SEEK_END);
	char *p = arena_alloc(a, (size_t)n);
	assert_int_equal(pread(fd, p, (size_t)n, 0), n);
	close(fd);
	return str_n(p, (size_t)n);
}

static struct str fixture(struct arena *a, const char *name)
{
	FILE *f = fopen(arena_printf(a, TEST_ROOT "/tests/fixtures/media/%s", name), "rb");
	assert_non_null(f);
	struct str s = read_fd(a, dup(fileno(f)));
	fclose(f);
	return s;
}

/* Each file has PLANTED in every place that its format has for what a camera, a program or a person writes into it. */
static void metadata_in_fiber(void *arg)
{
	static const struct { const char *name; unsigned copies; const char *says; } rows[] = {
		{ "metadata.jpg", 2, "" },
		{ "metadata.png", 2, "" },
		{ "metadata.webp", 2, "" },
		{ "metadata.gif", 2, "" },
		{ "animated.gif", 1, "NETSCAPE2.0" },
		{ "animated.webp", 1, "ANMF" },
		{ "film.mp4", 1, "sound and pictures" },
	};
	static const char *const forbidden[] = { "PLANTED", "Exif", "xmpmeta", "ICC_PROFILE", "ICCP", "Photoshop" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct arena *a = arena_new(4 << 20);
		struct putting p = { .bytes = fixture(a, rows[i].name), .arena = a };
		put_fiber(&p);
		if (p.st != ST_OK)
			broken("%s: %s", rows[i].name, p.err.msg);
		assert_int_equal(p.item.variant_count, rows[i].copies);
		for (unsigned k = 0; k < p.item.variant_count; k++) {
			const char *type;
			int fd;
			assert_int_equal(media_open_path(media, p.item.variants[k].path, &fd, &type, NULL), ST_OK);
			struct str served = read_fd(a, fd);
			for (size_t f = 0; f < sizeof forbidden / sizeof *forbidden; f++)
				if (str_find(served, str_c(forbidden[f])) >= 0)
					broken("%s as %s says %s", rows[i].name, type, forbidden[f]);
			assert_true(
			        str_find(served, str_c(rows[i].says)) >= 0); /* what it is there for is there still */
		}
		arena_free(a);
	}
}

static void what_is_served_has_no_metadata(void **state)
{
	fiber_main(metadata_in_fiber, NULL);
}

/* Cut at every byte: refused or taken, never more. */
static void cut_animations(void **state)
{
	static const char *const names[] = { "animated.gif", "animated.webp", "film.mp4" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct arena *a = arena_new(4 << 20);
		struct str whole = fixture(a, names[i]);
		for (size_t n = 20; n < whole.n; n += whole.n / 23)
			(void)put_bytes(str_first(whole, n), NULL);
		arena_free(a);
	}
}

/* --- what it costs ------------------------------------------------------------------------------------------------ */

/* A progressive JPEG that says 9 900 × 9 900, of so many scans. Looked at, never unpacked. */
static struct picture many_scans(unsigned scans)
{
	static const unsigned char head[] = { 0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, 0x26, 0xac, 0x26, 0xac, 1, 1, 0x11, 0 },
	                           scan[] = { 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0 };
	struct picture out = { malloc(sizeof head + scans * sizeof scan + 2), sizeof head };
	memcpy(out.p, head, sizeof head);
	for (unsigned i = 0; i < scans; i++, out.n += sizeof scan)
		memcpy(out.p + out.n, scan, sizeof scan);
	memcpy(out.p + out.n, "\xff\xd9", 2);
	out.n += 2;
	return out;
}

static void scans_are_counted_before_unpacking(void **state)
{
	struct picture usual = many_scans(10), bomb = many_scans(99);
	assert_int_equal(put_bytes(bytes_of(&bomb), NULL), ST_TOO_LARGE);
	assert_int_equal(put_bytes(bytes_of(&usual), NULL),
	        ST_CORRUPT); /* its price is right; that there is nothing in it is seen then */
	free(usual.p);
	free(bomb.p);
}

/* Helpers that are kept: with that policy, or with another. */
static unsigned helpers_with(int policy, bool other)
{
	unsigned n = 0;
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[64], text[512] = "";
		snprintf(path, sizeof path, "/proc/%.20s/stat", e->d_name);
		int fd = e->d_name[0] >= '0' && e->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC) : -1, parent = 0;
		if (fd < 0)
			continue;
		if (read(fd, text, sizeof text - 1) > 0 && strrchr(text, ')'))
			sscanf(strrchr(text, ')'), ") %*c %d", &parent);
		close(fd);
		int has = parent == getpid() ? sched_getscheduler(atoi(e->d_name)) : -1;
		n += has >= 0 && (has == policy) != other;
	}
	if (d)
		closedir(d);
	return n;
}

/* What unpacks gives way to all else, whoever started it; what only looks at a file does not wait behind that. */
static void what_unpacks_gives_way(void **state)
{
	struct picture p = png(700, 500, 500);
	assert_int_equal(put_bytes(bytes_of(&p), NULL), ST_OK);
	assert_true(helpers_with(SCHED_IDLE, false) > 0);
	assert_true(helpers_with(SCHED_IDLE, true) > 0);
	free(p.p);
}

enum { CROWD = 14, SHARE = 9 /* one under way and eight that wait */ };

static void crowd_in_fiber(void *arg)
{
	struct picture pics[CROWD + 1];
	struct putting p[CROWD + 1];
	unsigned left = CROWD + 1, ok = 0, refused = 0;
	for (int i = 0; i <= CROWD; i++) {
		pics[i] = png(400 + (unsigned)i, 30, 30);
		/* All of one person's, and behind them one of another's. */
		p[i] = (struct putting){ .whose = i < CROWD ? 7 : 8,
			.bytes = bytes_of(&pics[i]),
			.arena = arena_new(1 << 20),
			.left = &left,
			.waiter = fiber_self() };
		assert_non_null(fiber_spawn(fiber_loop(fiber_self()), put_fiber, &p[i], FIBER_LARGE));
	}
	while (left)
		assert_int_equal(fiber_park(FIBER_FOREVER), ST_OK);
	for (int i = 0; i <= CROWD; i++) {
		ok += i < CROWD && p[i].st == ST_OK;
		refused += p[i].st == ST_RATE_LIMITED;
		free(pics[i].p);
		arena_free(p[i].arena);
	}
	assert_int_equal(ok, SHARE);
	assert_int_equal(refused, CROWD - SHARE);
	assert_int_equal(p[CROWD].st, ST_OK);
}

static void nobody_takes_more_than_a_share(void **state)
{
	fiber_main(crowd_in_fiber, NULL);
}

static void leaver_in_fiber(void *arg)
{
	struct picture *pic = arg;
	for (int turns = 0; turns < 12; turns++) {
		unsigned left = 1, before = files_kept();
		struct putting p = { .whose = 9,
			.bytes = bytes_of(pic),
			.arena = arena_new(1 << 20),
			.left = &left,
			.waiter = fiber_self() };
		struct fiber *f = fiber_spawn(fiber_loop(fiber_self()), put_fiber, &p, FIBER_LARGE);
		assert_non_null(f);
		assert_int_equal(fiber_sleep_ns(turns * 4000000), ST_OK); /* wherever it is by then */
		if (left)
			fiber_cancel(f);
		while (left)
			(void)!fiber_park(FIBER_FOREVER);
		if (p.st != ST_OK) {
			assert_int_equal(p.st, ST_CANCELLED);
			assert_int_equal(files_kept(), before);
		}
		arena_free(p.arena);
	}
	struct offload_stats s;
	offload_stats(OFFLOAD_PICTURES, &s);
	assert_int_equal(s.queued + s.running, 0);
	struct putting again = { .whose = 9, .bytes = bytes_of(pic), .arena = arena_new(1 << 20) };
	put_fiber(&again); /* the share was given back each time */
	assert_int_equal(again.st, ST_OK);
	arena_free(again.arena);
}

static void work_ends_with_whoever_waits_for_it(void **state)
{
	struct picture pic = png(2600, 1800, 1800);
	fiber_main(leaver_in_fiber, &pic);
	free(pic.p);
}

/* Named at once, made when somebody asks; the same file, whoever made it. */
static void later_in_fiber(void *arg)
{
	struct picture *pic = arg;
	struct arena *a = arena_new(4 << 20);
	char path[] = "/tmp/gh-media-later-XXXXXX";
	int fd = mkstemp(path), got;
	const char *type;
	struct media_item item, again;
	struct ctx ctx;
	ctx_init(&ctx, a);
	assert_int_equal(write(fd, pic->p, pic->n), pic->n);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(media_put_file(&ctx, media, fd, STR(""), MEDIA_LATER, &item, NULL), ST_OK);
	assert_int_equal(item.variant_count, 6);
	assert_int_equal(item.variants[2].width, 640);
	assert_int_equal(item.variants[2].height, 37); /* 40 / 700 * 640 */
	assert_int_equal(media_open_path(media, item.variants[2].path, &got, &type, NULL), ST_NOT_FOUND);
	assert_int_equal(media_open_or_make(&ctx, media, item.variants[2].path, &got, &type, NULL), ST_OK);
	assert_string_equal(type, "image/webp");
	close(got);
	assert_int_equal(
	        media_open_path(media, item.variants[3].path, &got, &type, NULL), ST_OK); /* its twin came along */
	close(got);
	assert_int_equal(media_open_path(media, item.variants[0].path, &got, &type, NULL), ST_NOT_FOUND);
	/* Of other widths nothing is ever made, whoever asks. */
	struct str other = arena_strf(a, "%.2s/%.2s/%s-641.webp", item.sha256, item.sha256 + 2, item.sha256);
	assert_int_equal(media_open_or_make(&ctx, media, other, &got, &type, NULL), ST_NOT_FOUND);
	assert_int_equal(media_finish(&ctx, media, str_c(item.sha256), NULL), ST_OK);
	for (unsigned i = 0; i < item.variant_count; i++) {
		assert_int_equal(media_open_path(media, item.variants[i].path, &got, &type, NULL), ST_OK);
		close(got);
	}
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(media_put_file(&ctx, media, fd, STR(""), MEDIA_NOW, &again, NULL), ST_OK);
	close(fd);
	assert_int_equal(again.variant_count, 6);
	assert_int_equal(again.variants[2].height, item.variants[2].height); /* as foreseen */
	assert_true(again.variants[2].bytes > 0);
	unlink(path);
	arena_free(a);
}

static void pictures_can_be_made_later(void **state)
{
	struct picture fresh = png(700, 40, 40);
	fresh.p = realloc(fresh.p, fresh.n + 1);
	fresh.p[fresh.n++] = 'x'; /* the same picture as elsewhere would be known already */
	fiber_main(later_in_fiber, &fresh);
	free(fresh.p);
}

static void other_files(void **state)
{
	static const struct { struct str bytes; const char *type; } kept[] = {
		{ STR_INIT("RIFF\x24\0\0\0WAVEfmt "), "audio/wav" },
		{ STR_INIT("\0\0\0\x20"
		           "ftypM4A \0\0\0\0"),
		        "audio/mp4" },
		{ STR_INIT("fLaC\0\0\0\x22"), "audio/flac" },
		{ STR_INIT("OggS\0\x02\0\0"), "audio/ogg" },
		{ STR_INIT("\0\0\0\x20"
		           "ftypisom\0\0\0\0"),
		        "video/mp4" },
		{ STR_INIT("ID3\x04\0\0\0\0"), "audio/mpeg" },
	};
	struct media_item item;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		assert_int_equal(put_bytes(kept[i].bytes, &item), ST_OK);
		assert_string_equal(item.type, kept[i].type);
	}
	assert_int_equal(put_bytes(STR("RAFF\x24\0\0\0WAVEfmt "), NULL), ST_MEDIA_TYPE);
	assert_int_equal(put_bytes(STR(""), NULL), ST_MEDIA_TYPE);
	assert_int_equal(put_bytes(STR("MZ\x90 a program"), NULL), ST_MEDIA_TYPE);
	assert_int_equal(put_bytes(STR("<html><script>1</script>"), NULL), ST_MEDIA_TYPE);
	assert_int_equal(put_bytes(STR("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"), &item), ST_OK);
	assert_string_equal(item.type, "application/pdf");
	assert_int_equal(item.variant_count, 1);
}

struct large {
	const char *begins;
	size_t begins_n, most;
	const char *says;
};

/* A file that begins so and has n bytes, most of them noughts that lie nowhere. */
static enum status put_large(struct ctx *ctx, const struct large *l, size_t n, struct err *e)
{
	char path[] = "/tmp/gh-large-XXXXXX";
	struct media_item item;
	int fd = mkstemp(path);
	if (write(fd, l->begins, l->begins_n) != (ssize_t)l->begins_n || ftruncate(fd, (off_t)n) ||
	    lseek(fd, 0, SEEK_SET))
		broken("%s can not be written", path);
	enum status st = media_put_file(ctx, media, fd, STR(""), MEDIA_LATER, &item, e);
	close(fd);
	unlink(path);
	return st;
}

/* PICTURE_MAX, FILE_MAX, SVG_MAX: as large a file is read to its end, whatever is said of it then. */
static void large_in_fiber(void *arg)
{
	static const struct large kinds[] = {
		{ "\x89PNG\r\n\x1a\n", 8, 64 << 20, "64 MiB" },
		{ "%PDF-1.4\n", 9, 256 << 20, "256 MiB" },
		{ "<svg xmlns=\"http://www.w3.org/2000/svg\">", 40, 1 << 20, "1 MiB" },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (size_t more = 0; more < 2; more++) {
			SCOPED_ARENA *arena = arena_new(8 << 20);
			struct ctx ctx;
			struct err e = { 0 };
			ctx_init(&ctx, arena);
			enum status st = put_large(&ctx, &kinds[i], kinds[i].most + more, &e);
			if ((st == ST_TOO_LARGE && strstr(e.msg, kinds[i].says)) != (more == 1))
				broken("%s + %zu: %d %s", kinds[i].says, more, st, e.msg);
		}
}

static void large_files(void **state)
{
	fiber_main(large_in_fiber, NULL);
}

static void names_are_checked(void **state)
{
	static const char *const bad[] = { "", "/", "..", "../../etc/passwd", "ab/cd/../../x.png", "ab/cd/ef.png",
		"/etc/passwd", "ab//cd" };
	const char *type;
	struct err e;
	int fd;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (media_open_path(media, str_c(bad[i]), &fd, &type, &e) == ST_OK)
			fail_msg("opened: %s", bad[i]);
}

static int setup(void **state)
{
	struct err e;
	log_setup(LOG_ERROR, LOG_TEXT);
	if (!mkdtemp(folder) || offload_start(3, 64, &e) != ST_OK)
		return -1;
	media = media_open(folder, &e);
	return media ? 0 : -1;
}

static int teardown(void **state)
{
	media_close(media);
	offload_stop();
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], MEDIA_WORKER))
		return media_worker(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picture_gets_variants),
		cmocka_unit_test(broken_pictures_leave_nothing),
		cmocka_unit_test(pixel_bomb),
		cmocka_unit_test(two_puts_at_once_agree),
		cmocka_unit_test(other_files),
		cmocka_unit_test(large_files),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(pictures_can_be_made_later),
		cmocka_unit_test(what_is_served_has_no_metadata),
		cmocka_unit_test(cut_animations),
		cmocka_unit_test(scans_are_counted_before_unpacking),
		cmocka_unit_test(what_unpacks_gives_way),
		cmocka_unit_test(nobody_takes_more_than_a_share),
		cmocka_unit_test(work_ends_with_whoever_waits_for_it),
		cmocka_unit_test(a_helper_can_do_its_work_and_nothing_else),
		cmocka_unit_test(no_link_leads_out_of_a_folder),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
