/* SPDX-License-Identifier: Apache-2.0
 *
 * The language that texts for a person are made in, and the catalogue of those that stand in C. (Those of templates are
 * compiled: tools/gen_templates.py.) Each stack has a language of its own: a fiber begins with its maker's, the
 * scheduler saves and restores it on a switch, and offloaded and transaction functions run in that of who asked for
 * them. Without anything set it is English, which is what logs and commands are in.
 */
#ifndef GH_BASE_LANG_H
#define GH_BASE_LANG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum lang {
#define X(ID, tag, name, plurals, rtl, pseudo) LANG_##ID,
#include "base/languages.def"
#undef X
	LANG_COUNT
};

/* Which form a number takes (Unicode's plural rules of whole numbers, in the order of gettext's forms). */
enum lang_plurals {
	PLURAL_NONE,      /* one form: ja, zh, id */
	PLURAL_ONE_OTHER, /* 1, else: en, de, nl, es, it … */
	PLURAL_FRENCH,    /* 0 and 1, else: fr, pt-BR */
	PLURAL_EAST_SLAVIC, /* 1 21 31, 2–4 22–24, else: ru, uk */
	PLURAL_POLISH,    /* 1, 2–4 22–24, else */
	PLURAL_CZECH,     /* 1, 2–4, else: cs, sk */
	PLURAL_ARABIC,    /* 0, 1, 2, 3–10, 11–99, else */
	PLURAL_RULES
};
enum { LANG_FORMS_MAX = 6 };

struct lang_info {
	const char *tag, *name;
	enum lang_plurals plurals;
	bool rtl, pseudo;
};
/* The row of languages.def; never NULL. */
const struct lang_info *lang_info(enum lang l);

/* The current language of the running stack. */
extern _Thread_local enum lang lang_current;
static inline enum lang lang_now(void) { return lang_current; }
/* Sets it; returns the former. */
static inline enum lang lang_swap(enum lang l)
{
	enum lang old = lang_current;
	lang_current = l;
	return old;
}
static inline void lang_restore(const enum lang *l) { lang_current = *l; }
/* Until the end of the block: SCOPED_LANG(l); */
#define SCOPED_LANG(l) __attribute__((cleanup(lang_restore), unused)) const enum lang lang_before_ = lang_swap(l)

/* The language of a tag: "de", "de-AT" (the nearest that there is). False: none, *out as it was. Pseudo-languages by
   their very tag alone. */
bool lang_of_tag(struct str tag, enum lang *out);
/* What a browser likes best of the languages that there are (Accept-Language, RFC 9110 12.5.4). False: it does not say,
   or nothing fits; *out as it was. pseudo: may it be one of those? At most LANG_ACCEPT_MAX bytes are looked at. */
enum { LANG_ACCEPT_MAX = 1024 };
bool lang_accepted(struct str header, bool pseudo, enum lang *out);

/* Is a text in the language `tag` (BCP 47; "": not known) in another than the current one? And is it written from right
   to left? For what a page shows of its site: it is marked, so that it is read and laid out as what it is. */
bool lang_is_other(struct str tag);
bool lang_is_rtl(struct str tag);
/* What a page with content in that language says of itself: content's own tag ("en-GB") where the page is in that
   language, else the page's. */
struct str lang_of_page(struct str content);

/* Which of a rule's forms n takes, and how many it has. */
unsigned lang_plural(enum lang_plurals rule, int64_t n);
unsigned lang_forms(enum lang_plurals rule);
/* That of the current language: for templates. */
unsigned lang_form(int64_t n);

/* A text of the catalogue in the current language; itself when it has none of it, or is in English. Texts that a person
   reads are found by the tools (tools/texts.py): whatever looks like one in platform and services; tr() is written
   where one is used without one of the functions that do it (err_set, form_fault, web_shell, templates' own words). */
const char *tr(const char *english) __attribute__((format_arg(1)));
/* The same of a text of a table or a store: a status, a role. */
struct str tr_str(struct str english);
/* By number. `one` is the name in the catalogue. */
const char *trn(const char *one, const char *other, int64_t n) __attribute__((format_arg(1), format_arg(2)));
/* As a str: TR("Saved.") */
#define TR(text) str_c(tr("" text))
/* Says that a text is of the catalogue where it is not used: a lower-case word in a table. */
#define TR_NOOP(text) text

/* Made from i18n/<tag>.po by tools/gen_texts.py: texts by a hash of the English one, sorted. Offsets, not pointers:
   nothing to relocate when the program starts, so a language that nobody reads costs no memory. */
struct lang_texts {
	const uint64_t *keys;
	const uint32_t *at;
	const char *text;
	size_t count;
};
extern const struct lang_texts lang_texts[LANG_COUNT];
/* FNV-1a, 64 bits, of the text and, of the plural form n > 0, a byte 4 and the digit n. */
uint64_t lang_key(const char *text, size_t n, unsigned form);

#endif
