"""Every word and number that a reader meets, in the report's language.

English text is the key of gettext catalogues (`locale/zh/`: one file for what pages share, one for each notebook), read by
babel as they stand: a further language is one more folder and no search through the code. Numbers, money and dates are babel's
as well. Nothing falls back to English in silence: a text without translation raises, and a test finds it before a reader does.
"""

import datetime as dt
import string
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import pandas as pd
from babel import dates, numbers
from babel.messages.pofile import read_po

from apex.errors import ApexError, nearest

CATALOGUES = Path(__file__).parent / "locale"
MISSING = "–"
# Short forms from the size of a unit on, largest first. Chinese counts in ten thousands.
SHORT_UNITS = {
    "en": ((10**9, "bn"), (10**6, "M"), (10**3, "k")),
    "zh": ((10**8, "亿"), (10**4, "万")),
}
SHORT_FROM = 10_000  # below this, four digits are as short as any unit


def languages() -> list[str]:
    """Languages there is a catalogue for; English, the language of the keys, needs none."""
    return ["en", *sorted({path.parent.name for path in CATALOGUES.glob("*/*.po")})]


@lru_cache
def catalogue(language: str) -> dict[str, tuple[str, ...]]:
    """Text → translations (one, or one for each plural form); doubtful ("fuzzy") entries count as missing."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            messages = read_po(file, locale=language, abort_invalid=True)
        for message in messages:
            key, text = message.id, message.string
            if not key or message.fuzzy:
                continue
            forms = (text,) if isinstance(text, str) else tuple(text or ("",))
            if all(forms):
                found[key if isinstance(key, str) else key[0]] = forms
    return found


def is_missing(value: object) -> bool:
    """True for None, NaN, NaT and pd.NA; never for text."""
    return value is None or (not isinstance(value, str) and pd.api.types.is_scalar(value) and bool(pd.isna(value)))


@dataclass(frozen=True)
class Words:
    """The words of one report: `words("Text with {n}", n=5)`, `words.count(n)`, `words.money(minor)`, …

    `language` is one of `languages()`, `currency` an ISO 4217 code, `threshold` the campaign's privacy threshold
    (1: nothing is suppressed). None, NaN and pd.NA are written "–" everywhere. Raises ApexError for an unknown language
    or currency, for a text without translation and for a placeholder without value.
    """

    language: str = "en"
    currency: str = "USD"
    threshold: int = 1

    def __post_init__(self) -> None:
        """Refuse a language or a currency that nobody knows."""
        if self.language not in languages():
            raise ApexError(f'language: "{self.language}" has no catalogue.{nearest(self.language, languages())}')
        try:
            numbers.validate_currency(self.currency)
        except numbers.UnknownCurrencyError as error:
            known = numbers.list_currencies()
            raise ApexError(
                f'currency: "{self.currency}" is no ISO 4217 code.{nearest(self.currency, known)}'
            ) from error

    def __call__(self, text: str, plural: str | None = None, /, **values: object) -> str:
        """`text` in the report's language, with its {placeholders} filled.

        Whole numbers and dates are formatted on the way (a year is text: pass it as such); fractions are not, because
        only the caller knows their unit. With `plural`, `n` chooses the form: words("{n} day", "{n} days", n=2).
        """
        if self.language == "en":
            pattern = text if plural is None or values.get("n") == 1 else plural
        else:
            forms = catalogue(self.language).get(text)
            if forms is None:
                raise ApexError(f'locale/{self.language}/ has no translation of "{text}"')
            pattern = forms[0] if plural is None or values.get("n") == 1 else forms[-1]
        needed = {field for _, field, _, _ in string.Formatter().parse(pattern) if field is not None}
        if absent := needed - set(values):
            raise ApexError(f'"{text}": no value for {{{"}, {".join(sorted(absent))}}}')
        return pattern.format(**{name: self._filled(text, name, values[name]) for name in needed})

    def name(self, names: Mapping[Any, str]) -> str:
        """The name in the report's language out of {"en": …, "zh": …}, as rule sets and notebooks carry them."""
        if self.language not in names:
            raise ApexError(f"name {dict(names)} has no {self.language}.{nearest(self.language, names)}")
        return names[self.language]

    def count(self, n: object) -> str:
        """A whole number, in full: 12,345."""
        return MISSING if is_missing(n) else self.number(n, 0)

    def number(self, x: object, digits: int = 1) -> str:
        """A number with at most `digits` decimals."""
        if is_missing(x):
            return MISSING
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        value = round(_decimal(x), digits) + 0  # + 0: no sign on what rounds to nought
        return self._sign(numbers.format_decimal(value, pattern, locale=self.language))

    def short(self, n: object) -> str:
        """A number in at most about four digits: 742 k in English, 74.2 万 in Chinese; in full below 10,000."""
        if is_missing(n):
            return MISSING
        value, unit = self._shortened(_decimal(n))
        return self.number(value, 2) + unit

    def money(self, minor: object) -> str:
        """Money given in minor units (cents, fen): in whole units from 1,000 on, with all decimals below."""
        if is_missing(minor):
            return MISSING
        amount = self._major(minor)
        whole = abs(amount) >= 1000
        pattern = "¤#,##0" if whole else None
        text = numbers.format_currency(
            amount, self.currency, pattern, locale=self.language, currency_digits=not whole, group_separator=True
        )
        return self._sign(text)

    def money_short(self, minor: object) -> str:
        """Money given in minor units, in short: $34.6 M, ¥3,460 万."""
        if is_missing(minor):
            return MISSING
        amount = self._major(minor)
        if abs(amount) < SHORT_FROM:
            return self.money(minor)
        value, unit = self._shortened(amount)
        text = numbers.format_currency(value, self.currency, "¤#,##0.##", locale=self.language, currency_digits=False)
        return self._sign(text) + unit

    def share(self, x: object, digits: int = 0) -> str:
        """A fraction as a percentage: .413 → 41%."""
        if is_missing(x):
            return MISSING
        pattern = "0%" if digits == 0 else f"0.{'0' * digits}%"
        value = round(_decimal(x), digits + 2) + 0
        return self._sign(numbers.format_percent(value, pattern, locale=self.language))

    def signed(self, n: object) -> str:
        """A whole number with its sign: +25, −7; nought has none."""
        return MISSING if is_missing(n) else _plus(self.count(n))

    def signed_share(self, x: object, digits: int = 0) -> str:
        """A fraction as a percentage with its sign: +12%, −3%; what rounds to nought has none."""
        return MISSING if is_missing(x) else _plus(self.share(x, digits))

    def signed_money(self, minor: object) -> str:
        """Money given in minor units, with its sign."""
        return MISSING if is_missing(minor) else _plus(self.money(minor))

    def day(self, day: object) -> str:
        """A date with its year: Sep 30, 2017 or 2017年9月30日."""
        return MISSING if is_missing(day) else dates.format_date(_date(day), locale=self.language)

    def day_short(self, day: object) -> str:
        """A date without its year, as on an axis: Sep 30 or 9月30日."""
        return MISSING if is_missing(day) else dates.format_skeleton("MMMd", _date(day), locale=self.language)

    def month(self, day: object) -> str:
        """The month of a date, as on an axis: Sep or 9月."""
        return MISSING if is_missing(day) else dates.format_skeleton("MMM", _date(day), locale=self.language)

    def period(self, first: object, last: object) -> str:
        """First and last day (both included): Aug 6 – Sep 30, 2017 or 2017年8月6日至9月30日."""
        if is_missing(first) or is_missing(last):
            return MISSING
        text: str = dates.format_interval(_date(first), _date(last), "yMMMd", locale=self.language)
        return text.replace("\u2009", " ")  # CLDR's thin spaces are missing from some system fonts

    def few(self) -> str:
        """What stands for a count known to be below this report's privacy threshold: "<20"."""
        return f"<{self.count(self.threshold)}" if self.threshold > 1 else MISSING

    def suppressed(self) -> str:
        """What stands for a suppressed count: "hidden". It need not be small: some are hidden to protect a small one."""
        words = self  # the name that the catalogue is collected by
        return words("hidden") if self.threshold > 1 else MISSING

    def _filled(self, text: str, name: str, value: object) -> str:
        if isinstance(value, str):
            return value
        if is_missing(value):
            return MISSING
        if isinstance(value, Integral) and not isinstance(value, bool):
            return self.count(value)
        if isinstance(value, dt.date):
            return self.day(value)
        raise ApexError(f'"{text}": {{{name}}} is {value!r}; pass text, a whole number or a date, and format the rest')

    def _major(self, minor: object) -> Decimal:
        return _decimal(minor).scaleb(-numbers.get_currency_precision(self.currency))

    def _shortened(self, value: Decimal) -> tuple[Decimal, str]:
        """Three significant digits (four before 万), and the unit after a space that does not break."""
        if abs(value) < SHORT_FROM:
            return value if value == value.to_integral_value() else round(value, 2), ""
        for size, unit in SHORT_UNITS.get(self.language, SHORT_UNITS["en"]):
            scaled = value / size
            # what rounds up to a whole unit is written in it: 999,999 is 1 M
            if abs(scaled) >= Decimal("0.9995"):
                digits = max(0, 2 - scaled.adjusted())
                return round(scaled, digits), f"\u00a0{unit}"
        return value, ""

    def _sign(self, text: str) -> str:
        return text.replace("-", "−")


def _plus(text: str) -> str:
    nought = not any(digit in text for digit in "123456789")
    if nought:
        return text.lstrip("−")
    return text if text.startswith("−") else f"+{text}"


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise ApexError(f"{value!r} is no number")
    return Decimal(int(value)) if isinstance(value, Integral) else Decimal(str(float(value)))


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):  # pandas' Timestamp is one
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise ApexError(f"{value!r} is no date; dates are written YYYY-MM-DD") from error
