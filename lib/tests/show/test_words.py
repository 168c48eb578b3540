"""Numbers, money, dates and sentences in both languages; and that no text lacks its translation."""

import ast
import datetime as dt
import json
import math
import string
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import pytest
from babel.messages.pofile import read_po

from apex.errors import ApexError
from apex.files import ROOT
from apex.show.glossary import glossary
from apex.show.words import CATALOGUES, Words, catalogue, languages

EN, ZH = Words("en", "USD", 20), Words("zh", "CNY", 20)
NBSP = "\u00a0"


# --- texts: what is used, what is translated ---------------------------------------------------------------------


def is_words(function: ast.expr) -> bool:
    """words(…), W(…), run.words(…), self.words(…)."""
    return (isinstance(function, ast.Name) and function.id in ("words", "W")) or (
        isinstance(function, ast.Attribute) and function.attr == "words"
    )


def in_python(source: str, place: str) -> list[tuple[str, str | None, str]]:
    """(text, plural, place) of every call; a call whose text is no literal cannot be translated and fails."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and is_words(node.func) and node.args:
            texts = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args]
            assert all(isinstance(text, str) for text in texts), f"{place}:{node.lineno}: words() needs literal text"
            found.append((texts[0], texts[1] if len(texts) > 1 else None, f"{place}:{node.lineno}"))
    return found


def in_template(source: str, place: str) -> list[tuple[str, str | None, str]]:
    found = []
    tree = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]).parse(source)
    for call in tree.find_all(jinja2.nodes.Call):
        name = call.node
        if (isinstance(name, jinja2.nodes.Name) and name.name == "words") or (
            isinstance(name, jinja2.nodes.Getattr) and name.attr == "words"
        ):
            texts = [arg.value if isinstance(arg, jinja2.nodes.Const) else None for arg in call.args]
            assert all(isinstance(text, str) for text in texts), f"{place}:{call.lineno}: words() needs literal text"
            found.append((texts[0], texts[1] if len(texts) > 1 else None, f"{place}:{call.lineno}"))
    return found


def in_notebook(path: Path, place: str) -> list[tuple[str, str | None, str]]:
    found = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            plain = "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())
            found += in_python(plain, f"{place}, cell {number}")
    return found


def used() -> list[tuple[str, str | None, str]]:
    found = []
    for path in sorted((ROOT / "lib" / "apex").rglob("*")):
        place = str(path.relative_to(ROOT))
        if path.suffix == ".py":
            found += in_python(path.read_text(encoding="utf-8"), place)
        elif path.suffix in (".j2", ".html") and "templates" in path.parts:
            found += in_template(path.read_text(encoding="utf-8"), place)
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            found += in_notebook(path, str(path.relative_to(ROOT)))
    return found


def fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def test_extraction_sees_every_kind_of_call():
    calls = 'words("a")\nrun.words("b {n}", "bs {n}", n=1)\nW("c")\nother("d")\nwords.count(3)'
    assert [(text, plural) for text, plural, _ in in_python(calls, "x")] == [
        ("a", None),
        ("b {n}", "bs {n}"),
        ("c", None),
    ]
    template = '{% if x %}{{ words("e {n}", n=y) }}{% endif %}{{ rich(words("f")) }}'
    assert [text for text, _, _ in in_template(template, "x")] == ["e {n}", "f"]
    with pytest.raises(AssertionError, match="literal"):
        in_python('words(f"a {b}")', "x")
    assert len(used()) > 50


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_every_text_is_translated_and_nothing_else(language):
    calls = used()
    known = catalogue(language)
    missing = sorted({f'{place}: "{text}"' for text, _, place in calls if text not in known})
    assert not missing, f"locale/{language}/ lacks:\n" + "\n".join(missing)
    unused = sorted(set(known) - {text for text, _, _ in calls})
    assert not unused, f"locale/{language}/ holds what nothing says:\n" + "\n".join(unused)


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_placeholders_agree(language):
    known = catalogue(language)
    differing = [text for text, forms in known.items() for form in forms if fields(form) != fields(text)]
    assert not differing
    for text, plural, place in used():
        if plural is not None:
            assert fields(plural) | {"n"} == fields(text) | {"n"}, place


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_no_text_stands_twice_or_is_doubtful(language):
    keys: dict[str, list[str]] = {}
    for path in sorted((CATALOGUES / language).glob("*.po")):
        with path.open("rb") as file:
            entries = [message for message in read_po(file, abort_invalid=True) if message.id]
        assert not [message.id for message in entries if message.fuzzy or not message.string]
        for message in entries:
            keys.setdefault(str(message.id), []).append(path.name)
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("msgid ")]
        assert len(lines) - 1 == len(entries), f"{path.name}: a text stands twice in it"
    assert not {key: files for key, files in keys.items() if len(files) > 1}


# --- sentences ----------------------------------------------------------------------------------------------------


def test_a_sentence_in_both_languages():
    assert EN("All {n} rows", n=12345) == "All 12,345 rows"
    assert ZH("All {n} rows", n=np.int64(12345)) == "全部 12,345 行"
    assert EN("All {n} rows", n=pd.NA) == "All – rows"
    assert EN("{title}. {figures}.", title="On", figures=dt.date(2017, 9, 30)) == "On. Sep 30, 2017."


def test_values_are_never_read_as_patterns():
    assert EN("{title}. {figures}.", title="{n}", figures="{0.__class__}") == "{n}. {0.__class__}."


def test_plural():
    assert EN("{n} day", "{n} days", n=1) == "1 day"
    assert EN("{n} day", "{n} days", n=2) == "2 days"


def test_a_missing_translation_is_an_error_and_never_english():
    with pytest.raises(ApexError, match="Nobody has translated this"):
        ZH("Nobody has translated this")


def test_a_doubtful_translation_counts_as_missing(tmp_path, monkeypatch):
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr" / "common.po").write_text(
        head + '#, fuzzy\nmsgid "gap"\nmsgstr "trou"\n\nmsgid "flow"\nmsgstr "flux"\n'
    )
    monkeypatch.setattr("apex.show.words.CATALOGUES", tmp_path)
    french = Words("fr")
    assert french("flow") == "flux", "a language is a file"
    with pytest.raises(ApexError, match="gap"):
        french("gap")


def test_a_missing_value_is_an_error():
    with pytest.raises(ApexError, match=r"no value for \{n\}"):
        EN("All {n} rows", m=3)


def test_a_fraction_must_come_formatted():
    with pytest.raises(ApexError, match=r"0\.41"):
        EN("All {n} rows", n=0.41)


def test_unknown_language_and_currency():
    with pytest.raises(ApexError, match=r'language: "de".*en, zh'):
        Words("de")
    with pytest.raises(ApexError, match=r'currency: "EURO".*"EUR"'):
        Words("en", "EURO")


def test_names():
    assert ZH.name({"en": "Aware", "zh": "认知"}) == "认知"
    with pytest.raises(ApexError, match="has no zh"):
        ZH.name({"en": "Aware"})


def test_glossary_is_translated():
    terms = glossary(ZH)
    assert terms["stage"] == "阶段" and terms["benchmark"] == "行业标杆"
    assert glossary(EN) == {term: term for term in terms}


# --- numbers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "0", "0"),
        (684, "684", "684"),
        (9_999, "9,999", "9,999"),
        (10_000, "10 k", "1 万"),
        (12_345, "12.3 k", "1.23 万"),
        (99_960, "100 k", "10 万"),
        (742_000, "742 k", "74.2 万"),
        (999_499, "999 k", "99.9 万"),
        (999_999, "1 M", "100 万"),
        (34_600_000, "34.6 M", "3,460 万"),
        (99_999_999, "100 M", "1 亿"),
        (1_500_000_000, "1.5 bn", "15 亿"),
        (-45_678, "−45.7 k", "−4.57 万"),
    ],
)
def test_short_forms(value, english, chinese):
    assert EN.short(value) == english.replace(" ", NBSP)
    assert ZH.short(value) == chinese.replace(" ", NBSP)


@pytest.mark.parametrize("value", [None, math.nan, pd.NA, pd.NaT, np.float64("nan")])
def test_what_is_missing_is_a_dash(value):
    for write in ("count", "short", "money", "money_short", "share", "signed", "signed_share", "signed_money"):
        assert getattr(EN, write)(value) == "–"
    for write in ("number", "day", "day_short", "month"):
        assert getattr(ZH, write)(value) == "–"
    assert EN.period(value, dt.date(2017, 1, 1)) == "–"


def test_counts_and_signs():
    assert EN.count(1_234_567) == "1,234,567"
    assert EN.count(-7) == EN.signed(-7) == "−7"
    assert EN.signed(25) == "+25"
    assert EN.signed(0) == "0"
    assert (EN.number(1.26), EN.number(2.0), EN.number(-0.01)) == ("1.3", "2", "0")


def test_shares():
    assert (EN.share(0.413), EN.share(0.4135, 1), EN.share(-0.03)) == ("41%", "41.4%", "−3%")
    assert (EN.signed_share(0.12), EN.signed_share(-0.031), EN.signed_share(-0.001)) == ("+12%", "−3%", "0%")


def test_money_is_given_in_minor_units():
    assert (EN.money(1_640_000), EN.money(14_916), EN.money(-99_999)) == ("$16,400", "$149.16", "−$999.99")
    assert (ZH.money(1_640_000), ZH.money(14_916)) == ("¥16,400", "¥149.16")
    assert Words("en", "JPY").money(1_640) == "¥1,640", "yen have no smaller unit"
    assert EN.money_short(3_460_000_000) == f"$34.6{NBSP}M"
    assert ZH.money_short(3_460_000_000) == f"¥3,460{NBSP}万"
    assert EN.money_short(150_000) == "$1,500"
    assert (EN.signed_money(5_000), EN.signed_money(-5_000), EN.signed_money(0)) == ("+$50.00", "−$50.00", "$0.00")


def test_dates():
    day = dt.date(2017, 9, 3)
    assert (EN.day(day), ZH.day(day)) == ("Sep 3, 2017", "2017年9月3日")
    assert EN.day(pd.Timestamp(day)) == EN.day("2017-09-03") == EN.day(day)
    assert (EN.day_short(day), ZH.day_short(day), EN.month(day), ZH.month(day)) == ("Sep 3", "9月3日", "Sep", "9月")
    assert EN.period(dt.date(2017, 8, 6), dt.date(2017, 9, 30)) == "Aug 6 – Sep 30, 2017"
    assert ZH.period(dt.date(2017, 8, 6), dt.date(2017, 9, 30)) == "2017年8月6日至9月30日"
    with pytest.raises(ApexError, match="YYYY-MM-DD"):
        EN.day("yesterday")


def test_suppressed_counts():
    assert (EN.few(), EN.suppressed(), ZH.suppressed()) == ("<20", "hidden", "隐去")
    assert Words().few() == Words().suppressed() == "–", "a campaign with threshold 1 hides nothing"


@pytest.mark.parametrize("value", ["12", True, object()])
def test_no_number(value):
    with pytest.raises(ApexError, match="no number"):
        EN.count(value)
