"""The small parts of a page: tiles, verdict chips, badges, callouts. None relies on colour alone."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TypeVar

from apex.errors import ApexError, nearest
from apex.show.fragment import Fragment, rich
from apex.show.words import Words

# Verdict → its shape and its word. The shape carries the meaning where colour does not.
VERDICTS: dict[str, tuple[str, Callable[[Words], str]]] = {
    "ahead": ("▲", lambda words: words("ahead")),
    "careful": ("●", lambda words: words("careful")),
    "behind": ("▼", lambda words: words("behind")),
    "none": ("○", lambda words: words("for information")),
}
# Kind of number → its word and what it means.
KINDS: dict[str, tuple[Callable[[Words], str], Callable[[Words], str]]] = {
    "counted": (
        lambda words: words("counted"),
        lambda words: words("Counted in the data; nothing is estimated."),
    ),
    "credit": (
        lambda words: words("credit"),
        lambda words: words("Attributed: an association, not proof of an effect."),
    ),
    "lift": (
        lambda words: words("lift"),
        lambda words: words("An effect, from an experiment or a design that earns the word."),
    ),
    "model": (
        lambda words: words("model"),
        lambda words: words("Rests on a model and its assumptions."),
    ),
    "not identified": (
        lambda words: words("not identified"),
        lambda words: words("The data cannot answer this, so no number is given."),
    ),
}
# Verdict → what it says, for the glossary.
VERDICT_MEANINGS: dict[str, Callable[[Words], str]] = {
    "ahead": lambda words: words("At least as good as what it is held against."),
    "careful": lambda words: words("Near what it is held against, or to be watched."),
    "behind": lambda words: words("Worse than what it is held against."),
    "none": lambda words: words("Not held against anything."),
}
CALLOUTS = ("note", "careful", "limit", "missing")
T = TypeVar("T")


def chip(verdict: str, words: Words, text: str | None = None) -> Fragment:
    """A verdict with its shape: ▲ ahead, ● careful, ▼ behind, ○ none; `text` replaces the word."""
    shape, word = _known("verdict", verdict, VERDICTS)
    label = escape(text if text is not None else word(words))
    html = f'<span class="chip chip-{verdict}"><span aria-hidden="true">{shape}</span> {label}</span>'
    return Fragment(html, "chip", verdict)


def badge(kind: str, words: Words) -> Fragment:
    """What kind of number stands here: counted, credit, lift, model or not identified."""
    word, meaning = _known("kind of number", kind, KINDS)
    html = (
        f'<span class="badge badge-{kind.replace(" ", "-")}" title="{escape(meaning(words))}">'
        f"{escape(word(words))}</span>"
    )
    return Fragment(html, "badge", kind)


def callout(text: str, kind: str = "note") -> Fragment:
    """A remark set apart from the text: a note, a caution, a limit of the result, or what is missing."""
    if kind not in CALLOUTS:
        raise ApexError(f'callout: unknown kind "{kind}".{nearest(kind, CALLOUTS)}')
    return Fragment(f'<div class="callout callout-{kind}" role="note"><p>{rich(text)}</p></div>', "callout", text)


def tiles(items: Sequence[Mapping[str, str | None]], words: Words | None = None) -> Fragment:
    """Headline figures side by side; each item has label and value (texts), and may have note and verdict.

    `words` is needed as soon as one item carries a verdict. Raises ApexError for an unknown key or verdict.
    """
    allowed = ("label", "value", "note", "verdict")
    parts = []
    for item in items:
        for key in item:
            if key not in allowed:
                raise ApexError(f'tile: unknown key "{key}".{nearest(key, allowed)}')
        for key in ("label", "value"):
            if not item.get(key):
                raise ApexError(f"tile {dict(item)}: {key} is missing")
        verdict = item.get("verdict") or "none"
        _known("verdict", verdict, VERDICTS)
        if verdict != "none" and words is None:
            raise ApexError("tiles: pass words, so that the verdict can be named")
        note = f'<div class="tile-note">{rich(item["note"] or "")}</div>' if item.get("note") else ""
        judged = chip(verdict, words).html if words is not None and verdict != "none" else ""
        parts.append(
            f'<div class="tile" role="listitem"><div class="tile-label">{escape(item["label"] or "")}</div>'
            f'<div class="tile-value">{escape(item["value"] or "")}</div>{note}{judged}</div>'
        )
    inner = f'<div class="tiles" role="list">{"".join(parts)}</div>' if parts else ""  # a list of nothing is none
    return Fragment(inner, "tiles")


def _known(what: str, value: str, allowed: Mapping[str, T]) -> T:
    if value not in allowed:
        raise ApexError(f'unknown {what} "{value}".{nearest(value, allowed)}')
    return allowed[value]
