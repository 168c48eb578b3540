"""What the runner and its workers say to each other: a task with the frame of its page, and how it went."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apex.errors import ApexError
from apex.report.campaign import Stage


@dataclass(frozen=True)
class Link:
    """A neighbouring page: its file beside this one, and its name."""

    href: str
    text: str


@dataclass(frozen=True)
class Frame:
    """All that stands around a notebook's own content on its page; texts in the report's language."""

    folder: Path
    id: str
    stem: str
    stage: Stage
    title: str
    question: str
    campaign: str
    language: str
    currency: str
    threshold: int
    campaign_digest: str
    library_digest: str
    previous: Link | None = None
    next: Link | None = None


@dataclass(frozen=True)
class Task:
    """What a worker needs to make one notebook's page: the notebook, its parameters, a folder for sockets."""

    source: Path
    parameters: dict[str, Any]
    sockets: Path
    frame: Frame

    @property
    def id(self) -> str:
        """The notebook's id."""
        return self.frame.id


@dataclass(frozen=True)
class Result:
    """How it went: status "ok", "failed" or "skipped", the error, and seconds by part."""

    id: str
    status: str
    error: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)


class PageError(ApexError):
    """The notebook ran, but its page would not be what it should."""


@dataclass(frozen=True)
class Article:
    """HTML of a notebook's cells, and its headings (id, text) for the contents."""

    html: str
    contents: list[tuple[str, str]]
