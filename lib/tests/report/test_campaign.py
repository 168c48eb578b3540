"""What a person may write into a campaign file, and what the answer is when it does not fit."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apex.errors import ApexError
from apex.report.campaign import CAMPAIGNS, STAGES, Campaign, load_campaign

BASE = """
title: {en: Brand, zh: 品牌}
warehouse: panel
brand: "764"
rules: aipl
currency: USD
"""
WINDOW = "goal: {window: [2017-10-30, 2017-12-24]}\n"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@dataclass
class Facts:
    brands: list[str] = field(default_factory=lambda: ["764", "103", "1208"])
    campaigns: list[str] = field(default_factory=lambda: ["13", "18"])
    first_day: dt.date = dt.date(2017, 1, 1)
    last_day: dt.date = dt.date(2017, 12, 31)


@pytest.fixture
def load(tmp_path: Path):
    def write(text: str, name: str = "my-campaign.yml") -> Campaign:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_campaign(path)

    return write


def test_the_default_campaign():
    campaign = load_campaign("complete-journey")
    assert campaign == load_campaign(CAMPAIGNS / "complete-journey.yml")
    assert (campaign.name, campaign.slug, campaign.reference) == ("complete-journey",) * 3
    assert (campaign.brand, campaign.campaign_id, campaign.compare) == ("764", "18", ("13",))
    assert campaign.window == (day("2017-10-30"), day("2017-12-24")) and campaign.eve == day("2017-10-29")
    assert (campaign.goal.gmv_minor, campaign.goal.confidence) == (1_640_000, 0.8)
    assert (campaign.rules, campaign.language, campaign.currency) == ("aipl-panel", "en", "USD")
    assert (campaign.privacy_threshold, campaign.peers.exclude) == (1, ("69", "2"))


def test_defaults_and_freezing(load):
    campaign = load(BASE + WINDOW)
    assert (campaign.privacy_threshold, campaign.language, campaign.goal.confidence) == (20, "en", 0.8)
    assert campaign.reference.endswith("/my-campaign.yml"), "a file elsewhere is found by its path"
    with pytest.raises(ValueError, match="frozen"):
        campaign.brand = "103"


def test_the_window_comes_from_the_goal_else_the_burst_else_all_phases(load):
    phases = "phases: {build-up: [2017-10-01, 2017-10-20], burst: [2017-11-01, 2017-11-11], return: [2017-11-12, 2017-11-14]}\n"
    assert load(BASE + phases + WINDOW).window == (day("2017-10-30"), day("2017-12-24"))
    assert load(BASE + phases).window == (day("2017-11-01"), day("2017-11-11"))
    assert load(BASE + phases.replace("burst", "presale")).window == (day("2017-10-01"), day("2017-11-14"))


def test_as_of_by_default_and_as_said(load):
    last = day("2017-12-31")
    campaign = load(BASE + WINDOW)
    assert [campaign.as_of_for(stage, last) for stage in STAGES] == [
        day("2017-10-29"),
        day("2017-10-01"),
        day("2017-10-29"),
        day("2017-12-31"),
    ]
    assert campaign.as_of_for("wrapup", day("2018-06-30")) == day("2018-01-08")
    phases = "phases: {warm-up: [2017-10-20, 2017-10-29], build-up: [2017-10-05, 2017-10-19]}\n"
    assert load(BASE + phases).as_of_for("plan", last) == day("2017-10-04")
    assert load(BASE + WINDOW + "as_of: {insight: 2017-09-30}\n").as_of_for("insight", last) == day("2017-09-30")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gaol: 3\n", r'my-campaign.yml:8: unknown key "gaol". Did you mean "goal"?'),
        ("extend: base\n", r'my-campaign.yml:8: unknown key "extend". Did you mean "extends"?'),
        ("as_of: {insigt: 2017-10-01}\n", r'my-campaign.yml:8: unknown key "as_of.insigt". Did you mean "insight"?'),
        (
            "phases:\n  build_up: [2017-10-01, 2017-10-02]\n",
            r'my-campaign.yml:9: unknown key "phases.build_up". Did you mean "build-up"?',
        ),
        ("peers: {exclud: [2]}\n", r'my-campaign.yml:8: unknown key "peers.exclud". Did you mean "exclude"?'),
        ("margin: 1.5\n", r"my-campaign.yml:8: margin: Input should be less than or equal to 1, not 1.5."),
        ("budget_minor: 12.5\n", r"my-campaign.yml:8: budget_minor: Input should be a valid integer, not 12.5."),
        (
            "privacy_threshold: 0\n",
            r"my-campaign.yml:8: privacy_threshold: Input should be greater than or equal to 1, not 0.",
        ),
        ("language: fr\n", r"my-campaign.yml:8: language: Input should be 'en' or 'zh', not 'fr'."),
        ("as_of: {plan: 2017-13-01}\n", r"my-campaign.yml:8: as_of.plan: '2017-13-01' is not a day of the calendar."),
        (
            "as_of: {plan: 30.10.2017}\n",
            r"my-campaign.yml:8: as_of.plan: '30.10.2017' is not a day written like 2017-10-30.",
        ),
        (
            "as_of: {plan: 1509321600}\n",
            r"my-campaign.yml:8: as_of.plan: 1509321600 is not a day written like 2017-10-30.",
        ),
        ("as_of: {plan: 2017-10-01 12:00:00}\n", r"'2017-10-01 12:00:00' is not a day written like"),
        (
            "phases: {burst: [2017-11-11, 2017-11-01]}\n",
            r"my-campaign.yml:8: phases.burst: the first day 2017-11-11 lies after the last day 2017-11-01.",
        ),
        ("brand: 103\n", r'my-campaign.yml:8: the key "brand" stands twice, first at my-campaign.yml:4.'),
        (
            "settings: {1_insight/assets: {api_key: x}}\n",
            r'my-campaign.yml:8: settings.1_insight/assets: "api_key" looks like a secret',
        ),
        ("settings: {1_insight/assets: {db-password: x}}\n", r'"db-password" looks like a secret'),
        ("compare: [1, 2\n", r"my-campaign.yml:9: not valid YAML"),
        ("margin: .nan\n", r"my-campaign.yml:8: margin: Input should be a finite number, not nan."),
        ('compare: ["\\ud83d\\ude00"]\n', r"my-campaign.yml:8: an escape is half a character; write the character itself."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_place_and_remedy(load, text, message):
    with pytest.raises(ApexError) as error:
        load(BASE + WINDOW + text)
    assert message in str(error.value)


def test_names_need_both_languages_and_no_other(load):
    with pytest.raises(ApexError, match='my-campaign.yml:2: title: the key "zh" is missing.'):
        load(BASE.replace(", zh: 品牌", "") + WINDOW)
    with pytest.raises(ApexError, match='title: unknown key "cn". Known: en, zh.'):
        load(BASE.replace("zh:", "cn:") + WINDOW)


def test_all_mistakes_are_named_at_once(load):
    with pytest.raises(ApexError) as error:
        load(BASE.replace("rules: aipl\n", "") + WINDOW + "gaol: 3\n")
    assert 'the key "rules" is missing.' in str(error.value) and '"gaol"' in str(error.value)


def test_a_campaign_needs_a_window(load):
    with pytest.raises(ApexError, match="goal.window is missing, and no phases are given"):
        load(BASE)


def test_ids_may_be_plain_numbers_and_are_never_octal(load):
    text = BASE.replace('"764"', "0764") + WINDOW + "compare: [13, '18']\ncampaign_id: 18\n"
    campaign = load(text)
    assert (campaign.brand, campaign.compare, campaign.campaign_id) == ("0764", ("13", "18"), "18")
    assert load(BASE.replace('"764"', "764") + WINDOW).brand == "764"
    assert load(BASE.replace('"764"', "no") + WINDOW).brand == "no", "and never false"
    with pytest.raises(ApexError, match="my-campaign.yml:4: brand: Input should be a valid string, not 7.5"):
        load(BASE.replace('"764"', "7.5") + WINDOW)


def test_missing_file_and_unknown_name(tmp_path):
    with pytest.raises(ApexError, match="nowhere.yml: there is no such file"):
        load_campaign(tmp_path / "nowhere.yml")
    with pytest.raises(
        ApexError, match=r'no campaign "complete-jurney" in data/campaigns. Did you mean "complete-journey"'
    ):
        load_campaign("complete-jurney")


@pytest.mark.parametrize("name", ["My Campaign.yml", "a_b.yml", "{x}.yml", "..yml"])
def test_the_file_name_is_a_slug(load, name):
    with pytest.raises(ApexError, match="only a-z, 0-9 and"):
        load(BASE + WINDOW, name)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n"])
def test_a_file_that_holds_no_keys(load, text):
    with pytest.raises(ApexError, match="should hold keys and values"):
        load(text)


def test_extends_merges_deeply(load, tmp_path):
    (tmp_path / "base.yml").write_text(BASE + WINDOW + "compare: [13]\npeers: {exclude: [69]}\n", encoding="utf-8")
    campaign = load("extends: base.yml\nbrand: '103'\ngoal: {confidence: 0.5}\ncompare: [18]\n")
    assert campaign.brand == "103" and campaign.warehouse == "panel" and campaign.peers.exclude == ("69",)
    assert campaign.goal.confidence == 0.5 and campaign.window[0] == day("2017-10-30"), "mappings are merged"
    assert campaign.compare == ("18",), "lists are replaced"
    assert campaign.name == "my-campaign"


def test_a_mistake_in_the_base_is_placed_there(load, tmp_path):
    (tmp_path / "base.yml").write_text(BASE + "goal:\n  windw: 3\n", encoding="utf-8")
    with pytest.raises(ApexError, match=r'base.yml:8: unknown key "goal.windw". Did you mean "window"\?'):
        load("extends: base.yml\n" + WINDOW)


def test_extends_in_a_circle_is_refused(load, tmp_path):
    (tmp_path / "base.yml").write_text("extends: my-campaign.yml\n", encoding="utf-8")
    with pytest.raises(ApexError, match="my-campaign.yml → base.yml → my-campaign.yml"):
        load("extends: base.yml\n" + BASE + WINDOW)


def test_check_against_a_warehouse_that_has_it_all(load):
    load(BASE + WINDOW + "compare: [13]\ncampaign_id: 18\npeers: {exclude: ['103']}\n").check_against(Facts())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE.replace("764", "746") + WINDOW, r'brand "746" is not in the warehouse "panel". Did you mean "764"\?'),
        (
            BASE + WINDOW + "compare: [31]\n",
            r'compare: campaign "31" is not in the warehouse "panel". Known: 13, 18.',
        ),
        (
            BASE + WINDOW + "campaign_id: 19\n",
            r'campaign_id: campaign "19" is not in the warehouse "panel". Known: 13, 18.',
        ),
        (BASE + WINDOW + "peers: {exclude: [9]}\n", r'peers.exclude: brand "9" is not in the warehouse'),
        (
            BASE + "goal: {window: [2016-10-30, 2016-12-24]}\n",
            r"the window 2016-10-30 – 2016-12-24 lies outside the data. The data reach from 2017-01-01 to 2017-12-31.",
        ),
        (
            BASE + "goal: {window: [2018-10-30, 2018-12-24]}\n",
            r"insight would stand on 2018-10-29, outside the data. The data reach from 2017-01-01 to 2017-12-31.",
        ),
        (BASE + WINDOW + "as_of: {execute: 2018-01-01}\n", r"execute would stand on 2018-01-01, outside the data."),
    ],
)  # fmt: skip
def test_check_against_says_what_there_is(load, text, message):
    with pytest.raises(ApexError, match=message):
        load(text).check_against(Facts())


def test_only_the_stages_to_be_rendered_are_checked(load):
    campaign = load(BASE + "goal: {window: [2017-01-15, 2017-02-24]}\n")
    campaign.check_against(Facts(), stages=["insight"])
    with pytest.raises(ApexError, match="plan would stand on 2016-12-17"):
        campaign.check_against(Facts(), stages=["insight", "plan"])


def test_further_goals_are_counts_above_nought_and_in_the_files_order(load):
    given = "goal: {window: [2017-10-30, 2017-12-24], gmv_minor: 5, joins: 7, new_consumers: 3, aac: 90}\n"
    text = BASE.replace(WINDOW, "") + given
    assert load(text).goal.targets == {"gmv_minor": 5, "new_consumers": 3, "aac": 90, "joins": 7}
    for wrong in ("joins: 0", "aac: 1.5", "new_consumers: many"):
        with pytest.raises(ApexError, match=f"goal.{wrong.split(':')[0]}"):
            load(BASE.replace(WINDOW, "") + f"goal: {{window: [2017-10-30, 2017-12-24], {wrong}}}\n")
    with pytest.raises(ApexError, match='unknown key "goal.new_consumer". Did you mean "new_consumers"'):
        load(BASE.replace(WINDOW, "") + "goal: {window: [2017-10-30, 2017-12-24], new_consumer: 4}\n")
