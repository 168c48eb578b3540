"""What was played, as canonical tables and as what each line brought."""

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from twin import contracts
from twin import tables as made
from twin.bought import Compiled
from twin.contracts import Contract
from twin.crowds import CROWDS
from twin.money import Spend
from twin.people import People

if TYPE_CHECKING:
    from twin.act import Played


def tables(of: "Played") -> dict[str, pa.Table]:
    """Canonical tables by name; of contracts the plan's. Services, stock and inventory are told by `twin.store` alone."""
    drawn, first, last = of.drawn, of.drawn.calendar.date(of.begin), of.last_day
    spend = Spend(drawn)
    spend.add(of.events)
    bought = of.compiled.bought if of.compiled else []
    out = {"events": made.events(drawn, of.events, of.first_seq), **made.others(drawn), **spend.tables(bought)}
    out["consumers"], assigned = made.people_table(drawn, of.market.crowd.number)
    whole = pa.concat_tables([t.cast(_plain(t)) for t in (assigned, made.shown_items(drawn))])
    if of.compiled:
        more = trials(of.compiled, of.market.crowd)
        whole = pa.concat_tables([whole, more["assignments"].cast(whole.schema)])
        out["experiments"] = pa.concat_tables([out["experiments"], more["experiments"]])
        out["contracts"] = contracts.table(drawn, _contracts(of))
        phases = [(of.compiled.plan.campaign_id, name, a, b) for name, (a, b) in of.compiled.plan.phases.items()]
        out["phases"] = pa.concat_tables([out["phases"], _rows("phases", phases)])
    began = pc.and_(
        pc.greater_equal(whole["assigned_at"], datetime.combine(first, time())),
        pc.less_equal(whole["assigned_at"], datetime.combine(last, time())),
    )
    return {**out, "assignments": whole.filter(began)}


def _contracts(of: "Played") -> list[Contract]:
    """What a plan buys by contract: impressions, half of them in each of a channel's slots."""
    out, compiled = [], of.compiled
    told = lines(of)  # in the order of the lines, which may share a name
    for n, line in enumerate(compiled.bought if compiled else []):
        amount = round(line.impressions / 2)
        if line.buying != "contract" or not amount:
            continue
        row = told.iloc[n]
        price = round((line.budget_minor if line.budget_minor is not None else row.spent_minor) / 2)
        penalty = round(price * float(np.mean(of.drawn.spec["contracts"]["penalty"])))
        crowd = CROWDS.index(line.whom) if line.whom in CROWDS else -1
        for place in (0, 1):
            key = f"{of.drawn.campaigns[line.number].key}-{of.drawn.channels[line.channel]}-{n + 1}-{place + 1}"
            delivered = int(row.impressions) // 2
            out.append(
                Contract(key, line.number, line.channel, place, crowd, "impressions", amount, price, penalty, delivered)
            )
    return out


def lines(of: "Played") -> pd.DataFrame:
    """A row a line: line, channel, buying, whom, budget_minor, spent_minor, wanted (impressions), impressions, clicks."""
    names = ["line", "channel", "buying", "whom", "budget_minor", "spent_minor", "wanted", "impressions", "clicks"]
    if of.compiled is None:
        return pd.DataFrame(columns=names)
    drawn, rows = of.drawn, []
    spend = Spend(drawn)
    spend.add(of.events)
    told = spend.by_campaign(of.compiled.bought)
    for line in of.compiled.bought:
        shown, clicks, cost = told.get(line.number, (0, 0, 0))
        channel = drawn.channels[line.channel] if line.channel >= 0 else "sequence"
        rows.append(
            (line.name, channel, line.buying, line.whom, line.budget_minor, cost, line.impressions, shown, clicks)
        )
    return pd.DataFrame(rows, columns=names)


def trials(of: Compiled, crowd: People) -> dict[str, pa.Table]:
    """`experiments` and `assignments` of a plan's trials."""
    plan, brand = of.plan, of.plan.brand or of.market.brands[0]
    experiments, parts = [], []
    for trial in plan.trials:
        first, last = plan.days(trial)
        # a campaign's hold-out goes by the campaign's own name, as everywhere in the tables
        key = plan.campaign_id if trial.name == plan.hold_out else f"{plan.campaign_id}-{trial.name}"
        arm = of.arms[trial.name]
        on = np.flatnonzero(arm >= 0)
        experiments.append((key, brand, "consumer", first, last, trial.metric, trial.alpha))
        parts.append(_assigned(key, first, np.array(list(trial.arms), object)[arm[on]],
                               np.array(list(trial.arms.values()))[arm[on]], consumer_id=crowd.number[on]))  # fmt: skip
    for item_trial in plan.item_trials:
        first, last = plan.days(item_trial)
        key, items = f"{plan.campaign_id}-{item_trial.name}", np.array(item_trial.items, object)
        experiments.append((key, brand, "impression", first, last, "clicks", 0.05))
        parts.append(_assigned(key, first, items, np.full(len(items), 1 / len(items)), unit_id=items))
    none = _assigned("", plan.first_day, np.zeros(0, object), np.zeros(0), consumer_id=np.zeros(0, np.int64))
    return {"experiments": _rows("experiments", experiments), "assignments": pa.concat_tables([none, *parts])}


def _assigned(key: str, first: Any, arm: np.ndarray, propensity: np.ndarray, **unit: np.ndarray) -> pa.Table:
    at = np.full(len(arm), np.datetime64(datetime.combine(first, time()), "us"))
    named = {n: pa.array(v, made.schema("assignments")[n]) for n, v in unit.items()}
    return made._table("assignments", {
        "experiment_id": [key] * len(arm), **named, "arm": pa.array(arm, pa.string()), "assigned_at": at,
        "propensity": pa.array(propensity, pa.float64()),
    })  # fmt: skip


def _rows(name: str, rows: list[tuple[Any, ...]]) -> pa.Table:
    wanted = made.schema(name)
    columns = list(map(list, zip(*rows, strict=True))) if rows else [[] for _ in wanted]
    return made._table(name, {c: pa.array(v, wanted[c]) for c, v in zip(wanted, columns, strict=True)})


def _plain(of: pa.Table) -> pa.Schema:
    return pa.schema([(n, made.schema("assignments")[n]) for n in of.column_names])
