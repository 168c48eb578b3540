"""A consumer's life in one category, day by day: media contacts, shopping trips, purchases and what follows them.

Compiled; the equations stand in README.md. Every draw is named (purpose, day, number), so that a world in which a cause is
off shares all other chance.
"""

import numpy as np

from twin.beside import extra
from twin.chance import draw, life_key, shock
from twin.compiled import called, kept
from twin.contact import (
    ACCEPT,
    CART,
    CELL,
    CLAIM,
    CONTACTS,
    CREATIVE,
    EXPOSE,
    FAVOURITE,
    FOLLOW,
    LEAVE,
    NOTHING,
    OFTEN,
    SAMPLE,
    SEARCH_BRAND,
    SEARCH_CATEGORY,
    SHARE,
    START,
    TASTE,
    TRIP,
    UNFOLLOW,
    VIEW,
    accepted,
    contact,
    fade,
)
from twin.lookup import cell_at
from twin.purchase import (
    ACTED,
    AWARE,
    BEFORE,
    COLUMNS,
    COUPON,
    DEPOSIT,
    FOLLOWS,
    KIND,
    LAST,
    MEMBER,
    MESSAGE,
    MET,
    OWN,
    PRAISED,
    TOUCHED,
    buy,
    join_status,
    on_sale,
    put,
    utility,
)
from twin.worlds import NEVER, claims, concerned, count_of, may_claim, moment, settled, shown, silent


@called
def eventful(rate, media, traffic, shop, phase, lines, steps, plain, salted, salt_day, t, until):
    """The first day from t on which anything can happen to a consumer, else `until`: few days are, and a small loop is fast."""
    while t < until:
        key = plain if t <= salt_day else salted
        if draw(key, CONTACTS, t, 0) > 1 - rate[t] * media or draw(key, TRIP, t, 0) < shop * traffic[t]:
            return t
        if phase[t] == 3 or lines[t + 1] > lines[t] or steps > 0:
            return t
        t += 1
    return until


@kept("chance", "compiled", "contact", "lines", "lookup", "purchase", "worlds", "beside", "life")
def live(R, P, W, S, order, k, begin, until, before, after, out):
    """Lives of consumers in category k from day `begin` up to before `until`, into `out`; returns the rows needed.

    S (B, COLUMNS) and order (1,) are room to work in. before: states at `begin`, (n, B + 1, COLUMNS), read when begin > 0;
    after: states at `until`, written when it has rows. The last row of a state holds need, stock and number of orders.
    """
    B, C, V = R.brands, R.target.shape[0], R.message.shape[1]
    D, H = R.demand, R.habits
    n, steps = 0, W.steps.brand.shape[0]
    for i in range(P.number.shape[0]):
        S[:] = 0.0
        S[:, LAST] = -10_000.0
        S[:, COUPON] = S[:, MESSAGE] = -1.0
        S[:, MET] = S[:, ACTED] = S[:, BEFORE] = S[:, PRAISED] = S[:, TOUCHED] = NEVER
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
        t = begin - 1
        while True:
            t = eventful(R.candidates[k], P.media[i, k], R.traffic, P.shop[i, k], R.phase, W.lines.start, steps, plain, salted,
                         W.salt_day, t + 1, until)  # fmt: skip
            if t >= until:
                break
            key = plain if t <= W.salt_day else salted
            recorded = t >= R.observed
            if R.phase[t] == 3:  # burst: deposits are paid
                for b in range(B):
                    if S[b, DEPOSIT] > 0:
                        item = np.int64(S[b, DEPOSIT]) - 1
                        S[b, DEPOSIT] = 0.0
                        if draw(key, OFTEN, t, b) < H[6]:
                            n, q = buy(
                                n, out, key, R, P, W, S, i, k, b, t, t * 1440 + 2 * b, 5 + b, -1, -1, item, order, False
                            )
                            met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
            # media contacts: candidates thinned by targeting and by what is on
            rate = R.candidates[k, t] * P.media[i, k]
            u = draw(key, CONTACTS, t, 0)
            chance = draw(key, TRIP, t, 0)
            may_shop = chance < P.shop[i, k] * R.traffic[t]
            # contacts come before the day's own trip, if there may be one: what moves it is recorded before it
            evening = draw(key, TRIP, t, 1)
            before_trip = evening if may_shop else 1.0
            count = 0
            if u > 1 - rate:
                count = count_of(u, rate)
            for j in range(count):
                cell = cell_at(R.cdf, R.guide, k, R.since[k, t], np.float32(draw(key, CELL, t, j)))
                b, c = cell // C, cell % C
                g = k * B + b
                fade(S, b, t, R)
                accept = draw(key, ACCEPT, t, j)
                if accept >= R.usage[crowd, c]:  # whatever targeting says
                    continue
                need = 1 - np.exp(-max(0.0, t - met) / stock)
                if accept >= R.usage[crowd, c] * accepted(R, P, S, i, g, b, R.target[c], need):
                    continue
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
                content = shown(R, key, t, g, c, j)
                message = int(draw(key, CREATIVE, t, j) * V)
                if silent(R, W, t, g, c, campaign, content, message, True):
                    continue
                minute = moment(R, t, before_trip * (j + draw(key, SHARE, t, 100 + j)) / count)
                n, q = contact(
                    n, out, key, R, P, W, S, i, k, b, c, t, j, minute, campaign, message, content, -1, need, order
                )
                if q > 0:
                    met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
            if concerned(R, W, k, t):
                n, q = extra(n, out, key, R, P, W, S, i, k, t, before_trip, met, stock, order)
                if q > 0:
                    met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
            # a shopping trip of his own
            if not may_shop:
                continue
            need = 1 - np.exp(-max(0.0, t - met) / stock)
            if chance >= P.shop[i, k] * R.traffic[t] * (0.3 + 0.7 * need):
                continue
            minute = moment(R, t, evening)
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
            item = on_sale(R, t, g, draw(key, OFTEN, t, 102))
            if recorded:
                S[best, ACTED] = t
            if tells:
                n = put(n, out, i, minute + 3, VIEW, k, g, channel=C, item=item,
                        seconds=10 + int(90 * draw(key, OFTEN, t, 103)))  # fmt: skip
            other = k * B + second
            glance = draw(key, OFTEN, t, 104)
            if glance >= 1 - H[17]:  # seen in passing, by himself
                S[second, OWN] += 0.1
                if recorded:
                    S[second, MET] = t
                    if W.brand < 0 or W.brand == other:
                        n = put(n, out, i, minute + 2, EXPOSE, k, other, channel=C)
            elif glance < H[2]:
                S[second, OWN] += 0.35
                if recorded:
                    S[second, ACTED] = t
                    if W.brand < 0 or W.brand == other:
                        n = put(n, out, i, minute + 2, VIEW, k, other, channel=C,
                                seconds=8 + int(40 * draw(key, OFTEN, t, 105)))  # fmt: skip
            S[best, OWN] += 0.7
            if tells and draw(key, OFTEN, t, 106) < H[3]:
                n = put(n, out, i, minute + 4, FAVOURITE, k, g, channel=C, item=item)
            if tells and draw(key, OFTEN, t, 107) < H[4] * (1.6 if R.phase[t] == 2 else 1.0):
                n = put(n, out, i, minute + 5, CART, k, g, channel=C, item=item)
            if draw(key, OFTEN, t, 108) < H[15]:
                S[best, OWN] += D[18]
                S[best, AWARE] += 0.5 * D[18]
                if tells:
                    n = put(n, out, i, minute + 5, SAMPLE, k, g, channel=C, item=item)
            kinds = W.offer.shape[2]
            kind = int(draw(key, OFTEN, t, 113) * kinds)
            if (
                may_claim(W, P, i, t, g, kind)
                and S[best, COUPON] < t
                and draw(key, OFTEN, t, 109) < claims(R, P, i, kind)
            ):
                S[best, COUPON], S[best, KIND] = t + 21, kind
                if tells:
                    n = put(n, out, i, minute + 5, CLAIM, k, g, channel=C, coupon=g * kinds + kind)
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
                n, q = buy(n, out, key, R, P, W, S, i, k, best, t, minute, 80, C, -1, item, order, R.phase[t] == 1)
                if q > 0:
                    met, stock = settled(P, i, k, t), cycle * (1 + 0.6 * (q - 1))
        if after.shape[0] > 0:
            for b in range(B):
                for column in range(COLUMNS):
                    after[i, b, column] = S[b, column]
            after[i, B, 0], after[i, B, 1], after[i, B, 2] = met, stock, order[0]
    return n
