# SPDX-License-Identifier: Apache-2.0
"""Pictures out of doors. A scene draws on a Picture; SCENES names its file."""
import math

from brush import mix
from things import apple, bicycle, bridge, lantern, mill, tree


def mill_dusk(p):
    p.sky('blue', 'peach', '#8d9aa0')
    p.glow(1180, 560, 620, 'lamp', .35)
    p.trees(p.hill(500, 40, '#71848a'), '#667a80', 16)
    p.trees(p.hill(575, 34, '#4d6468'), '#455b5e', 22)
    p.hill(660, 16, 'deep')
    mill(p, 430, 700, 1.0, wall='#7b7a74', roof='#3a474d', glass='night', lit={(3, 1), (3, 2), (1, 5)})
    for x, s in ((250, 1.1), (1120, 1.2), (1300, 1.0)):
        tree(p, x, 712, s, leaf='#31493f', bark='ink')
    p.water(700, 1000, '#3c5c68', 'peach', 120)
    for x in (526, 606, 846):
        for k in range(9):
            w = 26 + 10 * p.rng.random()
            p.line([(x - w / 2, 722 + k * 26), (x + w / 2, 722 + k * 26)], 7, 'lamp', alpha=.55 - k * .05)
    p.grass(930, 1010, 'deep', 300, 90)


def mill_morning(p):
    p.sky('#dbe3da', 'cream', '#ebdfc5')
    p.oval(1230, 250, 74, 74, 'lamp', alpha=.75)
    p.glow(1230, 250, 420, 'lamp', .4)
    p.trees(p.hill(430, 46, 'mist'), '#9cb1aa', 14)
    p.shade(0, 400, 1600, 180, 'cream', 0, .6)
    p.trees(p.hill(540, 30, '#86a096'), '#7b968b', 20)
    mill(p, 300, 690, 1.0, wall='sand', roof='slate', glass='#6f8a8c')
    p.shade(0, 540, 1600, 160, 'cream', 0, .7)
    for x, s in ((130, 1.3), (960, 1.1), (1130, 1.4), (1420, 1.6)):
        tree(p, x, 720, s, leaf='sage')
    p.water(690, 800, '#8fb0ad', 'cream', 60)
    p.poly([(-10, 800), (1610, 775), (1610, 840), (-10, 872)], 'cream', angle=1.4)
    for _ in range(260):
        x = p.rng.uniform(0, 1600)
        y = 872 - (x / 1600) * 30
        p.line([(x, y - 62), (x + 3, y + p.rng.uniform(-10, 6))], 3, 'river' if p.rng.random() < .6 else 'cream', alpha=.5)
    p.water(852, 1000, 'river', 'cream', 90)
    p.grass(960, 1010, 'moss', 160, 70, 0, 500)


def weir(p):
    p.sky('#c4d3c6', 'cream')
    p.trees(p.hill(330, 40, '#87a08a'), '#7a9480', 30)
    p.trees(p.hill(420, 26, 'teal'), '#386058', 44)
    p.rect(0, 470, 1600, 40, '#49665a')
    p.water(500, 600, '#7fa3a3', 'cream', 60)
    p.poly([(-10, 585), (1610, 610), (1610, 800), (-10, 745)], 'mist', angle=1.5)
    for _ in range(560):
        x = p.rng.uniform(-10, 1610)
        y0 = 590 + x * .0156 + p.rng.uniform(-5, 60)
        y1 = 745 + x * .034
        p.line([(x, y0), (x + p.rng.normal(0, 5), min(y1, y0 + p.rng.uniform(50, 170)))], p.rng.uniform(2, 8),
               ('cream', 'river', '#dfe8e2')[p.rng.integers(3)], alpha=p.rng.uniform(.25, .75))
    p.water(770, 1010, '#4d7681', 'cream', 90)
    for _ in range(170):
        x = p.rng.uniform(0, 1600)
        p.oval(x, 752 + x * .034 + p.rng.normal(10, 13), p.rng.uniform(12, 46), p.rng.uniform(5, 13), 'cream', strength=0, alpha=.55)
    for x, y, r in ((120, 920, 130), (300, 975, 90), (1490, 960, 150)):
        p.blob([(x - r, y + 40), (x - r * .7, y - r * .35), (x, y - r * .55), (x + r * .8, y - r * .25), (x + r, y + 40)], 'slate', angle=.4)
        p.glow(x - r * .2, y - r * .35, r * .5, 'mist', .5)
    for k in range(7):
        x = 1180 + k * 70
        p.line([(1620, -20 + k * 14), (x + 120, 60 + k * 34), (x - 40, 170 + k * 30)], 5, 'bark', smooth=True)
        for _ in range(26):
            t = p.rng.random()
            p.oval(1620 + (x - 40 - 1620) * t + p.rng.normal(0, 20), -20 + 190 * t + k * 22 * t + p.rng.normal(14, 18), 22, 9,
                   mix('leaf', 'straw', p.rng.random() * .6), turn=p.rng.uniform(0, 3), strength=0, alpha=.9)


def river_light(p):
    p.sky('#e7b98b', '#f7e3bd', '#f1cf9e')
    p.oval(1090, 395, 92, 92, '#fff1cd')
    p.glow(1090, 395, 620, 'lamp', .55)
    p.trees(p.hill(400, 54, '#c69a7c'), '#b98e74', 14)
    p.trees(p.hill(500, 44, '#93755f'), '#8a6c58', 24)
    p.trees(p.hill(590, 26, '#6b5a48'), '#7d5a38', 34)
    mill(p, 190, 740, .9, wall='#7c6550', roof='#3f4444', glass='#2e3535', lit={(2, 4)})
    p.c.move_to(0, 1010)
    p.blob([(-60, 900), (430, 790), (800, 735), (1020, 690), (1060, 664), (1110, 664), (1140, 700), (1080, 770), (1150, 860), (1300, 1040), (-60, 1080)],
           '#b98d68', angle=.1)
    for _ in range(150):
        y = 700 + 300 * p.rng.random() ** .8
        t = (y - 700) / 300
        x = 1080 - 340 * t + p.rng.normal(0, 60 + 260 * t)
        if x > 1090 + 160 * t or x < 900 - 1000 * t:
            continue
        p.line([(x - 20 - 50 * t, y), (x + 20 + 50 * t, y)], 2 + 4 * t, '#fbe6b9', alpha=.6)
    p.blob([(1120, 660), (1300, 690), (1660, 640), (1660, 1060), (1340, 1060), (1180, 880), (1100, 770), (1160, 700)], '#4f4a36')
    p.blob([(-60, 880), (100, 830), (330, 790), (520, 766), (200, 740), (-60, 760)], '#54503a')
    for x, y, s, leaf in ((1290, 790, 1.2, 'ochre'), (1470, 830, 1.7, 'rust'), (60, 800, 1.1, '#8d6b33'), (840, 715, .55, 'ochre'), (930, 705, .5, '#9a6d3a')):
        tree(p, x, y, s, leaf=leaf, bark='#33291f')
    p.grass(900, 1010, '#5a5436', 420, 80, 1200, 1600)


def solar_roof(p):
    p.sky('#9fc0c4', '#eef0dc')
    for x, y, s in ((260, 170, 1.2), (1180, 120, 1.6), (760, 260, .8)):
        for k in range(5):
            p.oval(x + (k - 2) * 62 * s, y + abs(k - 2) * 9, 72 * s, 34 * s, 'cream', alpha=.9, strength=.4)
    p.oval(1380, 190, 66, 66, 'lamp')
    p.glow(1380, 190, 330, 'lamp', .5)
    p.trees(p.hill(520, 40, '#8aa587'), '#7d9a7e', 18)
    p.trees(p.hill(610, 30, 'moss'), '#5c7047', 26)
    p.poly([(-20, 1020), (180, 470), (1440, 470), (1700, 1020)], 'slate', angle=1.2)
    for r in range(26):
        y = 470 + r * 21
        p.line([(-20, y), (1660, y)], 2, 'ink', alpha=.18)
    rows, cols = 3, 7

    def at(u, v):
        y = 510 + v * 440
        left, right = 250 - 170 * v, 1370 + 190 * v
        return left + (right - left) * u, y
    for r in range(rows):
        for c in range(cols):
            u0, u1, v0, v1 = (c + .05) / cols, (c + .95) / cols, (r + .05) / rows, (r + .94) / rows
            q = [at(u0, v0), at(u1, v0), at(u1, v1), at(u0, v1)]
            p.poly(q, mix('#274a63', '#6f9bb0', .12 + .35 * (1 - v0) * p.rng.uniform(.5, 1)), angle=.9)
            for k in range(1, 4):
                u = u0 + (u1 - u0) * k / 4
                p.line([at(u, v0), at(u, v1)], 1.6, 'mist', alpha=.6)
            for k in range(1, 5):
                v = v0 + (v1 - v0) * k / 5
                p.line([at(u0, v), at(u1, v)], 1.6, 'mist', alpha=.6)
            p.line(q + [q[0]], 4, 'cream', alpha=.85)
    p.line([(180, 468), (1440, 468)], 14, 'brick')
    for x in range(190, 1440, 46):
        p.oval(x, 466, 25, 10, 'brick', strength=.4)
    for x in (520, 566):  # the pigeons
        p.blob([(x - 26, 452), (x - 10, 432), (x + 8, 424), (x + 18, 410), (x + 27, 418), (x + 22, 440), (x + 4, 456)], 'slate', strength=.3)
        p.oval(x + 20, 412, 8, 7, 'steel', strength=0)


def apples(p):
    p.sky('#dde5d8', '#f4ead2')
    p.glow(420, 300, 700, 'cream', .7)
    for x0, y0, x1, y1, w in ((-40, 210, 900, 330, 22), (1640, 120, 760, 470, 26), (500, 262, 760, 720, 11), (1180, 300, 1280, 800, 12), (210, 236, 330, 560, 9)):
        mx, my = (x0 + x1) / 2, (y0 + y1) / 2 - 40
        p.line([(x0, y0), (mx, my), (x1, y1)], w, 'bark', smooth=True)
    for _ in range(170):
        line = p.rng.integers(4)
        t = p.rng.random()
        x, y = ((-40 + 940 * t, 190 + 120 * t), (1640 - 880 * t, 120 + 330 * t), (480 + 290 * t, 260 + 460 * t), (1180 + 110 * t, 280 + 520 * t))[line]
        x += p.rng.normal(0, 44)
        y += p.rng.normal(6, 44)
        r, a = p.rng.uniform(34, 58), p.rng.uniform(-.6, 2.2)
        tone = mix(('leaf', 'moss', 'sage')[p.rng.integers(3)], 'straw', p.rng.uniform(0, .35))
        ca, sa = math.cos(a), math.sin(a)
        p.blob([(x, y), (x + r * ca - r * .36 * sa, y + r * sa + r * .36 * ca), (x + 2 * r * ca, y + 2 * r * sa), (x + r * ca + r * .36 * sa, y + r * sa - r * .36 * ca)],
               tone, angle=a, strength=.7)
        p.line([(x, y), (x + 1.9 * r * ca, y + 1.9 * r * sa)], 2, 'cream', alpha=.35)
    for x, y, r, c in ((345, 610, 104, 'apple'), (790, 690, 120, '#c2583a'), (980, 560, 84, 'leaf'), (1290, 800, 112, 'apple'), (610, 420, 78, '#a9a54c'), (1150, 420, 76, '#c2583a')):
        apple(p, x, y, r, c)


def wheat(p):
    p.sky('#a9c3c6', '#f6e6c0', '#dfe0c8')
    for x, y, s in ((340, 190, 1.4), (1140, 140, 1.8)):
        for k in range(6):
            p.oval(x + (k - 2.5) * 70 * s, y + abs(k - 2.5) * 10, 80 * s, 32 * s, 'cream', alpha=.85, strength=.4)
    p.trees(p.hill(400, 34, '#93a98f'), '#869d85', 14)
    p.trees(p.hill(460, 26, '#7d9465'), '#6d8558', 20)
    p.poly([(960, 500), (1000, 440), (1100, 440), (1140, 500)], 'brick')
    p.rect(960, 484, 180, 42, 'sand')
    p.hill(520, 14, '#d9b968')
    for k in range(5):
        p.poly([(700 + (k - 2) * 14, 522), (712 + (k - 2) * 14, 522), (760 + (k - 2) * 420, 1010), (640 + (k - 2) * 420, 1010)], mix('ochre', 'straw', .5),
               alpha=.45)
    for i in range(900):
        t = (i / 900) ** 1.3
        y = 560 + 480 * t
        x = p.rng.uniform(-20, 1620)
        h = 26 + 190 * t
        lean = p.rng.normal(10, 10) * (1 + 2 * t)
        tone = mix('straw', ('ochre', 'cream', 'crust')[p.rng.integers(3)], p.rng.uniform(.05, .55))
        p.line([(x, y), (x + lean * .4, y - h * .6), (x + lean, y - h)], 1.4 + 2.6 * t, tone, smooth=True)
        n = 5 if t > .25 else 3
        for k in range(n):
            ex, ey = x + lean + (k % 2 * 2 - 1) * (2 + 4.5 * t), y - h - k * (3 + 9 * t)
            p.oval(ex, ey, 1.6 + 4.4 * t, 3 + 9 * t, tone, turn=.3 * (k % 2 * 2 - 1), strength=0)
    for x, y in ((180, 880), (1420, 930), (1060, 840)):
        p.oval(x, y, 26, 22, 'apple', strength=.7)
        p.oval(x, y, 8, 7, 'ink', strength=0)


def hedge(p):
    p.sky('#bcd0d0', '#f2e9d2')
    p.trees(p.hill(380, 50, '#9db29c'), '#8ea690', 14)
    p.poly([(-10, 560), (1610, 400), (1610, 1010), (-10, 1010)], 'grass', angle=-.1)
    p.poly([(-10, 480), (900, 440), (1610, 380), (1610, 460), (700, 540), (-10, 610)], '#8aa067', angle=-.08)
    for k in range(34):
        t = k / 33
        x, y = -40 + 1700 * t, 800 - 330 * t ** .9
        s = 1.5 - 1.05 * t
        for _ in range(4):
            ox = p.rng.normal(0, 24 * s)
            p.line([(x + ox, y), (x + ox + 60 * s, y - 70 * s), (x + ox + 215 * s, y - 128 * s + p.rng.normal(0, 16 * s))], 11 * s * p.rng.uniform(.5, 1), mix('bark', 'ink', p.rng.random() * .4),
                   smooth=True)
        for _ in range(9):
            ox, oy = p.rng.uniform(0, 190 * s), p.rng.uniform(20, 150) * s
            p.line([(x + ox, y - oy * .6), (x + ox + 46 * s, y - oy - 34 * s)], 2.6 * s, '#7d5a44', alpha=.8)
        for _ in range(12):
            p.oval(x + p.rng.uniform(-10, 200) * s, y - p.rng.uniform(30, 170) * s, 5 * s, 4 * s, 'leaf', strength=0, alpha=.9)
    for k in range(14):
        t = k / 13
        x, y = 10 + 1600 * t, 810 - 340 * t ** .9
        s = 1.5 - 1.05 * t
        p.line([(x, y), (x + 8 * s, y - 215 * s)], 11 * s, 'sand')
        p.line([(x + 2 * s, y - 4), (x + 9 * s, y - 200 * s)], 3 * s, 'bark', alpha=.5)
    p.grass(790, 1010, '#7d9a55', 620, 46)
    tree(p, 1240, 470, .8, bare=True)
    tree(p, 1410, 445, .6, bare=True)


def pleacher(p):
    p.sky('#c3d2cb', '#efe6cd')
    p.trees(p.hill(470, 22, '#a3b59f'), '#97ab93', 20)
    p.trees(p.hill(570, 16, '#86a07c'), '#7a9571', 30)
    p.poly([(-10, 690), (1610, 610), (1610, 1010), (-10, 1010)], 'grass', angle=-.05)
    for n, (x, y, s) in enumerate(((-420, 790, .8), (-120, 800, .9), (180, 815, 1.0), (520, 835, 1.15))):
        wood = mix('bark', ('ink', 'rust', 'wall')[n % 3], .12 + .1 * n)
        p.blob([(x, y + 30 * s), (x + 2 * s, y - 60 * s), (x + 40 * s, y - 150 * s), (x + 140 * s, y - 235 * s), (x + 480 * s, y - 360 * s), (x + 900 * s, y - 455 * s),
                (x + 905 * s, y - 425 * s), (x + 500 * s, y - 318 * s), (x + 190 * s, y - 185 * s), (x + 96 * s, y - 100 * s), (x + 76 * s, y - 40 * s), (x + 80 * s, y + 30 * s)], wood, angle=-.4)
        p.blob([(x + 12 * s, y - 64 * s), (x + 44 * s, y - 140 * s), (x + 92 * s, y - 184 * s), (x + 112 * s, y - 156 * s), (x + 66 * s, y - 96 * s), (x + 44 * s, y - 38 * s)], '#ecd09a', angle=-.9)
        p.line([(x + 16 * s, y - 60 * s), (x + 48 * s, y - 134 * s), (x + 94 * s, y - 180 * s)], 4, 'crust', smooth=True)
        p.blob([(x - 16 * s, y + 44 * s), (x - 8 * s, y - 6 * s), (x + 84 * s, y - 6 * s), (x + 96 * s, y + 44 * s)], mix(wood, 'ink', .3))
        for k in range(15):
            t = (k + 1.5) / 16
            bx, by = x + (150 + 740 * t) * s, y - (240 + 222 * t ** .9) * s
            top = by - p.rng.uniform(36, 120) * s
            p.line([(bx, by + 12), (bx + p.rng.normal(10, 8), top)], 3.4 * s, mix('bark', 'rust', .25), smooth=True)
            for _ in range(3):
                p.oval(bx + p.rng.normal(10, 12), p.rng.uniform(top, by), 8 * s, 5 * s, mix('leaf', 'straw', p.rng.random() * .3), turn=p.rng.uniform(0, 3), strength=0)
    for x, top, foot in ((250, 330, 850), (660, 270, 890), (1120, 240, 930)):
        p.line([(x, foot), (x + 12, top)], 26, 'sand')
        p.line([(x - 3, foot - 6), (x + 8, top + 10)], 6, 'bark', alpha=.4)
        p.oval(x + 12, top - 2, 13, 8, 'cream', strength=.2)
    p.grass(790, 1010, 'moss', 640, 62)

def bicycles(p):
    p.rect(0, 0, 1600, 760, 'sand')
    for r in range(11):
        x = -60 + (r % 2) * -50
        while x < 1620:
            w = p.rng.uniform(90, 210)
            tone = mix(('stone', 'sand', 'rose')[p.rng.integers(3)], 'bark', p.rng.uniform(0, .22))
            p.blob([(x + 6, r * 72 + 8), (x + w - 6, r * 72 + 6), (x + w - 4, r * 72 + 64), (x + 4, r * 72 + 66)], tone, angle=.05)
            x += w
    p.shade(0, 0, 1600, 760, 'lamp', .0, .28, across=True)
    p.rect(0, 750, 1600, 260, '#8d7a62')
    p.shade(0, 750, 1600, 120, 'ink', .35)
    for _ in range(120):
        y = p.rng.uniform(790, 1000)
        p.oval(p.rng.uniform(0, 1600), y, 40, 12, mix('wall', 'sand', p.rng.random() * .6), strength=.4, alpha=.5)
    for x, s, f in ((90, 1.42, 'blue'), (560, 1.5, 'rust'), (1075, 1.38, 'teal')):
        p.blob([(x - 120, 880), (x + 560, 880), (x + 640, 930), (x - 40, 930)], 'ink', strength=0, alpha=.22)
        bicycle(p, x, 890, s, f)


def pressing(p):
    p.sky('#3b5560', '#d7a877')
    p.rect(0, 0, 1600, 1000, '#4b463f')
    for r in range(9):
        for k in range(13):
            p.blob([(k * 130 - (r % 2) * 60 + 5, r * 90 + 5), (k * 130 + 120 - (r % 2) * 60, r * 90 + 3), (k * 130 + 122 - (r % 2) * 60, r * 90 + 80), (k * 130 - (r % 2) * 60 + 3, r * 90 + 83)],
                   mix('#5d564b', 'bark', p.rng.random() * .5))
    c = p.c
    c.move_to(330, 860)
    c.line_to(330, 470)
    c.arc(800, 470, 470, math.pi, 2 * math.pi)
    c.line_to(1270, 860)
    c.close_path()
    p._lay('#e6b987', angle=.1)
    c.save()
    c.move_to(330, 860)
    c.line_to(330, 470)
    c.arc(800, 470, 470, math.pi, 2 * math.pi)
    c.line_to(1270, 860)
    c.close_path()
    c.clip()
    p.glow(800, 560, 700, 'lamp', .4)
    p.trees(p.hill(560, 30, '#b38f68'), '#a68561', 22)
    p.hill(680, 12, '#8b7a4c')
    for x, s in ((450, .9), (640, .7), (980, .8), (1160, 1.0)):
        tree(p, x, 740, s, leaf='#8a8043', bark='#4a3a2a', fruit='apple')
    p.rect(300, 780, 1000, 90, '#a58a5b')
    c.restore()
    p.rect(0, 855, 1600, 150, '#6a5a47')
    for x, y, n in ((70, 900, 3), (1110, 905, 3), (1330, 925, 2), (330, 925, 1)):
        for k in range(n):
            by = y - k * 128
            p.rect(x, by - 120, 220, 118, '#8d6238')
            p.shade(x, by - 118, 220, 50, 'ink', .45)
            for _ in range(16):
                apple(p, x + p.rng.uniform(24, 196), by - 112 + p.rng.normal(0, 11), 23, ('apple', '#c2683a', '#a9a54c')[p.rng.integers(3)], leaf=False)
            for j in range(3):
                p.rect(x - 4, by - 98 + j * 35, 228, 26, mix('crust', 'cream', .14 + .1 * j), angle=0)
    p.line([(800, -10), (800, 90)], 5, 'ink')
    lantern(p, 800, 170, 1.25)


def press(p):
    p.sky('#b9c9bd', '#f0e2c2')
    p.trees(p.hill(420, 30, '#8fa384'), '#849979', 30)
    p.rect(0, 600, 1600, 410, '#c3ab82')
    for _ in range(120):
        y = p.rng.uniform(620, 1000)
        p.oval(p.rng.uniform(0, 1600), y, 54, 14, mix('wall', 'sand', p.rng.random()), strength=.4, alpha=.5)
    p.oval(800, 905, 430, 50, 'ink', strength=0, alpha=.25)
    for x in (590, 970):
        p.rect(x, 240, 44, 660, 'bark', angle=1.5)
    p.rect(545, 205, 514, 62, mix('bark', 'crust', .4))
    p.rect(560, 770, 484, 50, mix('bark', 'crust', .4))
    for k in range(11):
        p.rect(650 + k * 28, 520, 22, 235, mix('crust', 'cream', .1 + .25 * p.rng.random()), angle=1.5)
    for y in (555, 705):
        p.rect(640, y, 322, 15, 'slate')
    for k in range(16):
        apple(p, 668 + k * 18, 508 + p.rng.normal(0, 9), 22, ('apple', 'leaf', '#c2683a')[k % 3], leaf=False)
    p.rect(788, 110, 28, 340, 'slate', angle=1.5)
    for k in range(16):
        p.line([(786, 130 + k * 20), (818, 122 + k * 20)], 4, 'ink', alpha=.6)
    p.rect(600, 120, 404, 22, 'bark')
    p.oval(600, 131, 20, 20, 'bark')
    p.oval(1004, 131, 20, 20, 'bark')
    p.rect(668, 440, 268, 46, 'bark')
    p.blob([(690, 815), (760, 815), (720, 850), (700, 870)], 'ochre')
    p.rect(640, 855, 130, 60, 'steel')
    for x, fill in ((1120, 'ochre'), (1210, '#d6a24e'), (1300, 'ochre'), (1390, '#c18f3f')):
        p.rect(x, 790, 70, 120, fill, angle=1.5)
        p.glow(x + 26, 830, 46, 'lamp', .6)
        p.rect(x + 18, 752, 34, 42, fill)
        p.rect(x + 16, 744, 38, 14, 'bark')
    for x in (180, 330):
        p.rect(x, 800, 140, 100, 'crust')
        for _ in range(12):
            apple(p, x + p.rng.uniform(18, 122), 796 + p.rng.normal(0, 9), 20, ('apple', 'leaf')[p.rng.integers(2)], leaf=False)
        for j in range(3):
            p.rect(x - 3, 812 + j * 30, 146, 22, mix('crust', 'cream', .2))


def orchard_night(p):
    p.sky('#15222d', '#3d5560', '#25404d')
    p.stars(170, 620)
    p.oval(1280, 190, 62, 62, '#f3e7c4')
    p.oval(1256, 178, 58, 58, '#1d3340', strength=.4)
    p.glow(1290, 190, 320, 'cream', .22)
    p.trees(p.hill(560, 40, '#1d313a'), '#1a2d35', 20)
    p.hill(690, 20, '#22362f')
    p.hill(780, 14, '#2a3f33')
    for x, y, s in ((820, 700, .75), (1080, 715, .85), (560, 720, .9), (1380, 760, 1.2), (230, 800, 1.7), (900, 880, 2.0)):
        tree(p, x, y, s, bare=True, bark='#12191c')
    for x, y, s in ((420, 640, .6), (720, 668, .5), (1180, 670, .6), (1010, 690, .9), (330, 770, 1.0)):
        lantern(p, x, y, s)
        p.oval(x, y + 90 * s, 130 * s, 26 * s, 'lamp', strength=0, alpha=.16)
    p.grass(850, 1010, '#33493a', 400, 60)


def grafting(p):
    p.sky('#cfd9d3', '#f1e7d0')
    p.trees(p.hill(520, 36, '#a6b6a6'), '#9aab9b', 20)
    for x in (180, 430, 1180, 1420):
        tree(p, x, 690, .8, bare=True, bark='#8a7c6a')
    p.hill(690, 14, '#a48a62')
    p.hill(800, 12, '#7f6142')
    p.line([(800, 880), (792, 700), (806, 600)], 34, 'bark', smooth=True)
    p.line([(806, 640), (800, 470), (826, 320), (818, 190)], 20, '#8a6248', smooth=True)
    p.line([(812, 440), (872, 330), (900, 235)], 12, '#8a6248', smooth=True)
    p.line([(806, 520), (742, 400), (726, 310)], 11, '#8a6248', smooth=True)
    for k in range(9):
        p.line([(780, 668 - k * 15), (830, 658 - k * 15)], 12, mix('cream', 'teal', .12 + .06 * (k % 3)))
    for x, y, a in ((826, 320, -.6), (818, 196, -1.2), (900, 238, -.5), (726, 312, -2.2), (872, 335, .1), (760, 430, -2.8), (842, 260, -2.6), (800, 470, -.1), (890, 270, -2.2)):
        for d in (-.45, .45):
            q = 60
            ca, sa = math.cos(a + d), math.sin(a + d)
            p.blob([(x, y), (x + q * .5 * ca - q * .2 * sa, y + q * .5 * sa + q * .2 * ca), (x + q * ca, y + q * sa), (x + q * .5 * ca + q * .2 * sa, y + q * .5 * sa - q * .2 * ca)],
                   mix('leaf', 'straw', p.rng.random() * .4), angle=a)
    p.line([(760, 745), (690, 770)], 4, 'cream')
    p.poly([(640, 752), (704, 752), (704, 800), (640, 800), (618, 776)], 'cream')
    p.line([(656, 772), (692, 772)], 3, 'slate')
    p.line([(656, 784), (682, 784)], 3, 'slate')
    for _ in range(170):
        p.oval(p.rng.uniform(0, 1600), p.rng.uniform(830, 1000), p.rng.uniform(10, 40), p.rng.uniform(5, 13), mix('#7f6142', 'ink' if p.rng.random() < .5 else 'sand', .25),
               strength=.3, alpha=.6)
    p.grass(860, 1010, 'moss', 90, 40)


def nursery_rows(p):
    p.sky('#c6d5cf', '#f3ead3')
    p.trees(p.hill(380, 36, '#93a98f'), '#879e85', 22)
    p.rect(0, 470, 1600, 540, '#8b6c49')
    for k in range(7):
        x = 800 + (k - 3) * 70
        p.poly([(x - 8, 470), (x + 8, 470), (800 + (k - 3) * 430 + 90, 1010), (800 + (k - 3) * 430 - 90, 1010)], '#6f5438', alpha=.8)
    for r in range(7):
        t = (r / 6) ** 1.6
        y = 510 + 430 * t
        for k in range(6):
            x = 800 + (k - 2.5) * (75 + 340 * t)
            h = 50 + 210 * t
            p.line([(x, y), (x + 3, y - h)], 3 + 7 * t, 'bark')
            p.line([(x + 10 + 10 * t, y), (x + 10 + 10 * t, y - h * .9)], 2 + 4 * t, 'sand')
            for _ in range(9):
                p.oval(x + p.rng.normal(0, 5 + 26 * t), y - h * p.rng.uniform(.5, 1.1), 4 + 14 * t, 2 + 7 * t, mix('leaf', 'straw', p.rng.random() * .4), turn=p.rng.uniform(0, 3), strength=0)
            p.rect(x - 4 - 20 * t, y - h * .3, 8 + 26 * t, 5 + 17 * t, 'cream', strength=.2)


def bridge_scene(p):
    p.sky('#b8cccb', '#f5e8cc')
    p.trees(p.hill(350, 44, '#a0b4a2'), '#93a996', 16)
    mill(p, 150, 560, .72, wall='sand', roof='slate', glass='#58757a')
    p.trees(p.hill(560, 18, '#6f8a5e'), '#5f7a50', 34)
    p.water(640, 1010, 'river', 'cream', 150)
    bridge(p, 520, 700, 760, 250)
    p.shade(520, 700, 760, 140, 'ink', .3)
    for x, s, leaf in ((1460, 1.5, 'moss'), (350, 1.1, 'sage'), (60, 1.4, 'moss')):
        tree(p, x, 720, s, leaf=leaf)
    p.blob([(-60, 720), (200, 730), (420, 760), (300, 860), (120, 960), (-60, 1040)], 'leaf')
    p.blob([(1660, 730), (1400, 745), (1330, 790), (1460, 900), (1660, 1000)], 'moss')
    p.grass(760, 960, 'moss', 260, 44, 0, 280)
    p.grass(760, 960, 'deep', 200, 44, 1420, 1600)


SCENES = {
    'mill-dusk': mill_dusk, 'mill-morning': mill_morning, 'weir': weir, 'river-light': river_light, 'solar-roof': solar_roof,
    'apples': apples, 'wheat': wheat, 'hedge': hedge, 'pleacher': pleacher, 'bicycles': bicycles, 'pressing': pressing,
    'press': press, 'orchard-night': orchard_night, 'grafting': grafting, 'nursery-rows': nursery_rows, 'bridge': bridge_scene,
}
