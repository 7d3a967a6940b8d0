#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Embed web/** in the binary: fingerprinted names, gzip and brotli made beforehand (platform/web/assets.h reads the table).

    gen_assets.py --dir web [--bundles FOLDER] --c assets.c --bin assets.bin --depfile FILE

A file is known by its base name, whatever folder of web/ it is in: two of the same name are an error. Its URL carries a hash
of its content, so that it may be cached for ever. References between files (url(…) in CSS, relative imports in JS) are
rewritten to those URLs; a reference to a file that is not there is an error.
"""
import argparse
import ctypes
import ctypes.util
import gzip
import hashlib
import os
import re
import sys

from gen_output import write_if_changed

# extension → (media type, worth compressing)
TYPES = {
    ".css": ("text/css; charset=utf-8", True),
    ".js": ("text/javascript; charset=utf-8", True),
    ".mjs": ("text/javascript; charset=utf-8", True),
    ".svg": ("image/svg+xml; charset=utf-8", True),
    ".txt": ("text/plain; charset=utf-8", True),
    ".json": ("application/json", True),
    ".webmanifest": ("application/manifest+json", True),
    ".ico": ("image/vnd.microsoft.icon", True),
    ".wasm": ("application/wasm", True),
    ".png": ("image/png", False),
    ".jpg": ("image/jpeg", False),
    ".webp": ("image/webp", False),
    ".avif": ("image/avif", False),
    ".woff2": ("font/woff2", False),
}
SKIP_FOLDERS = {"node_modules", "src"}
SKIP_FILES = re.compile(r"^(\.|LICENSE|package(-lock)?\.json$|tsconfig\.json$)|\.(map|md)$")
CSS_URL = re.compile(r"""url\(\s*(["']?)([^"')\s]+)\1\s*\)""")
JS_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}/[^"']+)\2""")


class AssetError(Exception):
    pass


def brotli_library():
    name = ctypes.util.find_library("brotlienc")
    if not name:
        raise AssetError("libbrotlienc is missing: install libbrotli-dev")
    lib = ctypes.CDLL(name)
    lib.BrotliEncoderCompress.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_char_p,
                                          ctypes.POINTER(ctypes.c_size_t), ctypes.c_char_p]
    lib.BrotliEncoderMaxCompressedSize.restype = ctypes.c_size_t
    lib.BrotliEncoderMaxCompressedSize.argtypes = [ctypes.c_size_t]
    return lib


def brotli(lib, data):
    size = ctypes.c_size_t(lib.BrotliEncoderMaxCompressedSize(len(data)) or len(data) + 1024)
    out = ctypes.create_string_buffer(size.value)
    if not lib.BrotliEncoderCompress(11, 22, 0, len(data), data, ctypes.byref(size), out):
        raise AssetError("brotli failed")
    return out.raw[:size.value]


CSS_PARTS = re.compile(r"""(/\*.*?\*/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.S)


def minify_css(text):
    """Without comments and without white space that means nothing; strings stay as they are."""
    bare = "".join(" " if p.startswith("/*") else p for p in CSS_PARTS.split(text))
    parts = CSS_PARTS.split(bare)
    for i in range(0, len(parts), 2):  # the odd ones are strings
        parts[i] = re.sub(r" ?([{};,]) ?", r"\1", re.sub(r"\s+", " ", parts[i])).replace(";}", "}")
    return "".join(parts).strip() + "\n"


class Assets:
    def __init__(self, *roots):
        self.files, self.folders, self.done, self.open = {}, [], {}, []
        for root in roots:
            self.find(root)

    def find(self, root):
        for base, dirs, names in os.walk(root):
            dirs[:] = sorted(d for d in dirs if d not in SKIP_FOLDERS and not d.startswith("."))
            self.folders.append(base)
            for name in sorted(n for n in names if not SKIP_FILES.search(n)):
                path = os.path.join(base, name)
                if name in self.files:
                    raise AssetError(f"{path}: {self.files[name]} has that name already")
                self.files[name] = path

    def refer(self, name, target):
        """The URL of what file name refers to as target."""
        path, mark, rest = re.match(r"([^?#]*)([?#]?)(.*)", target).groups()
        found = os.path.basename(path)
        if found not in self.files:
            raise AssetError(f"{self.files[name]}: refers to {target}, which is not there")
        return self.make(found)["url"] + mark + rest

    def content(self, name):
        with open(self.files[name], "rb") as f:
            data = f.read()
        ext = os.path.splitext(name)[1]
        if ext == ".css":
            text = minify_css(data.decode("utf-8"))
            if "@import" in text:
                raise AssetError(f"{self.files[name]}: @import costs a round trip; put it in one file")
            def css_url(m):
                local = not re.match(r"(data:|https?:|#|/)", m.group(2))
                return f"url({self.refer(name, m.group(2))})" if local else m.group()
            data = CSS_URL.sub(css_url, text).encode()
        elif ext in (".js", ".mjs"):
            text = data.decode("utf-8")
            data = JS_IMPORT.sub(lambda m: m.group(1) + m.group(2) + self.refer(name, m.group(3)) + m.group(2), text).encode()
        return data

    def make(self, name):
        if name in self.done:
            return self.done[name]
        if name in self.open:
            raise AssetError(" → ".join([*self.open, name]) + ": refer to each other, so that none can have a fingerprint")
        stem, ext = os.path.splitext(name)
        if ext not in TYPES:
            raise AssetError(f"{self.files[name]}: no media type for {ext or 'a name without extension'}; "
                             "there are: " + " ".join(TYPES))
        self.open.append(name)
        data = self.content(name)
        self.open.pop()
        digest = hashlib.sha256(data).hexdigest()[:12]
        self.done[name] = {"name": name, "url": f"/assets/{stem}.{digest}{ext}", "type": TYPES[ext][0], "etag": digest,
                           "data": data, "squeeze": TYPES[ext][1]}
        return self.done[name]

    def all(self):
        return [self.make(n) for n in sorted(self.files)]


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def build(*roots):
    """→ (table rows in C, sorted by name; one blob; Assets)"""
    assets = Assets(*roots)
    lib = brotli_library()
    blob, rows = bytearray(), []

    def place(data):
        at = len(blob)
        blob.extend(data)
        return f"{{ gh_assets_bin + {at}, {len(data)} }}"

    items = assets.all()
    by_url = sorted(range(len(items)), key=lambda i: items[i]["url"])
    for a in items:
        plain = place(a["data"])
        packed = []
        for squeeze in (lambda d: gzip.compress(d, 9, mtime=0), lambda d: brotli(lib, d)):
            small = squeeze(a["data"]) if a["squeeze"] and len(a["data"]) > 256 else a["data"]
            packed.append(place(small) if len(small) < len(a["data"]) * 0.95 else "{ NULL, 0 }")
        rows.append(f"\t{{ STR_INIT({c_string(a['name'])}), STR_INIT({c_string(a['url'])}), {c_string(a['type'])},\n"
                    f"\t  \"\\\"{a['etag']}\\\"\", {{ {plain}, {packed[0]}, {packed[1]} }} }},")
    return rows, by_url, bytes(blob), assets


SOURCE = """/* Generated by tools/gen_assets.py from web/. */
#include "platform/web/assets.h"

/* One file with everything in it, placed by the assembler: a C array of that size takes the compiler seconds. */
__asm__(".pushsection .rodata, \\"a\\"\\n"
        ".balign 16\\n"
        ".globl gh_assets_bin\\n"
        ".hidden gh_assets_bin\\n"
        "gh_assets_bin:\\n"
        ".incbin \\"{bin}\\"\\n"
        ".byte 0\\n"
        ".popsection\\n");
extern const char gh_assets_bin[];

const struct asset assets_all[] = {{
{rows}
	{{ STR_INIT("~"), STR_INIT("~"), NULL, NULL, {{ {{ NULL, 0 }} }} }},
}};
const size_t assets_count = {count};
/* Positions in assets_all, in the order of their URLs. */
const unsigned short assets_by_url[] = {{ {order} }};
"""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--dir", required=True)
    p.add_argument("--bundles", help="a folder of more: what tools/gen_modules.py made")
    p.add_argument("--c", required=True)
    p.add_argument("--bin", required=True)
    p.add_argument("--depfile")
    a = p.parse_args()
    try:
        rows, by_url, blob, assets = build(a.dir, *([a.bundles] if a.bundles else []))
    except AssetError as why:
        print(f"error: {why}", file=sys.stderr)
        return 1
    write_if_changed(a.bin, blob)
    # The sum: so that the C file is another one, and compiled, whenever the bytes that it pulls in are.
    write_if_changed(a.c, f"/* {hashlib.sha256(blob).hexdigest()} */\n" + SOURCE.format(bin=a.bin, rows="\n".join(rows), count=len(rows), order=", ".join(map(str, by_url)) or "0"))
    if a.depfile:
        inputs = [*assets.files.values()] + (assets.folders or [os.path.dirname(a.dir)])
        with open(a.depfile, "w", encoding="utf-8") as f:
            f.write(f"{a.c} {a.bin}: " + " ".join(i.replace(" ", "\\ ") for i in inputs) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
