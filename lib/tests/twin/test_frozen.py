"""The prior file is frozen: a change is an entry in frozen.yml, with what it did."""

import hashlib
import json

import yaml

from twin import priors

ENTRIES = yaml.safe_load(priors.FILE.with_name("frozen.yml").read_text(encoding="utf-8"))


def digest():
    return hashlib.sha256(json.dumps(priors.read(), default=str, ensure_ascii=False).encode()).hexdigest()


def test_the_priors_are_those_of_the_last_entry():
    assert ENTRIES[-1]["priors"] == digest(), (
        "priors.yml changed: add an entry to lib/twin/frozen.yml with this digest, what changed and the realism page's counts "
        "before and after (make truth PAGE=realism)"
    )


def test_every_entry_says_what_it_changed_and_what_came_of_it():
    for entry in ENTRIES:
        assert set(entry) == {"day", "change", "priors", "before", "after"}, entry
        for side in ("before", "after"):
            counts = entry[side]
            assert counts["matches"] + counts["near"] + counts["does not match"] == counts["compared"]
    days = [entry["day"] for entry in ENTRIES]
    assert days == sorted(days)
