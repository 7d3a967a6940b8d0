/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's side of its helper processes. Each asker takes one of the idle or starts a new one, so that there are as
 * many as threads of the offload pool ask at once; MEDIA_IDLE_HELPERS of them are kept, and those leave by themselves
 * after a while. Those that unpack are others than those that only look: a process has the priority of the thread that
 * started it, and what unpacks must not hold up passwords.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "platform/media/media.h"
#include "platform/media/media_internal.h"

enum {
	PATIENCE_MS = 60 * 1000,
	LOOK_MS = 100 /* how soon it is seen that nobody waits any more */,
	PACE_MS = 500 /* how long a helper must have got nothing before it is raised, and is raised for */,
	NOTHING_PERCENT = 2
};

void helpers_init(struct helpers *h, const char *dir)
{
	*h = (struct helpers){ .dir = dir };
	pthread_mutex_init(&h->lock, NULL);
}

static void end(struct helper *one, bool kill_it)
{
	close(one->fd);
	if (kill_it)
		kill(one->pid, SIGKILL);
	while (waitpid(one->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

void helpers_fini(struct helpers *h)
{
	while (h->count)
		end(&h->idle[--h->count], true);
	pthread_mutex_destroy(&h->lock);
}

static int spawn(struct helpers *h, int socket_fd, pid_t *pid)
{
	static const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", "G_SLICE=always-malloc", NULL };
	const char *const argv[] = { "guildhall", MEDIA_WORKER, h->dir, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, dflt;
	sigemptyset(&none);
	sigemptyset(&dflt);
	sigaddset(&dflt, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&files, socket_fd, STDIN_FILENO);
	posix_spawnattr_setsigmask(&attr, &none); /* the pool's threads block all */
	posix_spawnattr_setsigdefault(&attr, &dflt);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int bad = posix_spawn(pid, "/proc/self/exe", &files, &attr, (char *const *)argv, (char *const *)env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return bad;
}

static enum status helper_start(struct helpers *h, struct helper *out, struct err *e)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return err_errno(e, ST_IO, "picture helper");
	errno = spawn(h, pair[1], &out->pid);
	close(pair[1]);
	if (errno) {
		close(pair[0]);
		return err_errno(e, ST_IO, "picture helper");
	}
	out->fd = pair[0];
	return ST_OK;
}

static bool take_idle(struct helpers *h, bool patient, struct helper *out)
{
	pthread_mutex_lock(&h->lock);
	unsigned i = h->count;
	while (i && h->idle[i - 1].patient != patient)
		i--;
	if (i) {
		*out = h->idle[i - 1];
		h->idle[i - 1] = h->idle[--h->count];
	}
	pthread_mutex_unlock(&h->lock);
	return i > 0;
}

/* Where that is not allowed (to be raised takes RLIMIT_NICE), it stays as it is. */
static void run_as(struct helper *one, int policy)
{
	char path[64];
	if (!one->patient || policy < 0 || policy == one->policy)
		return;
	one->policy = policy;
	snprintf(path, sizeof path, "/proc/%d/task", (int)one->pid);
	DIR *d = opendir(path);
	int64_t id;
	for (struct dirent *thread; d && (thread = readdir(d));)
		if (str_i64(str_c(thread->d_name), &id))
			(void)sched_setscheduler((pid_t)id, policy, &(struct sched_param){ 0 });
	if (d)
		closedir(d);
}

static int64_t cpu_ns(pid_t pid)
{
	clockid_t of;
	struct timespec t = { 0 };
	return clock_getcpuclockid(pid, &of) == 0 && clock_gettime(of, &t) == 0 ? t.tv_sec * NS_PER_S + t.tv_nsec : 0;
}

/* A large picture takes long however much of the processor it gets, and its lane counts as starved then (rt/offload.c):
   it is raised as this thread is only if it got next to nothing. *had: what it had got at the last look. */
static void keep_pace(struct helper *one, int waited_ms, int64_t *had)
{
	if (!one->patient || waited_ms % PACE_MS)
		return;
	int64_t has = cpu_ns(one->pid);
	bool starved = waited_ms && has - *had < PACE_MS * NS_PER_MS / 100 * NOTHING_PERCENT;
	*had = has;
	run_as(one, starved ? sched_getscheduler(0) : SCHED_IDLE);
}

static void give_back(struct helpers *h, struct helper *one)
{
	run_as(one, SCHED_IDLE);
	pthread_mutex_lock(&h->lock);
	bool room = h->count < MEDIA_IDLE_HELPERS;
	if (room)
		h->idle[h->count++] = *one;
	pthread_mutex_unlock(&h->lock);
	if (!room)
		end(one, false);
}

/* 1: it answered; 0: too late; -1: failed, or nobody waits for it. */
static int wait_for(struct helper *one, const _Atomic bool *gone)
{
	struct pollfd p = { .fd = one->fd, .events = POLLIN };
	int64_t had = 0;
	for (int waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
		keep_pace(one, waited, &had);
		int ready = poll(&p, 1, LOOK_MS);
		if (ready > 0)
			return 1;
		if ((ready < 0 && errno != EINTR) || (gone && atomic_load(gone)))
			return -1;
	}
	return 0;
}

enum status helpers_ask(struct helpers *h, const struct media_ask *ask, const _Atomic bool *gone,
        struct media_told *told, struct err *e)
{
	struct helper one;
	bool sent = false;
	/* An idle one may have left meanwhile; a new one is not expected to. */
	bool patient = ask->task == MEDIA_VARIANT;
	while (!sent && take_idle(h, patient, &one)) {
		sent = send(one.fd, ask, sizeof *ask, MSG_NOSIGNAL) == sizeof *ask;
		if (!sent)
			end(&one, false);
	}
	if (!sent) {
		TRY(helper_start(h, &one, e));
		one.patient = patient;
		one.policy = -1; /* as inherited */
		sent = send(one.fd, ask, sizeof *ask, MSG_NOSIGNAL) == sizeof *ask;
	}
	int ready = sent ? wait_for(&one, gone) : -1;
	if (ready < 0 && gone && atomic_load(gone)) {
		end(&one, true);
		return err_set(e, ST_CANCELLED, "nobody waits for this picture any more");
	}
	if (ready <= 0 || recv(one.fd, told, sizeof *told, 0) != sizeof *told) {
		end(&one, true);
		return err_set(e, ST_CORRUPT, "the picture %s",
		        sent && !ready ? "takes too long to unpack" : "can not be unpacked");
	}
	give_back(h, &one);
	if (told->status == ST_OK)
		return ST_OK;
	told->message[sizeof told->message - 1] = 0;
	return err_set(e, told->status, "%s", told->message[0] ? told->message : "the picture can not be read");
}
