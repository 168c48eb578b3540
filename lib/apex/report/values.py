"""The kinds of value a campaign file holds, each with its check and a message for people."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt

from apex.errors import ApexError, nearest

LANGUAGES = ("en", "zh")
_SECRET = re.compile(
    r"(^|[_-])(pass(word|wd|phrase)?|pwd|secrets?|tokens?|credentials?|api_?keys?|keys?)($|[_-])", re.I
)


def refuse_secret(name: str, where: str) -> None:
    """Raise ApexError for a name that looks like a secret: parameters are printed in reports."""
    if _SECRET.search(name):
        raise ApexError(
            f'{where}: "{name}" looks like a secret, and reports show their parameters. Take it from the environment.'
        )


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(f"{value!r} is not a day written like 2017-10-30")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a day of the calendar") from None


def _identifier(value: object) -> object:
    """A brand or campaign id: text, or a plain number as it was typed."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _ordered(window: tuple[date, date]) -> tuple[date, date]:
    if window[0] > window[1]:
        raise ValueError(f"the first day {window[0]} lies after the last day {window[1]}")
    return window


def _both(names: dict[str, str]) -> dict[str, str]:
    for language in names:
        if language not in LANGUAGES:
            raise ValueError(f'unknown key "{language}".{nearest(language, LANGUAGES)}')
    for language in LANGUAGES:
        if not names.get(language):
            raise ValueError(f'the key "{language}" is missing')
    return names


Day = Annotated[date, BeforeValidator(_day)]
Window = Annotated[tuple[Day, Day], AfterValidator(_ordered)]
Id = Annotated[str, BeforeValidator(_identifier), Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Names = Annotated[dict[str, str], AfterValidator(_both)]
Scalar = bool | StrictInt | float | str | None
