"""`python -m twin`: other values at places of the prior file, and how far a long run is."""

import datetime as dt
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from twin import __main__ as command
from twin import priors, store
from twin.market import draw_market
from twin.play import play


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the command asks the store for."""
    recipes = []

    def tables(recipe, **_):
        recipes.append(recipe)
        return tmp_path

    monkeypatch.setattr(store, "tables", tables)
    monkeypatch.setattr(store, "truth", tables)
    return recipes


def test_places_are_set_and_read_as_in_the_file(asked):
    arguments = ["wide", "--consumers", "7", "--no-truth"]
    for text in ("categories/面部护肤/takes_part=0.1", "demand/shop={lognormal: [0.05, 0.2]}", "demand/need=2"):
        arguments += ["--set", text]
    command.main([*arguments, "--set", "market/last_observed=2023-12-31"])
    assert asked == [
        store.Recipe("wide", 7, store.DEFAULT.seed, {
            "categories/面部护肤/takes_part": 0.1, "demand/shop": {"lognormal": [0.05, 0.2]}, "demand/need": 2,
            "market/last_observed": dt.date(2023, 12, 31),
        })
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("demand/chaise=0", "there is no chaise; there are shop, idle_shop"),
        ("shop=0", "there is no shop; there are market, categories"),
        ("demand/chase/normal/0=0", "nothing below"),
        ("demand=0", "another kind"),
        ("demand/chase=steep", "another kind"),
        ("market/last_observed=2023", "another kind"),
        ("demand/chase", "not PLACE=VALUE"),
        ("demand/chase=[", "not a value"),
    ],
)
def test_a_mistake_is_answered_with_what_there_is(asked, capsys, text, said):
    with pytest.raises(SystemExit):
        command.main(["--set", text])
    assert said in capsys.readouterr().err and not asked


def test_a_truth_too_large_is_refused(asked, capsys):
    with pytest.raises(SystemExit):
        command.main(["--consumers", "5000000"])
    assert "--no-truth" in capsys.readouterr().err and not asked


def test_another_value_is_another_market(tmp_path):
    plain, other = (
        store.Recipe("a", 5, 5, changes) for changes in ({}, {"market/last_observed": dt.date(2023, 12, 31)})
    )
    assert plain.digest() != other.digest()
    spec = priors.read()
    priors.changed(spec, {"demand/chase": 0})
    assert spec == priors.read(), "the file's own values stay"
    path = store.tables(other, cores=1, folder=tmp_path)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["changes"] == {"market/last_observed": "2023-12-31"}
    assert store.fresh(path, other) and not store.fresh(path, plain)


def test_progress_is_told_now_and_then(monkeypatch, capsys):
    clock = iter([0.0, 1.0, 6.0, 7.0, 20.0])
    monkeypatch.setattr(command.time, "monotonic", lambda: next(clock))
    tell = command.Progress(1000)
    for done in (100, 250, 300, 500):
        tell(done, done * 10_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("25% of 1,000 consumers, 2.5 M events, 6 s; about 18 s")


def test_the_documented_wide_market_has_twenty_events_a_consumer():
    recipe = runpy.run_path(str(Path(__file__).with_name("scale.py")))["documented"]()
    wide = draw_market(recipe.seed, recipe.changes)
    events = sum(map(len, play(wide, np.arange(1, 4001))))
    assert recipe.consumers == 5_000_000 and 18 < events / 4000 < 24
