#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Paints the demo co-operative's pictures:

    tools/make_artwork.py demo/images/content/images/2026/11 [name …]

Needs python3-cairo, python3-numpy and python3-pil. The results are committed; run this only to change them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'artwork'))
import brush  # noqa: E402
import form  # noqa: E402
import scenes_out  # noqa: E402
import people  # noqa: E402
import scenes_in  # noqa: E402
import tune  # noqa: E402

LIMIT = 128_000


def save(image, path):
    """JPEG of the best quality that stays under the limit."""
    for quality in (84, 80, 76, 72, 68, 64, 60, 56, 52):
        image.save(path, quality=quality, optimize=True, progressive=True)
        if os.path.getsize(path) <= LIMIT:
            return


def main(out, names):
    os.makedirs(out, exist_ok=True)
    for name, scene in {**scenes_out.SCENES, **scenes_in.SCENES}.items():
        if names and name not in names:
            continue
        picture = brush.Picture(name)
        scene(picture)
        save(picture.finish(), os.path.join(out, name + '.jpg'))
        print(name)
    if names:
        return
    for name in people.FACES:
        save(people.portrait(name), os.path.join(out, f'portrait-{name}.jpg'))
    people.logo(os.path.join(out, 'millrace-logo.svg'))
    people.icon(os.path.join(out, 'millrace-icon.png'))
    media = out.replace('/images/2', '/media/2')
    os.makedirs(media, exist_ok=True)
    tune.write(os.path.join(media, 'carding-room.wav'))
    files = out.replace('/images/2', '/files/2')
    os.makedirs(files, exist_ok=True)
    form.write(os.path.join(files, 'membership-form.pdf'))


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2:])
