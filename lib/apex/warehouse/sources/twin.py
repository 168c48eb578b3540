"""The simulated market: canonical tables written by the package `twin`, beside this one; its truth is never read here."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from apex.warehouse.checks import known_item
from apex.warehouse.engine import quote
from apex.warehouse.sources import Feed

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

TIMEZONE = "Asia/Shanghai"
CURRENCY = "CNY"
PUBLIC = True
ABOUT = {
    "en": "A simulated market: three categories of sixteen brands, two observed years after 913 days of history",
    "zh": "模拟市场：三个品类、每类十六个品牌，913 天历史之后是两年完整观测",
}
LICENCE = "ours"
NOTES = [
    {
        "en": "Nobody in these data is real. Consumers have need cycles and tastes; media move awareness, intent and purchase; "
        "targeting chases likely buyers except where a hold-out is randomised. The equations stand in lib/twin/README.md.",
        "zh": "数据中没有真实的人。消费者有需求周期和偏好；媒介影响认知、意向和购买；除随机留出组外，投放会追逐高购买倾向的人群。"
        "公式见 lib/twin/README.md。",
    },
    {
        "en": "In the first 913 days only buying, reviewing, sharing, joining and following are recorded; media begin to be "
        "seen on the first observed day.",
        "zh": "前 913 天只记录购买、评价、分享、入会和关注；媒介触达从完整观测的第一天开始记录。",
    },
]
WITH_CONSUMERS = ("consumers", "events", "assignments")
FIRST = ("items", "consumers", "events")  # later checks look items up


def files() -> dict[str, Path]:
    """The market's tables by name, written first where they are missing or older than the simulator."""
    from twin import store

    folder = store.tables()
    return {name: folder / f"{name}.parquet" for name in store.TABLES}


def feeds(con: "Backend", paths: dict[str, Path]) -> Iterator[Feed]:
    """The market's canonical tables, line by line; consumers' numbers become keys."""
    items = None
    for name in (*FIRST, *(n for n in paths if n not in FIRST)):
        key = "consumer_id::VARCHAR AS consumer_key," if name in WITH_CONSUMERS else ""
        drop = "consumer_id, file_row_number" if name in WITH_CONSUMERS else "file_row_number"
        rows = con.sql(f"""
            SELECT {key} * EXCLUDE ({drop}), file_row_number + 1 AS line
            FROM read_parquet({quote(paths[name])}, file_row_number = true)""")
        items = rows if items is None else items
        checks = [known_item(items)] if name in ("events", "contents", "campaign_items", "on_hand") else []
        yield Feed(name, rows, name, checks=checks)
