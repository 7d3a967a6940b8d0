# SPDX-License-Identifier: Apache-2.0
"""Checks that the demo's export is whole: every picture it names is here, nothing of the machine it was made on remains."""
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    text = open(os.path.join(HERE, 'millrace.ghost.json'), encoding='utf-8').read()
    data = json.loads(text)['db'][0]['data']
    wrong = [f'left over: {m}' for m in set(re.findall(r'https?://127[^"\\ ]*|img:[\w.-]+|(?:media|file):[\w-]+\.\w+|SITE/', text))]
    named = set(re.findall(r'__GHOST_URL__/(content/(?:images|media|files)/(?!size/)[\w./-]+)', text))
    here = {os.path.relpath(os.path.join(d, f), os.path.join(HERE, 'images'))
            for d, _, fs in os.walk(os.path.join(HERE, 'images')) for f in fs}
    wrong += [f'missing: {n}' for n in sorted(named - here)] + [f'unused: {n}' for n in sorted(here - named)]
    slugs = {p['slug'] for p in data['posts']} | {'tag/' + t['slug'] for t in data['tags']} | {''}
    for link in set(re.findall(r'\\"url\\":\s*\\"(?:__GHOST_URL__)?/([\w/-]*?)/?\\"', text)):
        if link not in slugs:
            wrong.append(f'dead link: /{link}/')
    for p in data['posts']:
        print(f"{p['type']:5} {p['status']:10} {p['visibility']:8} {(p['published_at'] or '-')[:10]} "
              f"{len((p['plaintext'] or '').split()):4} words  {p['slug']}")
    print('\n'.join(wrong) or 'whole')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
