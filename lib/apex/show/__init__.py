"""One house style: charts, tables and words in English and Chinese; knows nothing of where numbers come from.

Charts are imported when the first is drawn, because matplotlib and seaborn take seconds that a page without them should
not pay.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apex.show.fragment import Fragment
from apex.show.words import Words

if TYPE_CHECKING:
    from apex.show.ages import curves
    from apex.show.amounts import bars, change
    from apex.show.bridges import bridge
    from apex.show.cards import scorecard
    from apex.show.days import columns, stock_lines
    from apex.show.flows import flow, flow_matrix
    from apex.show.fragment import rich
    from apex.show.gain_curves import gains
    from apex.show.multiples import trends
    from apex.show.paces import against
    from apex.show.parts import badge, callout, chip, tiles
    from apex.show.phases import phase_calendar
    from apex.show.rankings import qini
    from apex.show.square import matrix
    from apex.show.style import use_style
    from apex.show.tables import table
    from apex.show.timeline import series
    from apex.show.upsets import upset

_HOMES = {
    "against": "paces",
    "badge": "parts",
    "bars": "amounts",
    "bridge": "bridges",
    "callout": "parts",
    "change": "amounts",
    "chip": "parts",
    "columns": "days",
    "curves": "ages",
    "flow": "flows",
    "flow_matrix": "flows",
    "gains": "gain_curves",
    "matrix": "square",
    "phase_calendar": "phases",
    "qini": "rankings",
    "rich": "fragment",
    "scorecard": "cards",
    "series": "timeline",
    "stock_lines": "days",
    "table": "tables",
    "tiles": "parts",
    "trends": "multiples",
    "upset": "upsets",
    "use_style": "style",
}

__all__ = [
    "Fragment",
    "Words",
    "against",
    "badge",
    "bars",
    "bridge",
    "callout",
    "change",
    "chip",
    "columns",
    "curves",
    "flow",
    "flow_matrix",
    "gains",
    "house_css",
    "matrix",
    "phase_calendar",
    "qini",
    "rich",
    "scorecard",
    "series",
    "stock_lines",
    "style_tag",
    "table",
    "tiles",
    "trends",
    "upset",
    "use_style",
]

_LAB_DARK = '@media screen {\n  body[data-jp-theme-light="false"] {'


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"apex.show.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'apex.show' has no attribute {name!r}")


def house_css() -> str:
    """The style sheet of every fragment, to be inlined in a page."""
    return (Path(__file__).parent / "house.css").read_text(encoding="utf-8")


def style_tag() -> Fragment:
    """The style sheet as `<style>`, for JupyterLab, where no page carries it; dark where the Lab is, not the system."""
    css = house_css().replace("color-scheme: light dark;", "")
    dark = "@media (prefers-color-scheme: dark) {\n  :root {"
    return Fragment(f"<style>{css.replace(dark, _LAB_DARK)}</style>", "style")
