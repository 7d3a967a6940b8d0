/* SPDX-License-Identifier: Apache-2.0
 *
 * What a helper process may do: read and write files of one folder (Landlock), take memory and threads, and speak
 * through the descriptors that it has. Every other system call fails with EPERM (seccomp): Landlock alone, as Debian
 * 12's kernel has it, leaves truncating, changing modes and owners, and sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/media/media_internal.h"

enum { FILE_BYTES = 256 << 20 };
#define MEMORY_BYTES (3ul << 30)

static void limit_resources(void)
{
	const struct rlimit file = { FILE_BYTES, FILE_BYTES }, core = { 0, 0 };
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__ /* whose shadows alone are larger */
	const struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };
	setrlimit(RLIMIT_AS, &memory);
#endif
	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_CORE, &core);
}

static void confine_files(const char *dir)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE |
		        LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG };
	struct landlock_path_beneath_attr here = { .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE |
		        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_MAKE_REG };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	if (rules < 0)
		return; /* an older kernel */
	here.parent_fd = open(dir, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (here.parent_fd >= 0 && !syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &here, 0))
		(void)!syscall(SYS_landlock_restrict_self, rules, 0);
	if (here.parent_fd >= 0)
		close(here.parent_fd);
	close(rules);
}

/* Whatever their arguments. Files are opened under Landlock; sending and receiving needs a socket, and there is only
 * the one. */
static const int calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(pwrite64),
	SCMP_SYS(writev),
	SCMP_SYS(lseek),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	SCMP_SYS(fadvise64),
	SCMP_SYS(umask),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(membarrier),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(getcpu),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrandom),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Some only with these arguments: threads but no processes, a thread's name, looking at limits and at descriptors,
   abort(). What libraries ask for beside these (is this a terminal?) they can do without. */
static bool allow_some(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp thread = SCMP_A0(
	        SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM);
	const struct scmp_arg_cmp name = SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME),
	                          vma = SCMP_A0(SCMP_CMP_EQ, 0x53564d41 /* PR_SET_VMA */);
	const struct scmp_arg_cmp flags = SCMP_A1(SCMP_CMP_EQ, F_GETFL), fd_flags = SCMP_A1(SCMP_CMP_EQ, F_GETFD);
	const struct scmp_arg_cmp mine = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()), self = SCMP_A0(SCMP_CMP_EQ, 0),
	                          no_new = SCMP_A2(SCMP_CMP_EQ, 0);
	return !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread) &&
	        !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, name) &&
	        !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, flags) &&
	        !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, fd_flags) &&
	        !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, vma) &&
	        !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, mine) &&
	        !seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, self, no_new) &&
	        /* Its arguments are out of a filter's sight: the C library makes do with clone then. */
	        !seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static bool confine_calls(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = f && allow_some(f);
	for (size_t i = 0; ok && i < sizeof calls / sizeof *calls; i++)
		if (calls[i] >= 0) /* negative: this processor's kernel has none of that name */
			ok = !seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	ok = ok && !seccomp_load(f);
	seccomp_release(f);
	return ok;
}

bool media_confine(const char *dir)
{
	limit_resources();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	confine_files(dir);
	return confine_calls();
}
