import subprocess
import sys

import pytest

from apex import files
from apex.errors import ApexError, nearest


def test_a_folder_is_swapped_in_whole_or_not_at_all(tmp_path):
    target = tmp_path / "built"
    with files.building(target) as folder:
        (folder / "a").write_text("one")
        assert not target.exists()
    assert (target / "a").read_text() == "one"
    with pytest.raises(RuntimeError), files.building(target) as folder:
        (folder / "a").write_text("two")
        raise RuntimeError
    assert (target / "a").read_text() == "one"
    with files.building(target) as folder:
        (folder / "a").write_text("three")
    assert (target / "a").read_text() == "three"
    assert len([p for p in tmp_path.iterdir() if p.is_dir() and not p.is_symlink()]) == 1


def test_a_folder_put_there_by_hand_is_kept(tmp_path):
    target = tmp_path / "built"
    target.mkdir()
    (target / "mine").write_text("by hand")
    with files.building(target) as folder:
        (folder / "a").write_text("one")
    assert (target / "a").exists()
    assert [p.read_text() for p in tmp_path.glob("built.before-*/mine")] == ["by hand"]


HOLDER = """
import pathlib, sys, time
from apex.files import lock
with lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_keeps_others_out_until_its_holder_dies(tmp_path):
    target = tmp_path / "x"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(target)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ApexError, match="being built by another process"), files.lock(target, wait=False):
            pass
        holder.kill()
    with files.lock(target, wait=False):
        pass


def test_atomic_write_leaves_no_part(tmp_path):
    files.atomic_write(tmp_path / "deep" / "f.txt", "中文")
    assert (tmp_path / "deep" / "f.txt").read_text(encoding="utf-8") == "中文"
    with pytest.raises(TypeError):
        files.atomic_write(tmp_path / "deep" / "f.txt", 3)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["f.txt"]


def test_digest_changes_with_content_and_with_names(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("1")
    first = files.digest(tmp_path / "d")
    (tmp_path / "d" / "a").rename(tmp_path / "d" / "b")
    second = files.digest(tmp_path / "d")
    (tmp_path / "d" / "b").write_text("2")
    assert len({first, second, files.digest(tmp_path / "d")}) == 3


def test_nearest_names_what_was_meant_or_what_there_is():
    assert nearest("brnad", ["brand", "rules"]) == ' Did you mean "brand"?'
    assert nearest("zzz", ["brand", "rules"]) == " Known: brand, rules."
    assert nearest("zzz", []) == ""
