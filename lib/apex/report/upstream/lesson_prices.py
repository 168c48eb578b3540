"""What a campaign showed of prices, as rows of its lesson; and what lessons said of them, as the next media plan hears it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from apex.measure import media
from apex.measure.media_contacts import Contacts
from apex.measure.peers import main_category
from apex.model import lessons as model
from apex.model import media_plan, media_prices
from apex.model.media_prices import Prices
from apex.report.lesson import once, together
from apex.report.upstream.lesson_rows import null

if TYPE_CHECKING:
    from apex.report.lesson import Lesson
    from apex.report.run import Run

AS_PLANNED = 0.05  # of the planned money: spent with no more difference, a channel's plan was followed
WHATS = ("depth", "room")


def heard(lessons: "Sequence[Lesson]") -> Prices:
    """What lessons say of prices, each campaign heard once: depth as lessons are put together, room as `room_now` has it."""
    campaigns = once(lessons)
    known = together(campaigns, lessons[-1].half_life_days) if lessons else []
    depth = {e.of: (e.value, e.low, e.high) for e in known
             if e.what == "depth" and e.value is not None and e.low is not None and e.high is not None}  # fmt: skip
    limits = [{e.of: e.value for e in one.seen if e.what == "room"} for one in campaigns]
    rooms = {c: media_prices.room_now(one.get(c) for one in limits) for c in sorted({c for one in limits for c in one})}
    return Prices(depth, {c: room for c, room in rooms.items() if room is not None})


def told(
    run: "Run", of: Contacts | None, whole: pd.DataFrame, span: tuple[date, date], planned: Mapping[str, float]
) -> list[tuple[Any, ...]]:
    """How prices rose and where no more was to be had (`model.media_prices`); of a plan, only where it was followed.

    of: contacts of the brand's category; whole: `measure.media.spent` of all days; span: of the campaign's media; planned: money
    of its plan by channel. Rows of `model.lessons.ENTRY`.
    """
    few, name = run.campaign.privacy_threshold, run.campaign.campaign_id
    category = main_category(run.warehouse, run.brand, run.warehouse.last_day)
    phases = media.by_phase(run.warehouse, run.brand, name, category)
    then = media.spent(run.warehouse, run.brand, *span)
    if of is not None:
        then = then[(then.cost_minor > 0) & (then.impressions > 0) & then.channel.isin(of.channels)]
    if of is None or category is None or phases.empty or then.empty:
        return [null(what, "", "counted", "log", "no_spend") for what in WHATS]
    supply = media.supply(run.warehouse, category, span[0] - timedelta(days=1))
    there = media_plan.carrying(of, whole, then, phases, supply, span, (span[1] - span[0]).days + 1)
    asked = followed(planned, then.set_index("channel").cost_minor)
    found = media_prices.told(
        there.channels, there.carries, there.market, there.cost, there.contacts, there.auction,
        np.array([asked.get(c, 0.0) for c in there.channels]), heard(run.lessons()),
    )  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for row, n in zip(found.itertuples(), there.contacts.sum(axis=0), strict=True):
        # of room the newest word stands, see `media_prices.room_now`
        parts = (("depth", row.depth, media_prices.ROUGH, "window"), ("room", row.room, media_prices.ROUGH / 2, "all"))
        for what, value, error, days in parts:
            if pd.notna(value) and n >= few:
                ends = (value * np.exp(h * model.Z80 * error) for h in (0, -1, 1))
                rows.append((what, row.channel, *ends, round(n), "counted", "log", days, None))
            else:
                rows.append(null(what, row.channel, "counted", "log", "few", days))
    return rows


def followed(planned: Mapping[str, float], spent: pd.Series) -> Mapping[str, float]:
    """The plan's money by channel, if its money was spent as planned in channels with half of it; else nothing."""
    wanted = pd.Series(dict(planned), dtype=float)
    wanted = wanted[wanted > 0]
    had = spent.reindex(wanted.index).fillna(0.0).astype(float)
    as_planned = wanted[(had / wanted - 1).abs() <= AS_PLANNED].sum()
    return wanted.to_dict() if len(wanted) and as_planned >= wanted.sum() / 2 else {}
