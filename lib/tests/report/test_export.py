"""Export packages: whole or not there, without the held out, never below the threshold, the same bytes again."""

import datetime as dt
import json
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apex import files
from apex.errors import ApexError
from apex.report.export import audience, export, loads, verify

IDS = np.random.default_rng(3).choice(2**63 - 1, 500, replace=False)
HELD = IDS[::10]


def described(**changes):
    said = {
        "campaign": "autumn",
        "brand": "o'Br\"ien",
        "as_of": dt.date(2024, 3, 1),
        "days": 30,
        "seed": "s",
        "share": 0.1,
        "key": "k",
    }
    place = {
        "crowd": "loyal-lapsing",
        "digest": "0123456789ab",
        "name": {"en": "Loyal", "zh": "忠诚"},
        "channel": "短信_sms",
    }
    return audience(**(place | said | changes))


def below(folder):
    """Every file under a folder that people may come upon."""
    return [p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock")]


def test_a_package_holds_the_keys_without_the_held_out(tmp_path):
    package = export(tmp_path, described(), IDS, HELD, 20)
    assert package == tmp_path / "exports" / "loyal-lapsing" / "短信_sms"
    assert sorted(p.name for p in package.iterdir()) == ["add-0001.csv", "audience-0001.parquet", "manifest.json"]
    expected = sorted(set(IDS.tolist()) - set(HELD.tolist()))
    assert pq.read_table(package / "audience-0001.parquet")["consumer_id"].to_pylist() == expected
    assert (package / "add-0001.csv").read_text() == "consumer_id,band\n" + "".join(f"{i},0\n" for i in expected)
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["consumers"], manifest["held_out"]) == (450, 50)
    assert manifest["audience"] == {
        "campaign": "autumn", "brand": 'o\'Br"ien', "crowd": "loyal-lapsing", "crowd_digest": "0123456789ab",
        "name": {"en": "Loyal", "zh": "忠诚"}, "channel": "短信_sms", "as_of": "2024-03-01", "expires": "2024-03-31",
        "seed": "s", "share": 0.1, "key": "k",
    }  # fmt: skip
    for name, entry in manifest["files"].items():
        assert entry == {"sha256": files.digest(package / name), "bytes": (package / name).stat().st_size, "rows": 450}
    assert verify(package, day=dt.date(2024, 3, 31), held_out=HELD).consumers == 450


def test_the_same_again_is_the_same_bytes(tmp_path):
    first = {p.name: p.read_bytes() for p in export(tmp_path / "a", described(), IDS, HELD, 20).iterdir()}
    again = export(tmp_path / "a", described(), IDS[::-1], np.r_[HELD, HELD, 5], 20)
    assert {p.name: p.read_bytes() for p in again.iterdir()} == first
    assert len(below(tmp_path)) == 3  # the earlier package is gone
    smaller = export(tmp_path / "a", described(), IDS[:100], HELD, 20)
    assert verify(smaller).consumers == 90


@pytest.mark.parametrize(
    ("keys", "threshold"), [(IDS[1:20], 20), (IDS[:21], 20), (IDS[:0], 20), (IDS[:0], 1), (HELD, 1)]
)
def test_below_the_threshold_nothing_is_written_and_nothing_is_said(tmp_path, keys, threshold):
    with pytest.raises(ApexError, match="nothing is written") as refused:
        export(tmp_path, described(), keys, HELD, threshold)
    assert below(tmp_path) == []
    left = len(set(keys.tolist()) - set(HELD.tolist()))
    assert str(left) not in str(refused.value).replace("20", "")


def test_exactly_the_threshold_is_allowed_and_few_held_out_are_not_counted(tmp_path):
    keys = IDS[1:23]  # 22, of which two are held out
    package = export(tmp_path, described(), keys, HELD, 20)
    text = (package / "manifest.json").read_text(encoding="utf-8")
    assert (json.loads(text)["consumers"], json.loads(text)["held_out"]) == (20, None)
    assert json.loads((export(tmp_path, described(), IDS[1:5], [], 1) / "manifest.json").read_text())["held_out"] == 0


def test_a_refusal_leaves_the_earlier_package(tmp_path):
    package = export(tmp_path, described(), IDS, HELD, 20)
    before = {p.name: p.read_bytes() for p in package.iterdir()}
    with pytest.raises(ApexError):
        export(tmp_path, described(), IDS[:5], HELD, 20)
    assert {p.name: p.read_bytes() for p in package.iterdir()} == before


def test_an_export_that_dies_leaves_nothing_to_load(tmp_path, monkeypatch):
    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "atomic_write", dies)
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path, described(), IDS, HELD, 20)
    assert below(tmp_path) == []


@pytest.mark.parametrize(
    "change", [{"channel": "../x"}, {"channel": ""}, {"crowd": "a/b"}, {"channel": "a b"}, {"days": 0}]
)
def test_names_that_are_no_folders_are_refused(change):
    with pytest.raises(ApexError, match="export: "):
        described(**change)


@pytest.mark.parametrize(
    "keys", [["a"] * 30, [1.5] * 30, np.r_[IDS, IDS[:1]], np.full((30, 2), 1), [None, 1], np.arange(-9, 30)]
)
def test_what_are_no_keys_is_refused(tmp_path, keys):
    with pytest.raises(ApexError):
        export(tmp_path, described(), keys, HELD, 20)
    assert below(tmp_path) == []


WHOLE, ADD = "audience-0001.parquet", "add-0001.csv"


def append_key(package):
    with (package / ADD).open("a") as out:
        out.write("4711,0\n")


def rewrite(package, change):
    """Other keys in both files, with a manifest that was made to fit."""
    table = pq.read_table(package / WHOLE)
    keys = change(table["consumer_id"].to_numpy())
    pq.write_table(pa.table([keys, table["band"].to_numpy()], schema=table.schema), package / WHOLE)
    fit(package)
    return keys


def swap_parquet(package):
    rewrite(package, lambda keys: np.sort(keys - 1))


def unsorted(package):
    keys = rewrite(package, lambda keys: keys[::-1])
    (package / ADD).write_text("consumer_id,band\n" + "".join(f"{k},0\n" for k in keys))
    fit(package)


def fit(package):
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in manifest["files"].items():
        entry |= {"sha256": files.digest(package / name), "bytes": (package / name).stat().st_size}
    (package / "manifest.json").write_text(json.dumps(manifest))


def edit(**changes):
    def change(package):
        manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
        (package / "manifest.json").write_text(json.dumps(manifest | changes))

    return change


TAMPERED = [
    (append_key, "add-0001.csv is not the file that was exported: its digest differs"),
    (swap_parquet, "what is to be loaded does not fit the audience"),
    (unsorted, "each once and ascending"),
    (lambda p: (p / ADD).unlink(), "add-0001.csv is missing"),
    (lambda p: (p / "manifest.json").unlink(), "is no export package"),
    (lambda p: (p / "more.csv").write_text("x"), "more.csv does not belong to the package"),
    (lambda p: (p / "manifest.json").write_text("{"), "manifest.json: "),
    (edit(schema=1), "manifest.json: schema: Input should be 2"),
    (edit(consumers=449), "not as many as the manifest says"),
    (edit(files={}), "does not belong to the package"),
    (edit(files={"../x": {"sha256": "0" * 64, "bytes": 1, "rows": 1}}), "manifest.json: lists"),
]


@pytest.mark.parametrize(("tamper", "said"), TAMPERED)
def test_verify_finds_what_was_changed(tmp_path, tamper, said):
    package = export(tmp_path, described(), IDS, HELD, 20)
    tamper(package)
    with pytest.raises(ApexError, match=said):
        verify(package)


def test_verify_knows_the_day_and_the_held_out(tmp_path):
    package = export(tmp_path, described(), IDS, HELD, 20)
    with pytest.raises(ApexError, match="expired on 2024-03-31"):
        verify(package, day=dt.date(2024, 4, 1))
    with pytest.raises(ApexError, match="holds a consumer who is held out") as refused:
        verify(package, held_out=IDS[1:2])
    assert str(IDS[1]) not in str(refused.value)


# ---- chunks, bands, differences ----


def audience_of(package):
    return pd.concat([pd.read_parquet(p) for p in sorted(package.glob("audience-*"))], ignore_index=True)


def loaded(package, kind):
    found = sorted(package.glob(f"{kind}-*"))
    return set(pd.concat([pd.read_csv(p) for p in found]).consumer_id) if found else set()


@pytest.mark.parametrize("rows", [1, 7, 449, 450, 10**6])
def test_chunks_hold_the_same_keys_in_the_same_order(tmp_path, rows):
    bands = (np.arange(len(IDS)) % 10 + 1).astype(np.int8)
    package = export(tmp_path, described(), IDS, HELD, 20, bands=bands, rows=rows)
    whole = audience_of(package)
    assert len(list(package.glob("audience-*"))) == len(list(package.glob("add-*"))) == -(-450 // rows)
    assert whole.consumer_id.is_monotonic_increasing and set(whole.consumer_id) == set(IDS) - set(HELD)
    assert whole.band.tolist() == [dict(zip(IDS, bands, strict=True))[k] for k in whole.consumer_id]
    assert loaded(package, "add") == set(whole.consumer_id)


def test_batches_are_as_good_as_one_list(tmp_path):
    one = export(tmp_path / "a", described(), IDS, HELD, 20)
    many = export(tmp_path / "b", described(), iter([IDS[:3], IDS[3:300], IDS[300:]]), iter([HELD]), 20)
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in many.iterdir()}


def test_the_next_export_gives_only_who_came_and_who_went(tmp_path):
    first = export(tmp_path / "a", described(), IDS[:400], HELD, 20, rows=100)
    again = described(as_of=dt.date(2024, 3, 8))
    second = export(tmp_path / "b", again, IDS[50:], HELD, 20, rows=100, earlier=first)
    assert set(audience_of(second).consumer_id) == set(IDS[50:]) - set(HELD)
    assert loaded(second, "add") == set(IDS[400:]) - set(HELD) and loaded(second, "remove") == set(IDS[:50]) - set(HELD)
    changes = verify(second, held_out=HELD).changes
    assert (changes.added, changes.removed, changes.since) == (90, 45, dt.date(2024, 3, 1))
    assert changes.against == files.digest(first / "manifest.json") and loads(second) == ("differences", 90, 45)
    third = export(tmp_path / "c", again, IDS[50:], HELD, 20, rows=100, earlier=second)
    assert loads(third) == ("differences", 0, 0) and not loaded(third, "add") | loaded(third, "remove")


@pytest.mark.parametrize(
    ("said", "keys", "harm"),
    [
        ({}, IDS[10:], None),  # nine went: a list of few
        ({"as_of": dt.date(2024, 4, 9)}, IDS[50:], None),  # the earlier one expired: nobody has it any more
        ({"key": "other"}, IDS[50:], None),
        ({"brand": "other"}, IDS[50:], None),
        ({}, IDS[50:], lambda package: (package / "manifest.json").unlink()),
        ({}, IDS[50:], lambda package: next(package.glob("audience-*")).write_bytes(b"x")),
    ],
)
def test_where_differences_would_mislead_or_show_few_all_is_loaded(tmp_path, said, keys, harm):
    first = export(tmp_path / "a", described(), IDS, HELD, 20)
    if harm:
        harm(first)
    second = export(tmp_path / "b", described(**said), keys, HELD, 20, earlier=first)
    assert loads(second) == ("whole", None, None) and not list(second.glob("remove-*"))
    assert loaded(second, "add") == set(keys) - set(HELD)


def shift_changes(package):
    manifest = json.loads((package / "manifest.json").read_text())
    manifest["changes"]["added"] += 1
    (package / "manifest.json").write_text(json.dumps(manifest))


def test_verify_finds_differences_that_do_not_fit(tmp_path):
    first = export(tmp_path / "a", described(), IDS[:400], HELD, 20)
    second = export(tmp_path / "b", described(), IDS[50:], HELD, 20, earlier=first)
    shift_changes(second)
    with pytest.raises(ApexError, match="what is to be loaded does not fit"):
        verify(second)


# ---- killed ----

KILLED = """
import datetime as dt, os, pathlib, signal, sys
import numpy as np
from apex import files
from apex.report import export as module
moment, folder = sys.argv[1], pathlib.Path(sys.argv[2])
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
def keys():
    yield np.arange(10**6)
    if moment == "while keys come":
        die()
if moment == "before the manifest":
    files.atomic_write = die
if moment == "while chunks are written":
    write = module.Writer._write
    module.Writer._write = lambda self, rows: die() if len(self.written) > 2 else write(self, rows)
what = module.audience("c", "0" * 12, {"en": "c"}, "sms", campaign="c", brand="b", as_of=dt.date(2024, 3, 1))
module.export(folder, what, keys(), [], 20, rows=100_000)
"""


@pytest.mark.parametrize("moment", ["while keys come", "while chunks are written", "before the manifest"])
def test_a_killed_export_leaves_nothing_that_loads(tmp_path, moment):
    if moment == "while keys come":  # beside an earlier one, which stays
        kept = export(tmp_path, described(), IDS, HELD, 20)
    ended = subprocess.run([sys.executable, "-c", KILLED, moment, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    home = tmp_path / "exports" / "c" / "sms"
    assert not home.exists() and not [p for p in tmp_path.rglob("manifest.json") if "loyal-lapsing" not in str(p)]
    for left in home.parent.glob(".sms.*"):
        if left.is_dir():
            with pytest.raises(ApexError, match="is no export package"):
                verify(left)
    if moment == "while keys come":
        assert verify(kept).consumers == 450
    export(tmp_path, described(crowd="c", channel="sms"), IDS, HELD, 20)
    assert len([p for p in home.parent.iterdir() if p.is_dir() and not p.is_symlink()]) == 1, "what it left is swept up"
