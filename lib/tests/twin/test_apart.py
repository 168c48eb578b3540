"""The twin knows nothing of apex, and apex nothing of the truth."""

import ast

from apex.files import ROOT


def imported(folder):
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield file, node.module or ""


def test_the_twin_imports_nothing_of_apex():
    found = list(imported(ROOT / "lib" / "twin"))
    assert found and not [f for f, name in found if name.split(".")[0] == "apex"]


def test_apex_meets_the_twin_in_its_source_alone_and_never_its_truth():
    source = ROOT / "lib" / "apex" / "warehouse" / "sources" / "twin.py"
    met = {(f, name) for f, name in imported(ROOT / "lib" / "apex") if name.split(".")[0] == "twin"}
    assert {f for f, _ in met} == {source}
    assert not [name for _, name in met if "truth" in name]


def test_no_notebook_and_no_part_of_apex_reads_the_truth():
    files = [*(ROOT / "notebooks").rglob("*.ipynb"), *(ROOT / "lib" / "apex").rglob("*.py")]
    files = [f for f in files if ".ipynb_checkpoints" not in f.parts]
    assert len(files) > 10
    for file in files:
        text = file.read_text()
        assert "data/truth" not in text and '"truth"' not in text, file
        if file.name != "twin.py":
            assert "import twin" not in text and "from twin" not in text, file
