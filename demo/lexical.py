# SPDX-License-Identifier: Apache-2.0
"""Makes Ghost's Lexical documents out of small text: paragraphs with light Markdown, and cards.

    Plain paragraph with **strong**, *emphasis*, `code`, ~~struck~~, ==marked==, ~sub~, ^sup^, __underlined__
    and [a link](https://example.com/).
    ## Heading            > quote (">> " for the alternative quote)
    - bullet              1. numbered         (two blanks deeper: nested)
    ---                   horizontal rule
    :::button {"buttonText": "Book", "buttonUrl": "/hall/"}          a card in one line: its fields as JSON
    :::html               a card whose body follows, up to a line with ::: only (html, markdown, code, email)
"""
import json
import re

BOLD, ITALIC, STRIKE, UNDER, CODE, SUB, SUP, MARK = (1 << n for n in range(8))
SPANS = [('**', BOLD), ('~~', STRIKE), ('==', MARK), ('__', UNDER), ('*', ITALIC), ('`', CODE), ('~', SUB), ('^', SUP)]
BODY_FIELD = {'html': 'html', 'markdown': 'markdown', 'code': 'code', 'codeblock': 'code', 'email': 'html'}


def text(s, fmt=0):
    return {'detail': 0, 'format': fmt, 'mode': 'normal', 'style': '', 'text': s,
            'type': 'extended-text', 'version': 1}


def element(kind, children, **more):
    return {'children': children, 'direction': 'ltr' if children else None, 'format': '', 'indent': 0,
            'type': kind, 'version': 1, **more}


def link(url, children):
    return element('link', children, rel='noreferrer' if url.startswith('http') else None,
                   target=None, title=None, url=url)


def inline(s, fmt=0, links=True):
    """Light Markdown to a list of text, link and line-break nodes."""
    out, plain, i = [], '', 0

    def flush():
        nonlocal plain
        if plain:
            out.append(text(plain, fmt))
            plain = ''
    while i < len(s):
        if s[i] == '\\' and i + 1 < len(s):
            plain += s[i + 1]
            i += 2
            continue
        if s[i] == '\n':
            flush()
            out.append({'type': 'linebreak', 'version': 1})
            i += 1
            continue
        m = links and re.match(r'\[((?:[^\[\]])+)\]\(([^)\s]+)\)', s[i:])
        if m:
            flush()
            out.append(link(m[2], inline(m[1], fmt, False)))
            i += m.end()
            continue
        for mark, bit in SPANS:
            if s.startswith(mark, i):
                end = s.find(mark, i + len(mark))
                if end > i + len(mark) and not s[i + len(mark)].isspace():
                    flush()
                    inner = s[i + len(mark):end]
                    out += [text(inner, fmt | CODE)] if bit == CODE else inline(inner, fmt | bit, links)
                    i = end + len(mark)
                    break
        else:
            plain += s[i]
            i += 1
    flush()
    return out


def list_node(items, ordered, start=1):
    """items: pairs of depth and text."""
    rows, value = [], start
    while items:
        depth, s = items[0]
        if depth == 0:
            rows.append(element('listitem', inline(s), value=value))
            value += 1
            items = items[1:]
            continue
        nested = []
        while items and items[0][0] > 0:
            nested.append((items[0][0] - 1, items[0][1]))
            items = items[1:]
        rows.append(element('listitem', [list_node(nested, ordered)], value=value))
    return element('list', rows, listType='number' if ordered else 'bullet', start=start, tag='ol' if ordered else 'ul')


def card(kind, fields):
    kind = {'code': 'codeblock', 'hr': 'horizontalrule'}.get(kind, kind)
    return {'type': kind, 'version': fields.pop('version', 1), **fields}


def document(children):
    return {'root': element('root', children)}


def parse(source, rewrite=lambda fields: fields):
    """Source text to a Lexical document. rewrite: called with each card's fields, for image addresses."""
    lines, nodes, i = source.strip('\n').split('\n'), [], 0
    item = re.compile(r'^( *)(-|\d+\.) (.*)$')
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            i += 1
        elif line.startswith(':::'):
            kind, _, rest = line[3:].partition(' ')
            fields = json.loads(rest) if rest.strip() else {}
            i += 1
            if kind in BODY_FIELD and BODY_FIELD[kind] not in fields:
                body = []
                while lines[i] != ':::':
                    body.append(lines[i])
                    i += 1
                i += 1
                fields[BODY_FIELD[kind]] = '\n'.join(body)
            nodes.append(card(kind, rewrite(fields)))
        elif line == '---':
            nodes.append({'type': 'horizontalrule', 'version': 1})
            i += 1
        elif m := re.match(r'^(#{1,6}) (.*)$', line):
            nodes.append(element('extended-heading', inline(m[2]), tag=f'h{len(m[1])}'))
            i += 1
        elif item.match(line):
            rows, first = [], item.match(line)[2]
            while i < len(lines) and (m := item.match(lines[i])):
                rows.append((len(m[1]) // 2, m[3]))
                i += 1
            nodes.append(list_node(rows, first != '-', 1 if first == '-' else int(first[:-1])))
        else:
            quote = re.match(r'^(>>?) ', line)
            para = []
            while i < len(lines) and lines[i].strip() and not lines[i].startswith((':::', '#')):
                para.append(lines[i][len(quote[0]):] if quote else lines[i])
                i += 1
            kind = {'>': 'extended-quote', '>>': 'aside'}[quote[1]] if quote else 'paragraph'
            # a source line ends where it suits the source; two blanks before the end keep the break
            joined = re.sub(r'(?<! )\n', ' ', '\n'.join(para)).replace('  \n', '\n')
            nodes.append(element(kind, inline(joined)))
    return document(nodes)
