"""The catalogue of scenes: as it is committed, and what is refused with file, line, key and the nearest known word."""

import pytest

from apex.errors import ApexError
from apex.measure.scene_rules import Done, Event, load_scenes
from apex.rule_files import FOLDER

TEXT = (FOLDER / "scenes.yml").read_text(encoding="utf-8")


def test_the_catalogue_is_whole():
    """38 names in the platform's four groups, four of partners; the codes that are published."""
    rules = load_scenes()
    groups = [scene.group for scene in rules.scenes.values()]
    assert sum(group != "partner" for group in groups) == 38 and groups.count("partner") == 4
    assert len({scene.name["zh"] for scene in rules.scenes.values()}) == 42
    published = {
        "adStrategyDkx", "AD_STRATEGY_LAXIN_XINXIANG", "adStrategyRuHui", "AD_STRATEGY_FANS_HEADLINES", "promotion_scene_crowd",
        "AD_STRATEGY_CROWD_INDUSTRY", "AD_STRATEGY_LIUZI", "adStrategyShangXin", "AD_STRATEGY_SHANGXINLI",
        "AD_STRATEGY_FRESH_BOX", "AD_STRATEGY_SXK_GUARANTEE", "new_item_speed_car", "adStrategyProductSpeed", "HPJS_GUARANTEE",
        "HPJS_TIME_LIMIT", "promotion_scene_item", "WHOLE_SHOP_SMART", "WHOLE_SHOP_CUSTOM", "onebpSite", "adStrategyYuRe",
        "AD_STRATEGY_YURE", "adStrategyBaoFa", "AD_STRATEGY_HUODONG_ESCORT", "AD_STRATEGY_EVEN_BUDGET", "onebpLive",
        "onebpShortVideo", "traffic_nd", "wxt_agency_ai", "WXT_AGENCY_*",
    }  # fmt: skip
    assert {scene.code for scene in rules.scenes.values()} - {None} == published
    subs = {scene.sub for scene in rules.scenes.values()} - {None}
    assert subs == {"1023", "1079", "1113", "1095 · RUHUI_NEW", "1096 · RUHUI_OLD", "1098", "1203", "1114"}


def test_what_a_scene_says_is_read():
    rules = load_scenes()
    warm = rules.scenes["warm-up"]
    assert (
        warm.moves.from_ == ("O", "A")
        and warm.moves.to == "I"
        and rules.channels("warm-up")[:2] == ("feed", "circular")
    )
    assert warm.needs == [Event(event_within_days=60)] and rules.scenes["sampling"].needs == [Done(behaviour="sample")]
    assert rules.least("warm-up") == rules.settings.least_budget_minor < rules.least("black-box")


def test_audiences_may_name_crowds_of_the_other_file():
    names = load_scenes().crowds().names
    assert set(load_scenes().audiences) < set(names) and "carted-not-bought" in names
    assert "promotion-responders" not in names, "only those that are asked for"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  reach:", "  reech:", r'mine.yml:\d+: settings.reech: "reech" is not a key here. Did you mean "reach"'),
        ("    objective:", "    objectiv:", r'scenes.new-fast.objectiv: "objectiv" is not a key here. Did you mean "objective"'),
        ("group: people", "group: peple", r'mine.yml:\d+: scenes.new-fast.group: there is no "peple". Did you mean "people"'),
        ("audience: warm", "audience: warn", r'scenes.first-order.audience: there is no "warn". Did you mean "warm"'),
        ("media: [search, feed]", "media: [serch]", r'scenes.new-fast.media: there is no "serch". Did you mean "search"'),
        ("levers: [bid, crowd]", "levers: [bit]", r'scenes.new-fast.levers: there is no "bit". Did you mean "bid"'),
        ("{behaviour: sample}", "{behaviour: sampl}", r'mine.yml:\d+: .*"sampl" is not a behaviour. Did you mean "sample"'),
        ("{table: contracts}", "{table: contract}", r'mine.yml:\d+: .*"contract" is not a table. Did you mean "contracts"'),
        ("{members: 200}", "{membrs: 200}", r'mine.yml:\d+: .*"membrs" is not a need. Did you mean "members"'),
        ("{members: 200}", "{members: 0}", r"mine.yml:\d+: .*greater than or equal to 1"),
        ("counts: joins", "counts: join", r'counts: "join" is not known. Did you mean "joins"'),
        ("measure: buyers_90", "measure: buyer_90", r'measure: "buyer_90" is not known. Did you mean "buyers_90"'),
        ("    moves: {from: [O, A, I], to: P}\n    audience: new-to-us", "    audience: new-to-us", r"moves is missing"),
        ("{stage: O}", "{stge: O}", r'mine.yml:\d+: .*"stge" is not a kind of condition. Did you mean "stage"'),
        ("    items: [launch, potential]\n", "", r"mine.yml:\d+: scenes.test-items: items names"),
        ("{status: member}", "{status: membr}", r"mine.yml:\d+: audiences.buyers-no-members.*"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tmp_path, old, new, message):
    assert old in TEXT
    path = tmp_path / "mine.yml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ApexError, match=message):
        load_scenes(path)


def test_a_crowd_that_nobody_knows(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(TEXT.replace("{crowd: category-heavy}", "{crowd: category-hevy}", 1), encoding="utf-8")
    with pytest.raises(ApexError, match=r'there is no crowd "category-hevy". Did you mean "category-heavy"'):
        load_scenes(path).crowds()
