"""The one error that people are meant to read, and the helper that suggests what they may have meant."""

import difflib
from collections.abc import Iterable


class ApexError(Exception):
    """Something a person can mend: the message names the file, column or key, the value seen and what is allowed."""


def nearest(name: object, allowed: Iterable[object]) -> str:
    """' Did you mean "brand"?' for a near miss of a known name, else the first names allowed; '' when there are none."""
    known = [str(a) for a in allowed]
    close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.6)
    if close:
        return " Did you mean " + " or ".join(f'"{c}"' for c in close) + "?"
    if known:
        more = f" … ({len(known)} in all)" if len(known) > 12 else ""
        return " Known: " + ", ".join(known[:12]) + more + "."
    return ""
