# SPDX-License-Identifier: Apache-2.0
"""Loads the demo co-operative into a fresh Ghost 6 and writes what Ghost exports.

    python3 demo/load.py URL DATABASE [EXPORT]

URL: a Ghost nobody has set up yet. DATABASE: its SQLite file (read for the authors' invitations). EXPORT: by default
demo/millrace.ghost.json. The words are in demo/content, the pictures in demo/images. Passwords are throw-away.
"""
import glob
import json
import os
import re
import struct
import sys

import lexical
from ghost_admin import Ghost

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = os.path.join(HERE, 'images/content/images/2026/11')
MEDIA = os.path.join(HERE, 'images/content/media/2026/11')
FILES = os.path.join(HERE, 'images/content/files/2026/11')
PASSWORD = 'Hedge-Lamp-Bicycle-42'

AUTHORS = {
    'ruth': ('Ruth Ellery', 'Owner', 'Secretary of the co-operative since 2019. Keeps the minutes, the keys and, on '
             'Thursdays, the peace.'),
    'joan': ('Joan Firth', 'Editor', 'Has baked at Low Mill since the first morning. Writes about bread, flour and what '
             'they cost.'),
    'imran': ('Imran Sadiq', 'Author', 'Runs the tool library and the repair evenings. Taught physics; mends anything '
              'with a plug.'),
    'niamh': ('Niamh Corrigan', 'Author', 'Looks after the orchard at Far Close, with Alec, forty volunteers and a great '
              'many wasps.'),
    'dai': ('Dai Prosser', 'Author', 'Engineer, retired twice. Responsible for the roof, the river and the spreadsheet.'),
}

TAGS = [
    ('Bakery', 'bakery', '#b8742f', 'loaves.jpg', 'Bread, what goes into it, and when it will be on the shelf.'),
    ('Grocery', 'grocery', '#8a6d1f', 'dry-store.jpg', 'The dry store: jars, scales and where things come from.'),
    ('Tools and repair', 'tools-and-repair', '#8a4431', 'tools.jpg', 'The tool library, the repair evenings, and how to '
     'mend things yourself.'),
    ('Orchard', 'orchard', '#5f7a33', 'apples.jpg', 'Sixty-two trees at Far Close, and the year they keep.'),
    ('Energy', 'energy', '#41647a', 'solar-roof.jpg', 'What the roof and the river make, and who owns it.'),
    ('The hall', 'the-hall', '#7a5a6a', None, 'The Carding Room: what is on, what was mended, who danced.'),
    ('The mill', 'the-mill', '#5f6d72', 'mill-dusk.jpg', 'The building itself, from the wheelpit to the slates.'),
    ('How we run it', 'how-we-run-it', '#2f6f5e', None, 'Meetings, votes, accounts and rules, in plain words.'),
    ('#in-the-letter', 'in-the-letter', None, None, None),
]

NAVIGATION = [('Journal', '/'), ('About', '/about/'), ('Shop', '/market'), ('Events', '/events'), ('Tools', '/tag/tools-and-repair/'),
              ('Orchard', '/tag/orchard/'), ('Hall', '/the-hall/'), ('Join', '/join/')]
SECOND = [('Opening hours', '/opening-hours/'), ('Values and rules', '/values-and-rules/'), ('Energy', '/tag/energy/'),
          ('The letter', '#/portal/signup')]


def jpeg_size(path):
    with open(path, 'rb') as f:
        f.read(2)
        while True:
            marker, length = struct.unpack('>HH', f.read(4))
            if 0xFFC0 <= marker <= 0xFFC3:
                _, h, w = struct.unpack('>BHH', f.read(5))
                return w, h
            f.seek(length - 2, 1)


def span(s):
    return f'<span style="white-space: pre-wrap;">{s}</span>'


class Loader:
    def __init__(self, ghost):
        self.g = ghost
        self.done = {}

    def image(self, name):
        if name not in self.done:
            self.done[name] = self.g.upload('images', os.path.join(IMAGES, name), ref=name)
        return self.done[name]

    def card(self, fields):
        """A card's fields: SITE is the site's address, img:NAME an uploaded picture, media:NAME an uploaded
        sound, file:NAME an uploaded file."""
        for key, value in list(fields.items()):
            if isinstance(value, str):
                value = value.replace('SITE', self.g.url)
                if value.startswith('img:'):
                    name = value[4:]
                    value = self.image(name)
                    w, h = jpeg_size(os.path.join(IMAGES, name))
                    if key == 'src':
                        fields.update(width=w, height=h, title='', href='')
                    elif key == 'productImageSrc':
                        fields.update(productImageWidth=w, productImageHeight=h)
                elif value.startswith('media:'):
                    value = self.g.upload('media', os.path.join(MEDIA, value[6:]))
                elif value.startswith('file:'):
                    path = os.path.join(FILES, value[5:])
                    value = self.g.upload('files', path)
                    fields['fileSize'] = os.path.getsize(path)
                elif key == 'caption' and value:
                    value = span(value)
                fields[key] = value
        for n, item in enumerate(fields.get('images', [])):
            name = item.pop('img')
            w, h = jpeg_size(os.path.join(IMAGES, name))
            item.update(row=n // 3, src=self.image(name), width=w, height=h, fileName=name)
        return fields

    def mobiledoc(self, source):
        """Paragraphs, headings and lists of the source, the old way."""
        markups, sections = [['strong'], ['em']], []

        def markers(s):
            out = []
            for n, part in enumerate(re.split(r'(\*\*[^*]+\*\*|\*[^*]+\*)', s)):
                if n % 2:
                    bold = part.startswith('**')
                    out.append([0, [0 if bold else 1], 1, part.strip('*')])
                elif part:
                    out.append([0, [], 0, part])
            return out
        for block in source.strip().split('\n\n'):
            if block.startswith('## '):
                sections.append([1, 'h2', markers(block[3:])])
            elif block.startswith('* '):
                sections.append([3, 'ul', [markers(line[2:]) for line in block.split('\n')]])
            else:
                sections.append([1, 'p', markers(block.replace('\n', ' '))])
        return {'version': '0.3.1', 'markups': markups, 'atoms': [], 'cards': [], 'sections': sections}

    def entry(self, path, kind):
        head, _, body = open(path, encoding='utf-8').read().partition('\n\n')
        meta = dict(line.split(':', 1) for line in head.split('\n'))
        meta = {k: v.strip() for k, v in meta.items()}
        row = {'title': meta['title'], 'slug': meta['slug'], 'status': meta.get('status', 'published'),
               'visibility': meta.get('visibility', 'public'), 'featured': 'featured' in meta,
               'authors': [{'email': f'{a.strip()}@millrace.example'} for a in meta['authors'].split(',')]}
        if row['status'] != 'draft':
            row['published_at'] = meta['date'].replace('Z', '.000Z')
        if meta.get('tags'):
            row['tags'] = [{'slug': t.strip()} for t in meta['tags'].split(',')]
        if meta.get('excerpt'):
            row['custom_excerpt'] = meta['excerpt']
        if meta.get('image'):
            row.update(feature_image=self.image(meta['image']), feature_image_alt=meta['alt'])
            if meta.get('caption'):
                row['feature_image_caption'] = span(meta['caption'])
        query = ''
        if meta.get('format') == 'html':
            row['html'], query = body.replace('SITE', self.g.url), '?source=html'
        elif meta.get('format') == 'mobiledoc':
            row['mobiledoc'] = json.dumps(self.mobiledoc(body), ensure_ascii=False)
        else:
            body = re.sub(r'\]\(/', f']({self.g.url}/', body)
            row['lexical'] = json.dumps(lexical.parse(body, self.card), ensure_ascii=False)
        made = self.g.call('POST', f'{kind}/{query}', {kind: [row]})[kind][0]
        assert made['slug'] == meta['slug'], (made['slug'], meta['slug'])


def main(url, database, out=os.path.join(HERE, 'millrace.ghost.json')):
    g = Ghost(url)
    g.sign_in('Ruth Ellery', 'ruth@millrace.example', PASSWORD, 'Millrace Co-operative')
    for kind in ('posts', 'pages', 'tags'):
        for old in g.call('GET', f'{kind}/?limit=100')[kind]:
            g.call('DELETE', f'{kind}/{old["id"]}/', raw=True)
    load = Loader(g)
    for key, (name, role, bio) in AUTHORS.items():
        if role == 'Owner':
            user = next(u for u in g.call('GET', 'users/?limit=100')['users'] if u['email'].startswith(key))
        else:
            user = g.invite(database, role, name, f'{key}@millrace.example', PASSWORD)
        user.update(bio=bio, location='Carrowbeck', profile_image=load.image(f'portrait-{key}.jpg'),
                    slug=name.lower().replace(' ', '-'))
        g.call('PUT', f'users/{user["id"]}/', {'users': [user]})
    for name, slug, colour, image, words in TAGS:
        tag = {'name': name, 'slug': slug, 'description': words, 'accent_color': colour}
        if image:
            tag['feature_image'] = load.image(image)
        g.call('POST', 'tags/', {'tags': [tag]})
    g.settings({
        'title': 'Millrace Co-operative', 'description': 'Bread, tools, apples and electricity, from a mill that belongs '
        'to the people who use it', 'accent_color': '#2f6f5e', 'timezone': 'Europe/London', 'locale': 'en-GB',
        'logo': load.image('millrace-logo.svg'), 'icon': load.image('millrace-icon.png'),
        'cover_image': load.image('mill-morning.jpg'), 'facebook': None, 'twitter': None,
        'mastodon': 'https://social.example/@millrace',
        'navigation': json.dumps([{'label': a, 'url': b} for a, b in NAVIGATION]),
        'secondary_navigation': json.dumps([{'label': a, 'url': b} for a, b in SECOND]),
        'meta_description': 'Millrace is a workers’ and community co-operative in Carrowbeck: a bakery, a dry store, a tool '
        'library, an orchard, a hall, and a share of the river.',
        'announcement_content': '<p>Open wheelpit on Saturday 28 November, ten till three.</p>',
        'announcement_visibility': json.dumps(['visitors', 'free_members', 'paid_members'])})
    tier = next(t for t in g.call('GET', 'tiers/?limit=100')['tiers'] if t['type'] == 'paid')
    tier.update(name='Supporter', description='Five pounds a month towards the roof', currency='GBP', monthly_price=500,
                yearly_price=5000)
    g.call('PUT', f'tiers/{tier["id"]}/', {'tiers': [tier]})
    for kind in ('pages', 'posts'):
        for path in sorted(glob.glob(os.path.join(HERE, 'content', kind, '*.md'))):
            load.entry(path, kind)
    with open(out, 'w', encoding='utf-8') as f:
        json.dump(g.export(), f, ensure_ascii=False, indent=1)
        f.write('\n')


if __name__ == '__main__':
    main(*sys.argv[1:])
