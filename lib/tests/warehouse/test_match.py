"""An export joined with the owner's own keys again: never inside the repository, never a list of few, only with the right key."""

import datetime as dt
import hashlib
import hmac
import stat

import pandas as pd
import pytest

from apex import files
from apex.__main__ import main
from apex.errors import ApexError
from apex.report.export import audience, export
from apex.report.package import parts, verify
from apex.warehouse import keys
from apex.warehouse.match import match

RAW = [f'顾客 {i}, "O\'{i}"' for i in range(300)]
OWN = "a key of the brand's own, long enough"


def hashed(raw, key):
    """By definition, with the standard library."""
    return int.from_bytes(hmac.new(key, raw.encode(), hashlib.sha256).digest()[:8], "big") >> 1


@pytest.fixture(params=["public", "own"])
def package(request, tmp_path, monkeypatch):
    monkeypatch.setenv("APEX_KEY", OWN)
    key = keys.PUBLIC_KEY if request.param == "public" else OWN.encode()
    what = {"campaign": "c", "brand": "b", "key": keys.fingerprint(key)}
    ids = [hashed(raw, key) for raw in RAW[:200]]
    first = export(
        tmp_path / "a", audience("all", "0" * 12, {"en": "x"}, "sms", as_of=dt.date(2024, 3, 1), **what), ids, [], 20,
        bands=[1 + i % 2 for i in range(200)],
    )  # fmt: skip
    later = audience("all", "0" * 12, {"en": "x"}, "sms", as_of=dt.date(2024, 3, 2), **what)
    ids = [hashed(raw, key) for raw in RAW[50:250]]
    return first, export(tmp_path / "b", later, ids, [], 20, earlier=first)


@pytest.fixture
def own_file(tmp_path):
    """All keys with a heading, a second column, one twice, and some that are nobody's."""
    rows = [*RAW, "nobody", RAW[60]]
    frame = pd.DataFrame({"customer": rows, "name": "x"})
    frame.to_csv(tmp_path / "own.csv", index=False)
    return tmp_path / "own.csv"


def test_matched_keys_are_those_of_the_export(package, own_file, tmp_path, capsys):
    out = tmp_path / "matched.csv"
    assert main(["match", str(package[0]), str(own_file), str(out)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{out}\n" and "200 of 200 consumers are matched" in said.err and "2024-03-31" in said.err
    found = pd.read_csv(out)
    assert list(found) == ["key", "band", "change"] and set(found.key) == set(RAW[:200]) and len(found) == 200
    assert set(found.change) == {"new"} and found.band.is_monotonic_increasing
    assert found.set_index("key").band.to_dict() == {raw: 1 + i % 2 for i, raw in enumerate(RAW[:200])}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_of_differences_it_says_who_is_new_and_who_is_gone(package, own_file, tmp_path):
    out = tmp_path / "matched.csv"
    assert main(["match", str(package[1]), str(own_file), str(out)]) == 0
    found = pd.read_csv(out).groupby("change").key.agg(set)
    assert found.to_dict() == {"gone": set(RAW[:50]), "stays": set(RAW[50:200]), "new": set(RAW[200:250])}


def test_inside_the_repository_nothing_is_written(package, own_file, tmp_path, capsys):
    link = tmp_path / "link"
    link.symlink_to(files.ROOT)
    for out in (files.ROOT / "matched.csv", link / "lib" / "matched.csv"):
        assert main(["match", str(package[0]), str(own_file), str(out)]) == 2
        assert "stay outside the repository" in capsys.readouterr().err and not out.exists()


def test_what_does_not_fit_is_said(package, own_file, tmp_path, monkeypatch, capsys):
    out, manifest = tmp_path / "matched.csv", verify(package[0])
    few = tmp_path / "few.csv"
    few.write_text("\n".join(f'"{raw.replace(chr(34), chr(34) * 2)}"' for raw in RAW[:19]))
    wrong = [
        ([package[0], few, out], "fewer than 20 (the privacy threshold)"),
        ([package[0], tmp_path / "absent.csv", out], "no such file of keys"),
        ([tmp_path / "nothing", own_file, out], "is no export package"),
        ([package[0], own_file, tmp_path / "absent" / "x.csv"], "there is no folder"),
    ]
    for asked, said in wrong:
        assert main(["match", *map(str, asked)]) == 2
        text = capsys.readouterr().err
        assert said in text and "19 " not in text and "顾客" not in text
    with pytest.raises(ApexError, match="hashed with another key"):
        chunks = [parts(package[0], manifest, kind) for kind in ("audience", "add", "remove")]
        match(*chunks, own_file, out, fingerprint="00000000", threshold=20)
    assert not out.exists() and not list(tmp_path.glob(".apex-match*"))
