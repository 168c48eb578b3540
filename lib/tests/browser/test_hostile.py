"""What data can hold is shown as text: markup, quotes, endless names, right-to-left text, emoji."""

import json
import textwrap
from datetime import date
from types import SimpleNamespace

import nbformat
import pytest

from apex.report.prepare import Inputs
from apex.report.runner import render

pytestmark = pytest.mark.browser
NAMES = {
    "markup": """<script>document.title='run'</script><img src=x onerror="document.title='run'"></style></svg>""",
    "quotes": """'"`&quot;&lt;b&gt;{{ 7*7 }}%s\\""",
    "long": "Donaudampfschifffahrtsgesellschaftskapitän" * 5,
    "long-chinese": "品牌消费者运营" * 30,
    "right-to-left": "علامة القهوة العربية \u202e gnirts",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈☕️",
}  # fmt: skip
DATES = {"first_day": "2017-01-01", "last_day": "2017-12-31"}
# A notebook that shows every kind of fragment with the name in it, and leaves what Run.close() would.
CELLS = [
    """
    import json, os, pathlib
    import pandas as pd
    from apex import show
    words = show.Words(language, "USD", 20)
    stages = [("A", name), ("I", "Interested")]
    """,
    """show.tiles([{"label": name, "value": name, "note": name, "verdict": "behind"}] * 3, words)""",
    """
    frame = pd.DataFrame({"name": [name] * 9, "n": range(9), "suppressed": False})
    show.table(frame, f"brands-{number}", words, {"name": (name, "text"), "n": (name, "count")}, title=name, note=name)
    """,
    """
    frame = pd.DataFrame({"label": [name, name + "2"], "value": [30, 40], "low": [20, 30], "high": [40, 50]})
    show.bars(frame, words, name, note=name)
    """,
    """show.change(pd.DataFrame({"stage": ["A", "I"], "now": [30, 40], "before": [25, 45]}), stages, words, name)""",
    """
    days = pd.date_range("2017-01-01", periods=30)
    frame = pd.DataFrame([(d, s, 30 + i) for i, d in enumerate(days) for s in "AI"], columns=["day", "stage", "consumers"])
    show.stock_lines(frame, stages, words, name, marks=[(days[9], name)], note=name)
    """,
    """
    ends = [(a, b, 30) for a in ("A", "I", "none") for b in ("A", "I", "none")]
    show.flow(pd.DataFrame(ends, columns=["from_stage", "to_stage", "consumers"]), stages, words, name, name, name)
    """,
    """show.callout(name)""",
    """print(name)""",
    """
    place, stem = pathlib.Path(os.environ["APEX_RUN"]), "1_insight-assets"
    said = {"notebook": "1_insight/assets", "name": "total", "kind": "counted", "text": name, "short": name,
            "verdict": "careful", "next_step": name, "headline": True, "tile": {"label": name, "value": name}}
    (place / "notebooks" / f"{stem}.findings.json").write_text(json.dumps([said]))
    (place / "notebooks" / f"{stem}.done.json").write_text(json.dumps({
        "notebook": "1_insight/assets", "as_of": "2017-10-29", "tables": [], "findings": 1, "inputs": {},
        "data": {"first_day": "2017-01-01", "last_day": "2017-12-31", "rows": {"events": 1000}}, "missing": [name]}))
    """,
]


@pytest.fixture(scope="module", params=["en", "zh"])
def report(request, tmp_path_factory):
    """name → a report's folder with that name wherever data can put one; rendered once in each language."""
    folder, language, v4 = tmp_path_factory.mktemp("hostile"), request.param, nbformat.v4
    cells = [v4.new_markdown_cell("# Title"), v4.new_code_cell('campaign = "none"', metadata={"tags": ["parameters"]})]
    for number, name in enumerate(NAMES.values()):
        cells.append(v4.new_code_cell(f"number, name, language = {number}, {name!r}, {language!r}"))
        cells += [v4.new_code_cell(textwrap.dedent(cell).strip()) for cell in CELLS]
    node = v4.new_notebook(cells=cells)
    for number, cell in enumerate(node.cells):
        cell["id"] = f"c{number}"
    every = " ".join(NAMES.values())
    both = {"en": every, "zh": every}
    node.metadata["apex"] = {"needs": [], "place": 1, "title": both, "question": both}
    path = folder / "notebooks" / "1_insight" / "assets.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(node, path)
    about = DATES | {
        "warehouse": every,
        "sources": [{"name": every, "about": both}],
        "files": [{"file": n, "read": 9, "kept": 7, "merged": 0, "quarantined": 2, "reasons": {n: 2}} for n in NAMES.values()],
        "tables": [{"name": name, "rows": 9, "about": both} for name in NAMES.values()],
        "notes": [both],
    }  # fmt: skip
    facts = SimpleNamespace(brands=[every], campaigns=[], first_day=date(2017, 1, 1), last_day=date(2017, 12, 31))
    campaign = {
        "title": both, "warehouse": "none", "brand": every, "rules": "aipl", "currency": "USD", "language": language,
        "goal": {"window": ["2017-10-30", "2017-12-24"]},
    }  # fmt: skip
    file = folder / "hostile.yml"
    file.write_text(json.dumps(campaign, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    places = {"notebooks": folder / "notebooks", "reports": folder / "reports", "lessons": folder / "lessons"}
    return render(file, **places, prepare=lambda campaign: Inputs(facts, about)).parent


def test_it_is_text_that_runs_nothing_and_stays_on_the_page(report, page):
    for path in [*sorted(report.glob("*.html")), *sorted(report.parent.glob("*.html"))]:
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert "run" not in page.title().split(), f"{path.name}: a script from the data ran"
        assert page.locator("main img, main script").count() == 0, path.name
        for width in (360, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, f"{path.name} at {width} px scrolls sideways by {over} px"
        text = page.locator("body").inner_text()
        assert NAMES["markup"] in text and NAMES["quotes"] in text, path.name
    assert not page.asked and not page.said, (page.asked, page.said)
