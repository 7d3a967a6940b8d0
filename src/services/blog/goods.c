/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of the market in posts: the stored link, the piece that a page shows for it, Ghost's card for exports, and
 * what the editor offers.
 */
#include "services/blog/goods.h"

#include "base/id.h"
#include "gen/blog_cards_tpl.h"
#include "gen/market_contract.h"
#include "platform/core/service.h"
#include "platform/tables/tables.h"
#include "platform/text/json.h"
#include "services/blog/doc.h"

#define GOODS_KIND "market-product"

/* As the template writes it, and nobody else can: the sanitiser lets no such attribute through. */
static const struct str mark = STR_INIT("<div class=\"kg-card kg-market-product\" data-product=\"");
static const struct str mark_end = STR_INIT("</div>");

void goods_card(struct card *k)
{
	int64_t id;
	if (id_parse(card_text(k, "product"), &id))
		tpl_card_market_product(k->r->out, k, id_str(k->r->a, id));
}

struct safe_html goods_live(struct ctx *ctx, struct safe_html html, unsigned *n)
{
	struct str rest = html.s;
	struct buf b;
	*n = 0;
	if (!rest.n || str_find(rest, mark) < 0 || !platform_has(ctx->svc->platform, "market"))
		return html;
	buf_arena(&b, ctx->arena, BODY_HTML_MAX + GOODS_LIVE_MAX * GOODS_MARKER_MAX);
	for (ptrdiff_t at; *n < GOODS_LIVE_MAX && (at = str_find(rest, mark)) >= 0;) {
		struct str id = str_skip(rest, (size_t)at + mark.n);
		ptrdiff_t end = str_find(id, mark_end);
		int64_t number;
		id = str_first(id, ID_TEXT_LEN);
		if (end < 0 || !id_parse(id, &number))
			break;
		buf_put(&b, rest.p, (size_t)at);
		html_fragment_marker(&b, "market", "product-card", arena_strf(ctx->arena, "id=%.*s", STR_ARG(id)));
		rest = str_skip(rest, (size_t)at + mark.n + (size_t)end + mark_end.n);
		++*n;
	}
	buf_putstr(&b, rest);
	return buf_ok(&b) ? html_from_template(&b) : html;
}

/* --- exports ------------------------------------------------------------------------------------------------------ */

static json_t *text_json(struct str s) { return json_stringn_nocheck(s.p, s.n); }

/* Ghost's product card: the name, and a button that leads there. */
static json_t *ghost_card(struct arena *a, json_t *node, struct str origin)
{
	struct str title = json_str(node, "title"), url = json_str(node, "url");
	json_t *card = json_pack("{s:s,s:i,s:s,s:s,s:b,s:i,s:b}", "type", "product", "version", 1, "productImageSrc",
	        "", "productDescription", "", "productRatingEnabled", 0, "productStarRating", 5, "productButtonEnabled",
	        1);
	title = title.n ? title : STR("–");
	if (url.n && url.p[0] == '/')
		url = arena_strf(a, "%.*s%.*s", STR_ARG(origin), STR_ARG(url));
	json_object_set_new(card, "productTitle", text_json(title));
	json_object_set_new(card, "productButton", text_json(title));
	json_object_set_new(card, "productUrl", text_json(url.n ? url : STR("")));
	return card;
}

struct str goods_for_ghost(struct arena *a, struct str source, struct str origin)
{
	SCOPED_JSON *doc = NULL;
	json_t *node;
	size_t i;
	if (str_find(source, STR("\"" GOODS_KIND "\"")) < 0 || doc_read(a, source, &doc, NULL) != ST_OK)
		return source;
	json_t *blocks = doc_blocks(doc);
	json_array_foreach(blocks, i, node) {
		struct str type = json_str(node, "type");
		if (type.p && str_eqc(type, GOODS_KIND))
			json_array_set_new(blocks, i, ghost_card(a, node, origin));
	}
	return json_text(a, doc);
}

/* --- the editor --------------------------------------------------------------------------------------------------- */

enum status blog_get_write_products(struct web *w, struct err *e)
{
	struct market_products_answer found = { 0 };
	struct str words = str_trim(web_query(w, "q"));
	struct buf b;
	const struct market_products_ask ask = {
		.words = words.p ? str_utf8_first(words, TABLE_SEARCH_MAX) : STR(""), .size = GOODS_CHOICES
	};
	TRY(market_ask_products(w->ctx, &ask, &found, e));
	buf_text(&b, w->ctx->arena);
	buf_puts(&b, "{\"products\":[");
	for (size_t i = 0; i < found.products.count; i++) {
		const struct market_product_choice *p = &found.products.items[i];
		buf_puts(&b, i ? ",{\"id\":" : "{\"id\":");
		json_put_str(&b, p->id);
		json_put_member(&b, "name", p->title);
		json_put_member(&b, "url", p->url);
		json_put_member(&b, "small", p->image);
		json_put_member(&b, "note", p->price);
		buf_putc(&b, '}');
	}
	buf_puts(&b, "]}");
	web_no_cache(w);
	return web_json(w, 200, buf_str(&b));
}
