"""Ten million keys: in less than a minute, and in no more memory than two million take."""

import json
import subprocess
import sys

import pytest

MEASURED = """
import datetime as dt, json, pathlib, resource, sys, time
import numpy as np
from apex.report.export import audience, export
n, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
BATCH = 500_000
what = audience("big", "0" * 12, {"en": "x"}, "sms", campaign="c", brand="b", as_of=dt.date(2024, 3, 1))
def keys(skip=0):
    for i in range(n // BATCH):
        draw = np.random.default_rng([7, i])
        yield draw.integers(0, 2**63 - 1, BATCH)[skip:], draw.integers(1, 11, BATCH)[skip:]
began = time.perf_counter()
first = export(folder / "a", what, keys(), iter([next(keys())[0][::10]]), 20)
took = time.perf_counter() - began
second = export(folder / "b", what, keys(1000), iter([]), 20, earlier=first)
print(json.dumps({"seconds": took, "again": time.perf_counter() - began - took,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def measured(n, folder):
    out = subprocess.run(
        [sys.executable, "-c", MEASURED, str(n), str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(out.stdout)


@pytest.mark.slow  # writes and proves twelve million keys twice
def test_ten_million_keys_in_a_minute_and_in_constant_memory(tmp_path, record_property):
    small, large = measured(2_000_000, tmp_path / "small"), measured(10_000_000, tmp_path / "large")
    for name, value in large.items():
        record_property(name, value)
    assert large["seconds"] < 60 and large["again"] < 60
    assert large["mb"] < 1.25 * small["mb"], (small, large)
