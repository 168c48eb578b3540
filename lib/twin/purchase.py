"""What a purchase brings: choice of item and shop, price and coupon, then refund, review, sharing, membership and tier."""

import numpy as np

from twin.chance import draw
from twin.compiled import called, inlined

# Columns of the state of one brand: awareness, bought and own intent as of `SEEN`; orders, day of the last, membership,
# following, deposit paid, last day and kind of a benefit in hand, money spent, tier; contacts of late and the last one's message.
AWARE, PAID, OWN, SEEN, ORDERS, LAST, MEMBER, FOLLOWS, DEPOSIT, COUPON, SPENT, TIER, KIND, WEARY, MESSAGE = range(15)
# What is recorded, for a sequence's state: last day met, active, the purchase day before the last, last praise; its touches.
MET, ACTED, BEFORE, PRAISED, TOUCHED, TOUCHES = range(15, 21)
COLUMNS = 21
FOLLOW, JOIN, TIER_UP, REDEEM, RESERVE, BUY, REVIEW, SHARE, REFUND = 7, 9, 11, 13, 17, 18, 20, 21, 22
CHOICE, AFTER, BEGIN = 100, 101, 102  # purposes of draws; number = 1,000 × occasion + …
# Columns of a row of events, all int32; −1 is none.
FIELDS = (
    "consumer", "minute", "behaviour", "category", "brand", "business", "channel", "placement", "campaign", "creative",
    "content", "item", "store", "basket", "coupon", "quantity", "value", "discount", "duration", "score", "detail",
)  # fmt: skip
AT_START = 100  # detail: what was open when the data begin


@called
def put(n, out, i, minute, behaviour, k, g, business=-1, channel=-1, place=-1, campaign=-1, creative=-1, content=-1,
        item=-1, store=-1, basket=-1, coupon=-1, quantity=-1, value=-1, discount=-1, seconds=-1, score=-1,
        detail=-1):  # fmt: skip
    """One row of events, if there is room; the number of rows so far."""
    if n < out.shape[0]:
        row = out[n]
        row[0], row[1], row[2], row[3], row[4], row[5], row[6] = i, minute, behaviour, k, g, business, channel
        row[7], row[8], row[9], row[10], row[11], row[12] = place, campaign, creative, content, item, store
        row[13], row[14], row[15], row[16], row[17] = basket, coupon, quantity, value, discount
        row[18], row[19], row[20] = seconds, score, detail
    return n + 1


@inlined
def on_sale(R, t, g, u):
    """The item of brand g that a uniform u chooses among those that can be had on day t."""
    return int(np.searchsorted(R.item_cdf[t, g], np.float32(u)))


@inlined
def utility(R, P, W, S, i, g, b, t, crowd):
    """The utility of brand g today, without its taste shock. S must have faded to t."""
    D = R.demand
    a, p, o = S[b, AWARE], S[b, PAID], S[b, OWN]
    a, p, o = a / (1 + a), p / (1 + p), o / (1 + o)
    v = R.quality[g] + P.affinity[i, g] + D[6] * a + D[7] * p + D[8] * o + D[9] * a * p
    if S[b, COUPON] >= t:
        v += P.benefit[i, np.int64(S[b, KIND])]
    v += D[4] * R.price_response[crowd] * W.discount[t, g] + W.lift[t, g]
    if S[b, ORDERS] > 0:
        v += D[2] * min(S[b, ORDERS], 3.0) / 3 * R.decay[3, min(t - np.int64(S[b, LAST]), R.decay.shape[1] - 1)]
    if S[b, MEMBER] > 0:
        v += D[5]
    return v


@called
def join_status(n, out, key, R, P, W, S, i, k):
    """Who is a member or follower when the data begin: those who like the brand."""
    for b in range(R.brands):
        g = k * R.brands + b
        liking = 1 / (1 + np.exp(-(R.quality[g] + P.affinity[i, g] - 5.0)))
        tells = W.brand < 0 or W.brand == g
        if draw(key, BEGIN, 0, b) < liking:
            S[b, MEMBER] = 1.0
            if tells:
                n = put(n, out, i, 0, JOIN, k, g, business=0, detail=AT_START)
        if draw(key, BEGIN, 1, b) < 0.5 * liking:
            S[b, FOLLOWS] = 1.0
            if tells:
                n = put(n, out, i, 0, FOLLOW, k, g, detail=AT_START)
    return n


@called
def buy(n, out, key, R, P, W, S, i, k, b, t, minute, occasion, channel, campaign, item, order, presale):
    """A purchase some minutes after `minute`, or in the presale a deposit; (rows so far, packs bought or 0).

    item: what was looked at; −1: any that is on sale, as is one that cannot be had today.
    """
    H, g = R.habits, k * R.brands + b
    tells = W.brand < 0 or W.brand == g
    recorded = tells and t >= R.observed
    z = 1000 * occasion
    minute += 6 + int(12 * draw(key, CHOICE, t, z))
    if item < 0 or R.item_cdf[t, g, item] <= (R.item_cdf[t, g, item - 1] if item > 0 else 0.0):
        item = on_sale(R, t, g, draw(key, CHOICE, t, z + 1))
    if presale and draw(key, CHOICE, t, z + 2) < H[5]:
        if S[b, DEPOSIT] == 0:
            S[b, DEPOSIT] = 1.0 + item
            if recorded:
                S[b, ACTED] = t
                n = put(n, out, i, minute, RESERVE, k, g, business=0, channel=channel, campaign=campaign, item=item,
                        quantity=1, value=int(0.1 * R.item_price[g, item]))  # fmt: skip
        return n, 0
    u = draw(key, CHOICE, t, z + 3)
    off = W.discount[t, g]
    quantity = 1 + (1 if u < 0.15 + off else 0) + (1 if u < 0.05 + 0.3 * off else 0)
    business = int(np.searchsorted(R.business_cdf[P.city_tier[i] - 1], draw(key, CHOICE, t, z + 4)))
    store = -1
    if business == R.physical:
        store = int(draw(key, CHOICE, t, z + 5) * 20)
        channel, campaign = -1, -1
    coupon = -1
    if S[b, COUPON] >= t:
        kind = np.int64(S[b, KIND])
        coupon, off = g * R.benefit_off.shape[0] + kind, off + R.benefit_off[kind]
        S[b, COUPON] = -1.0
        if recorded:
            n = put(n, out, i, minute, REDEEM, k, g, business=business, coupon=coupon)
    order[0] += 1
    list_price = R.item_price[g, item] * quantity
    value = int(np.rint(list_price * (1 - off)))
    if tells:
        n = put(n, out, i, minute, BUY, k, g, business=business, channel=channel, campaign=campaign, item=item,
                store=store, basket=order[0], coupon=coupon, quantity=quantity, value=value,
                discount=list_price - value)  # fmt: skip
    S[b, SPENT] += value
    if draw(key, CHOICE, t, z + 6) < H[16]:  # a second line of the same order
        item = on_sale(R, t, g, draw(key, CHOICE, t, z + 7))
        price = R.item_price[g, item]
        paid = int(np.rint(price * (1 - off)))
        S[b, SPENT] += paid
        if tells:
            n = put(n, out, i, minute, BUY, k, g, business=business, channel=channel, campaign=campaign, item=item,
                    store=store, basket=order[0], coupon=coupon, quantity=1, value=paid, discount=price - paid)  # fmt: skip
    S[b, ORDERS] += 1
    if S[b, LAST] < t:
        S[b, BEFORE] = S[b, LAST]
    S[b, LAST] = t
    # Intent is used up by buying; what was learned of the brand stays.
    S[b, PAID] *= 0.3
    S[b, OWN] *= 0.3
    horizon = R.traffic.shape[0]
    if draw(key, AFTER, t, z) < H[8]:
        day = t + 2 + int(7 * draw(key, AFTER, t, z + 1))
        if tells and R.observed <= day < horizon:
            n = put(
                n, out, i, day * 1440 + 600, REFUND, k, g, business=business, item=item, basket=order[0], value=value
            )
    elif draw(key, AFTER, t, z + 2) < H[9]:
        day = t + 4 + int(16 * draw(key, AFTER, t, z + 3))
        u = draw(key, AFTER, t, z + 4)
        score = 1 + (u > 0.04) + (u > 0.08) + (u > 0.16) + (u > 0.38)
        if score >= 4:
            S[b, PRAISED] = max(S[b, PRAISED], day)
        if tells and day < horizon:
            n = put(n, out, i, day * 1440 + 1200, REVIEW, k, g, business=business, item=item, score=score)
    if draw(key, AFTER, t, z + 5) < H[10]:
        day = t + 1 + int(10 * draw(key, AFTER, t, z + 6))
        S[b, PRAISED] = max(S[b, PRAISED], day)
        if tells and day < horizon:
            n = put(n, out, i, day * 1440 + 1230, SHARE, k, g, item=item)
    if S[b, MEMBER] == 0 and draw(key, AFTER, t, z + 7) < H[11] * W.served[t, g, 2]:
        S[b, MEMBER] = 1.0
        if tells:
            n = put(n, out, i, minute + 1, JOIN, k, g, business=0)
    if S[b, MEMBER] > 0:
        tier = int(np.searchsorted(R.tier_money, S[b, SPENT], side="right"))
        if tier > S[b, TIER]:
            S[b, TIER] = tier
            if tells:
                n = put(n, out, i, minute + 2, TIER_UP, k, g, business=0, detail=tier)
    return n, quantity
