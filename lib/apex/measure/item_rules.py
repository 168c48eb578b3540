"""Rules of an item's life as data: data/rules/items.yml, read strictly.

Measures of an item in a period (of `period_days` days, the last one ending today):

- `age_days`: days from its launch (where no launch day is known: from its first sale seen) to the period's end;
- `sales`: purchase lines, because units of weighed goods do not compare; `sales_percentile`: share of the category's other
  items with sales that sold less; `shop_share`: share of the brand's sales;
- `growth`: against the period before, relative to the category's own, since a season would make every item rise and fall;
- `cart_percentile`: like that of sales, of carts per view; `sample_share`: samples among samples and sales;
- `cover_days`: days that the goods in stock last at the period's pace.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from apex import rule_files
from apex.measure.crowd_file import Texts
from apex.measure.crowd_rules import Part

Measure = Literal[
    "age_days", "sales", "sales_percentile", "shop_share", "growth", "cart_percentile", "sample_share", "cover_days"
]
MEASURES: tuple[str, ...] = get_args(Measure)
SIGNS = {"at_least": "ge", "at_most": "le", "above": "gt", "below": "lt"}
REST = "rest"  # the stage of an item that no rule takes

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3650)]


def _free(name: str) -> str:
    if name in (REST, "none"):
        raise ValueError(f'"{name}" has another meaning and cannot name a stage')
    return name


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$"), AfterValidator(_free)]


class Bound(Part):
    """Within what a measure lies, in each of the last `periods` periods."""

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    periods: int = Field(default=1, ge=1, le=13)
    if_known: bool = False

    @property
    def limits(self) -> dict[str, float]:
        """The bounds that are given: name → number."""
        return {sign: getattr(self, sign) for sign in SIGNS if getattr(self, sign) is not None}

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.limits:
            raise ValueError(f"a bound needs one of {', '.join(SIGNS)}")
        return self


class Stage(Part):
    """A stage of life: its name, and lines any of which takes an item; a line holds when all its measures do."""

    name: Texts
    any: list[Annotated[dict[Measure, Bound], Field(min_length=1)]] = Field(min_length=1)


class Rest(Part):
    """What an item is called that no stage takes."""

    name: Texts


class Band(Part):
    """A price band: items of a category up to this share of them, by price."""

    name: Texts
    up_to: Share


class PriceBands(Part):
    """The bands, cheapest first, and the periods whose sales are counted."""

    periods: int = Field(ge=1, le=13)
    bands: dict[Id, Band] = Field(min_length=2, max_length=10)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        ends = [band.up_to for band in self.bands.values()]
        if ends != sorted(set(ends)) or ends[-1] != 1:
            raise ValueError("the bands' up_to must rise, and the last one be 1")
        return self


class Together(Part):
    """What sells with what: days looked back, items compared (those sold most), and orders that a pair needs."""

    days: Days
    items: int = Field(ge=2, le=60)
    least: int = Field(ge=1)


class Roles(Part):
    """Days looked back; within how many days a first buyer should be back; after how many without order one has lapsed."""

    days: Days
    repeat_days: Days
    lapsed_days: Days


class Hits(Part):
    """What is foretold, from which first days of an item, and how many the forecast may name."""

    sales_percentile: Share
    least_sales: int = Field(ge=1)
    shop_share: Share | None = None
    first_days: list[Days] = Field(min_length=1)
    day: Days
    top: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _early(self) -> Self:
        if self.first_days != sorted(set(self.first_days)) or self.first_days[-1] >= self.day:
            raise ValueError("first_days must rise and end before day")
        return self


class Launched(Part):
    """What a launch is to become: sales above this share of the category's items, or this share of the brand's own."""

    sales_percentile: Share = 0.95
    shop_share: Share = 0.2
    least_sales: int = Field(default=5, ge=1)


class ItemRules(Part):
    """The whole file."""

    period_days: Days
    burn_in_days: int = Field(ge=0, le=3650)
    growth_from: int = Field(ge=1)
    stages: dict[Id, Stage] = Field(min_length=1, max_length=12)
    rest: Rest
    price_bands: PriceBands
    together: Together
    roles: Roles
    hits: Hits
    launch: Launched = Launched()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.hits.first_days[-1] > self.hits.day - self.period_days:
            raise ValueError("hits: the first days must be over before the period begins that ends at `day`")
        return self

    @property
    def names(self) -> dict[str, dict[str, str]]:
        """Stage → its name in both languages, in the order of the file, what no rule takes last."""
        stages = {id: {str(k): v for k, v in stage.name.items()} for id, stage in self.stages.items()}
        return stages | {REST: {str(k): v for k, v in self.rest.name.items()}}

    def of_launch(self, days: int) -> "ItemRules":
        """The same rules with a hit as `launch` says, foretold from the first `days` days (0: on the eve)."""
        hit = {**self.launch.model_dump(), "first_days": [min(days, self.hits.day - self.period_days)]}
        return self.model_copy(update={"hits": self.hits.model_copy(update=hit)})

    @property
    def memory(self) -> int:
        """Periods before the first one shown that the rules look back on."""
        return max(b.periods for stage in self.stages.values() for line in stage.any for b in line.values())


def load_item_rules(name: str | Path = "items") -> ItemRules:
    """The rules of a file by name (data/rules/NAME.yml) or by path.

    Raises ApexError with file, place and the nearest known word: no such file, not YAML, a key twice or unknown, wrong values.
    """
    return rule_files.load(ItemRules, name)[0]


def parse_item_rules(content: Any, origin: str = "items") -> ItemRules:
    """The rules from a mapping as YAML gives it; errors as in `load_item_rules`, under the name `origin`."""
    return rule_files.checked(ItemRules, content, origin)
