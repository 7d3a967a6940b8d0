# SPDX-License-Identifier: Apache-2.0
"""Pictures indoors, tables and close-ups. A scene draws on a Picture; SCENES names its file."""
import math

from brush import mix
from things import apple, chair, jar, loaf, mill, table, tree, window


def plaster(p, colour, dado=None, at=640):
    p.sky(mix(colour, 'cream', .25), mix(colour, 'bark', .08))
    if dado:
        p.rect(0, at, p.w, p.h - at, dado)
        p.rect(0, at - 12, p.w, 16, mix(dado, 'cream', .35), strength=.4)


def cup(p, x, y, s, colour='teal'):
    p.oval(x, y + 6 * s, 74 * s, 12 * s, 'ink', strength=0, alpha=.22)
    p.ring(x + 62 * s, y - 52 * s, 27 * s, 11 * s, colour)
    p.blob([(x - 58 * s, y - 100 * s), (x + 58 * s, y - 100 * s), (x + 52 * s, y - 24 * s), (x + 30 * s, y), (x - 30 * s, y), (x - 52 * s, y - 24 * s)], colour, angle=1.3)
    p.oval(x, y - 98 * s, 58 * s, 12 * s, mix(colour, 'cream', .35), strength=.3)
    p.oval(x, y - 96 * s, 49 * s, 9 * s, 'bark', strength=.2)


def landscape_in(p, x, y, w, h):
    """What is seen through a window: sky, hills, a river."""
    c = p.c
    c.save()
    c.rectangle(x, y, w, h)
    c.clip()
    p.rect(x, y, w, h, '#cfe0dc')
    for k, (t, col) in enumerate(((.5, 'mist'), (.62, 'sage'), (.74, 'moss'))):
        p.blob([(x - 60, y + h * (t + .1)), (x + w * .25, y + h * (t - .06)), (x + w * .55, y + h * (t + .06)), (x + w * .8, y + h * (t - .04 + .03 * k)), (x + w + 60, y + h * t),
                (x + w + 60, y + h + 60), (x - 60, y + h + 60)], col)
    c.restore()


def loaves(p):
    plaster(p, 'paper')
    landscape_in(p, 980, 90, 430, 470)
    window(p, 980, 90, 430, 470, '#cfe0dc', bars=(1, 1))
    landscape_in(p, 980, 90, 430, 470)
    for x in (1123, 1266):
        p.line([(x, 90), (x, 560)], 9, 'cream')
    p.line([(980, 325), (1410, 325)], 9, 'cream')
    p.glow(1190, 330, 700, 'cream', .5)
    table(p, 700, 'bark')
    p.blob([(120, 800), (160, 742), (1120, 742), (1180, 800), (1130, 862), (160, 862)], mix('crust', 'cream', .45), angle=0)
    p.blob([(1140, 780), (1620, 784), (1620, 822), (1140, 826)], mix('crust', 'cream', .4), angle=0)
    loaf(p, 360, 640, 205, 150, 'crust', 3)
    loaf(p, 930, 650, 200, 140, '#8a5a33', 4)
    loaf(p, 650, 716, 215, 138, 'ochre', 3)
    p.blob([(1260, 940), (1330, 890), (1480, 900), (1560, 950), (1440, 985), (1300, 978)], 'cream')
    for k in range(7):
        p.line([(1290 + 38 * k, 915 - 3 * (k % 3)), (1280 + 40 * k, 968)], 4, 'teal', alpha=.7)


def rye(p):
    plaster(p, '#cdbb9a')
    p.glow(350, 180, 760, 'cream', .65)
    table(p, 560, '#7a5a40')
    p.blob([(210, 800), (260, 660), (1300, 640), (1420, 800), (1340, 900), (260, 910)], mix('crust', 'cream', .3), angle=0)
    p.oval(760, 830, 520, 46, 'ink', strength=0, alpha=.25)
    p.blob([(330, 800), (330, 480), (380, 420), (640, 400), (980, 405), (1090, 450), (1110, 790), (1060, 830), (380, 835)], '#4e3626', angle=.1)
    p.glow(600, 470, 380, 'crust', .45)
    p.blob([(930, 826), (930, 470), (975, 420), (1070, 440), (1108, 500), (1106, 800), (1060, 832)], '#8a6242', angle=1.4)
    for _ in range(230):
        p.oval(p.rng.uniform(948, 1092), p.rng.uniform(470, 808), p.rng.uniform(2, 6), p.rng.uniform(2, 5), ('#6a4a32', '#a67c55', '#3d2a1e')[p.rng.integers(3)], strength=0)
    for _ in range(90):
        p.oval(p.rng.uniform(370, 900), p.rng.uniform(415, 480), 7, 3.4, ('sand', '#d8b98a', 'crust')[p.rng.integers(3)], turn=p.rng.uniform(-.6, .6), strength=0)
    for k in range(2):
        x = 1165 + k * 100
        p.blob([(x, 826 - k * 6), (x + 18, 520), (x + 60, 470), (x + 150, 480), (x + 180, 540), (x + 186, 800), (x + 160, 836), (x + 24, 840)], '#4e3626', angle=1.4)
        p.blob([(x + 16, 816 - k * 6), (x + 34, 530), (x + 68, 488), (x + 146, 496), (x + 170, 548), (x + 174, 796), (x + 152, 826), (x + 34, 828)], '#8f6746', angle=1.4)
        for _ in range(120):
            p.oval(p.rng.uniform(x + 40, x + 164), p.rng.uniform(515, 810), p.rng.uniform(2, 6), p.rng.uniform(2, 5), ('#6a4a32', '#a67c55')[p.rng.integers(2)], strength=0)
    p.blob([(300, 968), (620, 935), (900, 925), (906, 948), (640, 972), (330, 984)], 'steel', angle=-.1)
    p.blob([(890, 918), (1180, 905), (1204, 926), (1184, 944), (900, 954)], '#3b2a20', angle=0)
    for x in (960, 1050, 1140):
        p.oval(x, 931 - (x - 960) * .03, 6, 6, 'straw', strength=0)


def dry_store(p):
    plaster(p, 'paper')
    for y in (330, 640):
        p.rect(60, y, 1480, 30, 'bark', angle=0)
        p.shade(60, y + 30, 1480, 60, 'ink', .2)
    fills = ('#b5542f', 'cream', '#8d9a55', '#4b3527', 'straw', '#a63f2f', '#d9c9a0', '#6d7f4a', '#c98b3c', '#e9dcc0')
    for row, y in enumerate((330, 640)):
        x, k = 100, row * 3
        while x < 1400:
            w = p.rng.uniform(104, 150)
            jar(p, x, y, w, p.rng.uniform(165, 215), fills[k % 10], p.rng.uniform(.45, .85), ('bark', 'teal', 'brick')[k % 3])
            x += w + p.rng.uniform(26, 44)
            k += 1
    table(p, 850, '#80603f')
    p.rect(600, 812, 330, 44, 'brick')
    p.line([(765, 812), (765, 690)], 16, 'slate')
    p.line([(560, 716), (765, 690), (970, 716)], 12, 'slate', smooth=True)
    for x, f in ((560, 'ochre'), (970, None)):
        p.line([(x, 716), (x - 80, 776)], 3, 'slate')
        p.line([(x, 716), (x + 80, 776)], 3, 'slate')
        if f:
            for _ in range(90):
                p.oval(x + p.rng.normal(0, 30), 774 - abs(p.rng.normal(0, 12)), 8, 6, mix(f, 'bark', p.rng.random() * .4), strength=0)
        else:
            p.rect(x - 24, 734, 48, 40, 'slate')
            p.oval(x, 730, 14, 10, 'slate')
        p.blob([(x - 96, 774), (x + 96, 774), (x + 60, 802), (x - 60, 802)], 'straw', angle=0)
    p.blob([(1130, 850), (1150, 730), (1230, 712), (1330, 726), (1350, 850)], '#c9b287', angle=1.4)
    p.blob([(1160, 734), (1240, 700), (1326, 730), (1240, 752)], mix('#c9b287', 'bark', .4))
    p.glow(200, 80, 760, 'lamp', .3)


def tools(p):
    plaster(p, 'sand')
    for x in range(0, 1600, 178):
        p.rect(x, 0, 174, 1000, mix('sand', 'crust', .25 + .12 * p.rng.random()), angle=1.56)
    for x in range(174, 1600, 178):
        p.line([(x, 0), (x, 1000)], 4, 'bark', alpha=.5)

    def peg(x, y):
        p.oval(x + 5, y + 6, 12, 12, 'ink', strength=0, alpha=.3)
        p.oval(x, y, 12, 12, 'cream', strength=.2)

    def shadowed(fn, dx=12, dy=14):
        fn()
    # hand saw
    p.poly([(150, 210), (640, 300), (640, 330), (150, 380)], 'steel', angle=.1)
    for k in range(24):
        p.poly([(150 + k * 20, 380 - k * 2.1), (160 + k * 20, 392 - k * 2.1), (170 + k * 20, 378 - k * 2.1)], 'steel', strength=0)
    p.blob([(60, 200), (150, 190), (170, 290), (160, 400), (80, 400), (50, 300)], 'crust')
    p.blob([(95, 250), (130, 250), (135, 340), (100, 345)], mix('sand', 'crust', .3))
    peg(114, 246)
    # brace
    p.line([(800, 120), (800, 230), (870, 250), (870, 350), (800, 370), (800, 520)], 20, 'slate')
    p.oval(800, 112, 52, 24, 'crust')
    p.rect(852, 256, 38, 90, 'crust')
    p.poly([(786, 500), (814, 500), (806, 640), (794, 640)], 'steel')
    peg(800, 70)
    # level
    p.rect(1000, 180, 520, 74, 'ochre', angle=0)
    p.rect(1210, 198, 100, 38, 'leaf')
    p.oval(1262, 217, 15, 12, 'cream', strength=0)
    p.line([(1236, 198), (1236, 236)], 3, 'ink')
    p.line([(1288, 198), (1288, 236)], 3, 'ink')
    for x in (1030, 1490):
        peg(x, 166)
    # hammer
    p.rect(1050, 360, 36, 440, 'crust', angle=1.5)
    p.blob([(950, 340), (1000, 322), (1130, 326), (1180, 346), (1180, 396), (1130, 404), (1000, 402), (960, 384)], 'slate')
    peg(1010, 420)
    peg(1120, 420)
    # plane
    p.rect(160, 700, 470, 96, 'bark', angle=0)
    p.rect(160, 788, 470, 18, 'steel', angle=0)
    p.blob([(200, 700), (200, 630), (240, 610), (270, 640), (262, 700)], 'crust')
    p.blob([(500, 700), (490, 620), (530, 580), (580, 610), (590, 700)], 'crust')
    p.poly([(360, 700), (420, 590), (452, 600), (410, 700)], 'steel')
    p.rect(120, 806, 560, 22, 'bark')
    # chisels
    for k in range(5):
        x = 1240 + k * 70
        p.rect(x, 370, 30, 140, ('crust', 'ochre', 'brick', 'crust', 'teal')[k], angle=1.5)
        p.rect(x + 2, 506, 26, 14, 'slate')
        p.poly([(x + 3, 520), (x + 27, 520), (x + 27, 690 + 10 * (k % 2)), (x + 3, 670 + 10 * (k % 2))], 'steel', angle=1.5)
    p.rect(1215, 420, 350, 26, 'bark')
    # try square and string
    p.poly([(760, 700), (800, 700), (800, 860), (980, 860), (980, 896), (760, 896)], 'steel')
    p.rect(752, 690, 60, 210, 'bark', angle=1.5)
    for r in range(70, 20, -8):
        p.ring(1330, 840, r, 7, mix('straw', 'bark', .1 + .3 * (r % 16) / 16))
    p.shade(0, 0, 1600, 1000, 'lamp', .22, 0, across=True)


def hall_room(p, evening=False):
    wall, floor = ('#7d7160', '#a7783f') if evening else ('paper', '#d7b27a')
    p.sky(mix(wall, 'cream', .2), wall)
    c = p.c
    p.poly([(0, 0), (1600, 0), (1080, 250), (560, 250)], mix(wall, 'cream', .3))
    for k in range(6):
        t = k / 5
        p.line([(0 + 560 * t, 250 * t), (1600 - 520 * t, 250 * t)], 18 - 11 * t, 'bark')
    p.poly([(560, 250), (1080, 250), (1080, 560), (560, 560)], mix(wall, 'bark', .08))
    p.poly([(0, 1010), (560, 560), (1080, 560), (1600, 1010)], floor, angle=1.2)
    for k in range(25):
        t = k / 24
        p.line([(560 + 520 * t, 560), (-160 + 1920 * t, 1010)], 2, 'bark', alpha=.35)
    glass = '#31424f' if evening else '#dbe8e2'

    def side(u):
        return 560 * u, 250 * u, 1010 - 450 * u
    for k in range(5):
        u0, u1 = .06 + k * .19, .06 + k * .19 + .115
        for flip in (False, True):
            q = []
            for u, v in ((u0, .2), (u1, .2), (u1, .72), (u0, .72)):
                x, top, bottom = side(u)
                y = top + (bottom - top) * v
                if flip:
                    x = 1600 - 520 * u
                q.append((x, y))
            if flip and k % 2:
                continue
            p.poly(q, glass, angle=1.4)
            if not evening and not flip:
                p.glow((q[0][0] + q[1][0]) / 2, (q[0][1] + q[2][1]) / 2, 170 - 20 * k, 'cream', .5)
            p.line(q + [q[0]], 10 - k, 'cream')
            for m in (.25, .5, .75):
                p.line([(q[0][0], q[0][1] + (q[3][1] - q[0][1]) * m), (q[1][0], q[1][1] + (q[2][1] - q[1][1]) * m)], 4, 'cream')
            p.line([((q[0][0] + q[1][0]) / 2, (q[0][1] + q[1][1]) / 2), ((q[2][0] + q[3][0]) / 2, (q[2][1] + q[3][1]) / 2)], 4, 'cream')
    return c


def hall(p):
    hall_room(p)
    for k in range(4):
        t = k / 4
        x, y, f = 330 - 40 * t + 120 * k * .62, 900 - 300 * t ** .8, 1 - .62 * t
        p.poly([(x, y), (x + 190 * f, y - 26 * f), (x + 640 * f, y + 44 * f), (x + 430 * f, y + 84 * f)], 'cream', alpha=.5, strength=.3)
    p.rect(760, 360, 120, 200, 'blue')
    p.oval(860, 470, 6, 6, 'straw', strength=0)
    for k in range(5):
        chair(p, 1290 + k * 9, 905 - k * 20, 1.0, 'bark')


def hall_evening(p):
    hall_room(p, True)
    p.rect(760, 360, 120, 200, '#3b4f60')
    for u in (.0, .5, 1):
        x0 = 330 + 390 * u
        p.poly([(x0 + 130, 640), (x0 + 220, 640), (x0 + 170 + 110 * (u - .5), 960), (x0 - 50 + 110 * (u - .5), 960)], 'cream', angle=1.4)
        p.shade(x0 - 60, 640, 330, 330, 'lamp', .05, .0)
        for k in range(6):
            t = k / 5
            y = 655 + 280 * t
            x = x0 + 175 - 80 * t + 110 * (u - .5) * t
            s = .5 + .7 * t
            p.glow(x, y - 30 * s, 130 * s, 'lamp', .5)
            p.rect(x - 6 * s, y - 26 * s, 12 * s, 26 * s, 'straw', strength=.2)
            p.oval(x, y - 34 * s, 6 * s, 11 * s, 'cream', strength=0)
            for d in (-1, 1):
                p.oval(x + d * (26 + 26 * t), y + 4, 15 * s, 6 * s, 'mist', strength=.2)
    for k in range(9):
        x = 380 + 105 * k
        y = 250 + 60 * math.sin(math.pi * k / 8)
        p.glow(x, y, 90, 'lamp', .6)
        p.oval(x, y, 11, 13, 'lamp', strength=0)
    p.line([(330, 205)] + [(380 + 105 * k, 240 + 60 * math.sin(math.pi * k / 8)) for k in range(9)] + [(1280, 205)], 3, 'ink', smooth=True)


def meeting(p):
    hall_room(p)
    tones = ('#8a4431', '#3f6b63', '#41647a', '#c98b3c', '#66794a', '#7a5a6a', '#5f6d72', '#b3572f')
    hair = ('#3a2a22', '#6d4a34', '#b7ab95', '#d8c6a0', '#1d2b30', '#948a79')
    skin = ('#d9a483', '#c48e68', '#8a5f45', '#e3b998', '#6d4a38')
    p.rect(720, 470, 200, 100, 'bark')
    for x in (750, 820, 890):
        p.blob([(x - 24, 480), (x - 20, 430), (x, 420), (x + 20, 430), (x + 24, 480)], tones[x % 8])
        p.oval(x, 404, 15, 18, skin[x % 5], strength=.3)
        p.oval(x, 396, 16, 12, hair[x % 6], strength=.3)
    for row in range(6):
        t = (row / 5) ** 1.25
        y = 640 + 360 * t
        s = .62 + .95 * t
        n = 10 - row // 2
        for k in range(n):
            x = 800 + (k - (n - 1) / 2) * 84 * s + p.rng.normal(0, 3)
            if p.rng.random() < .14:
                chair(p, x - 26 * s, y + 44 * s, s * .9, 'bark')
                continue
            col = tones[p.rng.integers(8)]
            p.blob([(x - 36 * s, y + 62 * s), (x - 33 * s, y - 20 * s), (x - 12 * s, y - 36 * s), (x + 12 * s, y - 36 * s), (x + 33 * s, y - 20 * s), (x + 36 * s, y + 62 * s)], col)
            p.rect(x - 7 * s, y - 46 * s, 14 * s, 16 * s, skin[p.rng.integers(5)], strength=.2)
            h = hair[p.rng.integers(6)]
            p.oval(x, y - 60 * s, 18 * s, 22 * s, h, strength=.5)
            if p.rng.random() < .3:
                p.oval(x, y - 40 * s, 20 * s, 20 * s, h, strength=.4)
            if p.rng.random() < .12:
                p.line([(x + 28 * s, y), (x + 40 * s, y - 60 * s), (x + 36 * s, y - 110 * s)], 13 * s, col, smooth=True)
                p.oval(x + 36 * s, y - 118 * s, 9 * s, 11 * s, skin[p.rng.integers(5)], strength=.2)


def lamp_bench(p):
    p.sky('#2d3a3f', '#3d4a4b')
    for x in range(40, 1600, 150):
        p.rect(x, 60, 100, 12, '#4d4740')
    p.glow(760, 420, 900, 'lamp', .5)
    table(p, 690, '#7a5638')
    p.oval(760, 800, 560, 120, 'lamp', strength=.2, alpha=.35)
    p.oval(420, 792, 110, 24, 'ink', alpha=.5)
    p.line([(420, 785), (400, 560), (560, 300), (700, 330)], 18, 'teal')
    p.oval(400, 560, 20, 20, 'slate')
    p.oval(560, 300, 20, 20, 'slate')
    p.poly([(660, 290), (760, 270), (850, 430), (640, 470)], 'teal')
    p.oval(746, 452, 104, 22, 'cream', turn=-.19)
    p.poly([(650, 470), (845, 436), (1180, 830), (420, 850)], 'lamp', strength=0, alpha=.2)
    # toaster
    p.blob([(960, 850), (960, 690), (1000, 650), (1240, 650), (1280, 690), (1280, 850)], 'steel', angle=0)
    p.glow(1040, 700, 150, 'cream', .6)
    p.rect(1010, 640, 220, 22, 'ink')
    p.rect(1282, 700, 22, 34, 'bark')
    for x in (985, 1235):
        p.rect(x, 846, 34, 18, 'ink')
    p.line([(960, 830), (860, 880), (900, 950), (780, 960)], 8, 'ink', smooth=True)
    # radio back, screws, tools
    p.rect(90, 690, 250, 180, 'bark')
    p.rect(112, 712, 206, 104, 'sand')
    for x in range(120, 312, 12):
        p.line([(x, 716), (x, 812)], 3, 'bark', alpha=.6)
    for x in (150, 280):
        p.oval(x, 842, 16, 16, 'cream')
    p.line([(560, 900), (700, 866)], 12, 'steel')
    p.line([(480, 920), (565, 899)], 28, 'brick')
    p.line([(1100, 930), (1330, 900)], 9, 'steel')
    p.line([(1330, 900), (1430, 888)], 26, 'ochre')
    for _ in range(13):
        p.oval(p.rng.uniform(560, 900), p.rng.uniform(800, 860), 7, 6, 'steel', strength=0)
    cup(p, 1460, 830, 1.1, 'cream')


def lamp_sill(p):
    p.sky('#39474b', '#4c5553')
    p.rect(230, 40, 1140, 740, '#1d2d3b')
    p.stars(0, 1)
    for _ in range(60):
        p.oval(p.rng.uniform(240, 1360), p.rng.uniform(50, 480), 2.2, 2.2, 'cream', strength=0, alpha=p.rng.uniform(.3, .9))
    c = p.c
    c.save()
    c.rectangle(230, 40, 1140, 740)
    c.clip()
    p.blob([(100, 620), (420, 520), (700, 590), (1000, 500), (1300, 560), (1500, 520), (1500, 900), (100, 900)], '#16242d')
    p.blob([(100, 720), (500, 660), (900, 700), (1500, 640), (1500, 900), (100, 900)], '#121d24')
    for x, y in ((470, 612), (520, 628), (1120, 585), (1010, 640), (690, 672)):
        p.oval(x, y, 6, 6, 'lamp', strength=0)
        p.glow(x, y, 40, 'lamp', .5)
    c.restore()
    for x in (230, 610, 990, 1370):
        p.rect(x - 14, 40, 28, 745, '#8d8470', angle=1.5)
    p.rect(216, 380, 1168, 22, '#8d8470')
    p.rect(120, 770, 1360, 56, '#a3977f', angle=0)
    p.rect(0, 826, 1600, 190, '#5d5a50')
    p.glow(800, 470, 820, 'lamp', .6)
    p.oval(800, 786, 190, 26, 'ink', alpha=.35, strength=0)
    p.oval(800, 772, 120, 24, 'straw')
    p.blob([(780, 770), (770, 660), (790, 600), (788, 540), (812, 540), (810, 600), (830, 660), (820, 770)], 'straw', angle=1.5)
    p.poly([(690, 330), (910, 330), (1010, 560), (590, 560)], 'moss', angle=1.4)
    p.glow(800, 480, 190, 'lamp', .75)
    p.line([(690, 330), (910, 330)], 10, 'straw')
    p.line([(590, 560), (1010, 560)], 12, 'straw')
    p.oval(800, 566, 170, 13, 'cream', strength=0, alpha=.85)
    p.line([(900, 780), (1010, 800), (1120, 780), (1220, 830), (1200, 1010)], 7, 'ink', smooth=True)
    p.rect(300, 690, 130, 30, 'brick', angle=0)
    p.rect(310, 662, 118, 28, 'blue', angle=0)
    p.rect(296, 720, 140, 50, 'ochre', angle=0)
    p.blob([(1150, 770), (1140, 690), (1250, 690), (1240, 770)], 'brick')
    for k in range(11):
        a = -2.6 + k * .21
        p.line([(1195, 690), (1195 + math.cos(a) * 70, 690 + math.sin(a) * 90), (1195 + math.cos(a) * 130, 690 + math.sin(a) * 130)], 9, 'deep', smooth=True)


def ledger(p):
    plaster(p, '#d6c9ab')
    landscape_in(p, 900, -40, 520, 470)
    for x in (900, 1160, 1420):
        p.rect(x - 9, -40, 18, 480, 'cream')
    p.rect(900, 195, 520, 14, 'cream')
    p.rect(850, 430, 620, 40, 'cream')
    p.glow(1160, 260, 720, 'cream', .55)
    table(p, 560, '#71523a')
    p.poly([(250, 900), (360, 610), (1230, 610), (1350, 900)], 'brick')
    p.poly([(275, 884), (378, 602), (790, 614), (795, 892)], 'cream', angle=1.4)
    p.poly([(795, 892), (790, 614), (1212, 602), (1325, 884)], '#f1e6cc', angle=1.4)
    p.shade(700, 604, 96, 290, 'ink', 0, .2, across=True)
    p.shade(795, 604, 80, 290, 'ink', .16, 0, across=True)
    for k in range(13):
        t = k / 12
        y = 632 + 236 * t
        for x0, x1, xs in ((400 - 88 * t, 770, (470 - 60 * t, 640 - 10 * t)), (818, 1196 + 98 * t, (930 + 12 * t, 1090 + 50 * t))):
            p.line([(x0, y), (x1, y)], 1.6, 'river', alpha=.7)
            if p.rng.random() < .85:
                a = x0 + 10
                while a < xs[0] + 60:
                    w = p.rng.uniform(12, 40)
                    p.line([(a, y - 5), (a + w, y - 5 - p.rng.normal(0, 2))], 3, 'ink', alpha=.75)
                    a += w + 9
                p.line([(x1 - 70, y - 5), (x1 - 22, y - 5)], 3.4, 'ink' if p.rng.random() < .8 else 'brick', alpha=.8)
    p.line([(900, 940), (1240, 800)], 15, 'ochre')
    p.line([(1240, 800), (1266, 789)], 12, 'sand')
    p.line([(1262, 791), (1276, 785)], 5, 'ink')
    cup(p, 160, 800, 1.5, 'teal')
    for k in range(3):
        p.line([(160 + 14 * k, 600 - 30 * k), (150 + 20 * k, 560 - 30 * k), (172 + 10 * k, 520 - 30 * k)], 7, 'cream', alpha=.35, smooth=True)


def papers(p):
    table(p, -20, '#8f6a47', '#8f6a47')
    p.glow(300, 100, 900, 'cream', .4)

    def sheet(x, y, w, h, a, colour, kind):
        c = p.c
        c.save()
        c.translate(x, y)
        c.rotate(a)
        p.rect(12, 14, w, h, 'ink', strength=0, alpha=.22)
        p.rect(0, 0, w, h, colour, angle=.1)
        if kind == 'text':
            p.rect(40, 40, w * .55, 20, 'teal', strength=.3)
            for k in range(int((h - 130) / 24)):
                p.line([(40, 100 + k * 24), (w - 40 - (p.rng.random() * 150 if k % 5 == 4 else 0), 100 + k * 24)], 6, 'slate', alpha=.55)
        elif kind == 'bars':
            for k in range(6):
                b = h * (.2 + .5 * abs(math.sin(k * 1.1 + .6)))
                p.rect(56 + k * (w - 100) / 6, h - 60 - b, (w - 100) / 9, b, ('river', 'ochre', 'brick')[k % 3])
            p.line([(40, h - 58), (w - 40, h - 58)], 5, 'ink')
        else:
            for k in range(7):
                pts = [(30 + (w - 60) * t / 8, h * (.18 + .1 * k) + 24 * math.sin(t * .8 + k * .5)) for t in range(9)]
                p.line(pts, 3.4, ('moss', 'teal')[k % 2], alpha=.8, smooth=True)
            p.line([(30, h * .8), (w * .4, h * .55), (w * .6, h * .6), (w - 30, h * .3)], 15, 'river', smooth=True)
        c.restore()
    sheet(120, 190, 560, 740, -.1, 'cream', 'text')
    sheet(930, 60, 560, 420, .12, '#e9e1c6', 'map')
    sheet(640, 330, 520, 640, .05, '#f8f1df', 'bars')
    sheet(1120, 560, 420, 480, -.16, 'cream', 'text')
    for k in range(3):
        p.line([(330, 560 + 60 * k), (470, 546 + 60 * k)], 15, 'lamp', alpha=.7)
    p.poly([(520, 140), (1010, 70), (1018, 122), (528, 194)], 'straw', angle=-.1)
    for k in range(24):
        x = 536 + 19.6 * k
        p.line([(x, 186 - k * 2.9), (x - 1, (172 if k % 5 else 160) - k * 2.9)], 2.4, 'ink')
    p.ring(1010, 860, 66, 10, 'ink')
    p.ring(1170, 880, 66, 10, 'ink')
    p.line([(1074, 850), (1106, 856)], 9, 'ink')
    p.line([(946, 846), (870, 760), (850, 740)], 9, 'ink', smooth=True)
    p.line([(1234, 874), (1330, 800), (1352, 792)], 9, 'ink', smooth=True)
    for x, y in ((1010, 860), (1170, 880)):
        p.oval(x, y, 60, 60, 'sky', strength=0, alpha=.35)


def key(p):
    for r in range(13):
        for k in range(11):
            x = k * 170 - (r % 2) * 80
            p.blob([(x + 5, r * 80 + 5), (x + 160, r * 80 + 4), (x + 162, r * 80 + 72), (x + 3, r * 80 + 74)], mix('stone', ('bark', 'cream')[p.rng.integers(2)], p.rng.random() * .3))
    p.rect(140, -20, 600, 1040, 'cream')
    p.rect(180, -20, 520, 1040, 'blue', angle=1.5)
    for x in (180, 353, 526):
        p.rect(x + 4, -20, 164, 1040, mix('blue', ('river', 'ink')[p.rng.integers(2)], .12), angle=1.55)
    for y in (180, 760):
        p.rect(180, y, 470, 28, 'ink')
        p.oval(662, y + 14, 20, 22, 'ink')
    p.rect(590, 440, 70, 140, '#2b3b46')
    p.oval(626, 486, 24, 24, 'straw')
    p.oval(626, 546, 8, 9, 'ink', strength=0)
    p.rect(622, 548, 9, 22, 'ink', strength=0)
    p.glow(1300, 120, 900, 'lamp', .3)
    p.rect(1050, 300, 170, 34, 'bark')
    p.line([(1135, 330), (1135, 372), (1160, 384)], 9, 'ink', smooth=True)
    p.ring(1138, 470, 84, 24, '#2a3236')
    p.ring(1138, 470, 84, 4, 'slate')
    p.rect(1125, 552, 27, 260, '#2a3236', angle=1.5)
    p.rect(1150, 730, 70, 24, '#2a3236')
    p.rect(1150, 776, 54, 24, '#2a3236')
    p.rect(1206, 730, 16, 40, '#2a3236')
    p.rect(1112, 560, 52, 15, '#2a3236')
    p.line([(1138, 384), (1090, 430), (1060, 520)], 5, 'sand', smooth=True)
    p.poly([(1020, 520), (1086, 512), (1096, 610), (1030, 620)], 'cream')
    p.line([(1042, 560), (1078, 556)], 4, 'slate')
    p.line([(1044, 582), (1072, 579)], 4, 'slate')
    for k in range(12):
        a = p.rng.uniform(2.6, 6.8)
        p.line([(1480, 1010), (1480 + math.cos(a) * 60, 880), (1480 + math.cos(a) * 170, 800 + p.rng.normal(0, 70))], 9, 'deep', smooth=True)
    for _ in range(60):
        p.oval(1480 + p.rng.normal(0, 130), 850 + p.rng.normal(0, 90), 24, 12, mix('moss', 'straw', p.rng.random() * .4), turn=p.rng.uniform(0, 3), strength=.3)


def wheelpit(p):
    p.rect(0, 0, 1600, 1000, '#2c3334')
    for r in range(14):
        for k in range(12):
            x = k * 150 - (r % 2) * 70
            t = max(0, 1 - math.hypot(x - 900, r * 74 - 420) / 950)
            p.blob([(x + 5, r * 74 + 5), (x + 140, r * 74 + 4), (x + 142, r * 74 + 66), (x + 3, r * 74 + 68)], mix(mix('#2f3636', 'wall', .75 * t), 'bark', p.rng.random() * .25))
    p.poly([(1130, 60), (1330, 60), (1330, 250), (1130, 250)], 'cream')
    p.line([(1230, 60), (1230, 250)], 8, 'slate')
    p.line([(1130, 155), (1330, 155)], 8, 'slate')
    p.poly([(1130, 60), (1330, 250), (760, 1010), (140, 1010)], 'lamp', strength=0, alpha=.17)
    p.poly([(1130, 150), (1290, 250), (560, 1010), (320, 1010)], 'cream', strength=0, alpha=.1)
    p.glow(1230, 155, 480, 'lamp', .5)
    p.poly([(-10, 700), (420, 640), (1180, 640), (1610, 720), (1610, 1010), (-10, 1010)], '#1f3236', angle=0)
    for _ in range(90):
        y = p.rng.uniform(660, 1000)
        x = p.rng.normal(640 - (y - 660) * .5, 260)
        p.line([(x - 60, y), (x + 60, y)], 4, 'lamp' if abs(x - 640) < 220 else 'river', alpha=p.rng.uniform(.1, .5))
    for k in range(14):
        x, y = 150 + k * 34, 330 + k * 26
        p.poly([(x, y), (x + 90, y), (x + 90, y + 26), (x, y + 26)], mix('wall', 'ink', .35))
        p.shade(x, y + 26, 90, 12, 'ink', .5)
    p.line([(190, 230), (640, 575)], 8, 'slate')
    for k in range(7):
        p.line([(200 + k * 70, 238 + k * 54), (200 + k * 70, 350 + k * 54)], 6, 'slate')


def screw(p):
    p.sky('#5d6b68', '#394848')
    for r in range(8):
        for k in range(12):
            x = k * 150 - (r % 2) * 70
            p.blob([(x + 5, r * 70 + 5), (x + 140, r * 70 + 4), (x + 142, r * 70 + 62), (x + 3, r * 70 + 64)], mix('#6d6a5f', ('bark', 'cream')[p.rng.integers(2)], p.rng.random() * .25))
    p.glow(1350, 60, 900, 'lamp', .4)
    p.poly([(-20, 1020), (-20, 760), (1620, 120), (1620, 520), (700, 1020)], '#4d5552', angle=-.4)
    p.poly([(-20, 1020), (-20, 850), (1620, 205), (1620, 430), (480, 1020)], '#2d5560', angle=-.4)
    ax, ay, bx, by, big, turns = -40, 905, 1500, 290, 150, 5.5
    n = math.hypot(bx - ax, by - ay)
    ux, uy = (bx - ax) / n, (by - ay) / n

    def blade(phi, t, r):
        """A point of the screw at turn phi, t along the axis and r from it, seen a little from the side."""
        across, along = r * math.cos(phi), .34 * r * math.sin(phi)
        return ax + (bx - ax) * t - uy * across + ux * along, ay + (by - ay) * t + ux * across + uy * along

    def blades(front):
        steps = 900
        for k in range(2 * steps):  # two starts, half a turn apart
            phi = 2 * math.pi * turns * (k % steps) / steps + math.pi * (k // steps)
            k %= steps
            if (math.sin(phi) < 0) != front:
                continue
            q = [blade(phi, k / steps, 26), blade(phi, k / steps, big), blade(phi + .035, (k + 1.4) / steps, big), blade(phi + .035, (k + 1.4) / steps, 26)]
            light = .5 + .5 * math.cos(phi + .6)
            p.poly(q, mix('#2a4f4b' if not front else '#477a70', 'cream' if front else 'ink', (.30 if front else .22) * light), strength=0)
    blades(False)
    p.line([(ax, ay), (bx + 60, by - 24)], 54, 'slate')
    p.line([(ax, ay - 14), (bx + 60, by - 38)], 11, 'steel')
    blades(True)
    for k in range(11):
        t = (k / 2 + .26) / turns
        if t > 1:
            break
        x, y = blade(math.pi * .02, t, big * .82)
        p.blob([(x - 80, y + 26), (x - 20, y - 10), (x + 66, y - 34), (x + 86, y - 6), (x + 10, y + 30)], '#8fb3b5', alpha=.85, angle=-.4)
        p.line([(x - 56, y + 13), (x + 58, y - 24)], 5, 'cream', alpha=.8)
    for _ in range(120):
        x, y = p.rng.normal(80, 160), p.rng.normal(960, 30)
        p.oval(x, y, p.rng.uniform(12, 50), p.rng.uniform(5, 13), 'cream', strength=0, alpha=.5)
    p.rect(1380, 90, 210, 190, 'ochre')
    p.rect(1400, 60, 170, 40, mix('ochre', 'ink', .3))
    for k in range(6):
        p.line([(1400 + k * 34, 120), (1400 + k * 34, 260)], 7, mix('ochre', 'ink', .4))
    p.line([(-20, 700), (1620, 60)], 9, 'straw')
    for k in range(9):
        p.line([(60 + k * 190, 670 - k * 74), (60 + k * 190, 780 - k * 74)], 7, 'straw')


def scions(p):
    table(p, -20, '#a98a62', '#a98a62')
    p.glow(420, 200, 900, 'cream', .4)
    p.blob([(180, 260), (1420, 200), (1470, 820), (240, 880)], '#c9b48a', angle=.1)
    for k in range(34):
        y = 380 + k * 9 + p.rng.normal(0, 8)
        x0, x1 = 250 + p.rng.uniform(0, 70), 1330 + p.rng.uniform(0, 90)
        col = mix('bark', ('brick', 'moss', 'straw')[p.rng.integers(3)], p.rng.uniform(.05, .4))
        p.line([(x0, y + 16), ((x0 + x1) / 2, y + p.rng.normal(0, 9)), (x1, y - 10)], p.rng.uniform(9, 17), col, smooth=True)
        for b in range(8):
            bx = x0 + (x1 - x0) * (b + .7) / 8.5
            p.oval(bx, y - 4 + p.rng.normal(4, 3), 11, 6, mix(col, 'cream', .3), turn=-.5, strength=.2)
        p.oval(x0 - 2, y + 16, 6, 8, '#e8d5a6', strength=0)
    for x in (520, 1030):
        for k in range(5):
            p.line([(x + k * 11, 352), (x + 6 + k * 11, 520), (x + k * 11, 705)], 9, mix('straw', 'crust', .2 * (k % 2)), smooth=True)
    p.line([(1050, 700), (1120, 780)], 5, 'straw')
    p.poly([(1090, 760), (1390, 740), (1404, 850), (1104, 872), (1070, 820)], 'cream')
    for k, w in enumerate((180, 220, 120)):
        p.line([(1124, 790 + k * 24), (1124 + w, 786 + k * 24)], 6, 'slate', alpha=.8)


def grafting_knife(p):
    table(p, -20, '#8b6646', '#8b6646')
    p.glow(1200, 120, 900, 'cream', .4)
    p.blob([(180, 690), (560, 600), (600, 640), (590, 690), (240, 780)], 'brick', angle=-.2)
    for x in (270, 420, 530):
        p.oval(x, 730 - (x - 270) * .24, 11, 11, 'straw', strength=0)
    p.blob([(566, 606), (1010, 500), (1120, 455), (1010, 560), (600, 660)], 'steel', angle=-.2)
    p.line([(600, 655), (1010, 557), (1112, 462)], 4, 'cream', smooth=True)
    p.line([(300, 300), (700, 345), (930, 330)], 40, 'bark', smooth=True)
    p.blob([(900, 312), (1180, 300), (1204, 310), (930, 352)], '#e8d5a6', angle=0)
    p.line([(935, 348), (1200, 310)], 6, 'leaf')
    for x in (420, 600, 760):
        p.blob([(x, 306), (x + 20, 284), (x + 44, 296), (x + 30, 316)], 'brick')
    for r in range(100, 46, -7):
        p.ring(1240, 730, r, 7, mix('cream', 'teal', .1 + .1 * (r % 3)))
    p.ring(1240, 730, 44, 10, 'bark')
    p.line([(1150, 770), (1040, 850), (900, 840), (820, 880)], 22, mix('cream', 'teal', .14), smooth=True)
    for _ in range(24):
        x, y = p.rng.normal(880, 150), p.rng.normal(440, 50)
        p.ring(x, y, p.rng.uniform(9, 20), 5, '#e3cd9b', 0, p.rng.uniform(2, 5))


def radio(p):
    p.sky('#4a4a42', '#6d5d48')
    p.glow(640, 480, 800, 'lamp', .35)
    table(p, 760, '#6d4a34')
    p.oval(800, 850, 600, 40, 'ink', strength=0, alpha=.4)
    p.blob([(240, 840), (240, 300), (290, 230), (1310, 230), (1360, 300), (1360, 840)], '#7a4a2c', angle=0)
    p.blob([(280, 800), (280, 320), (320, 275), (1280, 275), (1320, 320), (1320, 800)], '#8f5b36', angle=0)
    p.rect(330, 320, 560, 430, 'sand', angle=.8)
    for k in range(46):
        p.line([(330, 326 + k * 9.4), (890, 326 + k * 9.4)], 2, 'bark', alpha=.28)
        p.line([(336 + k * 12.2, 320), (336 + k * 12.2, 750)], 2, 'bark', alpha=.22)
    p.rect(940, 330, 340, 210, 'lamp')
    p.glow(1110, 440, 240, 'cream', .8)
    for k in range(5):
        p.line([(960, 365 + k * 36), (1260, 365 + k * 36)], 2.6, 'bark')
        for j in range(9):
            x = 970 + j * 34 + p.rng.normal(0, 5)
            p.line([(x, 365 + k * 36), (x, 353 + k * 36)], 2.4, 'bark')
    p.line([(1130, 340), (1130, 532)], 5, 'brick')
    for x in (1005, 1215):
        p.oval(x + 6, 658, 74, 74, 'ink', strength=0, alpha=.35)
        p.oval(x, 648, 72, 72, 'cream')
        p.oval(x, 648, 52, 52, mix('cream', 'bark', .2))
        p.line([(x, 648), (x + 20, 606)], 6, 'bark')
    for x in (320, 1220):
        p.rect(x, 838, 70, 24, '#4a2e1e')


def floor_boards(p, springs):
    p.rect(0, 0, 1600, 1000, '#4a3d31')
    for k in range(6):
        y = 60 + k * 170
        p.poly([(-10, y), (1610, y - 30), (1610, y + 40), (-10, y + 74)], mix('crust', 'bark', .35 + .2 * p.rng.random()), angle=0)
        p.shade(-10, y + 60, 1620, 46, 'ink', .45)
        for j in range(8):
            x = 110 + j * 200 + (k % 2) * 90
            yy = y - x * .02 + 20
            col = 'steel' if springs else mix('rust', 'bark', p.rng.random() * .6)
            if not springs and p.rng.random() < .3:
                p.line([(x - 30, yy), (x + 30, yy - 6), (x - 20, yy - 14), (x + 40, yy - 20)], 8, col, smooth=True)
                continue
            for q in range(6):
                p.oval(x, yy - q * 13, 34, 12, '#241e19', strength=0, alpha=.5)
                p.ring(x, yy - q * 13, 1, 1, col)
                p.line([(x - 32, yy - q * 13), (x, yy + 9 - q * 13), (x + 32, yy - q * 13)], 8, col, smooth=True)
            p.oval(x, yy - 76, 36, 13, mix(col, 'cream', .3), strength=.3)
    if not springs:
        for k in range(5):
            x, a = 120 + k * 330, p.rng.normal(0, .12)
            p.c.save()
            p.c.translate(x, 480)
            p.c.rotate(.5 + a)
            p.rect(-60, -460, 120, 900, mix('straw', 'crust', .25 + .25 * p.rng.random()), angle=1.5)
            for s in (-380, -60, 300):
                p.oval(0, s, 7, 7, 'bark', strength=0)
            p.line([(-20, 40), (10, 10), (-5, 70), (25, 60)], 6, 'cream', alpha=.9)
            p.c.restore()
    else:
        for k in range(4):
            p.poly([(1130 + k * 122, -10), (1246 + k * 122, -10), (1226 + k * 122, 1010), (1110 + k * 122, 1010)], mix('straw', 'crust', .15 + .2 * p.rng.random()), angle=1.5)
    p.glow(200, 60, 900, 'lamp', .3)


def wheel_truing(p):
    plaster(p, '#c7b893', '#8b6a49', 800)
    p.glow(300, 160, 800, 'cream', .5)
    p.rect(1020, 180, 52, 640, 'brick', angle=1.5)
    p.rect(520, 180, 52, 640, 'brick', angle=1.5)
    p.rect(440, 800, 720, 60, 'brick', angle=0)
    r = 390
    p.ring(796, 470, r, 30, 'steel')
    p.ring(796, 470, r - 15, 4, 'slate')
    p.ring(796, 470, r + 15, 4, 'slate')
    for k in range(32):
        a = k * math.pi / 16
        b = a + (.5 if k % 2 else -.5)
        p.line([(796 + math.cos(b) * 40, 470 + math.sin(b) * 40), (796 + math.cos(a) * (r - 14), 470 + math.sin(a) * (r - 14))], 3.4, 'slate')
    p.oval(796, 470, 54, 54, 'steel')
    p.oval(796, 470, 20, 20, 'ink', strength=0)
    p.line([(546, 470), (1046, 470)], 16, 'slate')
    for (x, y, d, sleeve, skin) in ((1190, 300, 1, 'teal', '#c48e68'), (330, 700, -1, 'ochre', '#d9a483')):
        hx, hy = x - d * 70, y + (30 if d > 0 else -30)
        p.line([(x + d * 460, y + d * -60), (x + d * 120, y)], 120, sleeve)
        p.line([(x + d * 110, y), (hx, hy)], 74, skin)
        for f in range(4):
            p.line([(hx, hy - 24 + f * 17), (hx - d * 66, hy - 34 + f * 20), (hx - d * 96, hy - 16 + f * 13)], 19, skin, smooth=True)
        p.line([(hx, hy - 26), (hx - d * 40, hy - 60), (hx - d * 82, hy - 52)], 22, skin, smooth=True)
    p.rect(1050, 316, 60, 22, 'slate')


def map_scene(p):
    p.rect(0, 0, 1600, 1000, '#ead9b2')
    p.rect(46, 46, 1508, 908, '#f1e5c6')
    p.line([(60, 60), (1540, 60), (1540, 940), (60, 940), (60, 60)], 5, 'bark')
    p.blob([(900, 90), (1300, 80), (1500, 180), (1480, 380), (1200, 420), (950, 330)], '#c9cf9e')
    p.blob([(90, 600), (380, 560), (520, 700), (420, 900), (120, 900)], '#c9cf9e')
    pts = [(60, 330), (300, 300), (520, 420), (700, 560), (960, 560), (1180, 640), (1540, 600)]
    p.line(pts, 66, 'river', smooth=True)
    p.line([(x, y - 8) for x, y in pts], 5, 'cream', alpha=.7, smooth=True)
    p.line([(60, 840), (500, 820), (900, 850), (1540, 800)], 9, 'bark', dash=[26, 14])
    for lane in ([(620, 820), (600, 640), (640, 520), (660, 380), (900, 250), (1100, 240)], [(600, 660), (420, 620), (220, 520), (60, 500)], [(660, 500), (760, 520), (830, 570)]):
        p.line(lane, 22, '#d9bf8f', smooth=True)
        p.line(lane, 15, '#f7eed6', smooth=True)
    p.line([(590, 625), (662, 500)], 34, 'wall')
    for k in range(5):
        p.line([(588 + k * 17, 628 - k * 29), (612 + k * 17, 640 - k * 29)], 3, 'ink')
    p.line([(790, 545), (815, 580)], 11, 'cream')
    mill(p, 800, 560, .46, wall='stone', glass='slate')
    for r in range(3):
        for k in range(6):
            tree(p, 1075 + k * 66 + r * 12, 210 + r * 74, .34, leaf='moss', fruit='apple', n=5)
    for x, y in ((140, 690), (200, 760), (290, 660), (330, 770), (420, 720)):
        p.rect(x, y, 56, 40, 'rose')
        p.poly([(x - 6, y), (x + 28, y - 30), (x + 62, y)], 'brick')
    p.rect(650, 800, 150, 46, 'sand')
    p.poly([(640, 802), (670, 770), (780, 770), (810, 802)], 'slate')
    p.ring(1380, 800, 70, 4, 'bark')
    p.poly([(1380, 715), (1396, 800), (1364, 800)], 'brick')
    p.poly([(1380, 885), (1396, 800), (1364, 800)], 'sand')
    c = p.c
    c.select_font_face('DejaVu Serif', 1, 0)
    for text, x, y, size in (('Low Mill', 1080, 530, 30), ('Far Close', 1180, 134, 32), ('Station', 672, 890, 28), ('Bridge', 690, 650, 26), ('Weir Lane', 500, 330, 26), ('N', 1370, 705, 26), ('the Carrow', 1080, 725, 28), ('Town', 230, 880, 32)):
        c.set_font_size(size)
        c.set_source_rgb(.16, .2, .2)
        c.move_to(x, y)
        c.show_text(text)


def floor_before(p):
    floor_boards(p, False)


def floor_springs(p):
    floor_boards(p, True)


SCENES = {
    'loaves': loaves, 'rye': rye, 'dry-store': dry_store, 'tools': tools, 'hall': hall, 'hall-evening': hall_evening,
    'meeting': meeting, 'lamp-bench': lamp_bench, 'lamp': lamp_sill, 'ledger': ledger, 'papers': papers, 'key': key,
    'wheelpit': wheelpit, 'screw': screw, 'scions': scions, 'grafting-knife': grafting_knife, 'radio': radio,
    'floor-before': floor_before, 'floor-springs': floor_springs, 'wheel-truing': wheel_truing, 'map': map_scene,
}
