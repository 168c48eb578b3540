"""Made-up results of the league, for tests of its page: quick, and with a known answer."""

import json

import numpy as np
import pandas as pd

NAMES = ("618 2022", "d11 2022", "618 2023", "d11 2023", "618 2024", "d11 2024")
WORTH = {"even": 1.0, "last": 1.05, "touch": 0.95, "markov": 1.02, "ours": 1.35, "oracle": 1.45, "ours_split": 1.1,
         "first_split": 1.32, "no_lessons": 1.3, "no_trials": 1.28}  # fmt: skip
CHANNELS = ("feed", "search", "live", "tv")


def market(seed: int, consumers: int = 4000, worth: dict[str, float] = WORTH) -> pd.DataFrame:
    """One market: every policy gains `worth` times what the market gives, and a little noise of its own."""
    rng = np.random.default_rng(seed)
    size, rows = consumers * 50 * rng.lognormal(0, 0.3, 6), []
    for policy, times in worth.items():
        for k in range(6):
            learning = 1 + (times - 1) * (0.4 if k == 0 and policy != "oracle" else 1.0)
            odds = float(rng.uniform(0.2, 0.9)) if policy in ("ours", "no_lessons") else np.nan
            shares = rng.dirichlet(np.full(4, 8.0 + 10 * (policy == "oracle")))
            says = {c: "权益" if rng.random() < 0.7 else "新品" for c in CHANNELS}
            depth = dict(zip(CHANNELS, np.round(rng.uniform(0.2, 0.6, 4), 3), strict=True))
            known = (
                {"trials": k, "depth": depth, "room": {}, "messages": says, "m": 0.4 + k / 20}
                if policy == "ours"
                else {}
            )
            rows.append({
                "seed": seed, "policy": policy, "campaign": k + 1, "name": NAMES[k], "first_day": f"{2022 + k // 2}-05-20",
                "budget_minor": size[k], "spent_minor": size[k] * 0.97, "gained_minor": size[k] * learning * rng.normal(1, 0.05),
                "gained_se": size[k] * 0.05, "kept": int(rng.poisson(6 * learning)), "odds": odds,
                "odds_plain": min(odds + 0.2, 0.99) if policy == "ours" else np.nan,
                "odds_last": 0.5 if policy == "ours" else np.nan,
                "reached": float(rng.random() < odds) if odds == odds else np.nan,
                "shares": json.dumps(dict(zip(CHANNELS, shares.round(4), strict=True))),
                "learned": json.dumps(known, ensure_ascii=False), "made_from": "test",
            })  # fmt: skip
    return pd.DataFrame(rows)


def markets(n: int, worth: dict[str, float] = WORTH) -> pd.DataFrame:
    """The first n markets from seed 1 on."""
    return pd.concat([market(s, worth=worth) for s in range(1, n + 1)], ignore_index=True)
