"""The rule file of content: as it is committed, and what is refused with file, line and the nearest key."""

import pytest

from apex.errors import ApexError
from apex.measure.content_rules import load_content_rules
from apex.rule_files import FOLDER

TEXT = (FOLDER / "content.yml").read_text(encoding="utf-8")


def test_the_committed_file_is_read():
    rules = load_content_rules()
    assert (rules.effective.seconds, rules.guided.within_days, rules.sale.within_days) == (3, 1, 15)
    assert rules.ages[0] == 0 and rules.repeats[0] == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ripe_days:", "ripe_day:", r'mine.yml:\d+: ripe_day: "ripe_day" is not a key here. Did you mean "ripe_days"'),
        (
            "  seconds: 3",
            "  second: 3",
            r'mine.yml:\d+: effective.second: "second" is not a key here. Did you mean "seconds"',
        ),
        (
            "[engage, share]",
            "[engage, shar]",
            r'mine.yml:\d+: interactions: there is no behaviour "shar". Did you mean "share"',
        ),
        ("of: viewed", "of: shop", r'mine.yml:\d+: sale.of: "shop" is not known. Known: viewed, brand'),
        ("[0, 3, 7, 14, 21]", "[0, 7, 3]", r"mine.yml:\d+: ages: bands should begin at rising numbers"),
        ("share: 0.25", "share: 1.5", r"mine.yml:\d+: effective.share: .*less than or equal to 1"),
        ("others: 2", "others: many", r"mine.yml:\d+: exposure.others"),
        ("  least: 8", "", r"mine.yml:\d+: life.least: this key is missing"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, old, new, message):
    assert old in TEXT
    path = tmp_path / "mine.yml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ApexError, match=message):
        load_content_rules(path)


def test_a_file_that_is_not_there():
    with pytest.raises(ApexError, match=r"nowhere\.yml: there is no such file"):
        load_content_rules("nowhere")
