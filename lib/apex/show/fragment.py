"""A fragment of HTML that knows its title, its alt text and the data behind it."""

import hashlib
import re
from dataclasses import dataclass, field
from html import escape

import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Fragment:
    """What every helper of `apex.show` returns; JupyterLab and nbconvert show its `html`.

    `data` is the frame behind a chart or table (None elsewhere). The repr names its rows and a digest of them, so that
    a notebook check compares what was drawn although it cannot compare pictures.
    """

    html: str
    kind: str = "fragment"
    title: str = ""
    alt: str = ""
    data: pd.DataFrame | None = field(default=None)

    def _repr_html_(self) -> str:
        return self.html

    def __html__(self) -> str:
        """Safe for templates: whatever came from data is escaped already."""
        return self.html

    def __str__(self) -> str:
        """The HTML, so that fragments can be joined."""
        return self.html

    def __repr__(self) -> str:
        """Kind, title, and a fingerprint of the data behind it."""
        rows = "" if self.data is None else f", {len(self.data)} rows, {fingerprint(self.data)}"
        return f"<{self.kind}: {self.title}{rows}>"


def fingerprint(frame: pd.DataFrame) -> str:
    """Eight hex digits that change with any value, column or order of a frame."""
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()[:8]


def element_id(kind: str, title: str, frame: pd.DataFrame, given: str | None = None) -> str:
    """An id for an element: as given, else the same for the same kind, title and data and no other."""
    if given:
        return re.sub(r"[^\w-]+", "-", given)
    digest = hashlib.sha256(f"{kind}\n{title}\n{fingerprint(frame)}".encode()).hexdigest()[:8]
    return f"{kind}-{digest}"


def rich(text: str) -> str:
    """`text` escaped, with `**…**` as the marked key figures of a sentence."""
    return re.sub(r"\*\*(.+?)\*\*", r"<mark>\1</mark>", escape(text))
