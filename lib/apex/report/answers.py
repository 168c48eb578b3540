"""From the findings of a run, what stands on its first screen: the four answers, and what to do next in order of money.

Nothing here knows a notebook: a finding says itself which question it answers, what money its next step is about and
until when that step helps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from apex.report.finding import Finding, Question
from apex.show import Words

# The worst news is the most important.
URGENCY = {"behind": 0, "careful": 1, "ahead": 2, "none": 3}


@dataclass(frozen=True)
class Step:
    """What to do next: the finding that asks for it, and whether its day has passed."""

    finding: Finding
    late: bool


def questions(words: Words) -> dict[str, str]:
    """The four questions of a run's first screen, in their order; `first` is answered by the steps."""
    return {
        "on_track": words("Are we on track?"),
        "short_stage": words("Which stage is short, and by how many?"),
        "first": words("What first?"),
        "trust": words("Can I trust it?"),
    }


def answers(findings: Iterable[Finding], seen: Mapping[str, str]) -> dict[Question, list[Finding]]:
    """Who answers each question, the best first: the notebook that saw furthest (`seen`: its day), then the worst news."""
    found: dict[Question, list[Finding]] = {}
    for finding in findings:
        for question in finding.answers:
            found.setdefault(question, []).append(finding)
    for told in found.values():
        told.sort(key=lambda f: URGENCY[f.verdict])
        told.sort(key=lambda f: seen.get(f.notebook, ""), reverse=True)
    return found


def steps(findings: Sequence[Finding], seen: Mapping[str, str]) -> list[Step]:
    """What to do next: most money first, then what no money is known of, the latest knowledge first; last what came too late.

    A headline often borrows the step of another finding of its page: it is said once, by the finding that knows why.
    A step came too late when its day lies before the day that the notebook with the furthest sight has seen.
    """
    today = max(seen.values(), default="")
    asked = sorted((f for f in findings if f.next_step), key=lambda f: f.headline)
    asked.sort(key=lambda f: seen.get(f.notebook, ""), reverse=True)
    asked.sort(key=lambda f: f.at_stake_minor or 0, reverse=True)
    once: dict[tuple[str, str | None], Finding] = {}
    for f in asked:
        once.setdefault((f.notebook, f.next_step), f)
    told = [Step(f, f.due is not None and f.due.isoformat() < today) for f in once.values()]
    return sorted(told, key=lambda step: step.late)


def top(headlines: Sequence[Finding], seen: Mapping[str, str]) -> Finding | None:
    """The headline to begin with where nobody says whether we are on track: seen furthest, then the worst news."""
    ordered = sorted(headlines, key=lambda f: URGENCY[f.verdict])
    return max(ordered, key=lambda f: seen.get(f.notebook, ""), default=None)


def reached(finding: Finding) -> float | None:
    """A finding on track as a share that runs can be ordered by: the odds, or the part of the goal that was reached."""
    if finding.value is None:
        return None
    if finding.unit == "share":
        return finding.value
    against = finding.compared.value if finding.compared else None
    return finding.value / against if against else None
