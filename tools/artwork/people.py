# SPDX-License-Identifier: Apache-2.0
"""Portraits of the authors, the logo and the icon."""
import math

import cairo

from brush import Picture, mix, rgb

# name: ground, jacket, collar, skin, hair, what the hair is like, glasses, beard
FACES = {
    'ruth': ('#8fa9a0', 'brick', 'cream', '#e0b796', '#b9b3a6', 'bob', True, False),
    'joan': ('#dcb866', '#f1e8d4', 'teal', '#d9a483', '#7d4a2c', 'scarf', False, False),
    'imran': ('#b9866a', 'teal', 'sand', '#9c6b48', '#22201e', 'short', False, True),
    'niamh': ('#a9b886', '#3f5d49', 'straw', '#e8c3a4', '#a84f27', 'long', False, False),
    'dai': ('#7f9aa5', '#41647a', 'cream', '#ddae8d', '#8d8a84', 'bald', True, True),
}


def portrait(name):
    ground, coat, collar, skin, hair, kind, glasses, beard = FACES[name]
    p = Picture('portrait-' + name, 400, 400)
    p.sky(mix(ground, 'cream', .3), ground)
    if kind == 'long':
        p.blob([(128, 120), (150, 66), (200, 50), (252, 66), (276, 122), (290, 230), (286, 320), (116, 320), (112, 230)], hair, angle=1.5)
    if kind == 'scarf':
        p.blob([(132, 120), (200, 90), (268, 120), (272, 196), (252, 214), (148, 214), (128, 196)], hair, angle=1.5)
    if kind == 'bob':
        p.blob([(122, 130), (146, 70), (200, 52), (256, 70), (280, 130), (280, 214), (250, 236), (150, 236), (122, 214)], hair, angle=1.5)
    p.blob([(30, 440), (48, 320), (120, 280), (200, 292), (280, 280), (352, 320), (370, 440)], coat, angle=1.2)
    p.blob([(166, 216), (234, 216), (240, 286), (200, 316), (160, 286)], mix(skin, 'bark', .18), angle=1.5)
    p.poly([(150, 272), (200, 330), (186, 356), (132, 296)], collar)
    p.poly([(250, 272), (200, 330), (214, 356), (268, 296)], collar)
    p.blob([(142, 140), (150, 92), (200, 76), (250, 92), (258, 140), (248, 204), (224, 240), (200, 248), (176, 240), (152, 204)], skin, angle=1.4)
    p.glow(172, 180, 40, 'rose', .4)
    p.glow(228, 180, 40, 'rose', .4)
    for x in (140, 260):
        p.oval(x, 168, 12, 19, mix(skin, 'bark', .1), strength=.3)
    if beard:
        p.blob([(148, 178), (164, 212), (176, 204), (200, 200), (224, 204), (236, 212), (252, 178), (250, 226), (226, 264), (200, 272), (174, 264), (150, 226)], hair, angle=1.5)
    if kind == 'short':
        p.blob([(140, 142), (138, 96), (166, 66), (206, 58), (250, 74), (264, 108), (260, 142), (246, 112), (204, 104), (158, 112)], hair, angle=.4)
    if kind == 'bald':
        p.blob([(140, 160), (134, 124), (148, 100), (152, 136)], hair)
        p.blob([(260, 160), (266, 124), (252, 100), (248, 136)], hair)
    if kind in ('bob', 'long'):
        p.blob([(140, 150), (140, 96), (170, 66), (204, 60), (246, 72), (262, 104), (262, 150), (244, 116), (222, 96), (176, 104), (154, 124)], hair, angle=.6)
    if kind == 'scarf':
        p.blob([(134, 132), (140, 84), (176, 58), (224, 58), (262, 84), (268, 132), (240, 112), (200, 106), (160, 112)], 'brick', angle=.2)
        p.blob([(256, 110), (292, 120), (300, 150), (276, 142)], 'brick')
        for x, y in ((160, 92), (190, 74), (222, 84), (246, 100), (206, 96)):
            p.oval(x, y, 4.5, 4.5, 'cream', strength=0)
    for x in (178, 222):
        p.oval(x, 160, 4.6, 5.4, 'ink', strength=0)
        p.line([(x - 11, 143), (x, 139), (x + 11, 143)], 4.2, mix(hair, 'ink', .4), smooth=True)
    if glasses:
        for x in (178, 222):
            p.ring(x, 161, 17, 3.4, 'ink')
        p.line([(195, 159), (205, 159)], 3.4, 'ink')
    p.line([(201, 164), (195, 188), (204, 191)], 3.4, mix(skin, 'brick', .45), smooth=True)
    p.line([(182, 211), (200, 219), (219, 210)], 4.4, 'brick' if not beard else mix(skin, 'brick', .6), smooth=True)
    return p.finish(waver=.9, grain=.008)


def mark(c, x, y, s, wheel='#2d4a45', water='#5b8590'):
    """The waterwheel: eight paddles over two lines of water, in a square of side s at (x, y)."""
    c.save()
    c.translate(x, y)
    c.scale(s / 100, s / 100)
    c.set_source_rgb(*rgb(wheel))
    c.set_line_width(6.5)
    c.arc(50, 44, 27, 0, 2 * math.pi)
    c.stroke()
    c.arc(50, 44, 6.5, 0, 2 * math.pi)
    c.fill()
    c.set_line_cap(cairo.LINE_CAP_ROUND)
    for k in range(8):
        a = k * math.pi / 4 + math.pi / 8
        c.set_line_width(4)
        c.move_to(50 + math.cos(a) * 6, 44 + math.sin(a) * 6)
        c.line_to(50 + math.cos(a) * 27, 44 + math.sin(a) * 27)
        c.stroke()
    for k in range(16):  # paddles, slanted as a breastshot wheel's are
        a = k * math.pi / 8
        c.set_line_width(5)
        c.move_to(50 + math.cos(a) * 28, 44 + math.sin(a) * 28)
        c.line_to(50 + math.cos(a + .2) * 37, 44 + math.sin(a + .2) * 37)
        c.stroke()
    c.set_source_rgb(*rgb(water))
    c.set_line_width(6)
    for y0, x0, x1 in ((84, 8, 92), (95, 26, 74)):
        n = round((x1 - x0) / 14)
        c.move_to(x0, y0)
        for k in range(n):
            w = (x1 - x0) / n
            c.rel_curve_to(w * .3, -4.5 if k % 2 else 4.5, w * .7, -4.5 if k % 2 else 4.5, w, 0)
        c.stroke()
    c.restore()


def logo(path):
    """Mark and name, the letters as outlines so that no font is needed."""
    surface = cairo.SVGSurface(path, 560, 120)
    c = cairo.Context(surface)
    mark(c, 4, 6, 108)
    c.select_font_face('Inter', cairo.FONT_SLANT_NORMAL, cairo.FONT_WEIGHT_BOLD)
    c.set_font_size(68)
    c.set_source_rgb(*rgb('deep'))
    c.move_to(134, 82)
    c.text_path('Millrace')
    c.fill()
    surface.finish()


def icon(path, size=512):
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, size, size)
    c = cairo.Context(surface)
    r = size * .2
    for k, (x, y) in enumerate(((size - r, r), (size - r, size - r), (r, size - r), (r, r))):
        c.arc(x, y, r, (k - 1) * math.pi / 2, k * math.pi / 2)
    c.close_path()
    c.set_source_rgb(*rgb('cream'))
    c.fill()
    mark(c, size * .12, size * .12, size * .76)
    surface.write_to_png(path)
