"""What seeing content truly changed: the same lives played again with all of the brand's content silent for a period."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from apex.measure import content
from apex.measure.content_rules import ContentRules
from apex.measure.peers import main_category
from apex.model import persuasion
from apex.warehouse import Warehouse, open_warehouse
from apex.warehouse.ingest import ingest
from truth.worlds import Lives, source
from twin import store, tables
from twin.people import People
from twin.play import advance, world
from twin.stages import AT, codes

OUTCOMES, EVERY = content.OUTCOMES, persuasion.EVERY


def market(lives: Lives, folder: Path) -> Warehouse:
    """The whole market that these lives are part of, every brand's events, as a warehouse in `folder`: what a notebook sees."""
    written = store.tables(
        store.Recipe(f"seed-{lives.seed}", len(lives.worlds.state), lives.seed), folder=folder / "files"
    )
    names = ("items", "consumers", "channels", "contents", "events")
    ingest(source({name: written / f"{name}.parquet" for name in names}), "market", folder / "market", "truth")
    return open_warehouse(folder / "market")


def compared(lives: Lives, rules: ContentRules, folder: Path) -> pd.DataFrame:
    """What the notebook's estimate says of content in the latest periods, beside the truth and the bare difference.

    Returns seed, consumers, arm, outcome, truth, effect (null where not identified), low, high, naive, n_treated, answer.
    """
    warehouse = market(lives, folder)
    category = main_category(warehouse, lives.brand, warehouse.last_day)
    seen = content.exposed(warehouse, lives.brand, category, rules)
    told = persuasion.changed(seen, persuasion.verdicts(seen, list(OUTCOMES), list(OUTCOMES)))
    true = true_effects(lives, rules, sorted(content.periods(warehouse, rules.exposure).values()))
    both = told.merge(true.rename(columns={"effect": "truth", "consumers": "exposed"}), on=["arm", "outcome"])
    if (both.times != both.exposed).any():
        raise AssertionError("the truth is about other consumers than the estimate")
    columns = ["seed", "consumers", "arm", "outcome", "truth", "effect", "low", "high", "naive", "n_treated", "answer"]
    return both.assign(seed=lives.seed, consumers=len(lives.worlds.state))[columns]


def true_effects(lives: Lives, rules: ContentRules, spans: Sequence[tuple[date, date]]) -> pd.DataFrame:
    """Per consumer who saw content in one of the periods, what the content of that period changed, by format seen first.

    spans: first and last day of each period, in order of time. From the first effective view on, the consumer is followed as in
    `apex.measure.content`; in the other world no content of the brand is shown in the period, and everything goes on as usual
    after it. Returns arm (a format; EVERY: any), outcome, effect (mean difference a consumer), consumers.
    """
    w, rows = lives.worlds, []
    market, n = w.market, len(w.state)
    pieces = tables.others(market)["contents"].to_pandas()
    own = pieces.index[pieces.brand == lives.brand].to_numpy()
    day = w.factual[:, AT["minute"]] // 1440
    state, lived_to = w.state, market.calendar.observed
    for start, end in spans:
        first, last = market.calendar.number(start), market.calendar.number(end)
        seen = _seen(w.factual[(day >= first) & (day <= last)], pieces, rules)
        if seen.empty:
            continue
        _, state = advance(market, w.crowd, world(market, only=0), 0, lived_to, first, state, keep=True)
        lived_to = first
        met = seen.consumer.to_numpy()
        few = People(*(a[met] for a in w.crowd))
        silent = world(market, only=0, contents=tuple(int(i) for i in own))
        until = last + rules.exposure.follow_days
        one, then = advance(market, few, silent, 0, first, last + 1, state[met], keep=True)
        two, _ = advance(market, few, world(market, only=0), 0, last + 1, until, then)
        without = np.concatenate([one, two])
        without[:, 0] = met[without[:, 0]]
        happened = w.factual[(day >= first) & (day < until)]
        sides = [_outcomes(events, seen, n, rules.exposure.follow_days) for events in (happened, without)]
        rows.append((sides[0] - sides[1]).assign(arm=seen.format.to_numpy()))
    frame = pd.concat(rows, ignore_index=True)
    both = pd.concat([frame, frame.assign(arm=EVERY)]).melt("arm", var_name="outcome")
    return both.groupby(["arm", "outcome"]).value.agg(effect="mean", consumers="size").reset_index()


def _seen(events: np.ndarray, pieces: pd.DataFrame, rules: ContentRules) -> pd.DataFrame:
    """consumer (row number), minute, format of each consumer's first effective view."""
    watched = events[(events[:, AT["behaviour"]] == codes("watch")[0]) & (events[:, AT["content"]] >= 0)]
    piece = pieces.iloc[watched[:, AT["content"]]]
    seconds = watched[:, AT["duration"]]
    enough = (seconds >= rules.effective.seconds) | (seconds >= rules.effective.share * piece.length_s.to_numpy())
    frame = pd.DataFrame({
        "consumer": watched[:, 0], "minute": watched[:, AT["minute"]], "format": piece.format.to_numpy()
    })[enough]  # fmt: skip
    frame = frame.sort_values(["consumer", "minute"], kind="stable")
    return frame.drop_duplicates("consumer", ignore_index=True)


def _outcomes(events: np.ndarray, seen: pd.DataFrame, n: int, follow: int) -> pd.DataFrame:
    """searched, visited, bought (0 or 1) and gmv_minor of each consumer from the moment on, through `follow` days."""
    since = np.full(n, np.iinfo(np.int64).max)
    since[seen.consumer] = seen.minute
    until = np.zeros(n, np.int64)
    until[seen.consumer] = (seen.minute // 1440 + follow) * 1440
    who, minute = events[:, 0], events[:, AT["minute"]]
    inside = events[(minute >= since[who]) & (minute < until[who])]
    found = {}
    for name, behaviour in OUTCOMES.items():
        did = np.zeros(n, int)
        did[inside[inside[:, AT["behaviour"]] == codes(behaviour)[0], 0]] = 1
        found[name] = did[seen.consumer]
    bought = inside[inside[:, AT["behaviour"]] == codes("buy")[0]]
    money = np.bincount(bought[:, 0], bought[:, AT["value"]], n)
    return pd.DataFrame(found).assign(gmv_minor=money[seen.consumer])
