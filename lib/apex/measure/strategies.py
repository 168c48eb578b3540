"""For whom each strategy is: how many consumers it could reach today, what the data lack to say so; its phases, its channels."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from apex.ledger import Book
from apex.measure import crowds
from apex.measure.strategy_rules import Strategies
from apex.warehouse import Warehouse

RUN_UP, WINDOW = "run-up", "window"  # phases of a campaign that names none: the days to the eve, else the window itself
APPLY = {RUN_UP: {"build-up", "presale", "warm-up"}, WINDOW: {"burst", "return"}}


def reachable(book: Book, brand: str, rules: Strategies, day: date, category: str | None) -> pd.DataFrame:
    """strategy, reachable (consumers at the end of `day`, Int64; null where the data cannot say), lacks.

    lacks: what the strategy's audience asks for and the data do not hold: behaviours joined by a comma; "category" where the
    brand has none; "" where nothing is missing.
    """
    wanted = rules.crowds()
    unseen = crowds.unseen(book, wanted, day, category=category)
    lacks = {str(n): ", ".join(part.name.where(part.name != "", "category")) for n, part in unseen.groupby("crowd")}
    found: dict[str, int] = {}
    if names := [n for n in wanted.names if n not in lacks]:
        kept = wanted.only(names)
        asked = crowds.members(book, brand, kept, day, category=category).to_pyarrow()
        sized = crowds.sizes(crowds.tally(asked))
        found = dict(zip(sized.crowd, sized.consumers.astype(int), strict=True))
    frame = pd.DataFrame({"strategy": list(wanted.names)})
    frame["reachable"] = frame.strategy.map(found).astype("Int64")
    return frame.assign(lacks=[lacks.get(n, "") for n in frame.strategy])


def phases(days: Sequence[tuple[str, date, date]], as_of: date, window: tuple[date, date]) -> pd.DataFrame:
    """phase, first_day, last_day, before (bool: it ends by the eve of the window): what is left of a campaign's phases.

    days: its phases; where it has none, the days from `as_of` to the eve are one, or the window where the eve is here.
    """
    eve = window[0] - timedelta(days=1)
    left = [(name, max(first, as_of + timedelta(days=1)), last) for name, first, last in days if last > as_of]
    if not days:
        left = [(RUN_UP, as_of + timedelta(days=1), eve)] if eve > as_of else [(WINDOW, *window)]
    frame = pd.DataFrame(left, columns=["phase", "first_day", "last_day"])
    return frame.assign(before=[last <= eve for last in frame.last_day]).astype({"before": bool})


def applies(rules: Strategies, phase: str) -> list[str]:
    """The strategies that belong into a phase."""
    asked = APPLY.get(phase, {phase})
    return [n for n, s in rules.strategies.items() if asked & set(s.phases)]


def channels(warehouse: Warehouse, rules: Strategies, names: Sequence[str]) -> dict[str, list[str]]:
    """For each strategy those of the channels `names` whose kind is among its levers; all of them where no kinds are known."""
    kinds: dict[str, str] = {}
    if warehouse.has("channels"):
        frame = warehouse.table("channels").select("channel", "kind").execute()
        kinds = dict(zip(frame.channel, frame.kind, strict=True))
    return {
        name: [c for c in names if not kinds or kinds.get(c) in strategy.levers]
        for name, strategy in rules.strategies.items()
    }
