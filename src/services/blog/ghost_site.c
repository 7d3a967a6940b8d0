/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings and menus of an export, and what of it has no place here.
 */
#include "services/blog/ghost.h"

#define MENU_MAX 100

/* A fresh Ghost's own defaults are nobody's wishes. */
static bool is_ghost_default(struct str key, struct str value)
{
	return (str_eqc(key, "facebook") && str_eqc(value, "ghost")) ||
	        (str_eqc(key, "twitter") && str_eqc(value, "@ghost")) ||
	        (str_eqc(key, "accent_color") && str_eqc(value, "#FF1A75")) ||
	        str_starts(value, STR("https://static.ghost.org/"));
}

static struct str setting(const struct ghost *g, const char *key)
{
	for (size_t i = 0; i < ghost_count(g, GHOST_SETTINGS); i++) {
		json_t *row = ghost_row(g, GHOST_SETTINGS, i);
		if (str_eqc(ghost_text(row, "key"), key))
			return ghost_text(row, "value");
	}
	return STR("");
}

static void plan_setting_put(struct ghost *g, const char *name, struct str value)
{
	g->plan->settings[g->plan->setting_count++] = (struct plan_setting){ str_c(name), value };
}

static void put_image(struct ghost *g, const char *name, struct str value)
{
	struct str url = body_url(g->a, &g->body, value);
	const struct plan_media *m = import_media_find(g->media, url, g->log);
	plan_setting_put(g, name, m ? m->image.src : url);
	plan_setting_put(g, arena_printf(g->a, "%s.srcset", name), m ? m->image.srcset : STR(""));
	plan_setting_put(g, arena_printf(g->a, "%s.width", name), m ? arena_strf(g->a, "%d", m->image.width) : STR(""));
	plan_setting_put(g, arena_printf(g->a, "%s.height", name),
	                 m ? arena_strf(g->a, "%d", m->image.height) : STR(""));
}

/* Ghost's key → ours; its older names behind the one of today. */
static const struct { const char *key, *name; bool image; } known[] = {
	{ "title", "title", false },
	{ "description", "description", false },
	{ "accent_color", "accent", false },
	{ "locale", "lang", false },
	{ "lang", "lang", false },
	{ "default_locale", "lang", false },
	{ "defaultLang", "lang", false },
	{ "timezone", "timezone", false },
	{ "active_timezone", "timezone", false },
	{ "activeTimezone", "timezone", false },
	{ "meta_title", "meta_title", false },
	{ "meta_description", "meta_description", false },
	{ "og_title", "og_title", false },
	{ "og_description", "og_description", false },
	{ "twitter_title", "twitter_title", false },
	{ "twitter_description", "twitter_description", false },
	{ "codeinjection_head", "code_head", false },
	{ "codeinjection_foot", "code_foot", false },
	{ "ghost_head", "code_head", false },
	{ "ghost_foot", "code_foot", false },
	{ "facebook", "social.facebook", false },
	{ "twitter", "social.twitter", false },
	{ "threads", "social.threads", false },
	{ "bluesky", "social.bluesky", false },
	{ "mastodon", "social.mastodon", false },
	{ "tiktok", "social.tiktok", false },
	{ "youtube", "social.youtube", false },
	{ "instagram", "social.instagram", false },
	{ "linkedin", "social.linkedin", false },
	{ "members_signup_access", "members_signup", false },
	{ "logo", "logo", true },
	{ "icon", "icon", true },
	{ "cover_image", "cover", true },
	{ "cover", "cover", true },
	{ "og_image", "og_image", true },
	{ "twitter_image", "twitter_image", true },
};
#define KNOWN (sizeof known / sizeof *known)

const char *ghost_setting_key(struct str name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (str_eqc(name, known[i].name))
			return known[i].key;
	return NULL;
}

static bool has_setting(const struct ghost *g, const char *name)
{
	for (size_t i = 0; i < g->plan->setting_count; i++)
		if (str_eqc(g->plan->settings[i].name, name))
			return true;
	return false;
}

static void plan_settings(struct ghost *g)
{
	struct import_count *count = &g->log->report->counts[IMPORT_SETTINGS];
	g->plan->settings = ARENA_ARRAY(g->a, struct plan_setting, KNOWN * 4 + 8);
	for (size_t i = 0; i < KNOWN; i++) {
		struct str value = setting(g, known[i].key);
		if (!value.n || has_setting(g, known[i].name))
			continue;
		bool bad_colour = !strcmp(known[i].name, "accent") && !str_is_colour(value, true);
		if (bad_colour || is_ghost_default(str_c(known[i].key), value)) {
			count->skipped++;
			if (bad_colour)
				import_note(g->log, IMPORT_SETTINGS, str_c(known[i].key), "is no colour");
			continue;
		}
		if (!strcmp(known[i].name, "lang"))
			value = ghost_lang(g->a, value);
		if (!value.n) {
			count->skipped++;
			import_note(g->log, IMPORT_SETTINGS, str_c(known[i].key), "is no language");
			continue;
		}
		if (known[i].image)
			put_image(g, known[i].name, value);
		else
			plan_setting_put(g, known[i].name, value);
	}
	if (has_setting(g, "code_head") || has_setting(g, "code_foot"))
		import_note(g->log, IMPORT_SETTINGS, STR("code injection"), "was kept, and is not executed");
	struct str *parts = ARENA_ARRAY(g->a, struct str, 2 * g->plan->setting_count + 1);
	for (size_t i = 0; i < g->plan->setting_count; i++) {
		parts[2 * i] = g->plan->settings[i].name;
		parts[2 * i + 1] = g->plan->settings[i].value;
	}
	g->plan->settings_hash = import_hash(g->a, parts, 2 * g->plan->setting_count);
}

/* --- menus -------------------------------------------------------------------------------------------------------- */

static void plan_menu(struct ghost *g, struct plan_menu *m, const char *name, const char *key)
{
	struct str text = setting(g, key);
	size_t at;
	json_t *items = NULL, *item;
	*m = (struct plan_menu){ .name = name, .hash = import_hash(g->a, &text, 1) };
	if (text.n)
		items = json_parse(text, 16, NULL);
	if (text.n && !json_is_array(items))
		import_note(g->log, IMPORT_MENUS, str_c(key), "is no list and was left out");
	struct plan_nav *list = ARENA_ARRAY(g->a, struct plan_nav, MENU_MAX);
	json_array_foreach(items, at, item) {
		struct str label = str_trim(ghost_text(item, "label")), url = ghost_url(g, item, "url");
		if (!label.n)
			continue;
		if (m->count >= MENU_MAX) {
			import_note(g->log, IMPORT_MENUS, str_c(key), "entries after the first %d were left out",
			            MENU_MAX);
			break;
		}
		list[m->count++] = (struct plan_nav){ .label = arena_str(g->a, label), .url = arena_str(g->a, url) };
	}
	m->items = list;
	json_decref(items);
}

/* --- what is left out --------------------------------------------------------------------------------------------- */

static void leave_out(struct ghost *g, enum ghost_table t, const char *what, const char *why)
{
	size_t n = ghost_count(g, t);
	if (!n)
		return;
	g->log->report->counts[IMPORT_OTHER].skipped += (unsigned)n;
	import_note(g->log, IMPORT_OTHER, str_c(what), "%zu left out: %s", n, why);
}

void ghost_plan_site(struct ghost *g)
{
	plan_settings(g);
	plan_menu(g, &g->plan->menus[0], "primary", "navigation");
	plan_menu(g, &g->plan->menus[1], "secondary", "secondary_navigation");
	leave_out(g, GHOST_NEWSLETTERS, "newsletters", "newsletters are made anew here");
	leave_out(g, GHOST_THEME_SETTINGS, "theme settings", "they mean something to that theme only");
}
