"""What one media contact does: it adds to awareness and intent, may be clicked, and a click may end in a purchase."""

import numpy as np

from twin.chance import draw, shock
from twin.compiled import called, inlined
from twin.purchase import (
    ACTED,
    AWARE,
    BEFORE,
    FOLLOWS,
    LAST,
    MEMBER,
    MESSAGE,
    MET,
    ORDERS,
    OWN,
    PAID,
    PRAISED,
    SEEN,
    WEARY,
    buy,
    on_sale,
    put,
    utility,
)  # fmt: skip

# Purposes of draws in `contact` and `life`; `purchase` uses 100 and more. Beside them a draw is named by day and number.
CONTACTS, CELL, ACCEPT, SHARE, CONTENT, CREATIVE, CLICK, WATCH, TASTE, TRIP, NOTHING, OFTEN, START, LINE, STEP = range(
    15
)
EXPOSE, WATCHED, CLICKED, SEARCH_CATEGORY, SEARCH_BRAND, VIEW, ENGAGE, FOLLOW, UNFOLLOW, JOIN, LEAVE = range(11)
CLAIM, SAMPLE, FAVOURITE, CART, RESERVE = 12, 14, 15, 16, 17


@inlined
def fade(S, b, t, R):
    """Awareness, intents and weariness decay to day t."""
    gap = t - np.int64(S[b, SEEN])
    if gap > 0:
        gap = min(gap, R.decay.shape[1] - 1)
        if S[b, AWARE] + S[b, PAID] + S[b, OWN] + S[b, WEARY] > 1e-4:
            S[b, AWARE] *= R.decay[0, gap]
            S[b, PAID] *= R.decay[1, gap]
            S[b, OWN] *= R.decay[2, gap]
            S[b, WEARY] *= R.decay[4, gap]
        else:  # nothing worth counting is left; without this the numbers become too small for the processor's fast path
            S[b, AWARE] = S[b, PAID] = S[b, OWN] = S[b, WEARY] = 0.0
        S[b, SEEN] = t


@inlined
def standing(S, b):
    """Where a consumer stands toward a brand: 0 none, 1 aware, 2 interested, 3 bought."""
    if S[b, ORDERS] > 0:
        return 3
    if S[b, PAID] + S[b, OWN] > 0.25:
        return 2
    return 1 if S[b, AWARE] > 0.25 else 0


@inlined
def stage(S, b, t):
    """The stage that a record of behaviour shows on day t, by the rules `aipl`: 0 none, 1 A, 2 I, 3 P, 4 L."""
    if S[b, ORDERS] > 0 and t - S[b, LAST] < 913:
        twice = t - S[b, LAST] < 365 and t - S[b, BEFORE] < 365
        praised = S[b, PRAISED] <= t and t - S[b, PRAISED] < 365
        return 4 if twice or praised else 3
    if t - S[b, ACTED] < 15 or S[b, MEMBER] > 0 or S[b, FOLLOWS] > 0:
        return 2
    return 1 if t - S[b, MET] < 15 else 0


@inlined
def accepted(R, P, S, i, g, b, target, need):
    """How likely targeting lets a contact through to this consumer, at most 1; S must have faded to today."""
    if target == 1:
        liking = P.affinity[i, g] + 2 * (need - 0.5) + S[b, PAID] + S[b, OWN] + 0.5 * min(S[b, ORDERS], 2.0)
        return 1 / (1 + np.exp(-R.demand[15] * (liking - 1.2)))
    if target == 2:
        return 1.0 if S[b, MEMBER] + S[b, FOLLOWS] > 0 or S[b, ORDERS] > 0 else 0.02
    if target == 3:
        return min(1.0, 0.02 + S[b, PAID] + S[b, OWN])
    return 0.35


@inlined
def contact(n, out, key, R, P, W, S, i, k, b, c, t, j, minute, campaign, message, content, item, need, order):
    """One contact of consumer i with brand b of category k in channel c; (rows so far, packs bought after a click).

    j names its draws. content and item: −1 none. Awareness rises by aware · w, bought intent by intent · w, w = crowd ×
    creative × message at this standing × content × services, over weariness.
    """
    g, crowd = k * R.brands + b, P.crowd[i]
    D, H, recorded = R.demand, R.habits, t >= R.observed
    tells = recorded and (W.brand < 0 or W.brand == g)
    creative = R.creative[t, g, message]
    times = R.response[crowd] * R.creative_pull[t, g, message] * W.served[t, g, 0]
    pull = 1.0
    if content >= 0:
        pull = R.content_pull[content] * W.served[t, g, 1]
        times *= pull
    s = standing(S, b)
    times *= R.message[s, message] / (1 + D[16] * S[b, WEARY])
    if S[b, WEARY] > 0.3 and S[b, MESSAGE] == message:
        times *= D[17]
    if R.aware[c] + R.intent[c] > 0:  # what does nothing wearies nobody either
        S[b, WEARY] += 1.0
        S[b, MESSAGE] = message
    S[b, AWARE] += R.aware[c] * times * R.stage_aware[s]
    S[b, PAID] += R.intent[c] * times * R.stage_intent[s]
    place = int(draw(key, CELL, t, 100 + j) * 2)
    if recorded:
        S[b, MET] = t
    if tells:
        what, seconds = EXPOSE, 0
        if content >= 0:
            what = WATCHED
            share = -np.log(draw(key, WATCH, t, j)) * 0.3 * pull
            seconds = int(min(R.content_length[content], 1 + min(share, 1.0) * min(120.0, R.content_length[content])))
        n = put(n, out, i, minute, what, k, g, channel=c, place=place, campaign=campaign, creative=creative,
                content=content, item=item, seconds=seconds)  # fmt: skip
    if R.is_content[c] and R.aware[c] > 0 and draw(key, WATCH, t, 100 + j) < H[13] * min(pull, 3.0):
        if recorded:
            S[b, ACTED] = t
        if tells:
            n = put(n, out, i, minute + 1, ENGAGE, k, g, channel=c, content=content, campaign=campaign,
                    detail=int(draw(key, WATCH, t, 200 + j) * 3))  # fmt: skip
        if S[b, FOLLOWS] == 0 and draw(key, WATCH, t, 300 + j) < 0.15:
            S[b, FOLLOWS] = 1.0
            if W.brand < 0 or W.brand == g:
                n = put(n, out, i, minute + 2, FOLLOW, k, g, channel=c, content=content)
    tempting = R.click[c] * times * np.exp(0.4 * P.affinity[i, g])
    if item >= 0:
        tempting *= R.appeal[g, item]
    if R.click[c] <= 0 or draw(key, CLICK, t, j) >= min(0.6, tempting):
        return n, 0
    S[b, PAID] += D[13] * R.intent[c] * times
    if item < 0:
        item = on_sale(R, t, g, draw(key, CLICK, t, 100 + j))
    if recorded:
        S[b, ACTED] = t
    if tells:
        n = put(n, out, i, minute + 1, CLICKED, k, g, channel=c, place=place, campaign=campaign, creative=creative,
                content=content, item=item)  # fmt: skip
        n = put(n, out, i, minute + 2, VIEW, k, g, channel=c, campaign=campaign, content=content, item=item,
                seconds=5 + int(60 * draw(key, CLICK, t, 200 + j)))  # fmt: skip
        if draw(key, CLICK, t, 500 + j) < H[4] * R.appeal[g, item]:
            n = put(n, out, i, minute + 3, CART, k, g, channel=c, campaign=campaign, item=item)
    chosen = utility(R, P, W, S, i, g, b, t, crowd) + shock(key, CLICK, t, 300 + j)
    nothing = D[0] + 0.8 - D[1] * need + shock(key, CLICK, t, 400 + j)
    if R.phase[t] == 2:
        nothing += D[14]
    if chosen > nothing:
        return buy(n, out, key, R, P, W, S, i, k, b, t, minute, 50 + j, c, campaign, item, order, R.phase[t] == 1)
    return n, 0


# Where it is rare: a call passes some hundred arguments, taking it in takes long to compile.
contact_beside = called(contact.py_func)
