"""One reader for the YAML that people write: what it refuses, for every kind of file that is read with it."""

import pytest

from apex import strict_yaml
from apex.errors import ApexError
from apex.ledger.rules import load_rules
from apex.measure.crowds import load_crowds
from apex.report.campaign import load_campaign

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
WRONG = {
    "a key twice": ("name: x\nname: y\n", 'mine.yml:2: the key "name" stands twice, first at mine.yml:1'),
    "no mapping": ("- x\n", "mine.yml: should hold keys and values"),
    "empty": ("", "mine.yml: should hold keys and values"),
    "code": ("name: !!python/object/apply:os.system [ls]\n", "mine.yml:1: not valid YAML"),
    "a bomb of aliases": (BOMB, "more than 40 levels deep, or more than 10,000 values in all"),
    "a circle": ("name: &a {b: *a}\n", "more than 40 levels deep"),
    "half a file": ("name: [\n", "mine.yml:2: not valid YAML"),
    "a mapping as key": ("{a: b}: c\n", "mine.yml:1: a key should be a word"),
    "half a character": ('name: "\\ud83d"\n', "mine.yml:1: an escape is half a character"),
    "no text": (b"\xff\xfe\x00", "mine.yml"),
}


@pytest.mark.parametrize("load", [load_campaign, load_crowds, load_rules], ids=lambda f: f.__name__)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_people_do_not_mean_is_refused_with_its_place(wrong, load, tmp_path):
    text, said = WRONG[wrong]
    path = tmp_path / "mine.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ApexError) as error:
        load(path if load is not load_campaign else str(path))
    assert said in str(error.value)


def test_words_days_and_numbers_with_a_zero_stay_as_they_were_written(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text("a: no\nb: 2017-10-30\nc: 0764\nd: 764\ne: true\nf: 1.5\n", encoding="utf-8")
    content, lines = strict_yaml.read(path)
    assert content == {"a": "no", "b": "2017-10-30", "c": "0764", "d": 764, "e": True, "f": 1.5}
    assert lines["d",] == "mine.yml:4"


def test_the_same_mistakes_pass_a_plain_reader(tmp_path):
    """The known-wrong reader: the last of two keys counts, and a word becomes a truth value."""
    import yaml

    assert yaml.safe_load("name: x\nname: no\n") == {"name": False}
