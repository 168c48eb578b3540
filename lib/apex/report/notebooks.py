"""The notebooks of the workspace: found, put in order by what they need, their parameters checked without a kernel."""

import ast
import graphlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apex.errors import ApexError, nearest
from apex.report.campaign import Campaign, Stage
from apex.report.values import refuse_secret

FOLDERS: dict[str, Stage] = {"1_insight": "insight", "2_plan": "plan", "3_execute": "execute", "4_wrapup": "wrapup"}
KEYS = ("needs", "title", "question", "place", "books")  # of metadata.apex
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Notebook:
    """One notebook: `id` is "1_insight/assets", `stem` names its files, `defaults` are its parameters' literals.

    place: where it stands among those of its stage when one reads them in turn, 1 first. books: the ledgers that it opens
    beside the campaign's own, as (rules, None for the campaign's; level).
    """

    id: str
    path: Path
    needs: tuple[str, ...]
    title: Mapping[str, str]
    question: Mapping[str, str]
    defaults: Parameters
    place: int
    books: tuple[tuple[str | None, str], ...] = ()

    @property
    def stem(self) -> str:
        """The id as part of a file's name: "1_insight-assets"."""
        return self.id.replace("/", "-")

    @property
    def stage(self) -> Stage:
        """The stage it answers for."""
        return FOLDERS[self.id.split("/")[0]]

    @property
    def short(self) -> str:
        """The last part of the id: "assets"."""
        return self.id.split("/")[1]


def discover(folder: Path) -> list[Notebook]:
    """Every notebook under `folder`/STAGE/ in the order in which one reads: by stage, in it by place.

    In which order they can run is another matter: what one needs has to have ended (`apex.report.runner`).

    Raises ApexError: none at all, an unknown stage folder, metadata or parameters that do not fit, a need that is not
    there, notebooks that need each other.
    """
    found: dict[str, Notebook] = {}
    for path in sorted(folder.glob("*/*.ipynb")):
        if path.parent.name.startswith((".", "_")):
            continue
        if path.parent.name not in FOLDERS:
            raise ApexError(f"{path.parent.name}/: no stage of the loop.{nearest(path.parent.name, FOLDERS)}")
        notebook = _read(path)
        found[notebook.id] = notebook
    if not found:
        raise ApexError(f"{folder} holds no notebooks (STAGE/NAME.ipynb).")
    for notebook in found.values():
        for need in notebook.needs:
            if need not in found:
                raise ApexError(f'{notebook.id}: needs "{need}", which is not there.{nearest(need, found)}')
    order = graphlib.TopologicalSorter({id: found[id].needs for id in found})
    try:
        order.prepare()
    except graphlib.CycleError as error:
        raise ApexError("These notebooks need each other: " + " → ".join(reversed(error.args[1])) + ".") from None
    return sorted(found.values(), key=lambda n: (n.id.split("/")[0], n.place, n.id))


def _read(path: Path) -> Notebook:
    id = f"{path.parent.name}/{path.stem}"
    try:
        node = json.loads(path.read_text(encoding="utf-8"))
        cells, about = node["cells"], node["metadata"].get("apex", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ApexError(f"{id}: cannot be read as a notebook: {error!r}.") from None
    for key in about:
        if key not in KEYS:
            raise ApexError(f'{id}: metadata.apex: unknown key "{key}".{nearest(key, KEYS)}')
    for key in ("title", "question"):
        if set(about.get(key, {})) != {"en", "zh"}:
            raise ApexError(f'{id}: metadata.apex.{key} should be {{"en": …, "zh": …}}.')
    place = about.get("place")
    if type(place) is not int or place < 1:
        raise ApexError(
            f"{id}: metadata.apex.place should be its place among those of its stage (1, 2, …), not {place!r}."
        )
    return Notebook(
        id=id,
        path=path,
        needs=tuple(about.get("needs", ())),
        title=dict(about["title"]),
        question=dict(about["question"]),
        defaults=_literals(id, cells),
        place=place,
        books=_books(id, about.get("books", [])),
    )


def _books(id: str, given: Any) -> tuple[tuple[str | None, str], ...]:
    """The ledgers named in the metadata: [[rules or null, level], …]."""
    pairs = [pair for pair in given if isinstance(pair, list) and len(pair) == 2] if isinstance(given, list) else []
    if len(pairs) != (len(given) if isinstance(given, list) else -1) or not all(
        isinstance(level, str) and (rules is None or isinstance(rules, str)) for rules, level in pairs
    ):
        raise ApexError(f"{id}: metadata.apex.books should be [[rules or null, level], …], not {json.dumps(given)}.")
    return tuple((rules, level) for rules, level in pairs)


def _literals(id: str, cells: list[dict[str, Any]]) -> Parameters:
    """Names and defaults in the cell tagged `parameters`, read as code and never run."""
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    if len(tagged) != 1 or tagged[0]["cell_type"] != "code":
        raise ApexError(f"{id}: exactly one code cell should be tagged `parameters`, not {len(tagged)}.")
    found: Parameters = {}
    try:
        statements = ast.parse("".join(tagged[0]["source"])).body
    except SyntaxError as error:
        raise ApexError(f"{id}: the parameters cell is not Python: {error.msg}, line {error.lineno}.") from None
    for statement in statements:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                refuse_secret(name, f"{id}: the parameters cell")
            case _:
                raise ApexError(
                    f"{id}: the parameters cell, line {statement.lineno}: only `name = literal` belongs there."
                )
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:
            raise ApexError(f"{id}: the parameter {name} should be a plain literal.") from None
    if "campaign" not in found:
        raise ApexError(f'{id}: the parameters cell has no `campaign = "…"`.')
    return found


def parameters(notebooks: Sequence[Notebook], campaign: Campaign) -> dict[str, Parameters]:
    """For each notebook's id the parameters of this run: the campaign, and the campaign file's settings.

    Raises ApexError for a setting that no notebook, or the notebook's `parameters` cell, knows, or of another type.
    """
    known = {notebook.id: notebook for notebook in notebooks}
    chosen: dict[str, Parameters] = {id: {"campaign": campaign.reference} for id in known}
    for id, settings in campaign.settings.items():
        if id not in known:
            raise ApexError(f'{campaign.file.name}: settings: there is no notebook "{id}".{nearest(id, known)}')
        for name, value in settings.items():
            where = f"{campaign.file.name}: settings.{id}.{name}"
            if name == "campaign":
                raise ApexError(f"{where}: the campaign is this file itself; it cannot be set here.")
            if name not in known[id].defaults:
                raise ApexError(f"{where}: the notebook has no such parameter.{nearest(name, known[id].defaults)}")
            default = known[id].defaults[name]
            if not _alike(value, default):
                kind = type(default).__name__
                raise ApexError(
                    f"{where}: should be of the same type as its default {default!r} ({kind}), not {value!r}."
                )
            chosen[id][name] = value
    return chosen


def _alike(value: object, default: object) -> bool:
    if value is None or default is None:
        return True
    if isinstance(default, float) and not isinstance(value, bool):
        return isinstance(value, int | float)
    return type(value) is (list if isinstance(default, tuple) else type(default))
