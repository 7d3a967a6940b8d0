# SPDX-License-Identifier: Apache-2.0
"""What stands in the pictures: the mill, trees, loaves, tools. Each takes a Picture, a place and a size."""
import math

from brush import mix


def window(p, x, y, w, h, glass, frame='cream', bars=(2, 3), glow=None):
    p.rect(x - 4, y - 4, w + 8, h + 8, frame, strength=.4)
    p.rect(x, y, w, h, glass, strength=.6, angle=1.2)
    for i in range(1, bars[0]):
        p.line([(x + w * i / bars[0], y), (x + w * i / bars[0], y + h)], 2.5, frame)
    for i in range(1, bars[1]):
        p.line([(x, y + h * i / bars[1]), (x + w, y + h * i / bars[1])], 2.5, frame)
    if glow:
        p.glow(x + w / 2, y + h / 2, max(w, h) * 2.4, glow, .38)


def mill(p, x, y, s=1.0, wall='stone', roof='slate', glass='night', lit=(), lamp='lamp', floors=4, bays=7, chimney=True):
    """Low Mill with its foot at (x, y), about 560 wide and 430 tall at size 1."""
    w, fh = 80 * bays * s, 92 * s
    top = y - floors * fh
    if chimney:
        cx = x + w * .84
        p.poly([(cx - 22 * s, top + 10), (cx - 15 * s, top - 235 * s), (cx + 15 * s, top - 235 * s), (cx + 22 * s, top + 10)],
               mix(wall, 'brick', .45), angle=1.5)
        p.rect(cx - 20 * s, top - 243 * s, 40 * s, 13 * s, mix(wall, 'ink', .35))
    p.poly([(x - 14 * s, top + 4), (x + w * .07, top - 92 * s), (x + w * .93, top - 92 * s), (x + w + 14 * s, top + 4)], roof,
           angle=1.4)
    p.rect(x, top, w, floors * fh, wall, angle=.02)
    p.shade(x, top, w, floors * fh, 'ink', 0, .22, across=True)
    for _ in range(int(90 * s)):
        bx, by = p.rng.uniform(x, x + w - 30 * s), p.rng.uniform(top, y - 10 * s)
        p.rect(bx, by, p.rng.uniform(12, 30) * s, 7 * s, mix(wall, 'ink' if p.rng.random() < .5 else 'cream', .16), strength=0,
               alpha=.7)
    for f in range(floors):
        for b in range(bays):
            wx, wy = x + (b * 80 + 24) * s, top + f * fh + 22 * s
            on = (f, b) in lit
            if f == floors - 1 and b == bays // 2:
                p.rect(wx - 6 * s, wy - 2 * s, 46 * s, 72 * s, 'blue')
                continue
            p.rect(wx - 3 * s, wy - 3 * s, 38 * s, 56 * s, mix(wall, 'cream', .45), strength=.3)
            p.rect(wx, wy, 32 * s, 50 * s, lamp if on else glass, strength=.6)
            p.line([(wx + 16 * s, wy), (wx + 16 * s, wy + 50 * s)], 2 * s, mix(wall, 'cream', .4))
            p.line([(wx, wy + 25 * s), (wx + 32 * s, wy + 25 * s)], 2 * s, mix(wall, 'cream', .4))
            if on:
                p.glow(wx + 16 * s, wy + 25 * s, 95 * s, lamp, .5)


def tree(p, x, y, s=1.0, leaf='moss', bark='bark', fruit=None, bare=False, n=9):
    """An orchard tree standing on (x, y), about 200 wide at size 1."""
    rng = p.rng
    p.blob([(x - 13 * s, y + 4), (x - 7 * s, y - 60 * s), (x - 10 * s, y - 105 * s), (x + 9 * s, y - 105 * s),
            (x + 7 * s, y - 55 * s), (x + 15 * s, y + 4)], bark, angle=1.5)

    def branch(bx, by, a, length, width):
        ex, ey = bx + math.cos(a) * length, by + math.sin(a) * length
        mx, my = (bx + ex) / 2 + rng.normal(0, length * .08), (by + ey) / 2 + rng.normal(0, length * .08)
        p.line([(bx, by), (mx, my), (ex, ey)], width, bark, smooth=True)
        if length > 26 * s:
            for turn in (-.55, .05, .6):
                if rng.random() < (.95 if bare else .5):
                    branch(ex, ey, a + turn + rng.normal(0, .15), length * rng.uniform(.55, .75), max(1.2, width * .6))
    for a in (-2.5, -1.95, -1.5, -1.1, -.6):
        branch(x, y - 95 * s, a + rng.normal(0, .08), (72 if bare else 58) * s, 9 * s)
    if bare:
        return
    puffs = [(rng.normal(0, 52 * s), -158 * s + rng.normal(0, 34 * s), rng.uniform(38, 60) * s) for _ in range(n)]
    for dx, dy, r in sorted(puffs, key=lambda q: -q[1]):
        tone = mix(leaf, 'straw' if dy < -165 * s else 'deep', rng.uniform(.05, .3))
        p.oval(x + dx, y + dy, r, r * .86, tone, angle=.8)
    for _ in range(int(n * 6)):
        dx, dy, r = puffs[rng.integers(len(puffs))]
        a = rng.uniform(0, 6.28)
        q = r * math.sqrt(rng.random())
        p.oval(x + dx + q * math.cos(a), y + dy + q * math.sin(a) * .86, 8 * s, 3.6 * s, mix(leaf, 'cream', .25),
               turn=rng.uniform(0, 3), strength=0, alpha=.6)
    if fruit:
        for _ in range(int(n * 2.2)):
            dx, dy, r = puffs[rng.integers(len(puffs))]
            ax, ay = x + dx + rng.uniform(-.8, .8) * r, y + dy + rng.uniform(-.6, .8) * r
            p.oval(ax, ay, 6.5 * s, 6 * s, fruit, strength=0)
            p.oval(ax - 2 * s, ay - 2 * s, 1.8 * s, 1.6 * s, 'cream', strength=0, alpha=.6)


def apple(p, x, y, r, colour='apple', leaf=True, blush='straw'):
    p.blob([(x - r * .15, y - r * .86), (x - r * .75, y - r * .8), (x - r * 1.04, y - r * .1), (x - r * .72, y + r * .76),
            (x - r * .12, y + r * .95), (x + r * .14, y + r * .95), (x + r * .74, y + r * .74), (x + r * 1.02, y - r * .12),
            (x + r * .72, y - r * .82), (x + r * .16, y - r * .86)], colour, angle=1.3)
    p.glow(x + r * .32, y + r * .25, r * .75, blush, .32)
    p.glow(x - r * .38, y - r * .38, r * .5, 'cream', .5)
    p.oval(x, y - r * .78, r * .26, r * .09, mix(colour, 'ink', .45), strength=0)
    p.line([(x, y - r * .76), (x + r * .05, y - r * 1.05), (x + r * .16, y - r * 1.28)], r * .075, 'bark', smooth=True)
    if leaf:
        p.blob([(x + r * .12, y - r * 1.12), (x + r * .45, y - r * 1.42), (x + r * .95, y - r * 1.3), (x + r * .55, y - r * 1.05)],
               'moss', angle=-.3)


def loaf(p, x, y, rx, ry, crust='crust', cuts=3, flour=True):
    p.oval(x + 10, y + ry * .92, rx * 1.02, ry * .2, 'ink', strength=0, alpha=.22)
    p.blob([(x - rx, y + ry * .6), (x - rx * .98, y - ry * .05), (x - rx * .6, y - ry * .8), (x, y - ry), (x + rx * .62, y - ry * .78),
            (x + rx * .99, y - ry * .02), (x + rx, y + ry * .6), (x + rx * .5, y + ry), (x - rx * .5, y + ry)], crust, angle=.2)
    p.glow(x - rx * .3, y - ry * .45, rx * .8, 'straw', .55)
    p.glow(x + rx * .5, y + ry * .7, rx * .8, 'bark', .5)
    for i in range(cuts):
        cx = x + (i - (cuts - 1) / 2) * rx * 1.25 / max(cuts, 1)
        p.blob([(cx - rx * .12, y + ry * .18), (cx + rx * .02, y - ry * .3), (cx + rx * .22, y - ry * .7),
                (cx + rx * .17, y - ry * .2), (cx + rx * .02, y + ry * .2)], mix(crust, 'cream', .62), angle=-1)
    if flour:
        for _ in range(110):
            a, q = p.rng.uniform(0, 6.28), math.sqrt(p.rng.random())
            p.oval(x + rx * .85 * q * math.cos(a), y - ry * .1 + ry * .75 * q * math.sin(a), 2.2, 1.6, 'cream', strength=0,
                   alpha=p.rng.uniform(.15, .6))


def jar(p, x, y, w, h, fill, level=.75, lid='bark'):
    p.rect(x, y - h, w, h, 'mist', strength=.4, alpha=.55)
    p.rect(x + 4, y - h * level, w - 8, h * level - 4, fill, strength=.8, angle=.6)
    for _ in range(int(w * h * level / 150)):
        gx, gy = p.rng.uniform(x + 8, x + w - 8), p.rng.uniform(y - h * level + 4, y - 8)
        p.oval(gx, gy, 3.4, 2.5, mix(fill, 'cream' if p.rng.random() < .5 else 'bark', .28), turn=p.rng.uniform(0, 3), strength=0)
    p.rect(x + w * .1, y - h * .97, w * .1, h * .9, 'cream', strength=0, alpha=.28)
    p.rect(x - 3, y - h - 22, w + 6, 26, lid, strength=.6)
    p.rect(x + w * .24, y - h * .5, w * .52, h * .22, 'cream', strength=.3)
    p.line([(x + w * .32, y - h * .41), (x + w * .66, y - h * .41)], 2.5, 'slate')
    p.line([(x + w * .32, y - h * .35), (x + w * .56, y - h * .35)], 2, 'steel')


def table(p, y, colour='bark', edge=None):
    p.rect(-10, y, p.w + 20, p.h - y + 20, colour, angle=0)
    p.rect(-10, y, p.w + 20, 12, edge or mix(colour, 'cream', .3), strength=.4)
    for _ in range(26):
        yy = p.rng.uniform(y + 24, p.h)
        x = p.rng.uniform(-100, p.w)
        p.line([(x, yy), (x + 160, yy + p.rng.normal(0, 3)), (x + p.rng.uniform(240, 600), yy)], 2, mix(colour, 'ink', .35), alpha=.35,
               smooth=True)


def bicycle(p, x, y, s, frame='blue', tyre='ink'):
    r = 108 * s
    for wx in (x, x + 300 * s):
        p.ring(wx, y - r, r, 9 * s, tyre)
        p.ring(wx, y - r, r - 9 * s, 3 * s, 'steel')
        for i in range(18):
            a = i * math.pi / 9
            p.line([(wx, y - r), (wx + math.cos(a) * (r - 10 * s), y - r + math.sin(a) * (r - 10 * s))], 1.3 * s, 'mist', alpha=.8)
        p.oval(wx, y - r, 9 * s, 9 * s, 'slate', strength=0)
    seat, head, crank = (x + 105 * s, y - 265 * s), (x + 262 * s, y - 258 * s), (x + 138 * s, y - 100 * s)
    for a, b in ((seat, crank), (crank, head), (seat, head), ((x, y - r), crank), ((x, y - r), seat)):
        p.line([a, b], 11 * s, frame)
    p.line([head, (x + 275 * s, y - 205 * s), (x + 300 * s, y - r)], 11 * s, frame, smooth=True)
    p.line([head, (x + 253 * s, y - 300 * s)], 9 * s, 'slate')
    p.line([(x + 215 * s, y - 296 * s), (x + 255 * s, y - 306 * s), (x + 292 * s, y - 282 * s)], 8 * s, 'bark', smooth=True)
    p.line([seat, (x + 98 * s, y - 290 * s)], 8 * s, 'slate')
    p.blob([(x + 60 * s, y - 300 * s), (x + 100 * s, y - 306 * s), (x + 146 * s, y - 293 * s), (x + 100 * s, y - 288 * s)], 'bark')
    p.ring(crank[0], crank[1], 24 * s, 6 * s, 'slate')
    p.line([(crank[0] - 30 * s, crank[1] + 28 * s), (crank[0] + 30 * s, crank[1] - 28 * s)], 6 * s, 'slate')


def lantern(p, x, y, s, lamp='lamp'):
    p.glow(x, y, 260 * s, lamp, .55)
    p.rect(x - 22 * s, y - 30 * s, 44 * s, 62 * s, lamp, strength=.5)
    p.glow(x, y + 4 * s, 40 * s, 'cream', .8)
    for dx in (-22, 0, 22):
        p.line([(x + dx * s, y - 30 * s), (x + dx * s, y + 32 * s)], 4 * s, 'night')
    p.poly([(x - 30 * s, y - 28 * s), (x, y - 62 * s), (x + 30 * s, y - 28 * s)], 'night')
    p.rect(x - 28 * s, y + 30 * s, 56 * s, 9 * s, 'night')
    p.ring(x, y - 72 * s, 12 * s, 4 * s, 'night')


def bridge(p, x, y, w, rise, colour='wall', arches=2):
    """A packhorse bridge: water line at y."""
    top = [(x - 60, y - rise * .42), (x + w * .25, y - rise * .85), (x + w * .5, y - rise), (x + w * .75, y - rise * .85), (x + w + 60, y - rise * .42)]
    c = p.c
    c.move_to(x - 60, y + 30)
    for a in top:
        c.line_to(*a)
    c.line_to(x + w + 60, y + 30)
    span = w / arches
    for i in reversed(range(arches)):
        cx, r = x + span * (i + .5), span * .39
        c.line_to(cx + r, y + 30)
        c.arc_negative(cx, y, r, 0, math.pi)
        c.line_to(cx - r, y + 30)
    c.close_path()
    p._lay(colour, angle=.1)
    for i in range(arches):
        cx, r = x + span * (i + .5), span * .39
        for k in range(13):
            a = math.pi + math.pi * (k + .5) / 13
            p.line([(cx + math.cos(a) * (r + 3), y + math.sin(a) * (r + 3)), (cx + math.cos(a) * (r + 26), y + math.sin(a) * (r + 26))], 15,
                   mix(colour, 'cream' if k % 2 else 'ink', .2))
    p.line(top, 14, mix(colour, 'cream', .35))
    for _ in range(60):
        t = p.rng.random()
        bx = x + t * w
        by = y - rise * (.42 + .5 * math.sin(math.pi * t)) * p.rng.uniform(.5, .92)
        p.rect(bx, by, p.rng.uniform(14, 34), 8, mix(colour, 'ink' if p.rng.random() < .5 else 'cream', .18), strength=0, alpha=.7)


def chair(p, x, y, s, colour):
    p.line([(x, y), (x + 3 * s, y - 118 * s)], 7 * s, colour)
    p.line([(x + 52 * s, y), (x + 50 * s, y - 118 * s)], 7 * s, colour)
    p.rect(x - 2 * s, y - 56 * s, 58 * s, 11 * s, mix(colour, 'cream', .2), strength=.4)
    for k in (116, 98, 80):
        p.rect(x + 2 * s, y - k * s, 49 * s, 8 * s, colour, strength=.4)
