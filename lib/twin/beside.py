"""What a day brings beside usual media: a plan's lines and sequences, item trials, benefits and samples; compiled."""

import numpy as np

from twin.chance import draw
from twin.compiled import called
from twin.contact import CLAIM, CREATIVE, LINE, SAMPLE, SHARE, STEP, accepted, contact_beside, fade, stage
from twin.lines import BENEFIT
from twin.lines import SAMPLE as SAMPLES
from twin.purchase import ACTED, AWARE, COUPON, KIND, MESSAGE, OWN, TOUCHED, TOUCHES, put
from twin.worlds import NEVER, claims, count_of, moment, settled, shown, silent


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
