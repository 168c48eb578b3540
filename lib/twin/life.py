"""A consumer's life in one category, day by day: media contacts, shopping trips, purchases and what follows them.

Compiled; the equations stand in README.md. Every draw is named (purpose, day, number), so that a world in which a cause is
off shares all other chance. State of one brand is a row of S, see the columns below.
"""

from typing import NamedTuple

import numpy as np

from twin.chance import draw, life_key, shock
from twin.compiled import inlined, kept
from twin.purchase import buy, join_status, put, utility

# Columns of the state: awareness, bought and own intent as of `SEEN`; orders, day of the last, membership, following,
# deposit paid, last day of a coupon, money spent, tier.
AWARE, PAID, OWN, SEEN, ORDERS, LAST, MEMBER, FOLLOWS, DEPOSIT, COUPON, SPENT, TIER = range(12)
COLUMNS = 12
# Purposes of draws in this module; `purchase` uses 100 and more.
CONTACTS, CELL, ACCEPT, SHARE, CONTENT, CREATIVE, CLICK, WATCH, TASTE, TRIP, NOTHING, OFTEN, START = range(13)
EXPOSE, WATCHED, CLICKED, SEARCH_CATEGORY, SEARCH_BRAND, VIEW, ENGAGE, FOLLOW, UNFOLLOW, JOIN, LEAVE = range(11)
CLAIM, SAMPLE, FAVOURITE, CART, RESERVE = 12, 14, 15, 16, 17


class World(NamedTuple):
    """What is on: all True and −1 in the factual world. Switches act from the first observed day on."""

    channel: np.ndarray  # (G, C) bool
    campaign: np.ndarray  # (campaigns,) bool
    content: np.ndarray  # (contents,) bool
    discount: np.ndarray  # (T, G)
    lift: np.ndarray  # (T, G)
    force: np.ndarray  # (trials,) −1 as assigned, 0 everybody on the list control, 1 treated
    brand: int  # record this brand only, −1 all
    salt_day: int  # after this day chance is drawn anew, with `salt`
    salt: int


@inlined
def fade(S, b, t, R):
    """Awareness and intents decay to day t."""
    gap = t - np.int64(S[b, SEEN])
    if gap > 0:
        gap = min(gap, R.decay.shape[1] - 1)
        if S[b, AWARE] + S[b, PAID] + S[b, OWN] > 1e-4:
            S[b, AWARE] *= R.decay[0, gap]
            S[b, PAID] *= R.decay[1, gap]
            S[b, OWN] *= R.decay[2, gap]
        else:  # nothing worth counting is left; without this the numbers become too small for the processor's fast path
            S[b, AWARE] = S[b, PAID] = S[b, OWN] = 0.0
        S[b, SEEN] = t


@inlined
def settled(P, i, k, t):
    """The day on which a purchase on day t leaves the need met."""
    return float(t) if P.takes_part[i, k] else 1e6


@inlined
def standing(S, b):
    """Where a consumer stands toward a brand: 0 none, 1 aware, 2 interested, 3 bought."""
    if S[b, ORDERS] > 0:
        return 3
    if S[b, PAID] + S[b, OWN] > 0.25:
        return 2
    return 1 if S[b, AWARE] > 0.25 else 0


@kept("chance", "compiled", "purchase", "life")
def live(R, P, W, S, order, k, begin, until, before, after, out):
    """Lives of consumers in category k from day `begin` up to before `until`, into `out`; returns the rows needed.

    S (B, COLUMNS) and order (1,) are room to work in. before: states at `begin`, (n, B + 1, COLUMNS), read when begin > 0;
    after: states at `until`, written when it has rows. The last row of a state holds need, stock and number of orders.
    """
    B, C = R.brands, R.target.shape[0]
    D, H = R.demand, R.habits
    n = 0
    for i in range(P.number.shape[0]):
        S[:] = 0.0
        S[:, LAST] = -10_000.0
        order[0] = 0
        crowd = P.crowd[i]
        plain = life_key(R.seed, P.number[i], k)
        salted = life_key(R.seed + 7919 * W.salt, P.number[i], k)
        cycle = P.cycle[i, k]
        met = -cycle * draw(plain, START, 0, 0)  # the last day on which the need was met
        if not P.takes_part[i, k]:
            met = 1e6  # has no need here, and gets none
        stock = cycle
        if begin == 0:
            n = join_status(n, out, plain, R, P, W, S, i, k)
        else:
            for b in range(B):
                for column in range(COLUMNS):
                    S[b, column] = before[i, b, column]
            met, stock, order[0] = before[i, B, 0], before[i, B, 1], np.int64(before[i, B, 2])
        for t in range(begin, until):
            key = plain if t <= W.salt_day else salted
            recorded = t >= R.observed
            if R.phase[t] == 3:  # burst: deposits are paid
                for b in range(B):
                    if S[b, DEPOSIT] > 0:
                        S[b, DEPOSIT] = 0.0
                        if draw(key, OFTEN, t, b) < H[6]:
                            n, q = buy(n, out, key, R, P, W, S, i, k, b, t, 5 + b, -1, -1, order, False)
                            met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
            # media contacts: candidates thinned by targeting and by what is on
            rate = R.candidates[k, t] * P.media[i, k]
            u = draw(key, CONTACTS, t, 0)
            count = 0
            if u > 1 - rate:
                p = np.exp(-rate)
                total = p
                while u > total and count < 30:
                    count += 1
                    p *= rate / count
                    total += p
            for j in range(count):
                cell = np.searchsorted(R.cdf[k, t], np.float32(draw(key, CELL, t, j)))
                b, c = cell // C, cell % C
                g = k * B + b
                a = R.usage[crowd, c]
                fade(S, b, t, R)
                need = 1 - np.exp(-max(0.0, t - met) / stock)
                if R.target[c] == 1:
                    liking = P.affinity[i, g] + 2 * (need - 0.5) + S[b, PAID] + S[b, OWN] + 0.5 * min(S[b, ORDERS], 2.0)
                    a *= 1 / (1 + np.exp(-D[15] * (liking - 1.2)))
                elif R.target[c] == 2:
                    a *= 1.0 if S[b, MEMBER] + S[b, FOLLOWS] > 0 or S[b, ORDERS] > 0 else 0.02
                elif R.target[c] == 3:
                    a *= min(1.0, 0.02 + S[b, PAID] + S[b, OWN])
                else:
                    a *= 0.35
                campaign = R.campaign[t, g]
                if campaign >= 0 and draw(key, SHARE, t, j) >= R.extra[t, g, c]:
                    campaign = -1
                if campaign >= 0 and R.trial[campaign] >= 0:
                    trial = R.trial[campaign]
                    arm = P.arm[i, trial]
                    if arm >= 0 and W.force[trial] >= 0:
                        arm = W.force[trial]
                    if arm != 1:
                        continue
                if draw(key, ACCEPT, t, j) >= a:
                    continue
                content = -1
                pull = 1.0
                if R.is_content[c] and R.content_last[t, g, c] > R.content_first[t, g, c]:
                    shown = R.content_last[t, g, c] - R.content_first[t, g, c]
                    content = R.content_first[t, g, c] + int(draw(key, CONTENT, t, j) * shown)
                    pull = R.content_pull[content]
                if recorded and not (
                    W.channel[g, c] and (campaign < 0 or W.campaign[campaign]) and (content < 0 or W.content[content])
                ):
                    continue
                creative = int(draw(key, CREATIVE, t, j) * R.creative_pull.shape[1])
                times = R.response[crowd] * pull * R.creative_pull[g, creative]
                s = standing(S, b)
                S[b, AWARE] += R.aware[c] * times * R.stage_aware[s]
                S[b, PAID] += R.intent[c] * times * R.stage_intent[s]
                minute = t * 1440 + 480 + (600 * j) // count + int(draw(key, SHARE, t, 100 + j) * 600 / count)
                place = int(draw(key, CELL, t, 100 + j) * 2)
                tells = recorded and (W.brand < 0 or W.brand == g)
                if tells:
                    what, seconds = EXPOSE, 0
                    if content >= 0:
                        what = WATCHED
                        share = -np.log(draw(key, WATCH, t, j)) * 0.3 * pull
                        seconds = int(
                            min(R.content_length[content], 1 + min(share, 1.0) * min(120.0, R.content_length[content]))
                        )
                    n = put(n, out, i, minute, what, k, g, channel=c, place=place, campaign=campaign, creative=creative,
                            content=content, seconds=seconds)  # fmt: skip
                if R.is_content[c] and R.aware[c] > 0 and draw(key, WATCH, t, 100 + j) < H[13] * min(pull, 3.0):
                    if tells:
                        detail = int(draw(key, WATCH, t, 200 + j) * 3)
                        n = put(
                            n,
                            out,
                            i,
                            minute + 1,
                            ENGAGE,
                            k,
                            g,
                            channel=c,
                            content=content,
                            campaign=campaign,
                            detail=detail,
                        )
                    if S[b, FOLLOWS] == 0 and draw(key, WATCH, t, 300 + j) < 0.15:
                        S[b, FOLLOWS] = 1.0
                        if W.brand < 0 or W.brand == g:
                            n = put(n, out, i, minute + 2, FOLLOW, k, g, channel=c, content=content)
                if R.click[c] > 0 and draw(key, CLICK, t, j) < min(
                    0.6, R.click[c] * times * np.exp(0.4 * P.affinity[i, g])
                ):
                    S[b, PAID] += D[13] * R.intent[c] * times
                    if tells:
                        n = put(n, out, i, minute + 1, CLICKED, k, g, channel=c, place=place, campaign=campaign,
                                creative=creative, content=content)  # fmt: skip
                        n = put(n, out, i, minute + 2, VIEW, k, g, channel=c, campaign=campaign, content=content,
                                item=int(np.searchsorted(R.item_cdf[g, t // 30], draw(key, CLICK, t, 100 + j))),
                                seconds=5 + int(60 * draw(key, CLICK, t, 200 + j)))  # fmt: skip
                    chosen = utility(R, P, W, S, i, g, b, t, crowd) + shock(key, CLICK, t, 300 + j)
                    nothing = D[0] + 0.8 - D[1] * need + shock(key, CLICK, t, 400 + j)
                    if R.phase[t] == 2:
                        nothing += D[14]
                    if chosen > nothing:
                        n, q = buy(n, out, key, R, P, W, S, i, k, b, t, 50 + j, c, campaign, order, R.phase[t] == 1)
                        if q > 0:
                            met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
            # a shopping trip of his own
            need = 1 - np.exp(-max(0.0, t - met) / stock)
            if draw(key, TRIP, t, 0) >= P.shop[i, k] * R.traffic[t] * (0.3 + 0.7 * need):
                continue
            minute = t * 1440 + 1100 + int(240 * draw(key, TRIP, t, 1))
            best, second = -1, -1
            high, next_high = -1e9, -1e9
            for b in range(B):
                fade(S, b, t, R)
                v = utility(R, P, W, S, i, k * B + b, b, t, crowd) + shock(key, TASTE, t, b)
                if v > high:
                    second, next_high = best, high
                    best, high = b, v
                elif v > next_high:
                    second, next_high = b, v
            g = k * B + best
            tells = recorded and (W.brand < 0 or W.brand == g)
            if recorded and W.brand < 0 and draw(key, OFTEN, t, 100) < H[0]:
                n = put(n, out, i, minute, SEARCH_CATEGORY, k, -1, channel=C)
            if tells and draw(key, OFTEN, t, 101) < H[1]:
                n = put(n, out, i, minute + 1, SEARCH_BRAND, k, g, channel=C)
            item = int(np.searchsorted(R.item_cdf[g, t // 30], draw(key, OFTEN, t, 102)))
            if tells:
                n = put(
                    n,
                    out,
                    i,
                    minute + 3,
                    VIEW,
                    k,
                    g,
                    channel=C,
                    item=item,
                    seconds=10 + int(90 * draw(key, OFTEN, t, 103)),
                )
            other = k * B + second
            glance = draw(key, OFTEN, t, 104)
            if glance >= 1 - H[17]:  # seen in passing, by himself
                S[second, OWN] += 0.1
                if recorded and (W.brand < 0 or W.brand == other):
                    n = put(n, out, i, minute + 2, EXPOSE, k, other, channel=C)
            elif glance < H[2]:
                S[second, OWN] += 0.35
                if recorded and (W.brand < 0 or W.brand == other):
                    n = put(
                        n, out, i, minute + 2, VIEW, k, other, channel=C, seconds=8 + int(40 * draw(key, OFTEN, t, 105))
                    )
            S[best, OWN] += 0.7
            if tells and draw(key, OFTEN, t, 106) < H[3]:
                n = put(n, out, i, minute + 4, FAVOURITE, k, g, channel=C, item=item)
            if tells and draw(key, OFTEN, t, 107) < H[4] * (1.6 if R.phase[t] == 2 else 1.0):
                n = put(n, out, i, minute + 5, CART, k, g, channel=C, item=item)
            if tells and draw(key, OFTEN, t, 108) < H[15]:
                n = put(n, out, i, minute + 5, SAMPLE, k, g, channel=C, item=item)
            if R.phase[t] in (1, 2) and S[best, COUPON] < t and draw(key, OFTEN, t, 109) < H[7]:
                S[best, COUPON] = t + 21
                if tells:
                    n = put(n, out, i, minute + 5, CLAIM, k, g, channel=C, coupon=g)
            if S[best, FOLLOWS] == 0 and draw(key, OFTEN, t, 110) < H[12]:
                S[best, FOLLOWS] = 1.0
                if W.brand < 0 or W.brand == g:
                    n = put(n, out, i, minute + 4, FOLLOW, k, g)
            elif S[best, FOLLOWS] > 0 and draw(key, OFTEN, t, 111) < 2 * H[14]:
                S[best, FOLLOWS] = 0.0
                if W.brand < 0 or W.brand == g:
                    n = put(n, out, i, minute + 4, UNFOLLOW, k, g)
            if S[best, MEMBER] > 0 and draw(key, OFTEN, t, 112) < H[14]:
                S[best, MEMBER] = 0.0
                if W.brand < 0 or W.brand == g:
                    n = put(n, out, i, minute + 1, LEAVE, k, g, business=0)
            nothing = D[0] - D[1] * need + shock(key, NOTHING, t, 0)
            if R.phase[t] == 2:
                nothing += D[14]
            if high > nothing:
                n, q = buy(n, out, key, R, P, W, S, i, k, best, t, 80, C, -1, order, R.phase[t] == 1)
                if q > 0:
                    met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
        if after.shape[0] > 0:
            for b in range(B):
                for column in range(COLUMNS):
                    after[i, b, column] = S[b, column]
            after[i, B, 0], after[i, B, 1], after[i, B, 2] = met, stock, order[0]
    return n
