"""A consumer's life in one category, day by day: media contacts, shopping trips, purchases and what follows them.

Compiled; the equations stand in README.md. Every draw is named (purpose, day, number), so that a world in which a cause is
off shares all other chance.
"""

from typing import NamedTuple

import numpy as np

from twin.chance import draw, life_key, shock
from twin.compiled import called, inlined, kept
from twin.contact import (
    ACCEPT,
    CART,
    CELL,
    CLAIM,
    CONTACTS,
    CONTENT,
    CREATIVE,
    EXPOSE,
    FAVOURITE,
    FOLLOW,
    LEAVE,
    LINE,
    NOTHING,
    OFTEN,
    SAMPLE,
    SEARCH_BRAND,
    SEARCH_CATEGORY,
    SHARE,
    START,
    STEP,
    TASTE,
    TRIP,
    UNFOLLOW,
    VIEW,
    accepted,
    contact,
    contact_beside,
    fade,
    stage,
)  # fmt: skip
from twin.lines import BENEFIT, Lines, Steps
from twin.lines import SAMPLE as SAMPLES
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
    TOUCHES,
    buy,
    join_status,
    on_sale,
    put,
    utility,
)  # fmt: skip

NEVER = -100_000.0  # a day long before all others
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
    offer: np.ndarray  # (T, G, K) bool: benefits that may be claimed on a trip
    force: np.ndarray  # (trials,) −1 as assigned, 0 everybody on the list control, 1 treated
    quiet_brand: int  # its usual media and benefits are silent from quiet_first to quiet_last
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


@called
def extra(n, out, key, R, P, W, S, i, k, t, evening, met, stock, order):
    """What lines and sequences bring a consumer today; (rows so far, packs bought at last)."""
    B, V, L, Q = R.brands, R.message.shape[1], W.lines, W.steps
    crowd, packs = P.crowd[i], 0
    for place in range(L.start[t], L.start[t + 1]):
        a = L.listing[place]
        g, c = L.brand[a], L.channel[a]
        b = g - k * B
        if b < 0 or b >= B:
            continue
        if L.listed[a] >= 0 and not P.listed[i, L.listed[a]]:
            continue
        if L.usual[a] and t >= R.observed and g == W.quiet_brand and W.quiet_first <= t <= W.quiet_last:
            continue
        code = 1000 * (L.code[a] + 1)
        u = draw(key, LINE, t, code)
        tells = t >= R.observed and (W.brand < 0 or W.brand == g)
        if L.what[a] == BENEFIT or L.what[a] == SAMPLES:
            if u < 1 - L.rate[a, t]:
                continue
            fade(S, b, t, R)
            minute = moment(R, t, evening * draw(key, LINE, t, code + 1))
            if L.what[a] == SAMPLES:
                S[b, OWN] += R.demand[18]
                S[b, AWARE] += 0.5 * R.demand[18]
                S[b, ACTED] = t
                if tells:
                    n = put(n, out, i, minute, SAMPLE, k, g, campaign=L.campaign[a], item=L.item[a, 0])
            elif S[b, COUPON] < t and draw(key, LINE, t, code + 2) < claims(R, P, i, L.kind[a]):
                S[b, COUPON], S[b, KIND], S[b, ACTED] = t + 21, L.kind[a], t
                if tells:
                    n = put(n, out, i, minute, CLAIM, k, g, campaign=L.campaign[a],
                            coupon=g * R.benefit_off.shape[0] + L.kind[a])  # fmt: skip
            continue
        most = L.rate[a, t] * P.media[i, k] * R.usage[crowd, c]
        if u <= 1 - most:  # 1 − x ≤ e^−x: nobody is met
            continue
        fade(S, b, t, R)
        need = 1 - np.exp(-max(0.0, t - met) / stock)
        count = count_of(u, most * accepted(R, P, S, i, g, b, L.target[a], need))
        for m in range(count):
            j = code + m
            message = L.message[a] if L.message[a] >= 0 else int(draw(key, CREATIVE, t, j) * V)
            content = shown(R, key, t, g, c, j)
            if silent(R, W, t, g, c, L.campaign[a], content, message, L.usual[a]):
                continue
            item = -1
            if L.items[a] > 0:
                item = L.item[a, int(draw(key, CREATIVE, t, 100 + j) * L.items[a])]
            minute = moment(R, t, evening * (m + draw(key, SHARE, t, 100 + j)) / count)
            n, q = contact_beside(n, out, key, R, P, W, S, i, k, b, c, t, j, minute, L.campaign[a], message, content, item,
                                  need, order)  # fmt: skip
            if q > 0:
                packs, met, stock = q, settled(P, i, k, t), P.cycle[i, k] * (1 + 0.6 * (q - 1))
                need = 0.0
    for q in range(Q.brand.shape[0]):
        b = Q.brand[q] - k * B
        if b < 0 or b >= B or t < Q.first[q] or t > Q.last[q]:
            continue
        if not P.listed[i, Q.listed[q]]:
            continue
        if t == Q.first[q]:
            S[b, TOUCHES], S[b, TOUCHED] = 0.0, NEVER
        since = t - S[b, TOUCHED]
        recency = 0 if since <= 1 else 1 if since <= 3 else 2 if since <= 7 else 3
        touches = min(np.int64(S[b, TOUCHES]), Q.action.shape[3] - 1)
        last = 0 if S[b, TOUCHES] == 0 else np.int64(S[b, MESSAGE]) + 1
        action = Q.action[q, stage(S, b, t), recency, touches, last]
        if action < 0:
            continue
        c, message, j = action // V, action % V, 1000 * (Q.code[q] + 1)
        if draw(key, STEP, t, j) >= Q.pressure[q] * P.media[i, k] * R.usage[crowd, c]:
            continue
        content = shown(R, key, t, Q.brand[q], c, j)
        if silent(R, W, t, Q.brand[q], c, Q.campaign[q], content, message, False):
            continue
        fade(S, b, t, R)
        need = 1 - np.exp(-max(0.0, t - met) / stock)
        S[b, TOUCHES] += 1
        S[b, TOUCHED] = t
        minute = moment(R, t, evening * draw(key, STEP, t, j + 1))
        n, bought = contact_beside(n, out, key, R, P, W, S, i, k, b, c, t, j, minute, Q.campaign[q], message, content, -1,
                                   need, order)  # fmt: skip
        if bought > 0:
            packs, met, stock = bought, settled(P, i, k, t), P.cycle[i, k] * (1 + 0.6 * (bought - 1))
    return n, packs


@inlined
def claims(R, P, i, kind):
    """The chance that an offered benefit is claimed: who likes it claims more."""
    return min(1.0, R.habits[7] * np.exp(P.benefit[i, kind]))


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


@kept("chance", "compiled", "contact", "lines", "lookup", "purchase", "life")
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
            quiet = recorded and g == W.quiet_brand and W.quiet_first <= t <= W.quiet_last
            if (
                W.offer[t, g, kind]
                and not quiet
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
