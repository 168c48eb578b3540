"""The one place where a run meets warehouse and ledger: both are built if they are missing or stale."""

from collections.abc import Mapping
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
