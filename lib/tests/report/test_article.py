"""A notebook's cells as HTML: one language, no second h1, nothing lost, nothing fetched, nothing that runs."""

import nbformat
import pytest
from bs4 import BeautifulSoup

from apex.report.article import article, outside
from apex.report.task import PageError

LABELS = {"code": "Code", "messages": "Messages"}
new = nbformat.v4


@pytest.fixture
def inside(tmp_path):
    def write(*cells, language="en"):
        path = tmp_path / "n.ipynb"
        nbformat.write(new.new_notebook(cells=list(cells)), path)
        return article(path, language, LABELS)

    return write


def text(source, *tags):
    return new.new_markdown_cell(source, metadata={"tags": list(tags)})


def code(source="1", *outputs, tags=()):
    return new.new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def shown(**data):
    return new.new_output("display_data", {kind.replace("_", "/", 1): value for kind, value in data.items()})


@pytest.mark.parametrize(
    ("language", "kept", "dropped"), [("en", "English half", "中文一半"), ("zh", "中文一半", "English half")]
)
def test_one_half_of_the_narrative_and_nothing_for_the_laboratory(inside, language, kept, dropped):
    cells = [text("English half", "en"), text("中文一半", "zh"), text("both halves")]
    lab = code("lab_source", shown(text_html="<p>lab output</p>"), tags=["lab"])
    html = inside(*cells, lab, language=language).html
    assert kept in html and "both halves" in html
    assert dropped not in html and "lab_source" not in html and "lab output" not in html


def test_the_notebooks_own_title_goes_and_headings_become_contents(inside):
    made = inside(
        text("# Title\n\nIntro"),
        text("## Loyal *grew*"),
        text("# Late title"),
        text("## 忠诚 增长"),
        text("## Loyal grew"),
    )
    soup = BeautifulSoup(made.html, "html.parser")
    assert not soup.find("h1") and "Title" not in made.html.replace("Late title", "") and "Intro" in made.html
    assert made.contents == [
        ("loyal-grew", "Loyal grew"),
        ("late-title", "Late title"),
        ("忠诚-增长", "忠诚 增长"),
        ("loyal-grew-2", "Loyal grew"),
    ]
    assert [heading["id"] for heading in soup.find_all("h2")] == [anchor for anchor, _ in made.contents]


def test_headings_of_charts_are_no_contents(inside):
    made = inside(code("1", shown(text_html="<h1>Chart</h1><h2>More</h2>")))
    assert made.contents == [] and "<h1" not in made.html and "Chart" in made.html


def test_code_is_folded_but_there(inside):
    soup = BeautifulSoup(inside(code("answer = 6 * 7", shown(text_plain="42"))).html, "html.parser")
    folded = soup.find("details", class_="code")
    assert not folded.has_attr("open") and folded.summary.get_text() == "Code"
    assert folded.find("pre").get_text().strip() == "answer = 6 * 7"
    assert soup.find("pre", class_="out").get_text() == "42"


def test_cells_without_output_are_marked_silent(inside):
    made = BeautifulSoup(inside(code("import os"), code("1", shown(text_plain="1"))).html, "html.parser")
    assert [cell["class"] for cell in made.find_all("div", class_="cell")] == [["cell", "silent"], ["cell"]]


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</pre><script>x</script>"]
)
def test_texts_of_cells_are_escaped(inside, hostile):
    stream = new.new_output("stream", name="stdout", text=hostile)
    errors = new.new_output("stream", name="stderr", text=hostile)
    result = new.new_output("execute_result", {"text/plain": hostile}, execution_count=1)
    failed = new.new_output("error", ename="ValueError", evalue=hostile, traceback=[hostile])
    soup = BeautifulSoup(inside(code(repr(hostile), stream, errors, result, failed)).html, "html.parser")
    assert not soup.find("script") and not soup.find("img")
    assert soup.get_text().count(hostile) == 5


def test_a_failed_cell_shows_its_error_without_traceback_and_ends_the_page(inside):
    failed = new.new_output(
        "error", ename="ValueError", evalue="no such day", traceback=["frame = 1234", "secret locals"]
    )
    html = inside(code("1 / 0", failed), text("as one sees above")).html
    assert "ValueError: no such day" in html
    assert "secret locals" not in html and "as one sees" not in html


def test_an_output_that_would_be_dropped_is_an_error(inside):
    with pytest.raises(PageError, match="cannot be shown.*vnd.plotly"):
        inside(code("1", new.new_output("display_data", {"application/vnd.plotly.v1+json": {}})))


def test_a_picture_without_its_words_is_an_error(inside):
    said = "UserWarning: Glyph 24544 (\\N{CJK UNIFIED IDEOGRAPH-5FE0}) missing from font(s) DejaVu Sans."
    with pytest.raises(PageError, match="Glyph 24544"):
        inside(code("plot", nbformat.v4.new_output("stream", name="stderr", text=said)))


def test_an_image_needs_alt_text(inside):
    picture = new.new_output("display_data", {"image/png": "iVBORw0KGgo="})
    with pytest.raises(PageError, match="Alternative text is missing"):
        inside(code("1", picture))
    picture.metadata = {"image/png": {"alt": 'Loyal "grew"'}}
    soup = BeautifulSoup(inside(code("1", picture)).html, "html.parser")
    assert soup.img["alt"] == 'Loyal "grew"'


FETCHES = [
    '<img alt="" src="https://example.org/x.png">',
    '<script src="//example.org/x.js"></script>',
    '<link rel="stylesheet" href="https://example.org/x.css">',
    '<p style="background: url(https://example.org/x.png)">x</p>',
    "<style>@import 'x.css';</style>",
    "<style>p { background: url('x.png') }</style>",
    '<iframe src="http://example.org"></iframe>',
    '<svg><use href="https://example.org/x.svg#a"></use></svg>',
]


@pytest.mark.parametrize("fetching", FETCHES)
def test_nothing_is_fetched_from_elsewhere(inside, fetching):
    with pytest.raises(PageError, match="fetch something from elsewhere"):
        inside(code("1", shown(text_html=fetching)))


def test_a_reference_may_be_followed(inside):
    html = inside(
        text("[paper](https://doi.org/10.1/x)"), code("1", shown(text_html='<p style="fill: url(#a)">x</p>'))
    ).html
    assert 'href="https://doi.org/10.1/x"' in html
    assert outside(BeautifulSoup(html, "html.parser")) == []
