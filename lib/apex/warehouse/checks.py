"""What a row must satisfy to enter the warehouse: a readable list per canonical table.

A check is (name, predicate, reason). Predicates are Ibis expressions that run inside the engine; a row for which one is
not true goes to the quarantine with the reason of the first that failed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from apex.warehouse import schema

if TYPE_CHECKING:
    import ibis.expr.types as ir


class Check(NamedTuple):
    """A row check. `holds` takes the table and gives a boolean column; null counts as failed."""

    name: str
    holds: "Callable[[ir.Table], ir.BooleanValue]"
    reason: str


def _present(column: str) -> Check:
    return Check(f"{column} present", lambda t: t[column].notnull(), f"{column} is missing")


def _not_negative(column: str) -> Check:
    return Check(f"{column} >= 0", lambda t: t[column].isnull() | (t[column] >= 0), f"{column} is negative")


def known_item(items: "ir.Table") -> Check:
    """The row's item, if it names one, is in the table of items."""
    ids = items.filter(items.item_id.notnull()).item_id
    return Check(
        "item known", lambda t: t.item_id.isnull() | t.item_id.isin(ids), "the item is not in the table of items"
    )


ORDERED_DAYS = Check("first_day <= last_day", lambda t: t.first_day <= t.last_day, "the last day lies before the first")
EVENTS = [
    Check(
        "behaviour known",
        lambda t: t.behaviour.isin(schema.behaviours()),
        "the behaviour is not one of the closed list",
    ),
    Check(
        "brand or category",
        lambda t: t.brand.notnull() | (t.behaviour.isin(["search_category", "buy_category"]) & t.category.notnull()),
        "no brand, and not a search or purchase of a category",
    ),
    Check(
        "a purchase has quantity and value",
        lambda t: (t.behaviour != "buy") | ((t.quantity > 0) & (t.value_minor > 0)),
        "a purchase without quantity > 0 and value > 0",
    ),
    _not_negative("duration_s"),
]


def checks_of(table: schema.Table) -> list[Check]:
    """Every check of a canonical table: required columns first, then the table's own rules."""
    out = [_present(c) for c in table.columns if c not in table.nullable]
    if table.name == "events":
        out += EVENTS
    elif {"first_day", "last_day"} <= set(table.columns):
        out.append(ORDERED_DAYS)
    if table.name == "spend":
        out += [_not_negative("impressions"), _not_negative("cost_minor")]
    return out
