"""What a file of rules must not hold is said with place, what was seen, and what is known there."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from apex import rule_files
from apex.errors import ApexError
from apex.measure.crowd_rules import Expression


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Move(Part):
    share: float
    stage: Literal["A", "I"] = "A"


class Rules(Part):
    moves: dict[str, tuple[Move, ...]] = {}
    names: dict[Literal["en", "zh"], str] = {}
    who: Expression | None = None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("move: {}", r'mine.yml:1: move: "move" is not a key here. Did you mean "moves"\?'),
        ("moves:\n  a: [{share: 1, stag: A}]", r'mine.yml:2: moves.a\[0\].stag: "stag" is not a key here. Did you mean "stage"'),
        ("moves:\n  a: [{share: 1, stage: P}]", r'mine.yml:2: moves.a\[0\].stage: "P" is not known. Known: A, I\.'),
        ("moves:\n  a: [{}]", r"mine.yml:2: moves.a\[0\].share: this key is missing"),
        ("moves:\n  a: [{share: many}]", r"mine.yml:2: moves.a\[0\].share: .* \(seen: 'many'\)"),
        ("who: {any: [{behaviour: buy, within_days: 9, at_last: 1}]}", r'"at_last" is not a key here. Did you mean "at_least"'),
        ("who: {not: {stage: [L], stages: 1}}", r'mine.yml:1: who.not.stages: "stages" is not a key here. Did you mean "stage"'),
        ("names: {xen: a}", r'mine.yml:1: names.xen: "xen" is not known. Did you mean "en"'),
        ("moves: {}\nmoves: {}", 'mine.yml:2: the key "moves" stands twice'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(tmp_path, text, said):
    (tmp_path / "mine.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ApexError, match=said):
        rule_files.load(Rules, tmp_path / "mine.yml")


def test_what_fits_comes_back_with_its_lines(tmp_path):
    (tmp_path / "mine.yml").write_text("moves:\n  a: [{share: 0.5}]\n", encoding="utf-8")
    rules, lines = rule_files.load(Rules, tmp_path / "mine.yml")
    assert rules.moves["a"][0].share == 0.5 and lines[("moves", "a")] == "mine.yml:2"
    assert rule_files.path_of("items") == rule_files.FOLDER / "items.yml"
