/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages on their way: into the mailbox folder, and to a server that speaks SMTP (RFC 5321) on the loopback.
 */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "platform/config/config.h"
#include "platform/core/service.h"
#include "platform/mail/mail_int.h"
#include "rt/fiber.h"
#include "rt/offload.h"

static char folder[] = "/tmp/gh-mail-XXXXXX";

/* --- a mail server for one message -------------------------------------------------------------------------------- */

struct sink {
	int listening;
	unsigned port;
	pthread_t thread;
	const char *to_rcpt; /* its answer to RCPT TO */
	char from[200], to[200], body[8192];
	size_t body_n;
};

static void say(FILE *f, const char *line)
{
	fprintf(f, "%s\r\n", line);
	fflush(f);
}

static void take_body(struct sink *s, FILE *f)
{
	char line[1200];
	while (fgets(line, sizeof line, f) && strcmp(line, ".\r\n") != 0) {
		const char *text = line[0] == '.' ? line + 1 : line; /* 4.5.2 */
		size_t n = strlen(text);
		if (s->body_n + n < sizeof s->body)
			memcpy(s->body + s->body_n, text, n + 1), s->body_n += n;
	}
}

static void *sink_main(void *arg)
{
	struct sink *s = arg;
	char line[1200];
	int fd = accept(s->listening, NULL, NULL);
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	say(out, "220 sink ready");
	while (fgets(line, sizeof line, in)) {
		if (!strncmp(line, "EHLO ", 5) || !strncmp(line, "HELO ", 5)) {
			say(out, "250 sink");
		} else if (sscanf(line, "MAIL FROM:<%199[^>]>", s->from) == 1) {
			say(out, "250 fine");
		} else if (sscanf(line, "RCPT TO:<%199[^>]>", s->to) == 1) {
			say(out, s->to_rcpt);
		} else if (!strcmp(line, "DATA\r\n")) {
			say(out, "354 go on");
			take_body(s, in);
			say(out, "250 kept");
		} else if (!strncmp(line, "QUIT", 4)) {
			say(out, "221 bye");
			break;
		} else {
			say(out, "500 what?");
		}
	}
	fclose(in);
	fclose(out);
	return NULL;
}

static void sink_start(struct sink *s, const char *to_rcpt)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	*s = (struct sink){ .listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .to_rcpt = to_rcpt };
	assert_int_equal(bind(s->listening, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(s->listening, 1), 0);
	assert_int_equal(getsockname(s->listening, (struct sockaddr *)&a, &n), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, sink_main, s), 0);
}

static void sink_end(struct sink *s)
{
	pthread_join(s->thread, NULL);
	close(s->listening);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

struct sending {
	const char *smtp_url, *payload;
	enum status st;
	struct err err;
};

static const char payload[] = "{\"to\":\"ann@example.org\",\"to_name\":\"Ann\",\"subject\":\"Hello\","
			      "\"text\":\"One\\n.dot\\nend\",\"headers\":[[\"Message-ID\",\"<1@guildhall>\"]]}";

static void send_fiber(void *arg)
{
	struct sending *s = arg;
	char set[200];
	const char *sets[] = { set, "mail.from=Guild <no-reply@example.net>" };
	snprintf(set, sizeof set, "mail.smtp_url=%s", s->smtp_url);
	struct config_source src = { .sets = sets, .set_count = 2 };
	static const struct service *const none[] = { NULL };
	struct config *config = config_load(&src, none, &s->err);
	assert_non_null(config);
	struct platform p = { .config = config, .data_dir = str_c(folder) };
	struct service_instance svc = { .platform = &p };
	struct arena *arena = arena_new(8 << 20);
	struct ctx ctx;
	struct job job = { .id = 77, .kind = STR("mail.send"), .payload = str_c(s->payload), .attempt = 1 };
	ctx_init(&ctx, arena);
	ctx.svc = &svc;
	p.mailer = mailer_new(&p, &s->err);
	assert_non_null(p.mailer);
	s->st = mail_send_job(&ctx, &job, &s->err);
	mailer_free(p.mailer);
	arena_free(arena);
	config_free(config);
}

static void folder_takes_one_whole_file(void **state)
{
	char command[200], text[4096];
	struct sending s = { "", payload, ST_COUNT };
	fiber_main(send_fiber, &s);
	assert_int_equal(s.st, ST_OK);
	fiber_main(send_fiber, &s); /* a retry of the same job: the same file */
	assert_int_equal(s.st, ST_OK);
	snprintf(command, sizeof command, "ls -A %s/mail | wc -l && cat %s/mail/*.eml", folder, folder);
	FILE *f = popen(command, "r");
	size_t n = fread(text, 1, sizeof text - 1, f);
	text[n] = 0;
	assert_int_equal(pclose(f), 0);
	assert_true(!strncmp(text, "1\n", 2));
	assert_non_null(strstr(text, "Subject: Hello\r\n"));
	assert_non_null(strstr(text, "Message-ID: <1@guildhall>\r\n"));
	assert_non_null(strstr(text, "One\r\n=2Edot\r\nend"));
}

static void server_takes_it(void **state)
{
	struct sink sink;
	char url[64];
	sink_start(&sink, "250 fine");
	snprintf(url, sizeof url, "smtp://127.0.0.1:%u", sink.port);
	struct sending s = { url, payload, ST_COUNT };
	fiber_main(send_fiber, &s);
	sink_end(&sink);
	assert_int_equal(s.st, ST_OK);
	assert_string_equal(sink.from, "no-reply@example.net");
	assert_string_equal(sink.to, "ann@example.org");
	assert_non_null(strstr(sink.body, "From: \"Guild\"\r\n <no-reply@example.net>\r\n"));
	assert_non_null(strstr(sink.body, "\r\n\r\nOne\r\n=2Edot\r\nend\r\n"));
}

/* 5yz: never again; 4yz: later. Nobody there: later. */
static void refusals(void **state)
{
	static const struct { const char *answer; enum status want; } rows[] = {
		{ "550 no such mailbox", ST_INVALID }, { "451 try again", ST_UPSTREAM },
	};
	char url[64];
	struct sink sink;
	for (size_t i = 0; i < 2; i++) {
		sink_start(&sink, rows[i].answer);
		snprintf(url, sizeof url, "smtp://127.0.0.1:%u", sink.port);
		struct sending s = { url, payload, ST_COUNT };
		fiber_main(send_fiber, &s);
		sink_end(&sink);
		assert_int_equal(s.st, rows[i].want);
		assert_int_equal(sink.body_n, 0);
	}
	struct sending s = { url, payload, ST_COUNT }; /* the last sink is gone */
	fiber_main(send_fiber, &s);
	assert_int_equal(s.st, ST_UPSTREAM);
}

/* A password never goes in the clear: the sink has no TLS. */
static void password_needs_tls(void **state)
{
	struct sink sink;
	char url[64];
	sink_start(&sink, "250 fine");
	snprintf(url, sizeof url, "smtp://u:hunter2@127.0.0.1:%u", sink.port);
	struct sending s = { url, payload, ST_COUNT };
	fiber_main(send_fiber, &s);
	sink_end(&sink);
	assert_int_not_equal(s.st, ST_OK);
	assert_string_equal(sink.from, "");
}

static void damaged_payload(void **state)
{
	struct sending s = { "", "{\"to\":", ST_COUNT };
	fiber_main(send_fiber, &s);
	assert_int_equal(s.st, ST_CORRUPT);
	s.payload = "{\"subject\":\"x\"}";
	fiber_main(send_fiber, &s);
	assert_int_equal(s.st, ST_CORRUPT);
}

static int setup(void **state)
{
	struct err e;
	log_setup(LOG_ERROR, LOG_TEXT);
	return mkdtemp(folder) && offload_start(2, 16, &e) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
	char command[100];
	offload_stop();
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder_takes_one_whole_file),
		cmocka_unit_test(server_takes_it),
		cmocka_unit_test(refusals),
		cmocka_unit_test(password_needs_tls),
		cmocka_unit_test(damaged_payload),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
