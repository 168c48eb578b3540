"""How `4_wrapup/closing` cuts the window's result: by crowd of the eve, by format, by the campaign's creatives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from apex.measure import businesses as formats
from apex.measure import crowds as crowd_measure
from apex.measure import overlaps, peers, people, reached, result_cuts
from apex.show.say import crowds as say
from apex.show.say.formats import lacking
from apex.show.words import Words

if TYPE_CHECKING:
    from apex.report.run import Run

CROWD_PEOPLE = result_cuts.PEOPLE


@dataclass(frozen=True)
class ByCrowd:
    """frame: of `result_cuts.by_crowd`; labels: the rules' crowds in words."""

    frame: pd.DataFrame
    divided: people.Division
    labels: Mapping[str, Mapping[Any, str]]

    def names(self, words: Words) -> dict[str, str]:
        """The crowds as people say them."""
        labels = {n: words.name(c) for n, c in self.labels.items()}
        outside = {result_cuts.OUTSIDE: words("at no stage on the eve")}
        return say.names(self.divided.by, self.divided.cells, labels, words) | outside


def crowds(run: "Run", by: Sequence[str], crowd_file: str) -> ByCrowd:
    """The result by crowd, divided as `1_insight/crowds` divides (by, crowd_file: its parameters), as each stood on the eve."""
    strategic = crowd_measure.load_crowds(crowd_file)
    divided = people.division(run.warehouse, strategic, by)
    asked = reached.windows(run.warehouse, run.seen_window)
    eve = max(asked["window"][0] - timedelta(days=1), run.warehouse.first_day)
    category = peers.main_category(run.warehouse, run.brand, eve)
    groups = crowd_measure.load_crowds("groups").only(["ours"])
    each = people.each(run.book, run.brand, groups, divided, strategic, eve, category, 1)
    frame = result_cuts.by_crowd(run.warehouse, each, divided, run.brand, asked)
    return ByCrowd(frame, divided, {n: c.name for n, c in strategic.crowds.items()})


@dataclass(frozen=True)
class ByBusiness:
    """frame: of `result_cuts.by_business`; year: business, consumers, gmv_minor of the 365 days to the window's last; base: of
    `overlaps.combinations` of that year; names: of the formats, the largest first.
    """

    frame: pd.DataFrame
    year: pd.DataFrame
    base: pd.DataFrame
    protected: pd.DataFrame
    names: list[str]

    @property
    def sums(self) -> pd.DataFrame:
        """business, then the sums of both segments."""
        numbers = ["buyers", "gmv_minor", "buyers_before", "before_minor"]
        return self.frame.groupby("business", sort=False)[numbers].sum().reset_index()

    def lacking(self, words: Words) -> str:
        """What is missing where fewer than two formats are on record; empty where nothing is."""
        return lacking(self.names, words)

    def alone(self, shown: pd.DataFrame) -> pd.DataFrame:
        """Whom one format alone reached in the year: of `overlaps.only`, from the base as it may be shown."""
        total = pd.DataFrame({"consumers": [self.base.consumers.sum()]})
        return overlaps.only(shown, total, self.names)


def businesses(run: "Run") -> ByBusiness:
    """The result by format, and who is reached where within a year."""
    last = run.seen_window[1]
    bought = formats.bought(run.warehouse, run.brand, last)
    bought = bought[bought.period == "now"]
    names = overlaps.names_of(bought)
    base = overlaps.combinations(bought)
    frame = result_cuts.by_business(run.warehouse, run.brand, reached.windows(run.warehouse, run.seen_window))
    year = overlaps.by_business(bought).drop(columns=["period", "orders"])
    return ByBusiness(frame, year, base, overlaps.protected(base, names, run.campaign.privacy_threshold), names)


def creatives(run: "Run") -> pd.DataFrame:
    """Whom the campaign's creatives met, as far as this run sees it; see `result_cuts.by_creative`."""
    return result_cuts.by_creative(run.warehouse, run.brand, run.campaign.campaign_id)
