"""The rule file of items is read strictly; what is wrong is named with its place and the nearest word."""

import copy

import pytest

from apex.errors import ApexError
from apex.measure.item_rules import load_item_rules, parse_item_rules


def test_the_file_that_comes_with_the_project_is_read():
    rules = load_item_rules()
    assert list(rules.names) == ["sampling", "launch", "potential", "hit", "core", "tail", "idle", "rest"]
    assert rules.memory == 3 and all({"en", "zh"} <= set(n) for n in rules.names.values())


@pytest.mark.parametrize(("change", "said"), [
    (lambda r: r.update(perod_days=3), "period_days"),
    (lambda r: r.pop("rest"), "rest: this key is missing"),
    (lambda r: r["stages"]["hit"]["any"][0].update(sales_percentil={"at_least": 1}), "sales_percentile"),
    (lambda r: r["stages"]["hit"]["any"][0].update(sales={}), "needs one of"),
    (lambda r: r["stages"]["hit"]["any"][0].update(sales={"at_lest": 1}), "at_least"),
    (lambda r: r["stages"].update(rest=r["stages"]["hit"]), "another meaning"),
    (lambda r: r["stages"]["hit"].update(name={"en": "only"}), "missing in zh"),
    (lambda r: r["price_bands"]["bands"]["high"].update(up_to=0.9), "must rise"),
    (lambda r: r["hits"].update(first_days=[7, 3]), "must rise and end before day"),
    (lambda r: r["hits"].update(first_days=[20]), "must be over before"),
    (lambda r: r.update(period_days="14"), "seen: '14'"),
])  # fmt: skip
def test_what_is_wrong_is_said(shop, change, said):
    content = copy.deepcopy(shop.raw)
    change(content)
    with pytest.raises(ApexError, match=said):
        parse_item_rules(content)


def test_no_such_file(tmp_path):
    with pytest.raises(ApexError, match="no such file"):
        load_item_rules("item")
    with pytest.raises(ApexError, match="no such file"):
        load_item_rules(tmp_path / "x.yml")
