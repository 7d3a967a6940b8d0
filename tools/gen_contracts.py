#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a service's contract.dto to typed C (docs/howto/contract.md is the language).

    gen_contracts.py --owner blog --in src/services/blog/contract.dto --src src --out build/src/gen [--shapes]

writes <owner>_contract.h (structs and wrappers, for those who ask), <owner>_serve.h (prototypes, for the service) and
<owner>_contract.c (tables). With --shapes: structs that several services share, without a prefix and without contracts.
Every error names file and line.
"""
import argparse
import os
import re
import sys

from gen_output import write_if_changed

INTS = {f'{sign}int{bits}': (f'{sign}int{bits}_t', 'DTO_UINT' if sign else 'DTO_INT') for sign in ('', 'u') for bits in (8, 16, 32, 64)}
SCALARS = {**INTS, 'int': ('int64_t', 'DTO_INT'), 'time': ('int64_t', 'DTO_INT'), 'real': ('double', 'DTO_REAL'),
           'bool': ('bool', 'DTO_BOOL'), 'text': ('struct str', 'DTO_TEXT'), 'money': ('struct money', 'DTO_MONEY')}
KEYWORDS = set('''auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false'''.split())
NAME = re.compile(r'[a-z][a-z0-9_]*$')
TTL_MAX_S, PATIENCE_MAX_MS = 86400, 60000


class Problem(Exception):
    def __init__(self, path, line, message):
        super().__init__(f'{path}:{line}: {message}')


class Field:
    def __init__(self, name, kind, nullable, is_list, comment):
        self.name, self.kind, self.nullable, self.is_list, self.comment = name, kind, nullable, is_list, comment
        self.c_name = name + '_' if name in KEYWORDS else name


class Struct:
    def __init__(self, c_name, line, comment=()):
        self.c_name, self.line, self.comment, self.fields = c_name, line, list(comment), []


class Contract:
    def __init__(self, kind, name, line, comment):
        self.kind, self.name, self.line, self.comment = kind, name, line, comment
        self.ttl, self.patience, self.like = None, None, None
        self.ask = self.answer = None


class File:
    """structs: by the name they are written with; own: those made here, in order."""

    def __init__(self, path, owner, prefix):
        self.path, self.owner, self.prefix, self.folder = path, owner, prefix, ''
        self.structs, self.own, self.contracts, self.shapes, self.uses = {}, [], [], {}, []

    def problem(self, line, message):
        return Problem(self.path, line, message)


def parse_field(file, number, text, comment):
    found = re.match(r'(\w+)\s+(list of\s+)?(\w+)(\?)?$', text)
    if not found:
        raise file.problem(number, f'expected "name type", "name type?" or "name list of type", not "{text}"')
    name, is_list, kind, nullable = found[1], bool(found[2]), found[3], bool(found[4])
    if not NAME.match(name):
        raise file.problem(number, f'"{name}" is no name of a-z, 0-9 and _')
    if kind not in SCALARS and kind not in file.structs:
        raise file.problem(number, f'"{kind}" is no type: {", ".join(SCALARS)}, or a struct described before')
    if nullable and (is_list or kind == 'text'):
        raise file.problem(number, f'{"a list is empty" if is_list else "a text has no p"} when there is none: leave the ?')
    return Field(name, kind, nullable, is_list, comment)


def add_struct(file, c_name, number, comment=(), known_as=None):
    made = Struct(c_name, number, comment)
    if any(s.c_name == c_name for s in file.own):
        raise file.problem(number, f'"{c_name}" is described twice')
    file.own.append(made)
    if known_as:
        file.structs[known_as] = made
    return made


def parse_options(file, number, contract, words):
    text = ' '.join(words)
    for pattern, apply in ((r'fresh\b', lambda m: setattr(contract, 'ttl', 'CONTRACT_FRESH')),
                           (r'ttl (\d+) s\b', lambda m: setattr(contract, 'ttl', int(m[1]))),
                           (r'patience (\d+) ms\b', lambda m: setattr(contract, 'patience', int(m[1]))),
                           (r'like (\w+)\b', lambda m: setattr(contract, 'like', m[1]))):
        found = re.search(pattern, text)
        if found:
            apply(found)
            text = (text[:found.start()] + text[found.end():]).strip()
    if text:
        raise file.problem(number, f'"{text}" is none of: fresh, ttl N s, patience N ms, like SHAPE')
    if contract.kind == 'action' and (contract.ttl is not None or contract.patience is not None):
        raise file.problem(number, 'an action is never kept: fresh, ttl and patience are for queries')
    if isinstance(contract.ttl, int) and not 1 <= contract.ttl <= TTL_MAX_S:
        raise file.problem(number, f'ttl is 1 to {TTL_MAX_S} s')
    if contract.patience is not None and not 1 <= contract.patience <= PATIENCE_MAX_MS:
        raise file.problem(number, f'patience is 1 to {PATIENCE_MAX_MS} ms')


def begin_contract(file, number, words, comment):
    contract = Contract(words[0], words[1], number, comment)
    parse_options(file, number, contract, words[2:])
    if any(c.name == contract.name for c in file.contracts):
        raise file.problem(number, f'"{contract.name}" is described twice')
    base = file.prefix + contract.name
    if contract.like:
        if contract.like not in file.shapes:
            raise file.problem(number, f'no shape "{contract.like}": is a "use" missing?')
        contract.ask, contract.answer = file.shapes[contract.like]
    else:
        contract.ask, contract.answer = add_struct(file, base + '_ask', number), add_struct(file, base + '_answer', number)
    if contract.kind == 'shape':
        file.shapes[contract.name] = (contract.ask, contract.answer)
    file.contracts.append(contract)
    return contract


def use(file, number, name, src):
    path = os.path.join(src, name)
    if not os.path.exists(path):
        raise file.problem(number, f'there is no {name}')
    shared = parse(path, os.path.splitext(os.path.basename(path))[0], src, shapes=True)
    file.uses.append(shared.owner)
    file.shapes.update(shared.shapes)
    file.structs.update(shared.structs)


def parse(path, owner, src, shapes=False):
    file = File(path, owner, '' if shapes else owner + '_')
    at, contract, comment = None, None, []
    with open(path, encoding='utf-8') as text:
        lines = text.read().splitlines()
    for number, raw in enumerate(lines, 1):
        line, _, remark = raw.partition('--')
        words = line.split()
        if not words:
            comment = comment + [remark.strip()] if remark else []
            continue
        if raw[0] in ' \t':
            if at is None:
                raise file.problem(number, 'a field stands below a struct, query, action, shape or answers')
            if any(f.name == words[0] for f in at.fields):
                raise file.problem(number, f'"{words[0]}" is there twice')
            at.fields.append(parse_field(file, number, ' '.join(words), remark.strip()))
        elif words[0] == 'use' and len(words) == 2:
            use(file, number, words[1], src)
        elif words[0] == 'struct' and len(words) == 2 and NAME.match(words[1]):
            at, contract = add_struct(file, file.prefix + words[1], number, comment, known_as=words[1]), None
        elif words[0] in (('shape',) if shapes else ('query', 'action')) and len(words) >= 2 and NAME.match(words[1]):
            contract = begin_contract(file, number, words, comment)
            at = None if contract.like else contract.ask
        elif words == ['answers']:
            if not contract or contract.like or at is contract.answer:
                raise file.problem(number, '"answers" follows what a query, action or shape is asked')
            at = contract.answer
        else:
            raise file.problem(number, f'expected use, struct, {"shape" if shapes else "query, action"} or answers, not "{line.strip()}"')
        comment = []
    return file


# --- C ----------------------------------------------------------------------------------------------------------------

def c_type(file, field):
    return SCALARS[field.kind][0] if field.kind in SCALARS else 'struct ' + file.structs[field.kind].c_name


def comment_lines(lines):
    return [f'/* {" ".join(lines)} */'] if lines else []


def struct_lines(file, made):
    out = comment_lines(made.comment) + [f'struct {made.c_name} {{']
    for f in made.fields:
        kind = c_type(file, f)
        kind = f'struct {{ {kind} *items; size_t count; }}' if f.is_list else kind
        null = f' bool {f.name}_null;' if f.nullable else ''
        out.append(f'\t{kind} {f.c_name};{null}' + (f' /* {f.comment} */' if f.comment else ''))
    if not made.fields:
        out.append('\tchar nothing; /* a struct has a member */')
    return out + ['};']


def wrapper_lines(file, contract):
    verb = 'ask' if contract.kind == 'query' else 'do'
    asked = bool(contract.ask.fields)
    given = f' const struct {contract.ask.c_name} *in,' if asked else ''
    head = f'static inline enum status {file.owner}_{verb}_{contract.name}(struct ctx *ctx,{given}'
    value = 'in' if asked else f'&(struct {contract.ask.c_name}){{ 0 }}'
    return comment_lines(contract.comment) + [
        f'extern const struct contract_def {file.owner}_contract_{contract.name};', head,
        f'        struct {contract.answer.c_name} *out, struct err *e)', '{',
        f'\treturn contract_call(ctx, &{file.owner}_contract_{contract.name}, {value}, out, e);', '}', '']


def serve_prototype(file, contract):
    return (f'enum status {file.owner}_serve_{contract.name}(struct ctx *ctx, const struct {contract.ask.c_name} *in, '
            f'struct {contract.answer.c_name} *out, struct err *e)')


def header(file, made):
    guard = f'GH_GEN_{file.owner.upper()}_CONTRACT_H'
    out = [made, f'#ifndef {guard}', f'#define {guard}', '', '#include "platform/peers/contract.h"']
    out += [f'#include "{file.folder}{name}_contract.h"' for name in file.uses] + ['']
    for one in file.own:
        out += struct_lines(file, one) + [f'extern const struct dto_def {one.c_name}_dto;', '']
    for contract in file.contracts:
        if contract.kind != 'shape':
            out += wrapper_lines(file, contract)
    return '\n'.join(out + ['#endif', ''])


def serve_header(file, made):
    guard = f'GH_GEN_{file.owner.upper()}_SERVE_H'
    out = [made, f'#ifndef {guard}', f'#define {guard}', '', f'#include "{file.folder}{file.owner}_contract.h"', '',
           f"/* Written by {file.owner}: run in its ctx, out zeroed before; what out points to lies in ctx->arena. */"]
    out += [serve_prototype(file, c) + ' MUST_CHECK;' for c in file.contracts if c.kind != 'shape']
    out += ['', '/* For its table. NULL-terminated. */', f'extern const struct contract_def *const {file.owner}_contracts[];', '', '#endif', '']
    return '\n'.join(out)


def field_row(file, made, field):
    at = f'struct {made.c_name}'
    null = f'offsetof({at}, {field.name}_null)' if field.nullable else 'DTO_NEVER_NULL'
    if field.is_list:
        kind, shape, of = 'DTO_LIST', 'NULL', f'&{made.c_name}_{field.name}_item'
    else:
        kind, shape, of = value_kind(file, field) + ('NULL',)
    return (f'\t{{ "{field.name}", {kind}, offsetof({at}, {field.c_name}), sizeof((({at} *)0)->{field.c_name}), {null}, {shape}, {of} }},')


def value_kind(file, field):
    if field.kind in SCALARS:
        return SCALARS[field.kind][1], 'NULL'
    return 'DTO_STRUCT', f'&{file.structs[field.kind].c_name}_dto'


def table_lines(file, made):
    out = []
    for f in made.fields:
        if f.is_list:
            kind, shape = value_kind(file, f)
            out.append(f'static const struct dto_field {made.c_name}_{f.name}_item = {{ "{f.name}", {kind}, 0, sizeof({c_type(file, f)}), '
                       f'DTO_NEVER_NULL, {shape}, NULL }};')
    out.append(f'static const struct dto_field {made.c_name}_fields[] = {{')
    out += [field_row(file, made, f) for f in made.fields] + ['\t{ 0 },', '};']
    return out + [f'_Static_assert(sizeof(struct {made.c_name}) < UINT16_MAX, "too large for a dto");',
                  f'const struct dto_def {made.c_name}_dto = {{ "{made.c_name}", sizeof(struct {made.c_name}), {made.c_name}_fields }};', '']


def contract_lines(file, contract):
    kind = 'CONTRACT_QUERY' if contract.kind == 'query' else 'CONTRACT_ACTION'
    ttl = f' .ttl_s = {contract.ttl},' if contract.ttl else ''
    patience = f' .patience_ms = {contract.patience},' if contract.patience else ''
    return [f'static enum status serve_{contract.name}(struct ctx *ctx, const void *in, void *out, struct err *e)', '{',
            f'\treturn {file.owner}_serve_{contract.name}(ctx, in, out, e);', '}',
            f'const struct contract_def {file.owner}_contract_{contract.name} = {{ .service = "{file.owner}", .name = "{contract.name}", .kind = {kind},',
            f'\t.in = &{contract.ask.c_name}_dto, .out = &{contract.answer.c_name}_dto,{ttl}{patience} .serve = serve_{contract.name} }};', '']


def source(file, made, shapes):
    out = [made, f'#include "{file.folder}{file.owner}_{"contract" if shapes else "serve"}.h"', '', '#include <stddef.h>', '']
    for one in file.own:
        out += table_lines(file, one)
    if not shapes:
        for contract in file.contracts:
            out += contract_lines(file, contract)
        out += [f'const struct contract_def *const {file.owner}_contracts[] = {{']
        out += [f'\t&{file.owner}_contract_{c.name},' for c in file.contracts] + ['\tNULL,', '};', '']
    return '\n'.join(out)


def main(argv):
    ap = argparse.ArgumentParser()
    for name in ('--owner', '--in', '--src', '--out'):
        ap.add_argument(name, required=True, dest=name[2:] + '_')
    ap.add_argument('--shapes', action='store_true')
    ap.add_argument('--include', default='gen/', help='folder of the made headers, as C includes them')
    a = ap.parse_args(argv)
    try:
        file = parse(a.in_, a.owner_, a.src_, a.shapes)
        file.folder = a.include
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    made = f'/* Made by tools/gen_contracts.py from {os.path.relpath(a.in_, a.src_)}. Do not edit. */'
    write_if_changed(os.path.join(a.out_, f'{a.owner_}_contract.h'), header(file, made))
    if not a.shapes:
        write_if_changed(os.path.join(a.out_, f'{a.owner_}_serve.h'), serve_header(file, made))
    write_if_changed(os.path.join(a.out_, f'{a.owner_}_contract.c'), source(file, made, a.shapes))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
