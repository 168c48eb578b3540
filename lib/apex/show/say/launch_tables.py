"""The names and the frames of `2_plan/launch`: crowds, methods, and what charts and tables are given."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from apex.show.words import MISSING, Words, is_missing

Columns = dict[str, tuple[str, str | Callable[[object], str]]]
EDGES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)  # of stated chances, as `apex.model.launch_odds` bins them


def factor(value: float, words: Words) -> str:
    """A factor with as many digits as it deserves."""
    return words.number(value, 2 if value < 2 else 1)


def item_name(item_id: str, names: Mapping[str, str], words: Words) -> str:
    """An item as people know it."""
    return names.get(item_id, item_id) if item_id else words("the planned item")


def crowd_name(crowd: str, names: Mapping[str, str], words: Words) -> str:
    """A crowd in words: a habit, a stage, or the value of a trait as the data write it."""
    habits = {
        "first-buyers": words("early buyers of new items"),
        "category-buyers": words("category buyers of 90 days"),
        "others-buyers": words("category buyers, not ours"),
    }
    parts = crowd.split("+")
    if len(parts) > 1 and all(part in names for part in parts):
        return words(" or ").join(names[part] for part in parts)
    return habits.get(crowd) or names.get(crowd, crowd)


def outlook_bars(outlook: pd.DataFrame, words: Words) -> pd.DataFrame:
    """GMV by horizon: label, value, low, high."""
    labels = [words("day {n}, counted", n=int(r.horizon)) if r.over else words("day {n}", n=int(r.horizon))
              for r in outlook.itertuples()]  # fmt: skip
    frame = pd.DataFrame({"label": labels, "value": outlook.gmv_minor, "low": outlook.low, "high": outlook.high})
    frame.loc[outlook.over.to_numpy(), ["low", "high"]] = pd.NA
    return frame


def reliability_bars(bins: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Share of hits by stated chance: label, value, before (what was stated), low, high, faint (fewer than ten)."""
    return pd.DataFrame({
        "label": [_bin(int(n), words) for n in bins.chances], "value": bins["share"], "before": bins.stated, "low": bins.low,
        "high": bins.high, "faint": bins.launches < 10,
    })  # fmt: skip


def _bin(number: int, words: Words) -> str:
    return words("{low} to {high}", low=words.share(EDGES[number]), high=words.share(EDGES[number + 1]))


def reliability_rows(bins: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The same as a table."""
    return bins.assign(chances=[_bin(int(n), words) for n in bins.chances])


def reliability_columns(words: Words) -> Columns:
    """The columns of `reliability_rows`."""
    return {
        "chances": (words("Stated chance"), "text"), "launches": (words("Launches"), "count"),
        "stated": (words("Stated, mean"), lambda x: words.share(x, 1)), "hits": (words("Hits"), "count"),
        "share": (words("Became hits"), lambda x: words.share(x, 1)), "low": (words("Low"), lambda x: words.share(x, 1)),
        "high": (words("High"), lambda x: words.share(x, 1)),
    }  # fmt: skip


def tested(scores: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Tests of the forecast: what, method, launches, coverage, interval, width, error (texts)."""
    order = {"model": 0, "category": 1, "last": 2}
    scores = scores.sort_values("method", key=lambda m: m.map(order).fillna(3), kind="stable")
    scores = scores.sort_values(["horizon", "measure"], kind="stable")
    methods = {"model": words("Earlier launches like it"), "category": words("The category's usual launch"),
               "last": words("Our last launch again"), "narrow": words("Without the spread between launches")}  # fmt: skip
    measures = {"units": words("units"), "gmv_minor": words("GMV")}
    return pd.DataFrame({
        "what": [words("{measure}, day {n}", measure=measures[r.measure], n=int(r.horizon)) for r in scores.itertuples()],
        "method": [methods[m] for m in scores.method], "launches": scores.launches,
        "coverage": [words("{share} ({low} to {high})", share=words.share(r.coverage), low=words.share(r.coverage_low),
                           high=words.share(r.coverage_high)) for r in scores.itertuples()],
        "width": [factor(w, words) for w in scores.width], "error": [factor(1 + e, words) for e in scores.error],
    })  # fmt: skip


def tested_columns(words: Words) -> Columns:
    """The columns of `tested`."""
    return {
        "what": (words("What"), "text"), "method": (words("Foretold by"), "text"), "launches": (words("Launches"), "count"),
        "coverage": (words("80% interval held"), str), "width": (words("High over low"), str),
        "error": (words("Off by a factor"), str),
    }  # fmt: skip


def analogues(listed: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """The analogues for a table, the others in one row."""
    called = [names.get(r.item_id, r.item_id) if r.item_id else words("{n} launches of other brands", n=int(r.launches))
              for r in listed.itertuples()]  # fmt: skip
    return listed.assign(item=called)


def analogue_columns(words: Words) -> Columns:
    """The columns of `analogues`."""
    return {
        "item": (words("Launch"), "text"),
        "launched": (words("On sale since"), lambda d: MISSING if is_missing(d) else words.day(d)),
        "apart": (words("Price over ours"), lambda x: MISSING if is_missing(x) else words.number(x, 2)),
        "weight": (words("Weight"), "share"), "units_28": (words("Units by day 28"), "count"),
        "units_90": (words("Units by day 90"), "count"),
    }  # fmt: skip


def crowd_rows(crowds: pd.DataFrame, names: Mapping[str, str], words: Words) -> pd.DataFrame:
    """Crowds that may be shown, best first, with name and interval (text)."""
    shown = crowds[crowds.early.notna() & crowds.lift.notna()]
    return shown.assign(
        name=[crowd_name(str(c), names, words) for c in shown.crowd],
        interval=[
            words("{low} to {high}", low=words.number(r.low), high=words.number(r.high)) for r in shown.itertuples()
        ],
    ).reset_index(drop=True)


def crowd_bars(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Lifts as bars: label, value, low, high, faint (not clearly above everybody)."""
    top = rows.head(most)
    return pd.DataFrame(
        {"label": top.name, "value": top.lift, "low": top.low, "high": top.high, "faint": ~top.ranked.astype(bool)}
    )


def crowd_columns(words: Words) -> Columns:
    """The columns of `crowd_rows`."""
    return {
        "name": (words("Crowd"), "text"), "lift": (words("Times everybody's share"), "number"), "interval": (words("95%"), str),
        "rate": (words("Bought early"), lambda x: MISSING if is_missing(x) else words.share(x, 2)),
        "early": (words("Early buyers"), "count"), "reach": (words("Can be reached now"), "count"),
    }  # fmt: skip


def sample_rows(tests: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Sample sizes with names."""
    kinds = {
        "sampling": words("samples to the seed crowd: bought in 28 days"),
        "item": words("item page: put into the cart"),
    }
    return tests.assign(
        name=[kinds[k] for k in tests.kind], said=[words("yes") if e else words("no") for e in tests.enough]
    )


def sample_columns(words: Words) -> Columns:
    """The columns of `sample_rows`."""
    return {
        "name": (words("Test"), "text"), "base": (words("Base rate"), lambda x: words.share(x, 2)),
        "lift": (words("Lift to be told"), "signed_share"), "each": (words("People in each group"), "count"),
        "reach": (words("People there are"), "count"), "said": (words("Enough"), "text"),
    }  # fmt: skip


def stock_rows(needed: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Stock with the horizon in words."""
    return needed.assign(until=[words("day {n}", n=int(h)) for h in needed.horizon])


def stock_columns(words: Words, stocked: bool) -> Columns:
    """The columns of the table of stock; without goods in stock only what is needed."""
    known: Columns = {"on_hand": (words("In stock"), "count"), "cover": (words("Cover"), "share")} if stocked else {}
    return {
        "until": (words("Until"), "text"), "share": (words("Enough in"), "share"),
        "needed": (words("Units needed from now"), "count"), **known,
    }  # fmt: skip


def people_rows(shown: pd.DataFrame, words: Words) -> pd.DataFrame:
    """New customers and repeats as a table: what, who, share (text), of."""
    whats = {"new": words("new to the brand, of buyers of 28 days"), "again": words("bought again within 60 days")}
    whos = {"analogues": words("launches like it"), "ours": words("this one so far")}
    shares = [MISSING if is_missing(r.some) or not r.of else words.share(r.some / r.of) for r in shown.itertuples()]
    named = {"what": [whats[k] for k in shown.kpi], "who": [whos[w] for w in shown.who], "value": shares}
    return pd.DataFrame({**named, "of": shown.of, "suppressed": shown.get("suppressed", False)})


def people_columns(words: Words) -> Columns:
    """The columns of `people_rows`."""
    return {"what": (words("What"), "text"), "who": (words("Which launches"), "text"), "value": (words("Share"), str),
            "of": (words("Buyers"), "count")}  # fmt: skip


def lines(curves: pd.DataFrame, words: Words) -> Sequence[tuple[str, str]]:
    """The lines of the growth curves that there are."""
    known = [("analogues", words("launches like it")), ("ours", words("this one"))]
    return [line for line in known if line[0] in set(curves.stage)]
