/* SPDX-License-Identifier: Apache-2.0
 *
 * By tag; a script or region only where it makes another text of it.
 */
#include "platform/text/language.h"

const struct language languages[] = {
	{ "ar", "العربية" },
	{ "bg", "Български" },
	{ "bn", "বাংলা" },
	{ "ca", "Català" },
	{ "cs", "Čeština" },
	{ "cy", "Cymraeg" },
	{ "da", "Dansk" },
	{ "de", "Deutsch" },
	{ "el", "Ελληνικά" },
	{ "en", "English" },
	{ "es", "Español" },
	{ "et", "Eesti" },
	{ "eu", "Euskara" },
	{ "fa", "فارسی" },
	{ "fi", "Suomi" },
	{ "fr", "Français" },
	{ "ga", "Gaeilge" },
	{ "gl", "Galego" },
	{ "he", "עברית" },
	{ "hi", "हिन्दी" },
	{ "hr", "Hrvatski" },
	{ "hu", "Magyar" },
	{ "id", "Bahasa Indonesia" },
	{ "is", "Íslenska" },
	{ "it", "Italiano" },
	{ "ja", "日本語" },
	{ "ko", "한국어" },
	{ "lt", "Lietuvių" },
	{ "lv", "Latviešu" },
	{ "mt", "Malti" },
	{ "nb", "Norsk bokmål" },
	{ "nl", "Nederlands" },
	{ "nn", "Norsk nynorsk" },
	{ "pl", "Polski" },
	{ "pt", "Português" },
	{ "pt-BR", "Português (Brasil)" },
	{ "ro", "Română" },
	{ "ru", "Русский" },
	{ "sk", "Slovenčina" },
	{ "sl", "Slovenščina" },
	{ "sq", "Shqip" },
	{ "sr", "Српски" },
	{ "sv", "Svenska" },
	{ "sw", "Kiswahili" },
	{ "ta", "தமிழ்" },
	{ "th", "ไทย" },
	{ "tr", "Türkçe" },
	{ "uk", "Українська" },
	{ "ur", "اردو" },
	{ "vi", "Tiếng Việt" },
	{ "zh-Hans", "简体中文" },
	{ "zh-Hant", "繁體中文" },
};
const size_t language_count = sizeof languages / sizeof *languages;

struct str language_name(struct str tag)
{
	for (size_t i = 0; i < language_count; i++)
		if (str_eqc(tag, languages[i].tag))
			return str_c(languages[i].name);
	return STR("");
}
