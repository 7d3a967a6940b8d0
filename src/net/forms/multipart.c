/* SPDX-License-Identifier: Apache-2.0
 *
 * The state machine looks for the delimiter CR LF "--" boundary in whatever slices arrive. A boundary can not contain
 * CR (RFC 2046 5.1.1), so CR stands in the delimiter at its start only: after a mismatch the bytes matched so far are
 * plain data and the search starts over at the current byte. No look-back buffer is needed; `matched` is the whole
 * memory.
 *
 *   PREAMBLE ─delimiter→ AFTER ─CRLF→ HEADERS ─CRLF CRLF→ DATA ─delimiter→ AFTER … ─"--"→ EPILOGUE
 *
 * The body's first delimiter has no CR LF before it: the machine starts as if they had been seen.
 */
#include "net/forms/multipart.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_hash_sha256.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

#define BOUNDARY_MAX 70
#define FILENAME_MAX_BYTES 200
#define PART_HEADERS_MAX 16

enum state { PREAMBLE, AFTER, AFTER_DASH, AFTER_BLANK, AFTER_CR, HEADERS, DATA, EPILOGUE };

struct multipart {
	struct arena *arena;
	struct multipart_limits limits;
	const char *folder;
	enum state state;
	char delimiter[4 + BOUNDARY_MAX];
	size_t delimiter_len, matched;
	unsigned parts;
	struct buf head;  /* of the part being read */
	struct buf text;  /* of a text field */
	size_t text_total;
	bool is_file, no_file; /* no_file: an empty file input */
	struct str name;
	int fd; /* of the part being read, or −1 */
	uint64_t file_size;
	crypto_hash_sha256_state file_hash;
	struct str file_name, file_type;
	struct form_field *fields;
	unsigned field_cap;
	struct form form;
	struct upload *uploads;
	unsigned upload_count;
	bool failed;
};

/* --- life --------------------------------------------------------------------------------------------------------- */

static void multipart_fini(void *arg)
{
	struct multipart *m = arg;
	buf_fini(&m->head);
	buf_fini(&m->text);
	if (m->fd >= 0)
		close(m->fd);
	for (unsigned i = 0; i < m->upload_count; i++)
		if (m->uploads[i].fd >= 0)
			close(m->uploads[i].fd);
}

static bool is_boundary(struct str b)
{
	if (!b.n || b.n > BOUNDARY_MAX || b.p[b.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < b.n; i++) {
		unsigned char c = (unsigned char)b.p[i];
		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') &&
		    (!c || !strchr("'()+_,-./:=? ", c)))
			return false;
	}
	return true;
}

static bool find_boundary(struct arena *a, struct str content_type, struct str *boundary)
{
	struct header_params params;
	struct str name, value;
	int r;
	*boundary = STR_NULL;
	if (!content_type.p || !str_ieqc(header_main(content_type, &params), "multipart/form-data"))
		return false;
	while ((r = header_param_next(a, &params, &name, &value)) > 0) {
		if (!str_ieqc(name, "boundary"))
			continue;
		if (boundary->p) /* two boundaries: two readers may take different ones */
			return false;
		*boundary = value;
	}
	return r == 0 && boundary->p && is_boundary(*boundary);
}

#define DEFAULT(field, value) (m->limits.field = m->limits.field ? m->limits.field : (value))

enum status multipart_new(struct arena *a, struct str content_type, const struct multipart_limits *l,
        const char *folder, struct multipart **out, struct err *e)
{
	struct str boundary;
	if (!find_boundary(a, content_type, &boundary))
		return err_set(e, ST_MEDIA_TYPE, "A multipart/form-data body with a boundary was expected");
	struct multipart *m = ARENA_NEW(a, struct multipart);
	m->arena = a;
	m->folder = folder;
	m->fd = -1;
	if (l)
		m->limits = *l;
	DEFAULT(parts, 200);
	DEFAULT(part_header, 8 << 10);
	DEFAULT(field, 256 << 10);
	DEFAULT(fields, 1 << 20);
	DEFAULT(files, 32);
	DEFAULT(file, 64 << 20);
	memcpy(m->delimiter, "\r\n--", 4);
	memcpy(m->delimiter + 4, boundary.p, boundary.n);
	m->delimiter_len = 4 + boundary.n;
	m->matched = 2;
	m->uploads = ARENA_ARRAY(a, struct upload, m->limits.files);
	buf_init(&m->head, m->limits.part_header);
	buf_init(&m->text, m->limits.field);
	arena_on_free(a, multipart_fini, m);
	*out = m;
	return ST_OK;
}

/* --- file names --------------------------------------------------------------------------------------------------- */

/* Bytes of an invisible or direction-changing character at p (U+200B–200F, 202A–202E, 2060–2069, FEFF), else 0: with
   them "gpj.exe" is shown as something else. */
static size_t invisible(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	if (n < 3)
		return 0;
	if (u[0] == 0xe2 && u[1] == 0x80 && ((u[2] >= 0x8b && u[2] <= 0x8f) || (u[2] >= 0xaa && u[2] <= 0xae)))
		return 3;
	if (u[0] == 0xe2 && u[1] == 0x81 && u[2] >= 0xa0 && u[2] <= 0xa9)
		return 3;
	return u[0] == 0xef && u[1] == 0xbb && u[2] == 0xbf ? 3 : 0;
}

struct str multipart_filename(struct arena *a, struct str sent)
{
	for (size_t i = sent.n; i > 0; i--)
		if (sent.p[i - 1] == '/' || sent.p[i - 1] == '\\') {
			sent = str_skip(sent, i);
			break;
		}
	char *text = arena_alloc(a, sent.n + 1);
	size_t n = 0;
	bool utf8 = str_utf8_valid(sent);
	for (size_t i = 0; i < sent.n; i++) {
		unsigned char c = (unsigned char)sent.p[i];
		size_t skip = utf8 ? invisible(sent.p + i, sent.n - i) : 0;
		if (skip)
			i += skip - 1;
		else if (c < 0x20 || c == 0x7f || ((c == '.' || c == ' ') && n == 0))
			continue;
		else
			text[n++] = (c >= 0x80 && !utf8) || strchr("<>:\"|?*", c) ? '_' : (char)c;
	}
	struct str out = str_utf8_fit(str_n(text, n), FILENAME_MAX_BYTES);
	while (out.n && (out.p[out.n - 1] == ' ' || out.p[out.n - 1] == '.'))
		out.n--;
	return out.n ? out : STR("file");
}

/* --- a part's header ---------------------------------------------------------------------------------------------- */

static enum status part_bad(struct err *e, const struct multipart *m, const char *what)
{
	return err_set(e, ST_INVALID, "Part %u of the form %s", m->parts, what);
}

/* Browsers write a quote in a name as %22 (WHATWG HTML 4.10.21.7). */
static struct str unescape_quotes(struct arena *a, struct str s)
{
	if (str_find(s, STR("%22")) < 0)
		return s;
	char *text = arena_alloc(a, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (str_starts(str_skip(s, i), STR("%22"))) {
			text[n++] = '"';
			i += 2;
		} else {
			text[n++] = s.p[i];
		}
	}
	return str_n(text, n);
}

static enum status take_disposition(struct multipart *m, struct str value, struct err *e)
{
	struct header_params params;
	struct str name, v, filename = STR_NULL;
	int r;
	if (m->name.p)
		return part_bad(e, m, "has two Content-Disposition headers");
	if (!str_ieqc(header_main(value, &params), "form-data"))
		return part_bad(e, m, "is not form-data");
	while ((r = header_param_next(m->arena, &params, &name, &v)) > 0) {
		struct str *to = str_ieqc(name, "name") ? &m->name : str_ieqc(name, "filename") ? &filename : NULL;
		if (!to)
			continue;
		if (to->p)
			return part_bad(e, m, "names something twice");
		*to = v;
	}
	if (r < 0 || !m->name.p || !str_utf8_valid(m->name))
		return part_bad(e, m, "has no proper name");
	m->name = arena_str(m->arena, unescape_quotes(m->arena, m->name));
	m->is_file = filename.p != NULL;
	m->no_file = m->is_file && !filename.n;
	if (m->is_file)
		m->file_name = multipart_filename(m->arena, unescape_quotes(m->arena, filename));
	return ST_OK;
}

static bool is_field_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

static enum status take_header(struct multipart *m, struct str line, struct err *e)
{
	struct str name;
	if (!str_cut(&line, ':', &name) || !is_token(name) || !is_field_value(line))
		return part_bad(e, m, "has an ill-formed header");
	line = str_trim(line);
	if (str_ieqc(name, "content-disposition"))
		return take_disposition(m, line, e);
	if (str_ieqc(name, "content-type")) {
		if (m->file_type.p)
			return part_bad(e, m, "has two Content-Type headers");
		m->file_type = arena_str(m->arena, line);
	} else if (str_ieqc(name, "content-transfer-encoding") && !str_ieqc(line, "binary") &&
	        !str_ieqc(line, "8bit") && !str_ieqc(line, "7bit")) {
		return part_bad(e, m, "has an encoding that forms do not use");
	}
	return ST_OK;
}

static enum status open_file(struct multipart *m, struct err *e)
{
	if (m->upload_count == m->limits.files)
		return err_set(e, ST_TOO_LARGE, "The form has more than %u files", m->limits.files);
	m->file_size = 0;
	crypto_hash_sha256_init(&m->file_hash);
	m->fd = open(m->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (m->fd < 0 &&
	        (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) { /* not every file system has it */
		char *path = arena_printf(m->arena, "%s/upload-XXXXXX", m->folder);
		m->fd = mkostemp(path, O_CLOEXEC);
		if (m->fd >= 0)
			unlink(path);
	}
	return m->fd >= 0 ? ST_OK : err_errno(e, ST_IO, "No file could be made for an upload");
}

/* m->head holds the lines, each with its CR LF, and the empty line. */
static enum status begin_part(struct multipart *m, struct err *e)
{
	struct str head = buf_str(&m->head), line;
	unsigned count = 0;
	m->name = m->file_type = STR_NULL;
	m->is_file = m->no_file = false;
	while (str_next(&head, '\n', &line) && line.n > 1) {
		line.n--; /* the CR, which stands before every LF that the state machine accepted */
		if (++count > PART_HEADERS_MAX)
			return part_bad(e, m, "has too many headers");
		TRY(take_header(m, line, e));
	}
	if (!m->name.p)
		return part_bad(e, m, "has no Content-Disposition header");
	if (!m->file_type.p)
		m->file_type = STR("application/octet-stream");
	buf_clear(&m->text);
	return m->is_file && !m->no_file ? open_file(m, e) : ST_OK;
}

/* --- a part's content --------------------------------------------------------------------------------------------- */

static enum status write_file(struct multipart *m, struct str s, struct err *e)
{
	if (m->file_size + s.n > m->limits.file)
		return err_set(e, ST_TOO_LARGE, "The file %.*s is larger than %llu bytes", STR_ARG(m->file_name),
			       (unsigned long long)m->limits.file);
	m->file_size += s.n;
	crypto_hash_sha256_update(&m->file_hash, (const unsigned char *)s.p, s.n);
	while (s.n) {
		ssize_t n = write(m->fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ST_IO, "An upload could not be written");
		s = str_skip(s, (size_t)n);
	}
	return ST_OK;
}

static enum status part_data(struct multipart *m, struct str s, struct err *e)
{
	if (m->state != DATA || !s.n) /* preamble and epilogue are nobody's */
		return ST_OK;
	if (m->no_file)
		return part_bad(e, m, "holds a file without a name");
	if (m->is_file)
		return write_file(m, s, e);
	m->text_total += s.n;
	buf_putstr(&m->text, s);
	if (m->text_total > m->limits.fields || !buf_ok(&m->text))
		return err_set(e, ST_TOO_LARGE, "The field %.*s is too long", STR_ARG(str_shown(m->name)));
	return ST_OK;
}

static void add_field(struct multipart *m, struct str value)
{
	if (m->form.count == m->field_cap) {
		unsigned cap = m->field_cap ? m->field_cap * 2 : 16;
		struct form_field *list = ARENA_ARRAY(m->arena, struct form_field, cap);
		if (m->form.count)
			memcpy(list, m->fields, m->form.count * sizeof *list);
		m->fields = list;
		m->field_cap = cap;
		m->form.list = list;
	}
	m->fields[m->form.count++] = (struct form_field){ m->name, value };
}

static enum status end_part(struct multipart *m, struct err *e)
{
	if (m->no_file)
		return ST_OK;
	if (!m->is_file) {
		struct str text = buf_str(&m->text);
		if (!str_utf8_valid(text) || memchr(text.p, 0, text.n))
			return part_bad(e, m, "is not UTF-8 text");
		add_field(m, arena_str(m->arena, text));
		return ST_OK;
	}
	if (lseek(m->fd, 0, SEEK_SET) != 0)
		return err_errno(e, ST_IO, "An upload could not be read back");
	struct upload *u = &m->uploads[m->upload_count++];
	*u = (struct upload){ m->name, m->file_name, m->file_type, m->fd, m->file_size, { 0 } };
	crypto_hash_sha256_final(&m->file_hash, u->digest);
	m->fd = -1;
	return ST_OK;
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

/* Data up to the delimiter. *in loses what was used; state AFTER when the delimiter is complete. */
static enum status scan(struct multipart *m, struct str *in, struct err *e)
{
	while (in->n) {
		if (!m->matched) {
			const char *cr = memchr(in->p, '\r', in->n);
			size_t n = cr ? (size_t)(cr - in->p) : in->n;
			TRY(part_data(m, str_first(*in, n), e));
			*in = str_skip(*in, n);
			if (!cr)
				return ST_OK;
			m->matched = 1;
			*in = str_skip(*in, 1);
			continue;
		}
		if (in->p[0] != m->delimiter[m->matched]) {
			/* At the very start of a part's content or of the body, CR LF belong to the line before. */
			TRY(part_data(m, str_n(m->delimiter, m->matched), e));
			m->matched = 0;
			continue;
		}
		*in = str_skip(*in, 1);
		if (++m->matched < m->delimiter_len)
			continue;
		m->matched = 0;
		if (m->state == DATA)
			TRY(end_part(m, e));
		m->state = AFTER;
		return ST_OK;
	}
	return ST_OK;
}

static enum status header_byte(struct multipart *m, char c, struct err *e)
{
	size_t n = m->head.len;
	char last = n ? m->head.data[n - 1] : '\n';
	if ((c == '\n') != (last == '\r') || c == '\0')
		return part_bad(e, m, "has an ill-formed header");
	buf_putc(&m->head, c);
	if (!buf_ok(&m->head))
		return err_set(e, ST_TOO_LARGE, "Part %u of the form has too long a header", m->parts);
	if (c != '\n' || (n > 1 && m->head.data[n - 2] != '\n'))
		return ST_OK;
	TRY(begin_part(m, e));
	m->state = DATA;
	return ST_OK;
}

static enum status after_byte(struct multipart *m, char c, struct err *e)
{
	switch (m->state) {
	case AFTER:
		if (c == '-') {
			m->state = AFTER_DASH;
			return ST_OK;
		}
		/* fall through */
	case AFTER_BLANK: /* transport padding */
		m->state = c == '\r' ? AFTER_CR : AFTER_BLANK;
		return c == '\r' || c == ' ' || c == '\t' ? ST_OK
		                                          : part_bad(e, m, "is followed by an ill-formed delimiter");
	case AFTER_DASH:
		m->state = EPILOGUE;
		return c == '-' ? ST_OK : part_bad(e, m, "is followed by an ill-formed delimiter");
	default: break;
	}
	if (c != '\n')
		return part_bad(e, m, "is followed by an ill-formed delimiter");
	if (m->parts == m->limits.parts)
		return err_set(e, ST_TOO_LARGE, "The form has more than %u parts", m->limits.parts);
	m->parts++;
	buf_clear(&m->head);
	m->state = HEADERS;
	return ST_OK;
}

static enum status feed(struct multipart *m, struct str in, struct err *e)
{
	while (in.n) {
		switch (m->state) {
		case PREAMBLE:
		case DATA: TRY(scan(m, &in, e)); break;
		case AFTER:
		case AFTER_DASH:
		case AFTER_BLANK:
		case AFTER_CR:
			TRY(after_byte(m, in.p[0], e));
			in = str_skip(in, 1);
			break;
		case HEADERS:
			TRY(header_byte(m, in.p[0], e));
			in = str_skip(in, 1);
			break;
		case EPILOGUE: return ST_OK;
		}
	}
	return ST_OK;
}

enum status multipart_feed(struct multipart *m, struct str bytes, struct err *e)
{
	if (m->failed)
		return err_set(e, ST_INVALID, "The form was refused before");
	enum status s = feed(m, bytes, e);
	m->failed = s != ST_OK;
	return s;
}

enum status multipart_end(struct multipart *m, struct err *e)
{
	if (m->failed || m->state != EPILOGUE)
		return err_set(e, ST_INVALID, "The form ends before its last delimiter");
	return ST_OK;
}

const struct form *multipart_fields(const struct multipart *m) { return &m->form; }

struct upload *multipart_uploads(struct multipart *m, unsigned *count)
{
	*count = m->upload_count;
	return m->uploads;
}

int upload_take(struct upload *u)
{
	int fd = u->fd;
	u->fd = -1;
	return fd;
}
