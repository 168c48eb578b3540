"""Export packages: whole or not there, without the held out, never below the threshold, the same bytes again."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apex import files
from apex.errors import ApexError
from apex.report.export import audience, export, verify

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
    assert sorted(p.name for p in package.iterdir()) == ["audience.csv", "audience.parquet", "manifest.json"]
    expected = sorted(set(IDS.tolist()) - set(HELD.tolist()))
    assert pq.read_table(package / "audience.parquet")["consumer_id"].to_pylist() == expected
    assert (package / "audience.csv").read_text() == "consumer_id\n" + "".join(f"{i}\n" for i in expected)
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["consumers"], manifest["held_out"]) == (450, 50)
    assert manifest["audience"] == {
        "campaign": "autumn", "brand": 'o\'Br"ien', "crowd": "loyal-lapsing", "crowd_digest": "0123456789ab",
        "name": {"en": "Loyal", "zh": "忠诚"}, "channel": "短信_sms", "as_of": "2024-03-01", "expires": "2024-03-31",
        "seed": "s", "share": 0.1,
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


@pytest.mark.parametrize("keys", [["a"] * 30, [1.5] * 30, np.r_[IDS, IDS[:1]], np.full((30, 2), 1), [None, 1]])
def test_what_are_no_keys_is_refused(tmp_path, keys):
    with pytest.raises(ApexError):
        export(tmp_path, described(), keys, HELD, 20)
    assert below(tmp_path) == []


def append_key(package):
    with (package / "audience.csv").open("a") as out:
        out.write("4711\n")


def swap_parquet(package):
    """Another list of the same length, with a manifest that was made to fit: the two files then disagree."""
    keys = np.sort(pq.read_table(package / "audience.parquet")["consumer_id"].to_numpy() - 1)
    schema = pa.schema([pa.field("consumer_id", pa.int64(), nullable=False)])
    pq.write_table(pa.table({"consumer_id": keys}, schema=schema), package / "audience.parquet")
    fit(package)


def unsorted(package):
    keys = pd.read_csv(package / "audience.csv").consumer_id.to_numpy()[::-1]
    schema = pa.schema([pa.field("consumer_id", pa.int64(), nullable=False)])
    pq.write_table(pa.table({"consumer_id": keys}, schema=schema), package / "audience.parquet")
    (package / "audience.csv").write_text("consumer_id\n" + "".join(f"{k}\n" for k in keys))
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
    (append_key, "audience.csv is not the file that was exported: its digest differs"),
    (swap_parquet, "the two files do not hold the same keys"),
    (unsorted, "each once and ascending"),
    (lambda p: (p / "audience.csv").unlink(), "audience.csv is missing"),
    (lambda p: (p / "manifest.json").unlink(), "is no export package"),
    (lambda p: (p / "more.csv").write_text("x"), "more.csv does not belong to the package"),
    (lambda p: (p / "manifest.json").write_text("{"), "manifest.json: "),
    (edit(schema=2), "manifest.json: schema: Input should be 1"),
    (edit(consumers=449), "not as many as the manifest says"),
    (edit(files={}), "manifest.json: lists"),
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
