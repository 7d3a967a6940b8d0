/* SPDX-License-Identifier: Apache-2.0
 *
 * The password is folded (case, marks, "pa55w0rd"), and what is guessed is crossed out of it: common words, rows of
 * keys, repetitions, the parts of the name and the address. What is left must have some letters of its own.
 */
#include "services/identity/people/guess.h"

#include <string.h>
#include <utf8proc.h>

#include "platform/text/unicode.h"

/* Those at the head of every list of leaked passwords, in the languages of our sites; folded like the password before
 * they are compared. */
static const char *const words[] = {
	"password",
	"passwort",
	"passwd",
	"passphrase",
	"pass",
	"contrasena",
	"motdepasse",
	"senha",
	"kennwort",
	"wachtwoord",
	"haslo",
	"parola",
	"secret",
	"geheim",
	"letmein",
	"iloveyou",
	"ichliebedich",
	"teamo",
	"tequiero",
	"welcome",
	"willkommen",
	"bienvenue",
	"admin",
	"administrator",
	"root",
	"login",
	"user",
	"guest",
	"test",
	"changeme",
	"default",
	"master",
	"hello",
	"hallo",
	"bonjour",
	"whatever",
	"trustno",
	"access",
	"monkey",
	"dragon",
	"sunshine",
	"princess",
	"football",
	"baseball",
	"basketball",
	"superman",
	"batman",
	"pokemon",
	"starwars",
	"shadow",
	"michael",
	"jordan",
	"jennifer",
	"ashley",
	"daniel",
	"thomas",
	"charlie",
	"summer",
	"winter",
	"spring",
	"autumn",
	"sommer",
	"january",
	"monday",
	"friday",
	"computer",
	"internet",
	"google",
	"facebook",
	"samsung",
	"mustang",
	"ferrari",
	"liverpool",
	"chelsea",
	"arsenal",
	"barcelona",
	"schalke",
	"correcthorsebatterystaple",
	"guildhall",
	"cooperative",
};

static const char *const rows[] = {
	"abcdefghijklmnopqrstuvwxyz",
	"zyxwvutsrqponmlkjihgfedcba",
	"qwertyuiop",
	"poiuytrewq",
	"qwertzuiop",
	"poiuztrewq",
	"azertyuiop",
	"poiuytreza",
	"asdfghjkl",
	"lkjhgfdsa",
	"zxcvbnm",
	"mnbvcxz",
	"yxcvbnm",
	"qazwsxedc",
	"1qaz2wsx",
	"01234567890",
	"09876543210",
};

/* The letter that a digit or sign stands for in such spellings; l and i are one. */
static char letter_meant(char c)
{
	static const char from[] = "0134578@$!|l", to[] = "oieastbasiii";
	const char *at = c ? strchr(from, c) : NULL;
	return at ? to[at - from] : c;
}

static bool same_letters(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (letter_meant(a[i]) != letter_meant(b[i]))
			return false;
	return true;
}

struct guess { struct str text; bool *out; }; /* folded; which bytes are crossed out */

static void cross_out(struct guess *g, size_t at, size_t n)
{
	memset(g->out + at, true, n);
}

static void cross_out_word(struct guess *g, struct str word)
{
	for (size_t i = 0; word.n && i + word.n <= g->text.n; i++)
		if (same_letters(g->text.p + i, word.p, word.n))
			cross_out(g, i, word.n);
}

/* As far as text goes along one of the rows from i on. */
static size_t run_at(struct str text, size_t i)
{
	size_t longest = 0;
	for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
		const char *at = strchr(rows[r], text.p[i]);
		size_t n = 0;
		while (at && i + n < text.n && at[n] && at[n] == text.p[i + n])
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

static void cross_out_runs(struct guess *g)
{
	for (size_t i = 0; i < g->text.n; i++) {
		size_t n = run_at(g->text, i), same = 1;
		while (i + same < g->text.n && g->text.p[i + same] == g->text.p[i])
			same++;
		if (n >= GUESS_RUN_MIN)
			cross_out(g, i, n);
		if (same >= GUESS_RUN_MIN)
			cross_out(g, i, same);
	}
}

/* "Inês Marques" and "ines.marques@example.org": each of their words. */
static void cross_out_parts(struct guess *g, struct str text)
{
	size_t begin = 0;
	for (size_t i = 0; i <= text.n; i++) {
		bool inside = i < text.n &&
		        ((text.p[i] >= 'a' && text.p[i] <= 'z') || (unsigned char)text.p[i] >= 0x80);
		if (inside)
			continue;
		if (i - begin >= GUESS_NAME_MIN)
			cross_out_word(g, str_n(text.p + begin, i - begin));
		begin = i + 1;
	}
}

/* The whole is a short piece again and again. */
static bool repeats(struct str s)
{
	for (size_t period = 1; period <= s.n / 3; period++) {
		size_t i = period;
		while (i < s.n && s.p[i] == s.p[i - period])
			i++;
		if (i == s.n)
			return true;
	}
	return false;
}

static struct str guess_fold(struct arena *a, struct str s)
{
	struct str folded = s.n ? unicode_mapped(a, s,
	                                  UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK |
	                                          UTF8PROC_CASEFOLD)
	                        : s;
	return folded.p ? folded : STR("");
}

static size_t letters_left(const struct guess *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->text.n; i++)
		n += !g->out[i] &&
		        ((g->text.p[i] >= 'a' && g->text.p[i] <= 'z') ||
		                (unsigned char)g->text.p[i] >= 0xc0); /* a letter's first byte */
	return n;
}

static size_t bytes_left(const struct guess *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->text.n; i++)
		n += !g->out[i];
	return n;
}

static bool without_letters(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= 'a' && s.p[i] <= 'z') || (unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

const char *guess_reason(struct arena *a, struct str password, struct str email, struct str name)
{
	struct guess g = { .text = guess_fold(a, password) };
	if (repeats(g.text))
		return "This is the same again and again, which is guessed first.";
	g.out = arena_alloc(a, g.text.n + 1);
	memset(g.out, 0, g.text.n + 1);
	cross_out_runs(&g);
	if (without_letters(g.text))
		return bytes_left(&g) >= GUESS_DIGITS_MIN ? NULL
		                                          : "Digits alone are guessed first. Please add some words.";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		cross_out_word(&g, str_c(words[i]));
	if (letters_left(&g) < GUESS_LETTERS_MIN)
		return "This is little more than a common word or a row of keys, which is guessed first.";
	cross_out_parts(&g, guess_fold(a, email));
	cross_out_parts(&g, guess_fold(a, name));
	return letters_left(&g) < GUESS_LETTERS_MIN
	        ? "This is little more than your name or address, which is guessed first."
	        : NULL;
}
