/* SPDX-License-Identifier: Apache-2.0
 *
 * Which allergens words name. Whoever must not eat something relies on it, so what is not understood counts as
 * everything: a product may be missing from a list for no reason, and is never in it by mistake.
 */
#include <string.h>

#include "base/lang.h"
#include "platform/text/words.h"
#include "services/market/allergens.h"

/* A stem as short as this is a whole word, or its plural: "ei" is no "einkorn". */
enum { STEM_SHORT = 3 };

const struct allergen market_allergens[ALLERGENS] = {
	{ "gluten", TR_NOOP("Gluten"),
	        "gluten wheat rye barley oat spelt kamut emmer einkorn durum triticale semolina bulgur couscous malt "
	        "weizen roggen gerste hafer dinkel grunkern hartweizen malz" },
	{ "crustaceans", TR_NOOP("Crustaceans"),
	        "crustacea crab lobster prawn shrimp crayfish krebs krabbe garnele hummer languste scampi" },
	{ "eggs", TR_NOOP("Eggs"), "egg eggs ei eier eigelb eiklar eiweiss huhnerei" },
	{ "fish", TR_NOOP("Fish"), "fish anchov salmon tuna cod trout fisch lachs thunfisch forelle sardelle hering" },
	{ "peanuts", TR_NOOP("Peanuts"), "peanut groundnut erdnuss" },
	{ "soya", TR_NOOP("Soya"), "soy soya soybean soja tofu edamame" },
	{ "milk", TR_NOOP("Milk"),
	        "milk lactose butter cream cheese whey casein yogurt yoghurt milch laktose sahne rahm kase molke "
	        "kasein "
	        "joghurt quark kuhmilch schafmilch ziegenmilch" },
	{ "nuts", TR_NOOP("Nuts"),
	        "nut nuts almond hazelnut walnut cashew pecan brazil pistachio macadamia schalenfr nuss nusse mandel "
	        "haselnuss "
	        "walnuss pekannuss paranuss pistazie baumnuss" },
	{ "celery", TR_NOOP("Celery"), "celery celeriac sellerie" },
	{ "mustard", TR_NOOP("Mustard"), "mustard senf" },
	{ "sesame", TR_NOOP("Sesame"), "sesam tahin" },
	{ "sulphites", TR_NOOP("Sulphites"), "sulphit sulfit sulphur sulfur schwefel" },
	{ "lupin", TR_NOOP("Lupin"), "lupin" },
	{ "molluscs", TR_NOOP("Molluscs"),
	        "mollus mollusk mussel oyster clam squid octopus snail scallop weichtier muschel auster schnecke "
	        "tintenfisch" },
};

static const char joints[] = ",;/&()+";
static const char *const joining[] = { "and", "or", "und", "oder", "sowie" };
static const char *const nothing[] = { "none", "keine" };

static bool is_among(struct str word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqc(word, words[i]))
			return true;
	return false;
}

static bool begins(struct str word, struct str stem)
{
	if (stem.n > STEM_SHORT)
		return str_starts(word, stem);
	return str_eq(word, stem) || (word.n == stem.n + 1 && str_starts(word, stem) && word.p[stem.n] == 's');
}

static unsigned named_by(struct str word)
{
	unsigned found = 0;
	for (unsigned i = 0; i < ALLERGENS; i++) {
		struct str rest = str_c(market_allergens[i].stems), stem;
		while (str_next(&rest, ' ', &stem))
			if (begins(word, stem))
				found |= 1U << i;
	}
	return found;
}

/* Of what stands between two commas. Each side of an "and" must be understood. */
static unsigned named_in_part(struct arena *a, struct str part)
{
	struct str rest = text_slug(a, part), word;
	unsigned all = 0;
	bool open = false, known = false; /* since the last "and": words were there, one was understood */
	if (part.n && !rest.n)
		return ALLERGENS_ALL; /* words of another script */
	while (rest.n && str_next(&rest, '-', &word)) {
		if (is_among(word, joining, sizeof joining / sizeof *joining)) {
			if (open && !known)
				return ALLERGENS_ALL;
			open = known = false;
			continue;
		}
		unsigned found = named_by(word);
		open = true;
		known |= found || is_among(word, nothing, sizeof nothing / sizeof *nothing);
		all |= found;
	}
	return open && !known ? ALLERGENS_ALL : all;
}

unsigned market_allergens_in(struct arena *a, struct str text)
{
	unsigned all = 0;
	for (size_t from = 0, at = 0; at <= text.n; at++) {
		if (at < text.n && !strchr(joints, text.p[at]))
			continue;
		struct str part = str_trim(str_n(text.p + from, at - from));
		all |= part.n > ALLERGEN_TEXT_MAX ? ALLERGENS_ALL : named_in_part(a, part);
		from = at + 1;
	}
	return all;
}

const struct allergen *market_allergen_of(struct str slug)
{
	for (size_t i = 0; i < ALLERGENS; i++)
		if (str_eqc(slug, market_allergens[i].slug))
			return &market_allergens[i];
	return NULL;
}
