"""What the log itself says of a sequence: its steps as decisions, and the doubly robust value beside the naive replay."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from apex.ledger import Book
from apex.measure import moves as counting
from apex.measure import steps as measure
from apex.measure.steps import MEMORY, NONE, TOUCHES
from apex.model import off_policy
from apex.model.sequence import STOP
from apex.report.upstream.sequence import Learned
from apex.report.upstream.sequence_page import Study

if TYPE_CHECKING:
    from numpy.typing import NDArray

JUDGED = ["policy", "value", "low", "high", "se", "n", "effective", "episodes"]


def off_policy_log(book: Book, brand: str, of: Learned) -> tuple[off_policy.Log, pd.DataFrame]:
    """The log's steps as decisions: episodes of MEMORY days of a consumer, states of stage and tier. Reward: what he paid until
    the next step, CONVERT days at most, less what he would have untouched. With it, the points."""
    points = of.points[of.points.channel.notna()].sort_values(["consumer_id", "day"], ignore_index=True)
    who, day = points.consumer_id.to_numpy(), points.day.to_numpy()
    follows = np.append(np.where(who[1:] == who[:-1], day[1:], 1 << 19), 1 << 19)
    end = np.minimum(follows, day + counting.CONVERT)
    paid = measure.paid_between(book, brand, points, end)
    points["reward"] = paid - points.expected.to_numpy() * (end - day) / counting.CONVERT
    block = day // MEMORY
    new = np.append(True, (who[1:] != who[:-1]) | (block[1:] != block[:-1]))
    episode = np.cumsum(new) - 1
    time = np.arange(len(points)) - np.flatnonzero(new)[episode]
    points["episode"], points["time"] = episode, time
    points = points[points.time < TOUCHES].reset_index(drop=True)
    channels = sorted(points.channel.unique())
    shown = [*of.messages, *({NONE} - set(of.messages))]
    cell = points.cell.map({c: i for i, c in enumerate(of.cells)}).to_numpy()
    points["state"] = cell * len(of.times) + points.tier.to_numpy()
    points["action"] = (
        points.channel.map({c: i for i, c in enumerate(channels)}).to_numpy() * len(shown)
        + points.message.map({m: i for i, m in enumerate(shown)}).to_numpy()
    )
    unit = points.consumer_id[points.time == 0].to_numpy()
    log = off_policy.Log(
        points.episode.to_numpy(), points.time.to_numpy(), points.state.to_numpy(), points.action.to_numpy(),
        points.reward.to_numpy(float), unit,
    )  # fmt: skip
    return log, points


def judged(study: Study | None, book: Book, brand: str) -> pd.DataFrame:
    """What the log says: policy (logged, sequence, replay), value (GMV an episode), low, high (80 %), se, n, effective."""
    if study is None:
        return pd.DataFrame(columns=JUDGED)
    of = study.of
    log, points = off_policy_log(book, brand, of)
    policy = _coarse(study, points)
    found = {"logged": off_policy.logged(log), "sequence": off_policy.value(log, policy, TOUCHES),
             "replay": off_policy.replayed(log, policy)}  # fmt: skip
    rows = [{"policy": k, "value": v.mean, "low": v.low, "high": v.high, "se": v.se, "n": v.n, "effective": v.effective,
             "episodes": len(log.unit)} for k, v in found.items()]  # fmt: skip
    return pd.DataFrame(rows)


def _coarse(study: Study, points: pd.DataFrame) -> "NDArray[np.float64]":
    """(X, A) what the policy does at a stage and tier, over the recencies, touches and messages that the log has there."""
    of = study.of
    channels = sorted(points.channel.unique())
    shown = [*of.messages, *({NONE} - set(of.messages))]
    last = (
        points["last"].map({m: i + 1 for i, m in enumerate(of.messages) if m != NONE}).fillna(0).astype(int).to_numpy()
    )
    s, tier = np.divmod(points.state.to_numpy(), len(of.times))
    every = np.stack([p.action for p in study.chosen.policies])
    action = every[tier, s, points.since.to_numpy(), points.touches.to_numpy(), last]
    m = len(of.messages)
    place = np.array([channels.index(c) if c in channels else -1 for c in of.channels])
    does = action != STOP
    to = place[np.maximum(action, 0) // m] * len(shown) + np.maximum(action, 0) % m
    x_count, a_count = len(of.cells) * len(of.times), len(channels) * len(shown)
    out = np.zeros((x_count, a_count))
    np.add.at(out, (points.state.to_numpy()[does], to[does]), 1.0)
    return out / np.maximum(np.bincount(points.state, minlength=x_count), 1)[:, None]
