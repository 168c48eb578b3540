"""One list of dependencies, and a lock that agrees with it."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, version

import yaml

from apex.files import ROOT

NAME = re.compile(r"[-_.]+")


def canonical(name):
    return NAME.sub("-", name).lower()


def direct():
    """{name: version} of environment.yml, extras dropped."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pinned = next(d["pip"] for d in listed if isinstance(d, dict))
    return {canonical(re.sub(r"\[.*?\]", "", p).split("==")[0]): p.split("==")[1] for p in pinned if "==" in p}


def locked():
    """{name: set of versions} of the lock; a name has several where they differ by Python version."""
    found = {}
    for name, pin in re.findall(r"^([A-Za-z0-9][\w.-]*)==(\S+)", (ROOT / "lib/requirements.lock").read_text(), re.M):
        found.setdefault(canonical(name), set()).add(pin)
    return found


def test_the_lock_holds_every_direct_dependency_at_its_pin():
    there = locked()
    assert {n: v for n, v in direct().items() if v not in there.get(n, set())} == {}


def test_every_locked_package_has_hashes():
    blocks = re.split(r"^(?=[A-Za-z0-9])", (ROOT / "lib/requirements.lock").read_text(), flags=re.M)
    assert [b.split()[0] for b in blocks if b.strip() and "--hash=sha256:" not in b] == []


def test_what_is_installed_is_what_is_listed():
    assert {n: version(n) for n in direct()} == direct()


def test_the_library_imports_nothing_that_is_not_listed():
    owners, allowed = (
        packages_distributions(),
        {
            *direct(),
            "apex",
            "jinja2",
            "nbformat",
            "traitlets",
            "jupyter-client",
            "typing-extensions",
            "markupsafe",
            "ipython",
            "beautifulsoup4",
        },
    )  # fmt: skip  (the Jupyter stack and pydantic bring these)
    strange = set()
    for path in (ROOT / "lib/apex").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else (
                [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module else []
            )  # fmt: skip
            for top in {n.split(".")[0] for n in names} - set(sys.stdlib_module_names):
                if not {canonical(o) for o in owners.get(top, ["?" + top])} & allowed:
                    strange.add((path.name, top))
    assert strange == set()


def test_layers_import_only_downwards():
    """warehouse → ledger → measure → model → show → report: no room reaches back up."""
    order = ["warehouse", "ledger", "measure", "model", "show", "report"]
    free = {"show": {"warehouse", "ledger", "measure", "model"}}  # show knows nothing of where numbers come from
    wrong = []
    for path in (ROOT / "lib/apex").rglob("*.py"):
        room = path.relative_to(ROOT / "lib/apex").parts[0]
        if room not in order:
            continue
        for used in re.findall(r"^\s*(?:from|import) apex\.(\w+)|^\s*from apex import (.+)$", path.read_text(), re.M):
            for name in filter(None, [used[0], *re.split(r"[,\s]+", used[1])]):
                if name in order and (order.index(name) > order.index(room) or name in free.get(room, set())):
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_no_engine_outside_the_warehouse():
    users = [
        p for p in (ROOT / "lib/apex").rglob("*.py") if re.search(r"^\s*(import|from) duckdb", p.read_text(), re.M)
    ]
    assert [p for p in users if "warehouse" not in p.parts] == []
