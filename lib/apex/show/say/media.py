"""What `2_plan/media` says: how to split the budget, what the next money brings, what limits it, how wrong it may be."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.wording import fitting
from apex.show.words import Words

LEFT = 0.005  # of the budget: what rounding may leave
SURE = 0.99  # of the draws in which a split brings less: below it is named
SHIFT = 0.02  # of the budget: smaller moves are not named


def cannot(reason: str, words: Words) -> dict[str, Any]:
    """Why no money is planned."""
    text = {
        "no_spend": words(
            "These data hold no media cost, so no budget can be split; what can be said is which channels met whom."
        ),
        "few_orders": words("Too few orders are known beside media contacts to say what a contact brings."),
        "no_budget": words("The budget is nought: there is nothing to split."),
        "no_peers": words(
            "No other brand of the category is in these data, and what a contact does shows in the choice among brands."
        ),
    }[reason]
    short = words("The data cannot say how to split a budget")
    return {"kind": "not identified", "short": short, "text": text}


def split(compared: pd.DataFrame, channels: pd.DataFrame, total: float, words: Words) -> dict[str, Any]:
    """The headline. compared: of `MediaPlan.compared`; channels: of `MediaPlan.channels`; total: the budget."""
    rows = compared.set_index("split")
    ours = rows.loc["plan"]
    text = words(
        "Split as below, **{budget}** bring **{gmv}** of GMV by media (80%: {low} to {high}).",
        budget=words.money(round(total)), gmv=words.money(round(ours.gmv_minor)), low=words.money(round(ours.low)),
        high=words.money(round(ours.high)),
    )  # fmt: skip
    before = None
    if "last" in rows.index and rows.gmv_minor["last"] > 0:
        gain, worst, best = (rows.loc["last", c] / rows.gmv_minor["last"] for c in ("less", "less_low", "less_high"))
        text += " " + words(
            "That is **{more}** beside the earlier campaign's split of the same money (80%: {low} to {high}).",
            more=words.signed_share(gain), low=words.signed_share(worst), high=words.signed_share(best),
        )  # fmt: skip
        before = {"label": words("the earlier split"), "value": float(rows.gmv_minor["last"])}
    alike = [known for known in rows.index if known != "plan" and rows.worse[known] < SURE]
    if alike:
        told = words(", ").join(_splits(words)[k] for k in alike)
        text += " " + words(
            "It is less than {sure} sure to bring more than: {splits}.", sure=words.share(SURE), splits=told
        )
    move = moves(channels, total, words)
    short = words("{budget} of media bring {gmv}", budget=words.money_short(round(total)),
                  gmv=words.money_short(round(ours.gmv_minor)))  # fmt: skip
    tile = {"label": words("GMV by media"), "value": words.money_short(round(ours.gmv_minor)),
            "note": words("for a budget of {budget}", budget=words.money_short(round(total)))}  # fmt: skip
    low, high = float(ours.low), float(ours.high)
    return {"kind": "model", "value": float(ours.gmv_minor), "unit": "money_minor", "low": low, "high": high,
            "text": text, "short": short, "compared": before, "tile": tile, "next_step": move,
            "verdict": "careful" if move else "ahead"}  # fmt: skip


def moves(channels: pd.DataFrame, total: float, words: Words) -> str | None:
    """Where money goes and where it is taken from, beside the earlier split; None where next to nothing moves."""
    spent = channels.then.sum()
    change = (channels.planned - channels.then / max(spent, 1.0) * total).set_axis(channels.channel)
    up = change[change > SHIFT * total].sort_values(ascending=False).index[:2]
    down = change[change < -SHIFT * total].sort_values().index[:2]
    if not len(up) or not len(down):
        return None
    return words("Move money from {less} to {more}.", less=listed(down, words), more=listed(up, words))


def listed(names: Any, words: Words) -> str:
    """Channels one after the other."""
    return words(", ").join(channel(str(n), words) for n in names)


def following(channels: pd.DataFrame, marginal: float, margin: float | None, sensible: float | None, total: float,
              unspent: float, words: Words) -> dict[str, Any]:  # fmt: skip
    """What the last money brings, which limits bind, and whether it is worth its cost.

    sensible: the budget that is; unspent: what found no place below the caps.
    """
    text = words("The last unit of money brings **{gmv}** of GMV.", gmv=words.number(marginal, 2))
    verdict, step = "none", None
    if margin is not None:
        earns = marginal * margin
        verdict = "ahead" if earns >= 1 else "careful"
        text += " " + words("At a margin of {margin} it earns {earned} of what it costs.", margin=words.share(margin),
                            earned=words.share(earns))  # fmt: skip
        if earns < 1 and sensible is not None and sensible < 0.98 * total:
            step = words("Only {budget} of the budget earn their cost within the campaign; weigh keeping the rest.",
                         budget=words.money_short(round(sensible)))  # fmt: skip
    for limit, said in (("cap", words("At their cap: {channels}.", channels="{}")),
                        ("floor", words("Held up by their floor: {channels}.", channels="{}"))):  # fmt: skip
        names = channels.channel[channels.bound == limit]
        if len(names):
            text += " " + said.format(listed(names, words))
    if unspent > LEFT * total:
        text += " " + words("**{money}** find no place below the caps.", money=words.money(round(unspent)))
        verdict = "careful"
    short = words("The last unit of money brings {gmv}", gmv=words.number(marginal, 2))
    tile = {"label": words("The next unit brings"), "value": words.number(marginal, 2), "note": words("GMV")}
    return {"kind": "model", "value": marginal, "unit": "none", "text": text, "short": short, "verdict": verdict,
            "next_step": step, "tile": tile}  # fmt: skip


def regret(lost: Any, words: Words) -> dict[str, Any]:
    """How much is lost where the curves are wrong. lost: shares by draw."""
    mean, worst = float(lost.mean()), float(pd.Series(lost).quantile(0.9))
    text = words(
        "Were the curves known exactly, another split would bring **{mean}** more on average, and **{worst}** in the worst tenth "
        "of the cases that the data leave open.", mean=words.share(mean), worst=words.share(worst),
    )  # fmt: skip
    short = words("Wrong curves cost {mean}", mean=words.share(mean))
    tile = {"label": words("Lost if curves are wrong"), "value": words.share(mean), "note": words("on average")}
    return {"kind": "model", "value": mean, "unit": "share", "text": text, "short": short, "tile": tile}


def rivals(compared: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The splits by name, the plan first."""
    names = _splits(words)
    frame = compared.assign(name=compared.split.map(names), order=compared.split.map(list(names).index))
    return frame.sort_values("order", ignore_index=True)


def _splits(words: Words) -> dict[str, str]:
    return {"plan": words("This plan"), "last": words("As in the earlier campaign"), "even": words("Even"),
            "touch": words("By last touch")}  # fmt: skip


def asked(frame: pd.DataFrame, words: Words) -> str:
    """Which groups must be met, how far they are, and what asking costs. frame: of `MediaPlan.met`."""
    if frame.empty:
        return words("No group of people was asked to be met: say so in the parameter reach.")
    return " ".join(
        words("{group}: {reached} met, at least {asked} asked; one point less would bring {money} more.", group=row.group,
              reached=words.share(row.reached), asked=words.share(row.asked), money=words.money(round(row.worth)))
        for row in frame.itertuples()
    )  # fmt: skip


def named(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Channels, sites, ways of buying, limits and phases as people say them."""
    told: dict[str, Mapping[str, str]] = {
        "site": {"on": words("on-site"), "off": words("off-site")},
        "buying": {"auction": words("auction"), "contract": words("contract"), "owned": words("owned")},
        "bound": {"": "", "cap": words("cap"), "floor": words("floor")},
    }
    out = frame.copy()
    if "channel" in out:
        out["channel"] = [channel(c, words) for c in out.channel]
    for column, names in told.items():
        if column in out:
            out[column] = [names.get(v, v) for v in out[column]]
    return out


def budgets(channels: pd.DataFrame, total: float, words: Words) -> pd.DataFrame:
    """Bars: the planned budget, and the earlier split of the same money as a mark."""
    then = channels.then / max(channels.then.sum(), 1.0) * total
    return pd.DataFrame(
        {"label": [channel(c, words) for c in channels.channel], "value": channels.planned, "before": then.round()}
    )


def phases(wide: pd.DataFrame, words: Words) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """A row a channel, a column a phase; and the columns' heads."""
    known = {"build-up": words("build-up"), "presale": words("presale"), "warm-up": words("warm-up"), "burst": words("burst"),
             "return": words("return"), "other": words("other days")}  # fmt: skip
    order = [p for p in known if p in set(wide.phase)] + sorted(set(wide.phase) - set(known))
    grid = wide.pivot(index="channel", columns="phase", values="planned")[order]
    heads = {f"p{n}": (known.get(p, p), "money_short") for n, p in enumerate(order)}
    grid.columns = list(heads)
    grid = grid.loc[grid.sum(axis=1).sort_values(ascending=False).index].reset_index()
    return named(grid, words), {"channel": (words("Channel"), "text"), **heads}


def met(frame: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Which channel met most, where nothing is known of money."""
    known = frame.dropna(subset=["people"])
    if known.empty:
        return {
            "kind": "counted",
            "text": words("No media contact of this brand is known."),
            "short": words("No media contact is known"),
        }
    first = known.sort_values("people", ascending=False).iloc[0]
    name = channel(first.channel, words)
    text = words("In the last {days} days **{channel}** met most: **{people}** consumers.", days=365, channel=name,
                 people=int(first.people))  # fmt: skip
    short = fitting(words("{channel} met most consumers", channel=name), name)
    return {"kind": "counted", "value": float(first.people), "unit": "consumers", "text": text, "short": short}


def learned(plan: Any, words: Words) -> str:
    """What the fit rests on. plan: a `MediaPlan`."""
    fit = plan.learned.fit
    return words(
        "Orders of a thousand contacts in a campaign, with 80% intervals. Read from {choices} choices among {brands} brands and "
        "{trials} randomised trials; a contact's effect fades by two thirds in {days} days.",
        choices=fit.choices, brands=len(plan.of.brands), trials=plan.trials, days=round(fit.carry_days),
    )  # fmt: skip


def messages(frame: pd.DataFrame, days: int, words: Words) -> dict[str, Any]:
    """Which message in which channel. frame: of `upstream.media_said.said`; days: whose clicks it rests on."""
    if frame.empty:
        text = words(
            "No message is chosen: clicks on creatives of two or more messages are not known, or do not tell them apart."
        )
        return {"kind": "not identified", "text": text, "short": words("The data cannot say which message to show")}
    told = _in_channels(frame, words)
    n = int(frame.in_all.iloc[0])
    least, most = (words.signed_share(v - 1) for v in (frame.pull.min(), frame.pull.max()))
    text = words(
        "By {clicks} clicks of the last {days} days: {said}. Beside any message in turn, {least} to {most} clicks are "
        "expected, by channel.", clicks=n, days=days, said=words("; ").join(told), least=least, most=most,
    )  # fmt: skip
    lead = frame.message.value_counts()
    short = words(
        "{message} first in {n} of {all} channels", message=lead.index[0], n=int(lead.iloc[0]), all=len(frame)
    )
    return {"kind": "model", "text": text, "short": fitting(short, lead.index[0]), "n": n}


def _in_channels(frame: pd.DataFrame, words: Words) -> list[str]:
    """Each message, or two in turn, with its channels."""
    told = []
    for (first, then), part in frame.fillna({"then": ""}).groupby(["message", "then"], sort=False):
        names = listed(part.channel, words)
        told.append(
            words("**{first}**, then **{then}** in {channels}", first=first, then=then, channels=names) if then
            else words("**{message}** in {channels}", message=first, channels=names)
        )  # fmt: skip
    return told


def switch(frame: pd.DataFrame, words: Words) -> dict[str, Any]:
    """What channels should say from tomorrow on, beside the plan. frame: of `upstream.media_said.tomorrow`."""
    if frame.empty:
        text = words("No message is chosen for tomorrow: clicks do not tell messages apart, or the campaign is over.")
        return {"kind": "not identified", "text": text, "short": words("No other message for tomorrow")}
    n, known = int(frame.in_all.iloc[0]), bool(frame.planned.notna().any())
    other = frame[frame.planned.fillna("") != frame.message] if known else frame
    if other.empty:
        text = words("By {clicks} clicks every channel says from tomorrow on what the plan has it say.", clicks=n)
        return {"kind": "model", "text": text, "short": words("Messages stay as planned"), "n": n}
    told = words("; ").join(_in_channels(other, words))
    if not known:
        text = words(
            "By {clicks} clicks so far, from tomorrow on: {said}. No plan says otherwise.", clicks=n, said=told
        )
        return {"kind": "model", "text": text, "short": words("Messages are chosen for tomorrow"), "n": n}
    text = words(
        "By {clicks} clicks so far, from tomorrow on better than what the plan says: {said}.", clicks=n, said=told
    )
    short = words("{n} of {all} channels should say something else", n=len(other), all=len(frame))
    return {
        "kind": "model",
        "text": text,
        "short": short,
        "n": n,
        "next_step": words("Change the messages of tomorrow's media"),
    }


def said(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """A row a channel as people say it: channel, whom, message, pull, low, high (clicks beside any in turn, less one), clicks.

    The most clicked targeting first.
    """
    whom = {"broad": words("everybody"), "likely": words("likely buyers"), "members": words("members"),
            "visitors": words("visitors"), "": words("not known")}  # fmt: skip
    rows = frame.sort_values(["clicks", "whom", "channel"], ascending=[False, True, True], ignore_index=True)
    return named(rows, words).assign(
        **{name: rows[name] - 1 for name in ("pull", "low", "high")},
        whom=[whom.get(w, w) for w in rows.whom],
        message=[
            words("{first}, then {then}", first=r.message, then=r.then) if isinstance(r.then, str) and r.then else r.message
            for r in rows.itertuples()
        ],
    )  # fmt: skip
