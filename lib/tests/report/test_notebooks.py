"""Which notebooks there are, in which order they run, and with which parameters; all without a kernel."""

import ast
import json

import pytest

from apex.errors import ApexError
from apex.files import ROOT
from apex.report.campaign import load_campaign
from apex.report.notebooks import discover, parameters


def ids(workspace):
    return [notebook.id for notebook in discover(workspace.notebooks)]


def test_the_order_is_that_of_reading(workspace):
    workspace.notebook("1_insight/assets", needs=("4_wrapup/lessons",), place=3)
    workspace.notebook("1_insight/health", place=2)
    workspace.notebook("1_insight/growth", place=2)
    workspace.notebook("2_plan/goal", needs=("1_insight/assets", "1_insight/health"))
    workspace.notebook("4_wrapup/lessons")
    workspace.notebook("3_execute/pacing")
    assert ids(workspace) == [
        "1_insight/growth",
        "1_insight/health",
        "1_insight/assets",
        "2_plan/goal",
        "3_execute/pacing",
        "4_wrapup/lessons",
    ]


def test_what_a_notebook_says_of_itself(workspace):
    workspace.notebook("2_plan/goal", parameters='campaign = "x"  # which\nshare: float = -0.5\nnames = ["a", None]')
    (notebook,) = discover(workspace.notebooks)
    assert (notebook.stem, notebook.stage, notebook.short) == ("2_plan-goal", "plan", "goal")
    assert notebook.defaults == {"campaign": "x", "share": -0.5, "names": ["a", None]}
    assert notebook.title == {"en": "Goal", "zh": "中goal"}


def test_a_circle_is_refused(workspace):
    workspace.notebook("1_insight/a", needs=("1_insight/b",))
    workspace.notebook("1_insight/b", needs=("1_insight/c",))
    workspace.notebook("1_insight/c", needs=("1_insight/a",))
    with pytest.raises(ApexError, match="need each other: 1_insight/. → 1_insight/. → 1_insight/. → 1_insight/."):
        discover(workspace.notebooks)


def test_an_unknown_need_is_refused_with_the_nearest(workspace):
    workspace.notebook("1_insight/assets")
    workspace.notebook("2_plan/goal", needs=("1_insight/asets",))
    with pytest.raises(
        ApexError, match=r'2_plan/goal: needs "1_insight/asets", which is not there. Did you mean "1_insight/assets"\?'
    ):
        discover(workspace.notebooks)


def test_no_notebooks_and_unknown_stages(workspace):
    with pytest.raises(ApexError, match="holds no notebooks"):
        discover(workspace.notebooks)
    workspace.notebook("5_more/x")
    with pytest.raises(ApexError, match="5_more/: no stage of the loop"):
        discover(workspace.notebooks)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("knob = 3", "the parameters cell has no `campaign"),
        ('campaign = "x"\nknob = 3 +', "is not Python"),
        ('campaign = "x"\nknob = len("abc")', "the parameter knob should be a plain literal"),
        ('campaign = "x"\nimport os', "line 2: only `name = literal` belongs there"),
        ('campaign = "x"\na = b = 1', "line 2: only `name = literal` belongs there"),
        ('campaign = "x"\na: int', "line 2: only `name = literal` belongs there"),
        ('campaign = "x"\napi_token = "abc"', '"api_token" looks like a secret'),
    ],
)
def test_the_parameters_cell(workspace, cell, message):
    workspace.notebook("1_insight/assets", parameters=cell)
    with pytest.raises(ApexError, match=message):
        discover(workspace.notebooks)


def test_metadata_is_checked(workspace):
    path = workspace.notebook("1_insight/assets")
    node = json.loads(path.read_text(encoding="utf-8"))
    for change, message in [
        ({"need": []}, 'metadata.apex: unknown key "need". Did you mean "needs"'),
        ({"title": {"en": "only"}}, "metadata.apex.title should be"),
        ({"place": 0}, r"metadata.apex.place should be its place among those of its stage \(1, 2, …\), not 0"),
        ({"place": True}, "metadata.apex.place should be .* not True"),
        ({"books": ["aipl"]}, r'metadata.apex.books should be \[\[rules or null, level\], …\], not \["aipl"\]'),
        ({"books": [["aipl", None]]}, "metadata.apex.books should be"),
    ]:
        changed = node | {"metadata": node["metadata"] | {"apex": node["metadata"]["apex"] | change}}
        path.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(ApexError, match=message):
            discover(workspace.notebooks)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ApexError, match="1_insight/assets: cannot be read as a notebook"):
        discover(workspace.notebooks)


def settings(workspace, text):
    workspace.notebook("1_insight/assets", parameters='campaign = "x"\nknob = 3\nshare = 0.5\nname = None\non = True')
    campaign = workspace.campaign.read_text(encoding="utf-8") + f"settings: {text}\n"
    workspace.campaign.write_text(campaign, encoding="utf-8")
    return parameters(discover(workspace.notebooks), load_campaign(workspace.campaign))


def test_settings_become_parameters(workspace):
    chosen = settings(workspace, "{1_insight/assets: {knob: 4, share: 1, name: any, on: false}}")
    expected = {"campaign": str(workspace.campaign), "knob": 4, "share": 1, "name": "any", "on": False}
    assert chosen == {"1_insight/assets": expected}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{1_insight/asets: {}}",
            r'settings: there is no notebook "1_insight/asets". Did you mean "1_insight/assets"\?',
        ),
        (
            "{1_insight/assets: {knobb: 1}}",
            r'settings.1_insight/assets.knobb: the notebook has no such parameter. Did you mean "knob"\?',
        ),
        (
            "{1_insight/assets: {knob: four}}",
            r"knob: should be of the same type as its default 3 \(int\), not 'four'",
        ),
        ("{1_insight/assets: {knob: true}}", r"knob: should be of the same type as its default 3 \(int\), not True"),
        ("{1_insight/assets: {on: 1}}", r"on: should be of the same type as its default True \(bool\), not 1"),
        ("{1_insight/assets: {campaign: x}}", "the campaign is this file itself"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(workspace, text, message):
    with pytest.raises(ApexError, match=message):
        settings(workspace, text)


def test_the_ledgers_that_notebooks_open_are_those_that_are_built_beforehand():
    """What stands in the code and what is declared: a ledger built inside a notebook would tell of it on the page."""
    for notebook in discover(ROOT / "notebooks"):
        cells = json.loads(notebook.path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        opened = set()
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "run.ledger":
                given = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg}
                given |= dict(zip(("rules", "level"), map(ast.literal_eval, node.args), strict=False))
                opened.add((given.get("rules"), given.get("level", "brand")))
        assert opened == set(notebook.books), notebook.id
