"""A calendar file (iCalendar, RFC 5545): all-day events with stable UIDs, the same bytes for the same events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

OCTETS = 75  # of a line, without its end (section 3.1)


@dataclass(frozen=True)
class Entry:
    """An all-day event: first and last day, both included. `key` names it for good: the UID is made of it.

    tentative: a proposal, or expected but not announced.
    """

    key: str
    title: str
    first_day: date
    last_day: date
    text: str = ""
    category: str = ""
    tentative: bool = False


def calendar(name: str, entries: Sequence[Entry], as_of: date) -> str:
    """The file's text, CRLF and folded lines. `as_of` stands where the clock would (DTSTAMP), so that runs agree.

    An event that ends before it begins, or two with one key, raise ValueError.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//APEX//phase calendar//EN", "CALSCALE:GREGORIAN",
             "METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}"]  # fmt: skip
    if len({e.key for e in entries}) < len(entries):
        raise ValueError("two entries of a calendar have the same key")
    for entry in sorted(entries, key=lambda e: (e.first_day, e.last_day, e.key)):
        if entry.last_day < entry.first_day:
            raise ValueError(f"{entry.key} ends before it begins")
        lines += [
            "BEGIN:VEVENT",
            f"UID:{sha256(entry.key.encode()).hexdigest()[:32]}@apex",
            f"DTSTAMP:{as_of:%Y%m%d}T000000Z",
            f"DTSTART;VALUE=DATE:{entry.first_day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{entry.last_day + timedelta(days=1):%Y%m%d}",  # the day after the last (section 3.6.1)
            f"SUMMARY:{escaped(entry.title)}",
            *([f"DESCRIPTION:{escaped(entry.text)}"] if entry.text else []),
            *([f"CATEGORIES:{escaped(entry.category)}"] if entry.category else []),
            f"STATUS:{'TENTATIVE' if entry.tentative else 'CONFIRMED'}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def escaped(text: str) -> str:
    """TEXT as section 3.3.11 has it; control characters, which no line may hold, become blanks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, written)
    return "".join(c if ord(c) >= 32 and ord(c) != 127 else " " for c in text)


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, each next one begun by a blank; no character is cut."""
    pieces, piece, used = [], "", 0
    for character in line:
        size = len(character.encode())
        if used + size > OCTETS:
            pieces.append(piece)
            piece, used = " ", 1
        piece, used = piece + character, used + size
    return "\r\n".join([*pieces, piece])
