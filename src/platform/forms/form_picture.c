/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "net/forms/multipart.h"
#include "platform/forms/forms.h"
#include "platform/media/media.h"

enum status form_picture(struct form_fill *f, const char *field, struct media_item *item, struct err *e)
{
	struct upload *u = web_upload(f->w, field);
	struct ctx *ctx = f->w->ctx;
	struct err why = { 0 };
	*item = (struct media_item){ 0 };
	if (!u || !u->size)
		return ST_OK;
	if (u->size > FORM_PICTURE_MAX) {
		form_fault(f, field, "A picture has at most %d MB.", FORM_PICTURE_MAX >> 20);
		return ST_OK;
	}
	SCOPED_BUF bytes; /* goes also when the request is unwound */
	buf_init(&bytes, FORM_PICTURE_MAX + 1);
	if (!buf_reserve(&bytes, (size_t)u->size))
		return err_set(e, ST_NOMEM, "no memory for a picture");
	if (pread(u->fd, bytes.data, (size_t)u->size, 0) != (ssize_t)u->size)
		return err_set(e, ST_IO, "an upload can not be read again");
	enum status st = media_put(ctx, ctx->svc->platform->media, f->w->person ? f->w->person->id : 0,
	        str_n(bytes.data, (size_t)u->size), item, &why);
	if (st == ST_MEDIA_TYPE || st == ST_CORRUPT || st == ST_TOO_LARGE || (st == ST_OK && !item->variant_count)) {
		form_fault(f, field, "This is not a picture that can be shown. JPEG, PNG and WebP can.");
		*item = (struct media_item){ 0 };
		return ST_OK;
	}
	return st == ST_OK ? ST_OK : err_set(e, st, "%s", why.msg);
}
