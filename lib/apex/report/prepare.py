"""The one place where a run meets warehouse and ledgers: they are built if they are missing or stale."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apex.report.campaign import Campaign, Facts


@dataclass(frozen=True)
class Inputs:
    """What a run knows of its data: facts to check the campaign against, what the data page says, digests of its data."""

    facts: Facts | None = None
    about: Mapping[str, Any] | None = None
    warehouse: str = ""
    ledger: str = ""


def prepare(campaign: Campaign) -> Inputs:
    """Make sure that warehouse and ledger are there; `about` is described at `apex.report.site.render_data_page`."""
    from apex import ledger, warehouse

    whole = warehouse.ensure(campaign.warehouse)
    campaign.check_against(whole.facts, stages=())  # a brand that is not there needs no ledger
    book = ledger.ensure(whole, ledger.load_rules(campaign.rules))
    return Inputs(whole.facts, whole.about(), whole.digest, book.digest)


def build_books(campaign: Campaign, wanted: Iterable[tuple[str | None, str]]) -> None:
    """Make sure of the further ledgers that notebooks ask for: (rules, None for the campaign's own; level).

    Before a kernel starts, so that no notebook waits for another's and no page shows how one was built. ApexError for rules
    or a level that do not exist.
    """
    from apex import ledger, warehouse

    for rules, level in sorted(set(wanted), key=str):
        ledger.ensure(warehouse.ensure(campaign.warehouse), ledger.load_rules(rules or campaign.rules), level)
