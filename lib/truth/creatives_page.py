"""The creatives' page of one market, as HTML; the frames are those of `truth.creatives`."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from apex import show
from apex.show import Words
from apex.show.tables import Format

if TYPE_CHECKING:
    from truth.creatives import Told

CURRENCY = "CNY"
ENOUGH = 200  # contacts of a creative that is ranked
STANDING = ("Knows nothing of it", "Aware", "Interested", "Bought")
Columns = dict[str, tuple[str, Format]]


def ranks(of: pd.DataFrame, said: str, true: str) -> float:
    """Spearman's correlation of two columns; nan of fewer than four rows."""
    known = of[[said, true]].dropna()
    return float(known[said].corr(known[true], method="spearman")) if len(known) >= 4 else np.nan


def answer(of: "Told") -> str:
    """The page in some sentences."""
    from truth.creatives import half_life

    words = Words("en", CURRENCY, 1)
    enough = of.each[of.each.contacts >= ENOUGH].assign(
        per_contact=lambda t: t.true_gmv_minor / t.contacts, last_per_contact=lambda t: t.last_gmv_minor / t.contacts
    )
    pull = ranks(enough, "click_rate", "shown_pull")
    click = ranks(enough, "click_rate", "per_contact")
    last = ranks(enough, "last_per_contact", "per_contact")
    sure = of.each[
        (of.each.true_gmv_minor / of.each.true_gmv_minor_se).abs() > stats.t.ppf(0.975, max(of.replays - 1, 1))
    ]
    whole = of.messages[of.messages.message == "all"].iloc[0]
    half = half_life(of.market)
    old, tired = of.ages.iloc[-1], of.weary.iloc[-1]
    fall = f"Pull falls to half in {half:.0f} days" if half else "Pull never falls to half"
    return (
        f"<strong>All creatives together brought {words.money(whole.true_gmv_minor)}; last touch credits them with "
        f"{words.money(whole.last_gmv_minor)}, {whole.last_gmv_minor / whole.true_gmv_minor:.1f} times as much.</strong> "
        f"Rank correlations over the {len(enough)} creatives with {ENOUGH} contacts or more: click rate with true pull "
        f"{pull:.2f}, with true GMV a contact {click:.2f}; last-touch GMV a contact with true GMV a contact {last:.2f}. "
        f"Of {len(of.each)} single creatives {len(sure)} have an effect that differs from 0 over {of.replays} lives. "
        f"{fall}: of the oldest {old.true:.0%} of the youngest's is left, and their click rate is {old.said:.0%} of the "
        f"youngest's. Who has met the brand {tired['mean']:.1f} times of late is moved by a contact {tired.true:.0%} as much "
        f"as who is rested; the bare click rate there is {tired.said:.0%} of a rested consumer's, since who is met often is "
        "who is likely to click."
    )


def section(of: "Told") -> list[str]:
    """One market's part of the page."""
    words, seed = Words("en", CURRENCY, 1), of.seed

    def day(number: object) -> str:
        return of.market.calendar.date(int(number)).isoformat()  # type: ignore[call-overload]

    effects: Columns = {
        "contacts": ("Contacts", "count"), "click_rate": ("Click rate", "share1"),
        "last_gmv_minor": ("Last-touch GMV", "money"), "true_gmv_minor": ("True GMV", "signed_money"),
        "true_gmv_minor_se": ("± (s.e.)", "money"), "true_buyers": ("True buyers", lambda v: f"{float(v):+.1f}"),  # type: ignore[arg-type]
    }  # fmt: skip
    each: Columns = {
        "creative_id": ("Creative", "text"), "message": ("Message", "text"), "generation": ("Generation", "count"),
        "first": ("First shown", day), "pull": ("True pull, new", "number"), "shown_pull": ("As shown", "number"), **effects,
    }  # fmt: skip
    bins: Columns = {
        "label": ("", "text"), "contacts": ("Contacts", "count"), "click_rate": ("Click rate", "share1"),
        "said": ("Beside the first row", "share"), "said_se": ("± (s.e.)", "share"), "true": ("True effect beside it", "share"),
    }  # fmt: skip
    response = pd.DataFrame(of.market.rules.message.T, columns=list(STANDING)).assign(message=of.market.messages)
    shapes: Columns = {"message": ("Message", "text"), **{name: (name, "number") for name in STANDING}}
    head = f"seed {seed}, {of.consumers:,} consumers"
    ranges = [
        f"{a:.0f} – {b - 1:.0f} days" if b < 1000 else f"{a:.0f} days or more"
        for a, b in zip(of.ages.low, of.ages.high, strict=True)
    ]
    faded = [
        "rested" if b <= 0.01 else f"{a if a > 0.01 else 0:.1f} – {b:.1f}" if np.isfinite(b) else f"{a:.1f} or more"
        for a, b in zip(of.weary.low, of.weary.high, strict=True)
    ]
    tables = [
        (of.each.sort_values(["message", "generation"]), "each", each, f"Every creative of the default brand: {head}"),
        (
            of.messages,
            "messages",
            {"message": ("Message", "text"), **effects},
            "By message, all of its creatives silent",
        ),
        (of.ages.assign(label=ranges), "wear", bins, "Wear: by age of the creative"),
        (
            of.weary.assign(label=faded),
            "weary",
            bins,
            "Weariness: by the consumer's contacts with the brand of late, faded over days",
        ),
        (response, "response", shapes, "What a message does, by where the consumer stands"),
    ]
    return [
        f"<h2>Market of seed {seed}</h2>", f"<p>{answer(of)}</p>",
        *(show.table(frame, f"{name}-{seed}", words, columns, title=title).html for frame, name, columns, title in tables),
        HOW,
    ]  # fmt: skip


HOW = """<p>The truth: the observed years are lived again with a creative (a message's creatives, all) silent, all chance shared,
several times with other chance; its mean, and the error of that mean. <em>Pull</em> multiplies what a contact does. Which message
a contact shows is drawn, so that creatives shown at the same time may be compared; click rates <em>by age</em> and <em>by
contacts of late</em> may not: seasons and channels differ, and so do people. <em>Last touch</em>: purchases whose last
contact within 15 days was with it.</p>"""
