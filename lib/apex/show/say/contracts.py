"""What `3_execute/contracts` says: which guarantee is at risk, by how much, what to do today, and who gets the impressions."""

from typing import Any

import pandas as pd

from apex.show.glossary import channel
from apex.show.say.wording import fitting
from apex.show.words import Words

EVEN = 0.5
PHASES = ("build-up", "presale", "warm-up", "burst", "return", "other")
Heads = dict[str, tuple[str, str]]
CERTAIN = 0.995  # of the draws of the inventory in which there is room: from here on nothing is said
SOME = 0.5  # impressions: less is nothing


def cannot(reason: str, words: Words) -> dict[str, Any]:
    """Why nothing is said of guarantees."""
    text = {
        "no_contracts": words(
            "These data hold no contracts. With a table of guaranteed buys (slot, crowd, what is guaranteed, days, price, "
            "penalty), one of the slots' inventory and one of daily spend, this page says which guarantee is at risk, by how "
            "much, and what filling it costs."
        ),
        "none_own": words("No contract of this brand is known; other brands' contracts say nothing of ours."),
        "none_open": words("All contracts of this brand are over: the wrap-up tells what they delivered."),
    }[reason]
    return {"kind": "not identified", "short": words("No guarantee is open"), "text": text}


def place(row: Any, words: Words) -> str:
    """A contract as people say it: slot and crowd."""
    return f"{slot(row.placement, row.channel, words)} · {row.crowd or words('everybody')}"


def slot(placement: str, of: Any, words: Words) -> str:
    """A slot as people say it: the channel's name for its code."""
    known = isinstance(of, str) and placement.startswith(of)
    return f"{channel(of, words)}{placement[len(of) :]}" if known else placement


def unit(guarantee: str, words: Words) -> str:
    """What is guaranteed, in words."""
    known = {"impressions": words("impressions"), "reach": words("consumers met"), "new consumers": words("new consumers"),
             "recalls": words("recalled buyers")}  # fmt: skip
    return known.get(guarantee, guarantee)


def kind(guarantee: str, words: Words) -> str:
    """What is guaranteed, as the head of a sum."""
    known = {"impressions": words("Impressions"), "reach": words("Reach"), "new consumers": words("New consumers"),
             "recalls": words("Recalls")}  # fmt: skip
    return known.get(guarantee, guarantee)


def risk(shown: pd.DataFrame, n: int, sure: float, words: Words) -> dict[str, Any]:
    """The headline. shown: contracts as `keep` gave them; n: ended contracts behind it."""
    known = shown[shown.odds.notna()]
    if known.empty:
        return {"kind": "model", "text": words("Too few units have come to show any contract's odds."), "n": n,
                "short": words("Too little has come to be shown")}  # fmt: skip
    likely, worst = known[known.odds < EVEN], known.sort_values("expected_penalty_minor").iloc[-1]
    if likely.empty and (known.odds >= sure).all():
        least = known.sort_values("odds").iloc[0]
        text = words(
            "All **{n}** contracts are on course: each is met with odds of at least **{odds}**, the least sure is {contract}.",
            n=len(known), odds=words.share(least.odds), contract=place(least, words),
        )  # fmt: skip
        short = words("All {n} guarantees are on course", n=len(known))
        tile = {"label": words("Guarantees at risk"), "value": words.count(0), "note": words("of {n}", n=len(known))}
        return {"kind": "model", "value": 0.0, "n": n, "text": text, "short": short, "verdict": "ahead", "tile": tile}
    text = words(
        "**{some} of {n}** guarantees will sooner be missed than met. Most is at stake at **{contract}**: **{mean}** of {amount} "
        "{unit} expected by {day} (80%: {low} to {high}), met with odds of **{odds}**.", some=len(likely), n=len(known),
        contract=place(worst, words), mean=words.count(round(worst["mean"])), amount=words.count(worst.amount),
        unit=unit(worst.guarantee, words), day=words.day(worst.last_day), low=words.count(round(worst.low)),
        high=words.count(round(worst.high)), odds=words.share(worst.odds),
    )  # fmt: skip
    if hidden := len(shown) - len(known):
        text += " " + words("Not shown, because too few people stand behind them: {n}.", n=hidden)
    short = fitting(words("{some} of {n} guarantees will sooner be missed", some=len(likely), n=len(known)))
    tile = {
        "label": words("Guarantees at risk"),
        "value": words.count(len(likely)),
        "note": words("of {n}", n=len(known)),
    }
    amount, owed = float(worst.amount), round(known.expected_penalty_minor.astype(float).sum())
    return {"kind": "model", "value": float(worst["mean"]), "low": float(worst.low), "high": float(worst.high), "n": n,
            "text": text, "short": short, "compared": {"label": words("promised"), "value": amount}, "tile": tile,
            "verdict": "behind" if len(likely) else "careful", "next_step": _next(worst, known, sure, words),
            "at_stake_minor": owed, "due": worst.last_day}  # fmt: skip


def _next(worst: Any, known: pd.DataFrame, sure: float, words: Words) -> str:
    others = int((known.odds < sure).sum()) - int(worst.odds < sure)
    told = step(worst, sure, words)
    return words("{step}; contracts that need it too: {n}, see the table.", step=told, n=others) if others else told


def step(row: Any, sure: float, words: Words, where: bool = True) -> str:
    """What to do about one contract today. where: name its slot, for those who do not read it beside."""
    if pd.isna(row.odds):
        return words("hidden: too few people")
    if row.odds >= sure:
        return words("On course: leave it")
    if not pd.isna(row.lacks) and row.lacks > SOME:
        return words("Take from auction: the slot lacks {n} impressions", n=words.count(round(row.lacks)))
    more, day = words.count(round(max(row.gap_sure, 1))), words.day_short(row.last_day)
    if not where:
        return words("Ask for {n} more by {day}", n=more, day=day)
    name, at = unit(row.guarantee, words), slot(row.placement, row.channel, words)
    return words("Ask for {n} {unit} more at {slot} by {day}", n=more, unit=name, day=day, slot=at)


def filling(shown: pd.DataFrame, auction: pd.DataFrame, sure: float, words: Words) -> dict[str, Any]:
    """What auctions would cost that fill the gaps, beside the penalty that is due for them."""
    sums = auction.groupby("gap")[["impressions", "cost_minor"]].sum()
    short = words("Auctions fill the gaps for {cost}", cost=words.money_short(round(_of(sums, "sure", "cost_minor"))))
    wanted = float(shown.impressions_sure.astype(float).fillna(0).sum())
    if wanted < SOME:
        return {
            "kind": "model",
            "text": words("Nothing need be taken from auction."),
            "short": words("Nothing to fill"),
        }
    if not _of(sums, "sure", "impressions"):
        return {"kind": "not identified", "short": words("No auction price is known"),
                "text": words("No auction was bought in the last 28 days, so that the gaps have no price.")}  # fmt: skip
    cheap = auction[(auction.gap == "sure") & (auction.impressions > SOME)]
    owed = shown.expected_penalty_minor.astype(float).sum()
    text = words(
        "If the sellers give no more, auctions fill what is missing on average (**{few}** impressions) for **{cost}**, and what "
        "makes each guarantee {sure} sure (**{many}** impressions) for **{most}**: {channels}. The penalty due for what is "
        "missing on average is **{owed}**.", few=words.count(round(_of(sums, "expected", "impressions"))), sure=words.share(sure),
        cost=words.money(round(_of(sums, "expected", "cost_minor"))), many=words.count(round(_of(sums, "sure", "impressions"))),
        most=words.money(round(_of(sums, "sure", "cost_minor"))), owed=words.money(round(owed)),
        channels=words(", ").join(channel(c, words) for c in cheap.channel),
    )  # fmt: skip
    if _of(sums, "sure", "impressions") < wanted - SOME:
        text += " " + words("Auctions have room for no more: {n} impressions stay missing.",
                            n=words.count(round(wanted - _of(sums, "sure", "impressions"))))  # fmt: skip
    tile = {"label": words("Filling the gaps by auction"), "value": words.money_short(round(_of(sums, "sure", "cost_minor"))),
            "note": words("to be {sure} sure", sure=words.share(sure))}  # fmt: skip
    return {"kind": "model", "value": _of(sums, "sure", "cost_minor"), "unit": "money_minor", "text": text, "short": short,
            "compared": {"label": words("penalty due on average"), "value": float(owed)}, "tile": tile}  # fmt: skip


def _of(sums: pd.DataFrame, gap: str, column: str) -> float:
    return float(sums[column].get(gap, 0.0))


def heads(shown: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Guarantees of people instead of impressions, each with its odds."""
    mine = shown[(shown.guarantee != "impressions") & shown.odds.notna()]
    if mine.empty:
        text = words("No open contract guarantees people (reach, new consumers, recalls) that may be shown.")
        return {"kind": "model", "short": words("No guarantee of people can be shown"), "text": text}
    text = " ".join(
        words("{contract}: **{mean}** of {amount} {unit} expected (80%: {low} to {high}), odds **{odds}**.",
              contract=place(row, words), mean=words.count(round(row.mean_)), amount=words.count(row.amount),
              unit=unit(row.guarantee, words), low=words.count(round(row.low)), high=words.count(round(row.high)),
              odds=words.share(row.odds))
        for row in mine.rename(columns={"mean": "mean_"}).itertuples()
    )  # fmt: skip
    low = float(mine.odds.min())
    short = words("Guarantees of people: odds of {odds}", odds=words.share(low))
    return {"kind": "model", "value": low, "unit": "share", "text": text, "short": short,
            "verdict": "careful" if low < EVEN else "none"}  # fmt: skip


def possible(shown: pd.DataFrame, scarce: dict[str, pd.DataFrame], words: Words) -> dict[str, Any]:
    """Whether the slots have what is promised; else which contract, by how much, and which slots and crowds are in the way."""
    if not len(shown) or shown.lacks.isna().all():
        return {
            "kind": "not identified",
            "short": words("No inventory is announced"),
            "text": words(
                "No inventory of these slots is announced, so nobody can say whether they hold what was promised."
            ),
        }
    lacking = shown[shown.lacks.astype(float) > SOME]
    if lacking.empty:
        least = shown[shown.odds_asked < CERTAIN].sort_values("odds_asked").iloc[:1]
        text = words("The slots have room for all that is still due: no contract stands in another's way.")
        for row in least.itertuples():
            text += " " + words("Least sure is {contract}: in {odds} of the cases of the inventory forecast.",
                                contract=place(row, words), odds=words.share(row.odds_asked))  # fmt: skip
        return {"kind": "model", "value": 0.0, "text": text, "short": words("The slots have room for all guarantees"),
                "verdict": "ahead"}  # fmt: skip
    told = []
    for row in lacking.itertuples():
        way = scarce[row.contract_id].head(3).itertuples()
        named = words(", ").join(f"{slot(w.placement, row.channel, words)} · {w.crowd}" for w in way)
        told.append(words("{contract} lacks **{n}** impressions ({where}).", contract=place(row, words),
                          n=words.count(round(row.lacks)), where=named or words("no slot of it is announced")))  # fmt: skip
    return {"kind": "model", "value": float(lacking.lacks.astype(float).sum()), "text": " ".join(told), "verdict": "behind",
            "short": words("{n} guarantees are more than the slots hold", n=len(lacking)),
            "next_step": words("Take what is lacking from auction, or agree another slot now.")}  # fmt: skip


def bars(shown: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The expected end of each contract over what was promised, with its 80 % interval; the promise is the mark."""
    known = shown.sort_values("odds", na_position="last", ignore_index=True)
    amount = known.amount.astype(float)
    frame = pd.DataFrame({"label": [place(row, words) for row in known.itertuples()]})
    for name, column in (("value", "mean"), ("low", "low"), ("high", "high")):
        frame[name] = (known[column].astype(float) / amount).to_numpy()
    return frame.assign(before=1.0, suppressed=known.suppressed.to_numpy())


def rows(shown: pd.DataFrame, sure: float, words: Words) -> pd.DataFrame:
    """The table of contracts: named, the largest risk first, with what to do today."""
    known = shown.sort_values("odds", na_position="last", ignore_index=True)
    told = list(known.itertuples())
    whole = {c: known[c].astype("Float64").round().astype("Int64") for c in ("mean", "low", "high")}
    return known.assign(contract=[place(r, words) for r in told], unit=[kind(r.guarantee, words) for r in told],
                        todo=[step(r, sure, words, where=False) for r in told], **whole)  # fmt: skip


def crowds(cells: pd.DataFrame, shown: pd.DataFrame, words: Words) -> tuple[pd.DataFrame, Heads]:
    """A row a crowd, a column a slot: what is free there; and the columns' heads."""
    of = dict(zip(shown.placement, shown.channel, strict=True))
    grid = cells.pivot(index="crowd", columns="placement", values="free").fillna(0)
    columns = {f"s{n}": (slot(str(p), of.get(p), words), "count") for n, p in enumerate(grid.columns)}
    grid.columns = list(columns)
    return grid.round().reset_index(), {"crowd": (words("Crowd"), "text"), **columns}


def slots(frame: pd.DataFrame, shown: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Slots by name."""
    of = dict(zip(shown.placement, shown.channel, strict=True))
    whole = {
        c: frame[c].astype("Float64").round().astype("Int64")
        for c in ("announced", "others", "free", "low", "high", "asked")
    }
    return frame.assign(slot=[slot(str(p), of.get(p), words) for p in frame.placement], **whole)


def by_phase(plan: pd.DataFrame, shown: pd.DataFrame, words: Words) -> tuple[pd.DataFrame, Heads]:
    """A row a contract, a column a phase: impressions to serve; and the columns' heads."""
    known = {"build-up": words("build-up"), "presale": words("presale"), "warm-up": words("warm-up"), "burst": words("burst"),
             "return": words("return"), "other": words("other days")}  # fmt: skip
    names = {row.contract_id: place(row, words) for row in shown.itertuples()}
    order = [p for p in PHASES if p in set(plan.phase)] + sorted(set(plan.phase) - set(PHASES))
    grid = plan.pivot_table(index="contract_id", columns="phase", values="impressions", aggfunc="sum", fill_value=0.0)
    grid = grid.reindex(columns=order).assign(total=lambda g: g.sum(axis=1)).sort_values("total", ascending=False)
    columns = {f"p{n}": (known.get(p, p), "number") for n, p in enumerate(order)}
    grid.columns = [*columns, "total"]
    grid = grid.reset_index()
    grid.insert(0, "contract", [names.get(c, c) for c in grid.contract_id])
    return grid, {"contract": (words("Contract"), "text"), **columns, "total": (words("In all"), "number")}


def by_crowd(plan: pd.DataFrame, shown: pd.DataFrame, words: Words) -> tuple[pd.DataFrame, Heads]:
    """A row a crowd, a column a contract: impressions to serve; and the columns' heads."""
    names = {row.contract_id: place(row, words) for row in shown.itertuples()}
    grid = plan.pivot_table(index="crowd", columns="contract_id", values="impressions", aggfunc="sum")
    columns = {f"c{n}": (names.get(str(c), str(c)), "number") for n, c in enumerate(grid.columns)}
    grid.columns = list(columns)
    return grid.reset_index(), {"crowd": (words("Crowd"), "text"), **columns}


def forecast(supply: Any, words: Words) -> str | None:
    """What the forecast of the slots rests on. supply: a `Supply`."""
    if supply is None:
        return None
    return words(
        "What others take, as in earlier campaigns; two thirds of {n} such forecasts were off by less than {spread}.",
        n=supply.n, spread=words.share(supply.spread),
    )  # fmt: skip


def filled(auction: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The auctions by name, those that are used."""
    names = {"expected": words("missing on average"), "sure": words("to be sure")}
    used = auction[auction.impressions > SOME]
    used = used.assign(impressions=used.impressions.round().astype(int))
    return used.assign(gap=used.gap.map(names), channel=[channel(c, words) for c in used.channel])


def learned(record: Any, words: Words) -> str:
    """What the odds rest on. record: a `Record`."""
    if record is None or not record.n:
        return words(
            "No contract has ended yet: the odds rest on a convention, an end within 30% of what was promised."
        )
    return words(
        "Learned from {n} ended contracts of all brands: two thirds of them ended within {spread} of what was promised; "
        "interval: 80%.",
        n=record.n, spread=words.share(record.spread),
    )  # fmt: skip
