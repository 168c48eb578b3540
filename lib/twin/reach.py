"""How many may be met: what a contact's targeting would let through today, consumer by consumer."""

import numpy as np

from twin.compiled import kept
from twin.contact import accepted, fade


@kept("chance", "compiled", "contact", "purchase", "reach")
def weigh(R, P, S, states, k, b, c, target, t, out):
    """Contacts a day of each consumer at rate 1 with brand b of category k in channel c, into `out` (n,).

    states: (n, 2, COLUMNS) of the brand and of the need, on some day up to t. S (1, COLUMNS) is room to work in.
    """
    for i in range(P.number.shape[0]):
        for column in range(S.shape[1]):
            S[0, column] = states[i, 0, column]
        fade(S, 0, t, R)
        need = 1 - np.exp(-max(0.0, t - states[i, 1, 0]) / states[i, 1, 1])
        out[i] = P.media[i, k] * R.usage[P.crowd[i], c] * accepted(R, P, S, i, k * R.brands + b, 0, target, need)
