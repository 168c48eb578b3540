"""Findings as data: what is refused, and that they survive the way through a file."""

import json

import pytest
from pydantic import ValidationError

from apex.errors import ApexError
from apex.report.finding import Finding, findings_json, read_findings

ONE = {
    "notebook": "1_insight/assets",
    "name": "total",
    "kind": "counted",
    "text": "**742** consumers",
    "short": "Grew",
    "headline": True,
}


def test_there_and_back(tmp_path):
    findings = [
        Finding(**ONE, value=742.0, unit="consumers", n=742),
        Finding(**ONE | {"name": "other", "headline": False}),
    ]
    path = tmp_path / "f.json"
    path.write_text(findings_json(findings), encoding="utf-8")
    assert read_findings(path) == findings
    assert findings_json(findings) == findings_json(read_findings(path)) and path.read_text(encoding="utf-8").endswith(
        "]\n"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "guess"},
        {"verdict": "good"},
        {"unit": "percent"},
        {"short": "x" * 61},
        {"text": ""},
        {"name": "Has Spaces"},
        {"value": float("nan")},
        {"low": 2.0, "high": 1.0},
        {"n": -1},
        {"colour": "red"},
        {"tile": {"label": "a", "value": "1", "size": 3}},
    ],
)
def test_what_is_no_finding(wrong):
    with pytest.raises(ValidationError):
        Finding(**ONE | wrong)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"exactly one finding should be the headline, not 0 \(none\)"),
        ([ONE, ONE | {"name": "b"}], r"exactly one finding should be the headline, not 2 \(total, b\)"),
        ([ONE, ONE | {"headline": False}], 'two findings are named "total"'),
        ([ONE | {"kind": "x"}], "f.json: 0.kind: Input should be"),
        ({}, "f.json: : Input should be a valid"),
    ],
)
def test_what_is_no_list_of_findings(tmp_path, content, message):
    (tmp_path / "f.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ApexError, match=message):
        read_findings(tmp_path / "f.json")


def test_no_file(tmp_path):
    with pytest.raises(ApexError, match="wrote no findings"):
        read_findings(tmp_path / "none.json")
