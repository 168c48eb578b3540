"""The four answers of an index and what to do next: who answers, in which order, and where each stands in the HTML."""

import pytest
from bs4 import BeautifulSoup

from apex.report import answers, index
from apex.report.campaign import load_campaign
from apex.report.finding import Finding
from apex.report.manifest import Provenance
from apex.report.notebooks import discover
from apex.report.task import Result
from apex.show import Words

SEEN = {"1_insight/assets": "2017-10-29", "2_plan/goal": "2017-10-15", "4_wrapup/closing": "2017-12-31"}
QUESTIONS = {
    "en": ["Are we on track?", "Which stage is short, and by how many?", "What first?", "Can I trust it?"],
    "zh": ["目标进展如何？", "哪个阶段有缺口，缺多少人？", "首先做什么？", "结论可信吗？"],
}


@pytest.fixture
def make(make_finding):
    """A finding that asks for nothing, unless told otherwise."""

    def one(notebook, **other):
        return Finding(**make_finding(notebook, **({"next_step": None, "tile": None, "headline": False} | other)))

    return one


@pytest.fixture
def drawn(workspace, make, tmp_path):
    """An index from findings: a function (findings, language, failed notebooks) → parsed HTML."""
    for notebook in SEEN:
        workspace.notebook(notebook)
    found = discover(workspace.notebooks)
    (tmp_path / "notebooks").mkdir(exist_ok=True)
    for notebook in found:
        marker = tmp_path / "notebooks" / f"{notebook.stem}.done.json"
        marker.write_text(f'{{"as_of": "{SEEN[notebook.id]}"}}', encoding="utf-8")

    def page(findings, language="en", failed=()):
        campaign = load_campaign(workspace.campaign).model_copy(update={"language": language})
        results = {n.id: Result(n.id, "failed" if n.id in failed else "ok", "why") for n in found}
        told = [f for f in findings if f.notebook not in failed]
        html = index.index_page(tmp_path, campaign, found, results, told, Provenance("a" * 64, "b" * 64, {}))
        return BeautifulSoup(html, "html.parser")

    return page


@pytest.fixture
def full(make):
    """Findings of a run that answers everything."""
    return [
        make("1_insight/assets", headline=True, short="Assets fell", verdict="behind"),
        make("2_plan/goal", headline=True, short="Odds of 12%", verdict="behind", kind="model",
             answers={"on_track": "Odds of 12%"}),
        make("2_plan/goal", name="gap", kind="model", verdict="behind", short="Short of 436", at_stake_minor=180_000,
             answers={"short_stage": "Loyal by 175"}, next_step="Gather 175 more", due="2017-10-29"),
        make("2_plan/goal", name="trust", answers={"trust": "Held in 74%"}),
        make("4_wrapup/closing", headline=True, short="Goal missed", verdict="behind", answers={"on_track": "92% of it"}),
        make("4_wrapup/closing", name="changed", kind="not identified", verdict="none", short="Not identified",
             answers={"trust": "Only sums are counted"}, next_step="Hold out **some**"),
    ]  # fmt: skip


def test_who_saw_furthest_answers_and_then_the_worst_news(make, full):
    found = answers.answers(full, SEEN)
    assert {q: [f.notebook for f in fs] for q, fs in found.items()} == {
        "on_track": ["4_wrapup/closing", "2_plan/goal"],
        "short_stage": ["2_plan/goal"],
        "trust": ["4_wrapup/closing", "2_plan/goal"],
    }
    both = [make("2_plan/goal", name=v, verdict=v, answers={"trust": v}) for v in ("ahead", "behind", "careful")]
    assert [f.name for f in answers.answers(both, SEEN)["trust"]] == ["behind", "careful", "ahead"]


def test_what_to_do_next_goes_by_money_and_what_came_too_late_is_last(make):
    asked = [
        make("1_insight/assets", name="old", next_step="a"),
        make("2_plan/goal", name="little", next_step="b", at_stake_minor=10),
        make("4_wrapup/closing", name="new", next_step="c"),
        make("2_plan/goal", name="much", next_step="d", at_stake_minor=5000),
        make("2_plan/goal", name="late", next_step="e", at_stake_minor=9000, due="2017-12-30"),
        make("2_plan/goal", name="today", next_step="f", at_stake_minor=1, due="2017-12-31"),
        make("2_plan/goal", name="nothing"),
    ]
    steps = answers.steps(asked, SEEN)
    assert [s.finding.name for s in steps] == ["much", "little", "today", "new", "old", "late"]
    assert [s.late for s in steps] == [False] * 5 + [True]


@pytest.mark.parametrize("language", QUESTIONS)
def test_each_of_the_four_answers_has_its_place(drawn, full, language):
    made = drawn(full, language)
    places = {tag["data-question"]: tag for tag in made.find_all(attrs={"data-question": True})}
    asked = [tag.find(class_="question") or tag.h2 for tag in places.values()]
    assert [tag.get_text() for tag in asked] == QUESTIONS[language]
    assert list(places) == ["on_track", "short_stage", "first", "trust"]
    assert places["on_track"].h1.get_text() == "92% of it"
    assert places["on_track"].find("a", href="4_wrapup-closing.html")
    for question, answer, page in [
        ("short_stage", "Loyal by 175", "2_plan-goal.html"),
        ("first", "Hold out some", "4_wrapup-closing.html"),
        ("trust", "Only sums are counted", "4_wrapup-closing.html"),
    ]:
        link = places[question].find(class_="said").a
        assert (link.get_text(), link["href"]) == (answer, page)
    assert places["trust"].find(class_="also").a.get_text() == "Held in 74%"
    order = [tag for tag in made.main.find_all(True) if tag.get("data-question") or "tiles" in tag.get("class", ())]
    assert [tag.get("data-question") for tag in order[:4]] == list(places), "before anything else"


@pytest.mark.parametrize("language", QUESTIONS)
def test_the_first_screen_as_it_was(drawn, full, language, snapshot):
    made = drawn(full, language)
    parts = [made.find(attrs={"data-question": "on_track"}), made.find(class_="answers"), made.find(class_="steps")]
    assert "\n".join(part.prettify() for part in parts) == snapshot


def test_where_nobody_answers_the_page_says_so(drawn, make):
    made = drawn([make("1_insight/assets", headline=True, short="Assets fell")])
    said = {tag["data-question"]: tag.find(class_="said").get_text() for tag in made.find_all(class_="answer")}
    assert made.h1.get_text() == "Assets fell"
    assert said["on_track"] == said["short_stage"] == said["trust"] == "No notebook of this run says."
    assert said["first"] == "No notebook of this run asks for anything now."


def test_an_incomplete_run_still_shows_what_it_knows(drawn, full):
    made = drawn(full, failed=("4_wrapup/closing",))
    assert made.h1.get_text().startswith("Incomplete: 1 of 3")
    said = {tag["data-question"]: tag.find(class_="said").get_text() for tag in made.find_all(class_="answer")}
    assert said["on_track"] == "▼behind: Odds of 12%" and said["short_stage"] == "▼behind: Loyal by 175"


def test_a_step_that_a_headline_borrows_is_said_once(make):
    asked = [
        make("1_insight/assets", name="headline", headline=True, next_step="Hold them.", at_stake_minor=900),
        make("1_insight/assets", name="own", next_step="Hold them.", at_stake_minor=900),
        make("2_plan/goal", name="other", next_step="Hold them.", at_stake_minor=100),
    ]
    assert [s.finding.name for s in answers.steps(asked, SEEN)] == ["own", "other"]


def test_steps_name_their_money_and_their_day(drawn, full):
    made = drawn(full)
    steps = [li.get_text(" ", strip=True) for li in made.find("ol", class_="steps").find_all("li")]
    assert steps[0].startswith("Hold out some") and "at stake" not in steps[0]
    assert "$1,800 at stake" in steps[1] and "its day has passed" in steps[1]


INSIGHT = [f"1_insight/n{number}" for number in range(7)]


@pytest.fixture
def many(workspace, make, tmp_path):
    """An index of ten notebooks that all have figures, next steps and an answer to whether they can be trusted."""
    notebooks = [*INSIGHT, "2_plan/goal", "3_execute/who", "4_wrapup/closing"]
    for place, notebook in enumerate(notebooks):
        workspace.notebook(notebook, place=place + 1)
    found = discover(workspace.notebooks)
    tile = {"label": "l", "note": ""}
    told = [
        make(n, name=str(k), headline=k == 0, short=f"{n} {k}", next_step=f"Do {n} {k}", answers={"trust": n} if k == 0 else {},
             tile=tile | {"value": f"{n} {k}"}, verdict="behind" if n == "1_insight/n4" else "ahead")
        for n in notebooks for k in range(2)
    ]  # fmt: skip
    results = {n.id: Result(n.id, "ok", "") for n in found}
    campaign = load_campaign(workspace.campaign)
    html = index.index_page(tmp_path, campaign, found, results, told, Provenance("a" * 64, "b" * 64, {}))
    return BeautifulSoup(html, "html.parser")


def test_with_ten_notebooks_the_first_screen_stays_short(many):
    """One figure a stage, the worst news of it; five steps, five answers a stage, two who answer as well: the rest is folded."""
    shown = [tile.get_text() for tile in many.find_all(class_="tile-value")]
    assert shown == ["1_insight/n4 0", "2_plan/goal 0", "3_execute/who 0", "4_wrapup/closing 0"]

    def folded(tag):
        return tag.find_parent("details") is not None

    steps = [li for ol in many.find_all("ol", class_="steps") for li in ol.find_all("li")]
    assert len(steps) == 20 and [folded(li) for li in steps] == [False] * 5 + [True] * 15
    cards = many.find(id="insight").find_all("li")
    assert len(cards) == 7 and [folded(li) for li in cards] == [False] * 5 + [True] * 2
    trust = many.find(attrs={"data-question": "trust"}).find_all(class_="also")
    assert len(trust) == 9 and [folded(p) for p in trust] == [False] * 2 + [True] * 7
    assert many.find("ol", start="6")["style"] == "counter-reset: step 5", "the numbers go on"


def test_few_notebooks_give_their_second_figures_too(drawn, make):
    tile = {"label": "l", "note": ""}
    told = [make("1_insight/assets", name=str(n), headline=n == 0, tile=tile | {"value": str(n)}) for n in range(6)]
    assert [t.get_text() for t in drawn(told).find_all(class_="tile-value")] == ["0", "1", "2", "3"]


def test_odds_and_parts_of_a_goal_order_runs(make):
    assert (
        answers.reached(make("2_plan/goal", value=0.12, unit="share", compared={"label": "wanted", "value": 0.8}))
        == 0.12
    )
    part = make("4_wrapup/closing", value=92.0, unit="money_minor", compared={"label": "goal", "value": 100.0})
    assert answers.reached(part) == 0.92
    assert answers.reached(make("2_plan/goal")) is None


def test_questions_are_the_same_in_number_in_both_languages():
    assert [list(answers.questions(Words(language)).values()) for language in QUESTIONS] == list(QUESTIONS.values())
