"""A lesson: what is written is read back, stays true to the files it was made from, and goes where it is learned from."""

import datetime as dt
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from apex import files
from apex.errors import ApexError
from apex.report import campaign as campaign_module
from apex.report import lesson, prepare, runner
from apex.report.campaign import load_campaign
from apex.report.prepare import Inputs
from apex.report.runner import RunFailed
from apex.warehouse import Facts

LAST_DAY = dt.date(2017, 12, 31)
SPRING, AUTUMN = "[2017-07-01, 2017-08-20]", "[2017-10-30, 2017-12-24]"
TEXT = """
title: {{en: "{name}", zh: "测试"}}
warehouse: none
brand: "{brand}"
rules: aipl
goal: {{window: {window}}}
currency: USD
learns_from: [{teachers}]
{more}
"""


def learned(**other):
    given = {
        "brand": "764",
        "campaign": "spring",
        "campaign_id": None,
        "window": ("2017-07-01", "2017-08-20"),
        "as_of": "2017-09-04",
        "conversion": [
            {"cell": "P", "consumers": 50, "buyers": 20, "gmv_minor": 9000, "rate": 0.4, "low": 0.31, "high": 0.5}
        ],
        "effect": {"verdict": "not identified", "measure": "gmv_minor", "value": None, "low": -5.0, "high": 9, "n": 90},
        "made_from": "ab",
    }
    return lesson.Lesson.model_validate(given | other)


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """`campaign(name, …)` writes a campaign file among the campaigns and gives it, checked."""
    monkeypatch.setattr(campaign_module, "CAMPAIGNS", tmp_path)

    def write(name="spring", window=SPRING, teachers="", brand="764", more=""):
        text = TEXT.format(name=name, window=window, teachers=teachers, brand=brand, more=more)
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
        return load_campaign(name)

    return write


# ---- the file ----


def test_what_is_written_is_read_back(tmp_path):
    entry = {
        "what": "price",
        "of": "邮件",
        "value": 12,
        "low": 9,
        "high": 15,
        "n": 400,
        "kind": "counted",
        "scale": "log",
    }
    one = learned(seen=[entry], merged=[entry])
    path = tmp_path / "spring.json"
    path.write_text(one.text(), encoding="utf-8")
    assert lesson.read(path) == one and lesson.read(path).text() == one.text()
    assert one.text().endswith("}\n") and "邮件" in one.text() and json.loads(one.text())["schema_version"] == 2
    assert lesson.read(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 3}, "schema_version"),
        ({"colour": "red"}, "colour"),
        ({"effect": {"verdict": "surely"}}, "effect"),
        ({"seen": [{"what": "bought", "value": None, "n": 0, "kind": "lift", "scale": "plain"}]}, r"seen\.0.*or why"),
        ({"seen": [{"what": "luck", "value": 1, "n": 0, "kind": "lift", "scale": "plain"}]}, r"seen\.0"),
        ({"conversion": [{"cell": "P", "consumers": -1}]}, r"conversion\.0"),
    ],
)
def test_another_schema_is_refused(tmp_path, change, said):
    path = tmp_path / "spring.json"
    path.write_text(json.dumps(json.loads(learned().text()) | change))
    with pytest.raises(ApexError, match=rf"spring\.json: not a lesson of schema 2: {said}.*Delete it"):
        lesson.read(path)


def test_a_lesson_of_the_schema_before_is_stale_and_made_again(tmp_path):
    path = tmp_path / "spring.json"
    path.write_text(json.dumps({"schema_version": 1, "brand": "764", "conversion": []}))
    assert lesson.read(path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00"])
def test_what_is_no_lesson_at_all_is_refused(tmp_path, content):
    path = tmp_path / "spring.json"
    path.write_text(content)
    with pytest.raises(ApexError, match=r"spring\.json: not a lesson of schema 2"):
        lesson.read(path)


@pytest.mark.parametrize(
    ("brand", "folder"),
    [
        ("764", "764"),
        ("../../etc", "%2E%2E%2F%2E%2E%2Fetc"),
        ("a/b", "a%2Fb"),
        ("兰 蔻", None),
        (".", None),
        ("..", None),
    ],
)
def test_a_brand_names_one_folder_inside(campaign, tmp_path, monkeypatch, brand, folder):
    place = lesson.place(campaign(brand=brand), tmp_path / "lessons")
    assert place.resolve().parent.parent == (tmp_path / "lessons").resolve() and place.name == "spring.json"
    assert folder is None or place.parent.name == folder
    monkeypatch.setenv("APEX_LESSONS", str(tmp_path / "other"))
    assert lesson.place(campaign()) == tmp_path / "other" / "764" / "spring.json"
    monkeypatch.delenv("APEX_LESSONS")
    assert lesson.place(campaign()) == lesson.LESSONS / "764" / "spring.json"


def test_an_older_reports_lesson_does_not_replace_a_fresh_one(campaign, tmp_path):
    """Nothing is rendered: there are no notebooks here."""
    teacher, reports = campaign(), tmp_path / "reports"
    inputs = SimpleNamespace(warehouse="w", ledger="l")
    fresh = learned(made_from=lesson.made_from(teacher, "w", "l"))
    files.atomic_write(reports / "spring" / "lesson.json", learned(made_from="older").text())
    files.atomic_write(lesson.place(teacher, tmp_path / "lessons"), fresh.text())
    runner._learn(teacher, ("autumn",), tmp_path / "none", reports, tmp_path / "lessons", lambda campaign: inputs)
    assert lesson.read(lesson.place(teacher, tmp_path / "lessons")) == fresh


def test_brands_that_look_alike_have_places_of_their_own(campaign, tmp_path):
    brands = ["a/b", "a%2Fb", "a b", "a_b", ".", "%2E", ".."]
    assert len({lesson.place(campaign(brand=b), tmp_path) for b in brands}) == len(brands)


def test_promoting_again_changes_nothing_and_mends_what_a_kill_left(campaign, tmp_path):
    run, kept, one = tmp_path / "run", tmp_path / "lessons", campaign()
    run.mkdir()
    lesson.promote(run, one, kept)
    assert not kept.exists(), "a run without a lesson promotes none"
    (run / "lesson.json").write_text(learned().text())
    lesson.promote(run, one, kept)
    target = lesson.place(one, kept)
    before = target.stat()
    assert lesson.read(target) == learned()
    lesson.promote(run, one, kept)
    assert target.stat().st_mtime_ns == before.st_mtime_ns and target.stat().st_ino == before.st_ino
    (run / "lesson.json").write_text(learned(made_from="cd").text())  # swapped in, then killed
    lesson.promote(run, one, kept)
    assert lesson.read(target).made_from == "cd"


# ---- what it was made from ----


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A root with one notebook and one module, which `made_from` reads."""
    root = tmp_path / "root"
    for name in ("notebooks/4_wrapup/lessons.ipynb", "lib/apex/model/effect.py"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("one")
    monkeypatch.setattr(lesson, "ROOT", root)
    return root


def test_made_from_changes_with_what_a_lesson_depends_on(campaign, library):
    first = lesson.made_from(campaign(), "w", "l")
    assert lesson.made_from(campaign(), "w", "l") == first
    assert lesson.made_from(campaign(), "w2", "l") != first, "data"
    assert lesson.made_from(campaign(), "w", "l2") != first, "rules, or the code that sweeps"
    assert lesson.made_from(campaign(), "wl", "") != first and lesson.made_from(campaign(), "", "wl") != first
    for change in (
        {"window": "[2017-07-01, 2017-08-21]"},
        {"brand": "765"},
        {"more": "privacy_threshold: 5"},
        {"more": "as_of: {wrapup: 2017-09-01}"},
        {"more": "settings: {4_wrapup/lessons: {earlier: 3}}"},
    ):
        assert lesson.made_from(campaign(**change), "w", "l") != first, change
    for name in ("notebooks/4_wrapup/lessons.ipynb", "lib/apex/model/effect.py"):
        (library / name).write_text("two")
        assert lesson.made_from(campaign(), "w", "l") != first, name
        (library / name).write_text("one")
    assert lesson.made_from(campaign(), "w", "l") == first


def test_made_from_does_not_change_with_how_the_file_is_written(campaign, library, tmp_path):
    first = lesson.made_from(campaign(more="as_of: {wrapup: 2017-09-01}"), "w", "l")
    parent = tmp_path / "parent.yml"
    parent.write_text('currency: USD\nrules: "aipl"   # of the house\nwarehouse: none\nbrand: 764\nlearns_from: []\n')
    (tmp_path / "spring.yml").write_text(
        "# a comment\nextends: parent\nas_of:\n  wrapup: '2017-09-01'\ngoal:\n  window:\n  - 2017-07-01\n  - 2017-08-20\n"
        "title:\n  zh: 测试\n  en: spring\n"
    )
    assert lesson.made_from(load_campaign("spring"), "w", "l") == first


def test_made_from_changes_with_the_campaigns_that_it_learned_from(campaign, library):
    campaign("spring")
    pupil = campaign("autumn", AUTUMN, "spring")
    first = lesson.made_from(pupil, "w", "l")
    campaign("spring", more="privacy_threshold: 5")
    assert lesson.made_from(pupil, "w", "l") != first, "what it is put together with"
    campaign("spring")
    assert lesson.made_from(pupil, "w", "l") == first
    campaign("spring", teachers="early")
    campaign("early", "[2017-05-01, 2017-06-01]", "autumn")  # a circle: refused elsewhere, no endless walk here
    assert [c.name for c in lesson.ancestors(pupil)] == ["spring", "early"]


# ---- put together ----


def entry(what="price", of="tv", value=10.0, **other):
    given = {
        "what": what,
        "of": of,
        "value": value,
        "low": value * 0.9,
        "high": value * 1.1,
        "n": 100,
        "kind": "counted",
        "scale": "log",
    }
    return lesson.Entry.model_validate(given | other)


def test_every_campaign_counts_once_however_many_have_heard_it():
    early = learned(campaign="early", as_of="2017-06-15", seen=[entry(value=8.0)])
    spring = learned(seen=[entry(value=10.0)], earlier=[early.own])
    told = lesson.once([spring, early, spring])
    assert [e.campaign for e in told] == ["early", "spring"]
    (both,) = lesson.together(told, 365)
    assert 8 < both.value < 10 and (both.low < 8 and both.high > 10), "of a next campaign, which differs from both"
    assert [both] == lesson.together(lesson.once([spring]), 365), "heard through spring alone it is the same"


def test_what_rests_on_all_the_data_is_never_added_up():
    early, late = (learned(campaign=n, as_of=d, seen=[entry("response", value=v, kind="model", span="all")])
                   for n, d, v in (("a", "2017-06-15", 8.0), ("b", "2017-09-04", 12.0)))  # fmt: skip
    (both,) = lesson.together(lesson.once([early, late]), 365)
    assert both.value == pytest.approx(12) and both.n == 100


def test_nothing_of_a_few_is_told():
    frame = lesson.frame([entry(n=3), entry(of="web", n=0), entry(of="sms", n=20)])
    few, known, enough = lesson.entries(frame, 5)
    assert (few.value, few.low, few.n, few.why) == (None, None, 0, "few")
    assert known.value == enough.value == 10 and enough.n == 20, "0 is not of people"


# ---- who learns from whom ----


def test_teachers_are_the_campaigns_of_the_file_in_its_order(campaign):
    campaign("spring")
    campaign("early", window="[2017-05-01, 2017-06-01]")
    assert [t.name for t in lesson.teachers(campaign("autumn", AUTUMN, "spring, early"), LAST_DAY)] == [
        "spring",
        "early",
    ]
    assert lesson.teachers(campaign("autumn", AUTUMN), LAST_DAY) == []


def test_what_cannot_teach_is_refused(campaign):
    campaign("spring", brand="1208")
    with pytest.raises(ApexError, match=r'autumn\.yml: learns_from: "spring" is of brand 1208, not 764'):
        lesson.teachers(campaign("autumn", AUTUMN, "spring"), LAST_DAY)
    with pytest.raises(ApexError, match='There is no campaign "sprig".*Did you mean "spring"'):
        lesson.teachers(campaign("autumn", AUTUMN, "sprig"), LAST_DAY)


def test_a_wrap_up_from_the_plans_future_is_refused_with_the_day_to_set(campaign):
    campaign("spring", "[2017-07-01, 2017-09-20]")  # its wrap-up looks to 2017-10-05, the plan stands on 2017-10-01
    with pytest.raises(ApexError, match=r"as far as 2017-10-05, .* stands on 2017-10-01\. Say as_of\.plan: 2017-10-05"):
        lesson.teachers(campaign("autumn", AUTUMN, "spring"), LAST_DAY)
    followed = campaign("autumn", AUTUMN, "spring", more="as_of: {plan: 2017-10-05}")
    assert [t.name for t in lesson.teachers(followed, LAST_DAY)] == ["spring"], "the day it names is good"
    day_before = campaign("autumn", AUTUMN, "spring", more="as_of: {plan: 2017-10-04}")
    with pytest.raises(ApexError, match="2017-10-04"):
        lesson.teachers(day_before, LAST_DAY)


# ---- the runner ----


@pytest.fixture
def loop(workspace, campaign, library):
    """Two campaigns, autumn learning from spring, and a wrap-up that teaches; `render`, `prepared` (names) and `data`."""
    campaign("spring")
    campaign("autumn", AUTUMN, "spring")
    notes, state = workspace.folder / "made-from", {"data": "w1"}
    notes.mkdir()
    (notes / "template.json").write_text(learned().text())
    cell = f"""
        import json, os, pathlib
        notes = pathlib.Path({str(notes)!r})
        if (notes / "fail").exists():
            raise ValueError("the wrap-up cannot be written")
        lesson = json.loads((notes / "template.json").read_text())
        lesson |= {{"campaign": pathlib.Path(campaign).stem, "made_from": (notes / pathlib.Path(campaign).stem).read_text()}}
        (pathlib.Path(os.environ["APEX_RUN"]) / "lesson.json").write_text(json.dumps(lesson))
        (notes / "lessons-at").write_text(os.environ["APEX_LESSONS"])
    """
    workspace.notebook("4_wrapup/lessons", cell)
    prepared = []

    def ready(asked):
        prepared.append(asked.name)
        facts = Facts(("764",), (), dt.date(2017, 1, 1), LAST_DAY)
        (notes / asked.name).write_text(lesson.made_from(asked, state["data"], "l"))
        return Inputs(facts, None, state["data"], "l")

    def render(name="autumn"):
        return workspace.render(ready, workspace.folder / f"{name}.yml")

    return SimpleNamespace(render=render, prepared=prepared, state=state, notes=notes, space=workspace)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def made(space, name):
    """Which folder a campaign's report is in: another one after each rendering."""
    return (space.reports / name).resolve().name


def test_a_teacher_is_rendered_first_when_its_lesson_is_missing_or_stale(loop, campaign, capfd):
    space, kept = loop.space, lesson.place(load_campaign("spring"), loop.space.lessons)
    loop.render()
    assert lesson.read(kept).made_from == lesson.made_from(load_campaign("spring"), "w1", "l")
    assert lesson.place(load_campaign("autumn"), space.lessons).exists()
    assert "first spring, whose lesson autumn learns from" in capfd.readouterr().err
    assert (loop.notes / "lessons-at").read_text() == str(space.lessons) and "APEX_LESSONS" not in os.environ

    first = made(space, "spring")
    loop.render()
    assert made(space, "spring") == first, "it is fresh: no need"
    (space.folder / "spring.yml").write_text("# the same\n" + (space.folder / "spring.yml").read_text())
    loop.render()
    assert made(space, "spring") == first, "a comment changes nothing"
    before = everything(space.lessons)

    kept.unlink()  # as if killed between the swap and the promotion
    loop.render()
    assert made(space, "spring") == first and everything(space.lessons) == before, "mended from the report"

    loop.state["data"] = "w2"
    loop.render()
    second = made(space, "spring")
    assert second != first and lesson.read(kept).made_from == lesson.made_from(load_campaign("spring"), "w2", "l")
    campaign("spring", "[2017-07-01, 2017-08-10]")
    loop.render()
    assert made(space, "spring") != second


def test_a_teacher_that_fails_stops_the_pupil_and_nothing_changes(loop):
    space = loop.space
    loop.render()
    before = everything(space.folder / "lessons") | everything((space.reports / "autumn").resolve())
    reports = {p.name for p in space.reports.iterdir()}
    (loop.notes / "fail").touch()
    loop.state["data"] = "w2"
    with pytest.raises(RunFailed) as error:
        loop.render()
    said = str(error.value)
    assert said.startswith("autumn learns from spring, whose report failed; nothing was rendered for autumn.")
    assert "4_wrapup/lessons: failed" in said and "The last good report stays" in said
    assert error.value.index.parent == space.reports / "spring.failed" and error.value.index.exists()
    assert everything(space.folder / "lessons") | everything((space.reports / "autumn").resolve()) == before
    new = {p.name for p in space.reports.iterdir()} - reports
    assert all("spring.failed" in name for name in new)

    (loop.notes / "fail").unlink()
    loop.render()
    assert not (space.reports / "spring.failed").exists()


def test_a_campaign_that_fails_keeps_its_earlier_lesson(loop):
    loop.render("spring")
    before = everything(loop.space.lessons)
    (loop.notes / "fail").touch()
    loop.state["data"] = "w2"
    with pytest.raises(RunFailed, match="^1 of 1 notebooks did not finish"):
        loop.render("spring")
    assert everything(loop.space.lessons) == before


@pytest.mark.parametrize("teachers", [("autumn", "spring"), ("spring", "spring")])
def test_campaigns_that_learn_from_each_other_are_refused(loop, campaign, teachers):
    early = "as_of: {wrapup: 2017-06-01, plan: 2017-06-02}"  # days that make the calendar's refusal look away
    campaign("spring", teachers=teachers[0], more=early)
    campaign("autumn", AUTUMN, teachers[1], more="as_of: {wrapup: 2017-06-01}")
    with pytest.raises(ApexError, match="learn from each other: (autumn → spring → autumn|autumn → spring → spring)"):
        loop.render()
    assert not [p for p in loop.space.reports.iterdir() if not p.name.endswith(".lock")]


def test_a_teacher_that_teaches_nothing_is_no_error(loop):
    """A wrap-up may fail to leave a lesson; the plan then computes it, and the runner does not go round in circles."""
    loop.space.notebook("4_wrapup/lessons")
    loop.render()
    assert loop.prepared.count("spring") == 2 and (loop.space.reports / "autumn" / "index.html").exists()
    assert not loop.space.lessons.exists()


def test_prepare_gives_facts_and_digests(market, monkeypatch, tmp_path):
    """The real one, on a small market."""
    whole = market([{"consumer_key": "c", "brand": "764", "occurred_at": "2017-06-01", "behaviour": "buy"}])
    monkeypatch.setattr("apex.warehouse.ensure", lambda name: whole)
    file = tmp_path / "spring.yml"
    file.write_text(TEXT.format(name="spring", window=SPRING, brand="764", teachers="", more=""))
    inputs = prepare.prepare(load_campaign(file))
    assert inputs.facts == whole.facts and inputs.warehouse == whole.digest == "test"
    assert inputs.about["warehouse"] == "market" and len(inputs.ledger) == 64
    file.write_text(TEXT.format(name="spring", window=SPRING, brand="746", teachers="", more=""))
    with pytest.raises(ApexError, match='brand "746" is not in the warehouse'):
        prepare.prepare(load_campaign(file))
