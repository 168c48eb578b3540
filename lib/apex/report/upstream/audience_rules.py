"""Whom the plan wants: its strategies and scenes as crowds beside those of the crowd file, in order of priority."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from apex.measure.crowd_file import Crowds, load_crowds, named, parse_crowds
from apex.measure.scene_rules import load_scenes
from apex.measure.strategy_rules import load_strategies
from apex.report.planned import Move, Planned

STRATEGY, SCENE, LIKE, FILE = "strategy", "scene", "look-alike", "file"


@dataclass(frozen=True)
class Wanted:
    """rules: all crowds, the first has priority. channels: of each. origin: crowd, origin (strategy, look-alike, file, scene),
    planned (people that the plan means to meet; null where it says nothing). seed: the seed's rule, by itself. over: whether
    all strategies of the plan have ended, so that the last ones stand in."""

    rules: Crowds
    channels: dict[str, list[str]]
    origin: pd.DataFrame
    seed: Crowds
    over: bool

    @property
    def titles(self) -> dict[str, dict[str, str]]:
        """What each crowd is called, by language."""
        return {n: {str(k): v for k, v in crowd.name.items()} for n, crowd in self.rules.crowds.items()}


def wanted(plan: Planned | None, crowd_file: str, channel: str, seed: str, knobs: Mapping[str, Any]) -> Wanted:
    """The crowds of a plan and of a file.

    Strategies first, those with a rule of their own before those for a whole stage, then by the money that the plan expects a
    person; then the look-alikes; then the file, in its order; then scenes, whose audiences are broad and take who is left. knobs:
    strategies, scenes (names of their files). seed: a crowd of the file, or an expression. ApexError as `load_crowds`.
    """
    file = load_crowds(crowd_file)
    made: dict[str, Any] = {}
    channels: dict[str, list[str]] = {}
    rows: list[tuple[str, str, float | None]] = []

    def take(id: str, origin: str, name: Mapping[Any, str], who: Any, by: list[str], people: float | None) -> None:
        made[id] = {"name": {str(k): v for k, v in name.items()}, "who": who}
        channels[id] = by or [channel]
        rows.append((id, origin, people))

    moves, over = ([], False) if plan is None else _left(plan)
    if moves:
        known = load_strategies(knobs["strategies"]).strategies
        crowds = load_strategies(knobs["strategies"]).crowds()
        by = {name: [m for m in moves if m.strategy == name] for name in dict.fromkeys(m.strategy for m in moves)}
        for name in sorted((n for n in by if n in known), key=lambda n: (known[n].who is None, -_worth(by[n]))):
            told = list(dict.fromkeys(m.channel for m in by[name] if m.channel))
            people = max((m.people for m in by[name] if m.people is not None), default=None)
            take(f"strategy-{name}"[:40], STRATEGY, known[name].name, _plain(crowds, name), told, people)
    own = named(file, seed=seed)
    look = {"en": "Like the seed", "zh": "相似人群"}
    take(LIKE, LIKE, look, {"not": _plain(own, "seed")}, [], None)
    for name, crowd in file.crowds.items():
        take(name, FILE, crowd.name, _plain(file, name), [], None)
    if plan is not None and plan.scenes:
        scenes = load_scenes(knobs["scenes"])
        audiences = scenes.crowds(crowd_file)
        for scene in sorted(plan.scenes, key=lambda s: -(s.gmv_minor or 0) / max(s.people or 1, 1)):
            if scene.scene not in scenes.scenes or scene.audience not in audiences.crowds:
                continue
            at = {"stage": (scene.stage_from or "").split("+")}
            who = _plain(audiences, scene.audience)
            who = {"all": [at, who]} if scene.stage_from else who
            take(f"scene-{scene.scene}"[:40], SCENE, scenes.scenes[scene.scene].name, who, [], scene.people)
    origin = pd.DataFrame(rows, columns=["crowd", "origin", "planned"]).astype({"planned": "Float64"})
    return Wanted(parse_crowds({"crowds": made}, "audiences"), channels, origin, own, over)


def _left(plan: Planned) -> tuple[list[Move], bool]:
    """The plan's moves that still have days after its eve; all of the last ones, where none has."""
    left = [m for m in plan.strategies if m.last_day > plan.eve]
    if left or not plan.strategies:
        return left, False
    last = max(m.last_day for m in plan.strategies)
    return [m for m in plan.strategies if m.last_day == last], True


def _worth(moves: list[Move]) -> float:
    """Money that is expected a person met, the best of its lines."""
    return max(((m.gmv_minor or 0.0) / max(m.people or 1.0, 1.0) for m in moves), default=0.0)


def _plain(crowds: Crowds, name: str) -> Any:
    """A crowd's expression with the crowds that it refers to written out, so that it stands alone."""

    def plain(node: Any) -> Any:
        if isinstance(node, dict) and set(node) == {"crowd"}:
            return _plain(crowds, node["crowd"])
        if isinstance(node, dict):
            return {key: plain(value) for key, value in node.items()}
        return [plain(value) for value in node] if isinstance(node, list) else node

    return plain(crowds.crowds[name].who.model_dump(mode="json", by_alias=True, exclude_none=True))
