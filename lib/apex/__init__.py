"""APEX: insight, plan, execution and wrap-up of brand consumer operations, in notebooks on a brand's own data."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apex.report.run import Run


def open(campaign: str, notebook: str) -> "Run":
    """Open a notebook's run: its campaign, its data cut at its own day, its words. See `apex.report.run.Run`."""
    from apex.report.run import Run

    return Run(campaign, notebook)
