# SPDX-License-Identifier: Apache-2.0
"""A small gouache box: flat shapes laid with cairo, dry-brush marks inside each, and, when the picture is finished,
edges that waver as if cut by hand, uneven pigment and grain. Everything random comes from the picture's name, so
the same script gives the same pictures."""
import math
import zlib

import cairo
import numpy as np
from PIL import Image

W, H = 1600, 1000

PALETTE = {
    'ink': '#1d2b30', 'night': '#233a40', 'deep': '#2d4a45', 'teal': '#3f6b63', 'river': '#5b8590', 'mist': '#a9bdb6',
    'sage': '#93a88a', 'moss': '#66794a', 'leaf': '#7f9350', 'grass': '#a3ad6a', 'straw': '#dcb866', 'ochre': '#c98b3c',
    'crust': '#b8742f', 'bark': '#6d4a34', 'brick': '#8a4431', 'rust': '#b3572f', 'apple': '#b9402f', 'rose': '#d9a48a',
    'peach': '#ebc9a4', 'cream': '#f5ecd8', 'paper': '#ece0c6', 'sand': '#d8c6a0', 'stone': '#b7ab95', 'wall': '#948a79',
    'slate': '#5f6d72', 'steel': '#8b989b', 'lamp': '#f6cf74', 'sky': '#cfdcd6', 'blue': '#41647a',
}


def rgb(c):
    c = PALETTE.get(c, c).lstrip('#')
    return tuple(int(c[i:i + 2], 16) / 255 for i in (0, 2, 4))


def mix(a, b, t):
    a, b = rgb(a), rgb(b)
    return '#' + ''.join(f'{round(255 * (x + (y - x) * t)):02x}' for x, y in zip(a, b))


def smooth_noise(rng, w, h, cell):
    small = rng.standard_normal((max(2, h // cell + 3), max(2, w // cell + 3))).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((w, h), Image.BICUBIC))


class Picture:
    def __init__(self, name, w=W, h=H):
        self.w, self.h = w, h
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.surface = cairo.ImageSurface(cairo.FORMAT_RGB24, w, h)
        self.c = cairo.Context(self.surface)

    # ---- laying colour -------------------------------------------------------------------------------------------
    def _brush(self, angle, strength):
        """Dry-brush marks over the current path: slightly lighter and darker strokes, all one way."""
        c, rng = self.c, self.rng
        x0, y0, x1, y1 = c.path_extents()
        area = (x1 - x0) * (y1 - y0)
        c.save()
        c.clip()
        length = min(260, 30 + math.sqrt(max(area, 1)) * .5)
        for _ in range(int(min(260, 6 + area / 3200))):
            x, y = rng.uniform(x0, x1), rng.uniform(y0, y1)
            a = angle + rng.normal(0, .12)
            n = length * rng.uniform(.4, 1.2)
            c.set_line_width(rng.uniform(2, 11))
            light = rng.random() < .5
            c.set_source_rgba(*((1, .97, .88) if light else (.08, .10, .12)), rng.uniform(.02, .075) * strength)
            c.move_to(x, y)
            dx, dy = math.cos(a) * n, math.sin(a) * n
            c.curve_to(x + dx * .3 + rng.normal(0, 4), y + dy * .3 + rng.normal(0, 4),
                       x + dx * .7 + rng.normal(0, 4), y + dy * .7 + rng.normal(0, 4), x + dx, y + dy)
            c.stroke()
        c.restore()

    def _lay(self, colour, angle=.05, strength=1.0, alpha=1.0):
        c = self.c
        c.set_source_rgba(*rgb(colour), alpha)
        c.fill_preserve()
        if strength:
            self._brush(angle, strength)
        c.new_path()

    def sky(self, top, bottom, mid=None):
        g = cairo.LinearGradient(0, 0, 0, self.h)
        g.add_color_stop_rgb(0, *rgb(top))
        if mid:
            g.add_color_stop_rgb(.5, *rgb(mid))
        g.add_color_stop_rgb(1, *rgb(bottom))
        self.c.rectangle(0, 0, self.w, self.h)
        self.c.set_source(g)
        self.c.fill_preserve()
        self._brush(.02, .9)
        self.c.new_path()

    def rect(self, x, y, w, h, colour, **k):
        self.c.rectangle(x, y, w, h)
        self._lay(colour, **k)

    def poly(self, pts, colour, **k):
        self.c.move_to(*pts[0])
        for p in pts[1:]:
            self.c.line_to(*p)
        self.c.close_path()
        self._lay(colour, **k)

    def blob(self, pts, colour, **k):
        """A closed smooth shape through the points."""
        n = len(pts)
        self.c.move_to(*pts[0])
        for i in range(n):
            p0, p1, p2, p3 = pts[i - 1], pts[i], pts[(i + 1) % n], pts[(i + 2) % n]
            self.c.curve_to(p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6,
                            p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6, *p2)
        self.c.close_path()
        self._lay(colour, **k)

    def oval(self, x, y, rx, ry, colour, turn=0.0, start=0.0, end=2 * math.pi, **k):
        c = self.c
        c.save()
        c.translate(x, y)
        c.rotate(turn)
        c.scale(rx, ry)
        c.arc(0, 0, 1, start, end)
        c.close_path()
        c.restore()
        self._lay(colour, **k)

    def line(self, pts, width, colour, alpha=1.0, smooth=False, dash=None):
        c = self.c
        c.set_source_rgba(*rgb(colour), alpha)
        c.set_line_width(width)
        c.set_line_cap(cairo.LINE_CAP_ROUND)
        c.set_line_join(cairo.LINE_JOIN_ROUND)
        if dash:
            c.set_dash(dash)
        c.move_to(*pts[0])
        if smooth and len(pts) > 2:
            for i in range(len(pts) - 1):
                p0, p1, p2 = pts[max(i - 1, 0)], pts[i], pts[i + 1]
                p3 = pts[min(i + 2, len(pts) - 1)]
                c.curve_to(p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6,
                           p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6, *p2)
        else:
            for p in pts[1:]:
                c.line_to(*p)
        c.stroke()
        c.set_dash([])

    def ring(self, x, y, r, width, colour, start=0, end=2 * math.pi):
        self.c.set_source_rgb(*rgb(colour))
        self.c.set_line_width(width)
        self.c.arc(x, y, r, start, end)
        self.c.stroke()

    def glow(self, x, y, r, colour, alpha=.6):
        g = cairo.RadialGradient(x, y, 0, x, y, r)
        g.add_color_stop_rgba(0, *rgb(colour), alpha)
        g.add_color_stop_rgba(.35, *rgb(colour), alpha * .45)
        g.add_color_stop_rgba(1, *rgb(colour), 0)
        self.c.set_source(g)
        self.c.arc(x, y, r, 0, 2 * math.pi)
        self.c.fill()

    def shade(self, x, y, w, h, colour='ink', alpha=.25, to=0.0, across=False):
        """A wash that fades from alpha to `to`."""
        g = cairo.LinearGradient(x, y, x + w if across else x, y if across else y + h)
        g.add_color_stop_rgba(0, *rgb(colour), alpha)
        g.add_color_stop_rgba(1, *rgb(colour), to)
        self.c.rectangle(x, y, w, h)
        self.c.set_source(g)
        self.c.fill()

    # ---- landscape -----------------------------------------------------------------------------------------------
    def ridge(self, y, amp, cell=260, slope=0.0, rough=.18):
        """Points of a skyline across the picture."""
        rng = self.rng
        step, pts = 16, []
        n = self.w // cell + 4
        a, b = rng.standard_normal(n + 2), rng.standard_normal(self.w // 60 + 4)

        def at(v, x):
            i, f = int(x), x - int(x)
            f = f * f * (3 - 2 * f)
            return v[i] * (1 - f) + v[i + 1] * f
        for x in range(-32, self.w + 48, step):
            yy = y + slope * (x - self.w / 2) + amp * at(a, (x + 32) / cell) + amp * rough * at(b, (x + 32) / 60)
            pts.append((x, yy))
        return pts

    def hill(self, y, amp, colour, **k):
        brush = {n: k.pop(n) for n in ('angle', 'strength', 'alpha') if n in k}
        pts = self.ridge(y, amp, **k)
        self.poly(pts + [(self.w + 50, self.h + 20), (-50, self.h + 20)], colour, **brush)
        return pts

    def trees(self, pts, colour, size=22, every=26, chance=.7, conifers=False):
        """A wood along a skyline."""
        for x, y in pts[::max(1, every // 16)]:
            if self.rng.random() < chance:
                s = size * self.rng.uniform(.6, 1.3)
                x += self.rng.normal(0, 6)
                tone = mix(colour, 'ink' if self.rng.random() < .5 else 'straw', self.rng.uniform(0, .14))
                if conifers:
                    self.poly([(x - s * .42, y + 6), (x, y - s * 2.1), (x + s * .42, y + 6)], tone, strength=.5)
                else:
                    self.oval(x, y - s * .4, s, s * self.rng.uniform(.8, 1.05), tone, strength=.5)

    def water(self, y0, y1, colour, light, n=70, x0=0, x1=None, widest=240):
        x1 = x1 or self.w
        self.rect(x0, y0, x1 - x0, y1 - y0, colour, angle=0)
        for _ in range(n):
            t = self.rng.random() ** 1.4
            y = y0 + 6 + (y1 - y0 - 10) * t
            half = (12 + widest * .5 * t) * self.rng.uniform(.3, 1)
            x = self.rng.uniform(x0, x1)
            self.line([(x - half, y), (x + half, y)], 1.5 + 3.5 * t, light, alpha=self.rng.uniform(.12, .5))

    def grass(self, y0, y1, colour, n=260, tall=34, x0=0, x1=None):
        for _ in range(n):
            y = self.rng.uniform(y0, y1)
            x = self.rng.uniform(x0, x1 or self.w)
            t = (y - y0) / max(1, y1 - y0)
            hgt = tall * (.4 + .8 * t) * self.rng.uniform(.5, 1.2)
            lean = self.rng.normal(4, 7)
            self.line([(x, y), (x + lean * .4, y - hgt * .6), (x + lean, y - hgt)], 1.4 + 1.6 * t,
                      mix(colour, 'straw' if self.rng.random() < .4 else 'deep', self.rng.uniform(.05, .4)),
                      alpha=.75, smooth=True)

    def stars(self, n, y1):
        for _ in range(n):
            r = abs(self.rng.normal(1.2, .8)) + .6
            self.oval(self.rng.uniform(0, self.w), self.rng.uniform(0, y1), r, r, 'cream', strength=0,
                      alpha=self.rng.uniform(.3, .9))

    # ---- finishing -----------------------------------------------------------------------------------------------
    def finish(self, waver=1.7, grain=.008):
        buf = np.frombuffer(self.surface.get_data(), np.uint8).reshape(self.h, self.surface.get_stride() // 4, 4)
        img = buf[:, :self.w, 2::-1].astype(np.float32) / 255
        rng, w, h = self.rng, self.w, self.h
        dx = waver * (smooth_noise(rng, w, h, 44) + .5 * smooth_noise(rng, w, h, 14))
        dy = waver * (smooth_noise(rng, w, h, 44) + .5 * smooth_noise(rng, w, h, 14))
        yy, xx = np.mgrid[0:h, 0:w]
        img = img[np.clip((yy + dy).round().astype(int), 0, h - 1), np.clip((xx + dx).round().astype(int), 0, w - 1)]
        pigment = .016 * smooth_noise(rng, w, h, 120) + .010 * smooth_noise(rng, w, h, 22)
        speck = grain * smooth_noise(rng, w, h, 2)
        vignette = 1 - .055 * (((xx / w - .5) * 2) ** 2 + ((yy / h - .5) * 2) ** 2)
        img = (img * vignette[..., None] + (pigment + speck)[..., None])
        return Image.fromarray((np.clip(img, 0, 1) * 255).astype(np.uint8))
