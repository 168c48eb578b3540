"""The ledger: consumers are assets, kept as money is kept, one row each time a stage toward a brand changes."""

from apex.ledger.book import Book, ensure, open_ledger
from apex.ledger.rules import RuleSet, load_rules

__all__ = ["Book", "RuleSet", "ensure", "load_rules", "open_ledger"]
