# SPDX-License-Identifier: Apache-2.0
"""Makes a large Ghost export out of the demo's: `make_large.py POSTS OUT`. Each post is a demo post under another id,
slug, title and date, with its tags, authors and meta row, so that rows have the sizes and shapes of real ones."""
import datetime
import json
import os
import sys

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'demo', 'millrace.ghost.json')
START = datetime.datetime(1996, 1, 1, 9, 0, 0)


def main(count, out):
    with open(DEMO, encoding='utf-8') as f:
        export = json.load(f)
    data = export['db'][0]['data']
    posts = [p for p in data['posts'] if p['type'] == 'post' and p['status'] == 'published']
    rows = {t: [] for t in ('posts', 'posts_tags', 'posts_authors', 'posts_meta')}
    for n in range(count):
        old = posts[n % len(posts)]
        new = f'{n:024x}'
        at = (START + datetime.timedelta(seconds=n * 900)).strftime('%Y-%m-%d %H:%M:%S')
        rows['posts'].append(dict(old, id=new, uuid=f'00000000-0000-4000-8000-{n:012x}', comment_id=new,
                                  title=f'{old["title"]} ({n})', slug=f'{old["slug"]}-{n}', created_at=at, updated_at=at,
                                  published_at=at, featured=0))
        for table in ('posts_tags', 'posts_authors', 'posts_meta'):
            rows[table] += [dict(r, id=f'{len(rows[table]) + k:024x}', post_id=new)
                            for k, r in enumerate(r for r in data[table] if r['post_id'] == old['id'])]
    data.update(rows)
    with open(out, 'w', encoding='utf-8') as f:
        json.dump(export, f, ensure_ascii=False)


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2])
