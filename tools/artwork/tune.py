# SPDX-License-Identifier: Apache-2.0
"""Eight bars of a waltz in G, plucked, for the demo's audio card: 13.3 seconds, mono."""
import wave

import numpy as np

RATE = 11025
BEAT = 60 / 108
MELODY = 'D5 - - B4 - - C5 B4 A4 G4 - - E4 G4 A4 B4 - G4 A4 - F#4 G4 - -'.split()
BASS = ['G3', 'G3', 'C3', 'G3', 'C3', 'E3', 'D3', 'G3']


def pitch(name):
    step = {'C': 0, 'D': 2, 'E': 4, 'F': 5, 'G': 7, 'A': 9, 'B': 11}[name[0]] + ('#' in name)
    return 440 * 2 ** ((step - 9) / 12 + int(name[-1]) - 4)


def pluck(hz, seconds, loud):
    t = np.arange(int(RATE * seconds)) / RATE
    tone = sum(np.sin(2 * np.pi * hz * k * t) / k ** 1.6 for k in (1, 2, 3, 4))
    return loud * tone * np.exp(-t * 3.2) * np.minimum(1, t * 300)


def write(path):
    out = np.zeros(int(RATE * BEAT * 24))

    def add(beat, sound):
        at = int(beat * BEAT * RATE)
        n = min(len(sound), len(out) - at)
        out[at:at + n] += sound[:n]
    for beat, note in enumerate(MELODY):
        if note != '-':
            add(beat, pluck(pitch(note), 1.9, .32))
    for bar, root in enumerate(BASS):
        add(bar * 3, pluck(pitch(root), 1.6, .3))
        for beat in (1, 2):
            for up in (12, 16, 19):
                add(bar * 3 + beat, pluck(pitch(root) * 2 ** (up / 12), .6, .07))
    out /= np.abs(out).max() * 1.08
    with wave.open(path, 'wb') as f:
        f.setparams((1, 1, RATE, 0, 'NONE', ''))
        f.writeframes(((out * 127) + 128).astype(np.uint8).tobytes())
