"""Notebooks as they are committed: without outputs, except what nbval is to compare, and that one fresh."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

CHECKED = "nbval-check-output"


def tidy(path: Path) -> bool:
    """Run a notebook on its defaults and write it back with the outputs of its checked cells only.

    Returns whether the file changed. A cell that fails raises nbclient's CellExecutionError and the file stays as it was.
    """
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", ()):
            cell.execution_count, cell.outputs = None, []
    notebook.metadata.pop("papermill", None)
    notebook.metadata.language_info = {"name": "python"}
    after = nbformat.writes(notebook) + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before
