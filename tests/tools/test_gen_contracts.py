#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The contract generator: each mistake is refused with file, line and what was expected, and what it makes does not change by itself."""
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import gen_contracts  # noqa: E402

MISTAKES = [
    ('query x\n  n itn\n', 2, 'is no type'),
    ('query x\n  n\n', 2, 'expected "name type"'),
    ('query x\n  N int\n', 2, 'is no name'),
    ('  n int\n', 1, 'a field stands below'),
    ('query x\n  n int\n  n text\n', 3, 'there twice'),
    ('query x\nquery x\n', 2, 'described twice'),
    ('struct x_ask\nquery x\n', 2, 'described twice'),
    ('query x fast\n', 1, 'is none of'),
    ('action x ttl 3 s\n', 1, 'never kept'),
    ('query x ttl 0 s\n', 1, 'ttl is 1 to'),
    ('query x ttl 86401 s\n', 1, 'ttl is 1 to'),
    ('query x patience 60001 ms\n', 1, 'patience is 1 to'),
    ('query x like person_data\n', 1, 'is a "use" missing'),
    ('use platform/peers/nothing.dto\n', 1, 'there is no'),
    ('answers\n  n int\n', 1, '"answers" follows'),
    ('query x\nanswers\nanswers\n', 3, '"answers" follows'),
    ('shape x\n', 1, 'expected use, struct'),
    ('query x\n  n list of int?\n', 2, 'leave the ?'),
    ('query x\n  n text?\n', 2, 'leave the ?'),
]


class Generator(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = holder.name

    def run_on(self, text):
        path = os.path.join(self.root, 'contract.dto')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        said = io.StringIO()
        with redirect_stderr(said):
            code = gen_contracts.main(['--owner', 'shop', '--in', path, '--src', os.path.join(ROOT, 'src'), '--out', self.root])
        return code, said.getvalue()

    def made(self, name):
        with open(os.path.join(self.root, name), encoding='utf-8') as file:
            return file.read()

    def test_mistakes(self):
        for text, line, says in MISTAKES:
            with self.subTest(text):
                code, said = self.run_on(text)
                self.assertEqual(code, 1)
                self.assertIn(f'contract.dto:{line}:', said)
                self.assertIn(says, said)

    def test_what_is_made(self):
        text = ('use platform/peers/shapes.dto\n-- A price.\nquery price ttl 3 s patience 7 ms\n  item int -- its id\nanswers\n  price money?\n'
                'query person_data fresh like person_data\n')
        self.assertEqual(self.run_on(text), (0, ''))
        header, tables = self.made('shop_contract.h'), self.made('shop_contract.c')
        for part in ('struct shop_price_ask {\n\tint64_t item; /* its id */\n};', 'struct money price; bool price_null;', '/* A price. */',
                     'shop_ask_price(struct ctx *ctx, const struct shop_price_ask *in,', '#include "gen/shapes_contract.h"'):
            self.assertIn(part, header)
        for part in ('.ttl_s = 3, .patience_ms = 7,', '.ttl_s = CONTRACT_FRESH,', '&person_data_ask_dto', 'offsetof(struct shop_price_answer, price_null)'):
            self.assertIn(part, tables)
        self.assertIn('enum status shop_serve_price(struct ctx *ctx, const struct shop_price_ask *in', self.made('shop_serve.h'))
        self.assertEqual(self.run_on(text), (0, ''))
        self.assertEqual((header, tables), (self.made('shop_contract.h'), self.made('shop_contract.c')))


if __name__ == '__main__':
    unittest.main()
