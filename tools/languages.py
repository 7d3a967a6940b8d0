# SPDX-License-Identifier: Apache-2.0
"""The languages of src/base/languages.def for the tools, and the pseudo-languages' texts."""
import os
import re

DEF = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src/base/languages.def")
FORMS = {"NONE": 1, "ONE_OTHER": 2, "FRENCH": 2, "EAST_SLAVIC": 3, "POLISH": 3, "CZECH": 3, "ARABIC": 6}  # as base/lang.c
# What is no word of a text: placeholders and inline elements of templates, conversions of C, entities.
PLACE = re.compile(r"\{\w+\}|</?[a-z]+\d*>|%[-+ #0]*(?:\d+\$)?(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t)?[a-zA-Z%]|&#?\w+;|https?://\S+")
ACCENTS = str.maketrans("AaCcDdEeIiLlNnOoRrSsTtUuYyZz", "ÅåÇçÐðÉéÎîĻļÑñÖöŘřŠšŢţÛûÝýŽž")


class Language:
    def __init__(self, ident, tag, plurals, pseudo):
        self.id, self.tag, self.pseudo, self.forms = ident, tag, pseudo, FORMS[plurals]


def languages():
    """The first is the one that texts are written in."""
    with open(DEF, encoding="utf-8") as f:
        rows = re.findall(r'^X\((\w+),\s*"([^"]+)",\s*"[^"]*",\s*(\w+),\s*\d,\s*(\d)\)', f.read(), re.M)
    return [Language(i, tag, plurals, pseudo == "1") for i, tag, plurals, pseudo in rows]


def words(text, change):
    """Changes what stands between the places of a text."""
    out, at = [], 0
    for m in PLACE.finditer(text):
        out += [change(text[at:m.start()]) if m.start() > at else "", m.group()]
        at = m.end()
    return "".join(out) + (change(text[at:]) if at < len(text) else "")


def pseudo(tag, text):
    """A text of a pseudo-language: en-XA is accented, in brackets and twice as long; ar-XB is turned around word by word."""
    if not re.search(r"[A-Za-z]", PLACE.sub("", text)):
        return text
    if tag == "en-XA":
        filler = re.sub(r"\s+", " ", PLACE.sub(" ", text)).strip().replace("[", "").replace("]", "")
        lead, tail = re.match(r"\s*", text).group(), re.search(r"\s*$", text).group()
        core = words(text.strip(), lambda s: s.translate(ACCENTS))
        return f"{lead}[{core} {filler.translate(ACCENTS)}]{tail}"

    def turn(s):
        return re.sub(r"[A-Za-z][A-Za-z'’]*", lambda m: "\u202e" + m.group() + "\u202c", s)

    return words(text, turn)
