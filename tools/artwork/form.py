# SPDX-License-Identifier: Apache-2.0
"""The demo's membership form, one page of A4."""
import cairo

from brush import rgb
from people import mark

FIELDS = ('Name', 'Address', '', 'Postcode', 'E-mail or telephone', 'Shares, at £1 each (25 or more)')
WORDS = ('I ask to be a member of Millrace Co-operative and agree to its rules.',
         'I am over sixteen. I know that shares are not a bank account: they cannot be sold,',
         'can be repaid only when the society is able to, and can be lost.')


def write(path):
    surface = cairo.PDFSurface(path, 595, 842)
    surface.set_metadata(cairo.PDF_METADATA_TITLE, 'Membership form')
    surface.set_metadata(cairo.PDF_METADATA_CREATE_DATE, '2024-11-20T09:00:00Z')
    c = cairo.Context(surface)
    mark(c, 56, 50, 64)
    c.select_font_face('Inter', cairo.FONT_SLANT_NORMAL, cairo.FONT_WEIGHT_BOLD)
    c.set_source_rgb(*rgb('deep'))
    for text, y, size in (('Millrace Co-operative', 82, 24), ('Membership form', 106, 15)):
        c.set_font_size(size)
        c.move_to(136, y)
        c.show_text(text)
    c.select_font_face('Inter')
    c.set_font_size(10.5)
    c.set_source_rgb(*rgb('ink'))
    y = 180
    for field in FIELDS:
        c.move_to(56, y)
        c.show_text(field)
        c.set_line_width(.7)
        c.move_to(56, y + 26)
        c.line_to(539, y + 26)
        c.stroke()
        y += 54
    for line in WORDS:
        c.move_to(56, y + 10)
        c.show_text(line)
        y += 17
    for x, label in ((56, 'Signed'), (380, 'Date')):
        c.move_to(x, y + 70)
        c.line_to(x + (280 if x == 56 else 159), y + 70)
        c.stroke()
        c.move_to(x, y + 86)
        c.show_text(label)
    surface.finish()
