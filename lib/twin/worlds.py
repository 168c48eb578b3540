"""What is on in a world, and the small questions that every day asks of it; compiled."""

from typing import NamedTuple

import numpy as np

from twin.chance import draw
from twin.compiled import inlined
from twin.contact import CONTENT
from twin.lines import Lines, Steps

NEVER = -100_000.0  # a day long before all others
EVERYBODY, NOBODY = -1, -2
MOST = 30  # contacts of a consumer, category and day


class World(NamedTuple):
    """What is on: all True and −1 in the factual world. Switches act from the first observed day on."""

    channel: np.ndarray  # (G, C) bool
    campaign: np.ndarray  # (campaigns,) bool
    content: np.ndarray  # (contents,) bool
    creative: np.ndarray  # (G, creatives) bool
    discount: np.ndarray  # (T, G)
    lift: np.ndarray  # (T, G) utility of event days and of services
    served: np.ndarray  # (T, G, 3) what services do to contacts, content and joining, times
    offer: np.ndarray  # (T, G, K) who may claim a benefit on a trip: a column of People.listed, EVERYBODY or NOBODY
    force: np.ndarray  # (trials,) −1 as assigned, 0 everybody on the list control, 1 treated
    quiet_brand: int  # its usual media are silent from quiet_first to quiet_last
    quiet_first: int
    quiet_last: int
    lines: Lines  # what is done beside the usual media
    steps: Steps
    brand: int  # record this brand only, −1 all
    salt_day: int  # after this day chance is drawn anew, with `salt`
    salt: int


@inlined
def settled(P, i, k, t):
    """The day on which a purchase on day t leaves the need met."""
    return float(t) if P.takes_part[i, k] else 1e6


@inlined
def count_of(u, mean):
    """A Poisson number of this mean from a uniform u: a larger mean never gives a smaller one."""
    count = 0
    p = np.exp(-mean)
    total = p
    while u > total and count < MOST:
        count += 1
        p *= mean / count
        total += p
    return count


@inlined
def moment(R, t, u):
    """The minute of day t at the share u of the day's doings."""
    return t * 1440 + R.clock[int(u * (R.clock.shape[0] - 1))]


@inlined
def shown(R, key, t, g, c, j):
    """The content of brand g that a contact in channel c shows, −1 none."""
    if R.is_content[c] and R.content_last[t, g, c] > R.content_first[t, g, c]:
        number = R.content_last[t, g, c] - R.content_first[t, g, c]
        return np.int64(R.content_first[t, g, c] + int(draw(key, CONTENT, t, j) * number))
    return np.int64(-1)


@inlined
def silent(R, W, t, g, c, campaign, content, message, usual):
    """Whether a contact does not happen in this world."""
    if t < R.observed:
        return False
    if usual and g == W.quiet_brand and W.quiet_first <= t <= W.quiet_last:
        return True
    creative = R.creative[t, g, message]
    return not (
        W.channel[g, c]
        and (campaign < 0 or W.campaign[campaign])
        and (content < 0 or W.content[content])
        and (creative < 0 or W.creative[g, creative])
    )


@inlined
def may_claim(W, P, i, t, g, kind):
    """Whether a consumer who came to buy is offered a benefit of this kind."""
    whom = W.offer[t, g, kind]
    return whom == EVERYBODY or (whom >= 0 and P.listed[i, whom])


@inlined
def claims(R, P, i, kind):
    """The chance that an offered benefit is claimed: who likes it claims more."""
    return min(1.0, R.habits[7] * np.exp(P.benefit[i, kind]))


@inlined
def concerned(R, W, k, t):
    """Whether lines or sequences of this category may run today."""
    L, Q = W.lines, W.steps
    for place in range(L.start[t], L.start[t + 1]):
        if L.brand[L.listing[place]] // R.brands == k:
            return True
    for q in range(Q.brand.shape[0]):  # noqa: SIM110 (compiled)
        if Q.brand[q] // R.brands == k and Q.first[q] <= t <= Q.last[q]:
            return True
    return False
