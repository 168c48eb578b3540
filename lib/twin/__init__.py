"""A simulated market whose truth is known. It writes canonical tables and knows nothing of `apex`; see README.md."""

from twin.act import Config, Market, Played
from twin.plan import Plan

__all__ = ["Config", "Market", "Plan", "Played"]
