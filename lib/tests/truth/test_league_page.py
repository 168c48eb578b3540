"""The league's page and its command, on made-up results with known answers."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from apex import files
from apex.errors import ApexError
from apex.files import ROOT
from truth import __main__ as truth_main
from truth import league_lessons, league_page, league_run, league_score, league_words

SPEC = importlib.util.spec_from_file_location("league_made_up", Path(__file__).parent / "league_made_up.py")
made_up = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(made_up)


@pytest.fixture(scope="module")
def results():
    return made_up.markets(12)


@pytest.fixture(scope="module")
def found(results):
    return league_page.summary(results)


def row(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def changed(results, of):
    """The results with a policy's gains times a factor."""
    return results.assign(gained_minor=results.gained_minor * results.policy.map(of).fillna(1.0))


def test_a_median_has_its_interval_and_few_markets_have_none():
    told = league_score.told(np.arange(1.0, 32))
    assert told.median == 16 and told.n == 31 and 10 <= told.low < 16 < told.high <= 22
    assert told == league_score.told(pd.Series([*range(1, 32), np.nan]))  # what is unknown is left out, draws are fixed
    few = league_score.told(np.array([1.0, 2, 3, 4, 5]))
    assert few.median == 3 and np.isnan(few.low) and np.isnan(few.high)
    assert league_score.told(np.array([np.nan])).n == 0


def test_intervals_hold_the_median_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    told = [league_score.told(rng.exponential(size=30)) for _ in range(1000)]
    held = np.mean([t.low <= np.log(2) <= t.high for t in told])
    assert 0.925 < held < 0.965  # 94 % of 3,000


def test_gains_are_summed_over_the_campaigns_of_a_span(results, found):
    last = results[(results.policy == "last")].pivot(index="seed", columns="campaign", values="gained_minor")
    gained = found["gained"]
    assert row(gained, policy="last", first=2, last=6)["median"] == pytest.approx(last.loc[:, 2:].sum(axis=1).median())
    assert row(gained, policy="last", first=1, last=3)["median"] == pytest.approx(last.loc[:, :3].sum(axis=1).median())
    assert row(gained, policy="last", first=5, last=5)["median"] == pytest.approx(last[5].median())


def test_ours_is_held_against_others_market_by_market(results, found):
    wide = results[results.campaign == 4].pivot(index="seed", columns="policy", values="gained_minor")
    told = row(found["beside"], policy="touch", first=4, last=4)
    assert told.difference == pytest.approx((wide.ours - wide.touch).median())
    assert told.ratio == pytest.approx((wide.ours / wide.touch).median()) and told.ratio_low > 1
    assert told.ahead == pytest.approx((wide.ours > wide.touch).mean()) and told.n == 12 and told.left_out == 0
    pooled = league_score.told(wide.ours).low - league_score.told(wide.touch).high
    assert told.low > pooled  # pairing takes out what markets differ by


def test_the_split_alone_is_held_against_rivals(results, found):
    wide = results[results.campaign == 3].pivot(index="seed", columns="policy", values="gained_minor")
    told = row(found["alone"], policy="even", first=3, last=3)
    assert told.ratio == pytest.approx((wide.ours_split / wide.even).median())
    assert set(found["alone"].policy) == {"even", "last", "touch", "markov"}
    assert "split of the budget alone" in league_words.answer(found, results, league_words.WORDS)
    none = league_page.summary(results[results.policy != "ours_split"])
    assert none["alone"].empty and "alone" not in league_words.answer(none, results, league_words.WORDS)


def test_a_ratio_without_a_gain_below_it_is_left_out_and_counted(results):
    none = results.gained_minor.where(~((results.policy == "even") & (results.seed <= 3)), -5.0)
    told = league_page.summary(results.assign(gained_minor=none))["beside"]
    one = row(told, policy="even", first=6, last=6)
    assert one.left_out == 3 and one.n == 12 and 1 < one.ratio < 2


def test_goals_say_what_is_reached(found):
    goals = found["goals"].set_index("goal")
    assert goals.reached.tolist() == [True] * 4
    assert goals.n.to_dict() == {"each": 20, "whole": 4, "oracle": 12, "touch": 12}
    assert 0.9 < goals.value["oracle"] < 1 and goals.value["touch"] > 1.21


@pytest.mark.parametrize(
    ("of", "verdict", "says"),
    [
        ({}, "yes", "surely ahead in 20 of 20"),
        ({"ours": 0.77}, "unproven", "Not told apart from it"),
        ({"markov": 1.6}, "no", "less"),
    ],
)
def test_the_headline_follows_the_figures(results, of, verdict, says):
    told = league_page.summary(changed(results, of))
    assert league_words.verdict(told) == verdict and league_words.headline(told) == league_words.HEADLINES[verdict]
    answer = league_words.answer(told, results, league_words.WORDS)
    assert says in answer and ("less" in answer) == (verdict == "no" or "−" in answer)


def test_a_rival_that_catches_up_once_is_told(results):
    once = results.gained_minor.where(
        ~((results.policy == "last") & (results.campaign == 5)), results.gained_minor * 1.4
    )
    told = league_page.summary(results.assign(gained_minor=once))
    assert league_words.verdict(told) == "mostly"
    assert "in 19 of 20 comparisons" in league_words.answer(told, results, league_words.WORDS)
    goals = told["goals"].set_index("goal")
    assert goals.reached["whole"] and not goals.reached["each"]


def test_the_markets_that_were_lost_are_named_worst_first(results):
    of = results.gained_minor.where(
        ~((results.policy == "markov") & results.seed.isin([4, 7])), results.gained_minor * 2
    )
    of = of.where(~((results.policy == "markov") & (results.seed == 7)), of * 2)
    worst = league_page.summary(results.assign(gained_minor=of))["worst"]
    assert worst.seed.tolist() == [7, 4] and worst.rival.tolist() == ["markov"] * 2
    assert (worst.difference < 0).all() and worst.difference.is_monotonic_increasing
    assert worst.difference[0] == pytest.approx(worst.ours[0] - worst.best[0])


def test_odds_are_scored_beside_what_came(results, found):
    ours = results[results.policy == "ours"]
    odds = found["odds"]
    mine = row(odds, policy="ours", teller="odds")
    assert mine.n == 72 and mine.expected == pytest.approx(ours.odds.sum()) and mine.reached == ours.reached.sum()
    assert mine.brier == pytest.approx(((ours.odds - ours.reached) ** 2).mean()) and np.isnan(mine.difference)
    plain = row(odds, policy="ours", teller="odds_plain")
    gap = ((ours.odds_plain - ours.reached) ** 2 - (ours.odds - ours.reached) ** 2).mean()
    assert plain.difference == pytest.approx(gap) and plain.low < gap < plain.high
    unknown = results.assign(reached=results.reached.where(results.seed > 6))  # half of the goals are nobody's
    assert row(league_score.odds(unknown), policy="ours", teller="odds").n == 36
    assert league_score.odds(results.assign(reached=np.nan)).empty
    assert league_score.odds(results.drop(columns=["odds_plain", "odds_last"])).teller.unique().tolist() == ["odds"]


def test_kept_and_spent_are_summed_by_policy(results, found):
    kept = row(found["kept"], policy="markov")
    assert kept.total == results[results.policy == "markov"].kept.sum() and kept.difference > 0
    assert row(found["spent"], policy="even")["median"] == pytest.approx(0.97)


def test_what_was_learned_is_told_by_campaign():
    learned = [{"trials": 2, "depth": {"feed": 0.2}, "messages": {"likely": "甲"}, "seen": [1], "none": None, "m": float("nan")},
               {"trials": 4, "depth": {"feed": 0.4, "tv": 1}, "messages": {"likely": "甲"}},
               {"messages": {"likely": "乙"}}, {}]  # fmt: skip
    frame = pd.DataFrame({
        "seed": range(4), "policy": "ours", "campaign": 1,
        "shares": ['{"feed": 1.0}', '{"tv": 1.0}', '{"tv": 0.4, "feed": 0.6}', "{}"],
        "learned": [json.dumps(v, ensure_ascii=False) for v in learned],
    })  # fmt: skip
    told = league_lessons.learned(frame).set_index(["what", "item"])
    assert told.value["trials", ""] == 3 and told.n["trials", ""] == 2
    assert told.value["depth", "feed"] == pytest.approx(0.3) and told.value["depth", "tv"] == 1
    assert told.text["messages", "likely"] == "甲" and told.value["messages", "likely"] == pytest.approx(2 / 3)
    assert told.value["shares", "feed"] == 0.6 and told.n["shares", "tv"] == 3
    assert {w for w, _ in told.index} == {"trials", "depth", "messages", "shares"}


def test_the_distance_to_the_oracle_is_what_would_have_to_move():
    frame = pd.DataFrame({
        "seed": [1, 1, 2, 2], "policy": ["ours", "oracle"] * 2, "campaign": [1, 1, 1, 1],
        "shares": ['{"feed": 1.0}', '{"feed": 0.7, "tv": 0.3}', '{"feed": 0.5, "tv": 0.5}', '{"feed": 0.4, "tv": 0.6}'],
    })  # fmt: skip
    told = league_lessons.apart(frame)
    assert told.policy.tolist() == ["ours"] and told["median"].tolist() == [pytest.approx(0.2)]
    assert league_lessons.apart(frame[frame.policy == "ours"]).empty


def test_the_page_holds_the_finding_the_race_and_every_table(results, tmp_path):
    page = league_page.write(results, tmp_path)
    html = page.read_text(encoding="utf-8")
    assert page == tmp_path / "index.html" and league_words.HEADLINES["yes"] in html
    for id in (
        "race",
        "together",
        "percent",
        "money",
        "ablations",
        "lessons",
        "learned-shares",
        "splits",
        "odds",
        "policies",
    ):
        assert f'id="{id}"' in html
    assert (
        "Oracle 全知者" in html and "in no market" in html.lower() and "nan" not in html.lower().replace("finance", "")
    )
    assert {p.stem for p in tmp_path.glob("*.csv")} == set(league_page.summary(results))
    assert "callout" not in html.split("<main>")[1]
    league_page.write(results, tmp_path / "again")
    assert (tmp_path / "again" / "index.html").read_bytes() == page.read_bytes()  # the same bytes from the same results


def test_a_page_of_one_market_tells_no_interval(tmp_path):
    html = league_page.write(made_up.market(1), tmp_path, wanted=30, failed={9: "ValueError: <no plan>"}).read_text(
        "utf-8"
    )
    assert league_words.HEADLINES["few"] in html and "1 of 30 markets" in html and "no interval is told" in html
    assert "Market 9 could not be played: ValueError: &lt;no plan&gt;" in html and "95% interval 2" not in html


@pytest.mark.parametrize("gone", ["touch", "oracle", "ours"])
def test_a_policy_that_was_not_played_is_missing_and_nothing_else(results, tmp_path, gone):
    html = league_page.write(results[results.policy != gone], tmp_path).read_text("utf-8")
    assert f"Not played: {league_words.name(gone)}" in html.replace("&#x27;", "'")
    assert ("held against" in html.split("</h1>")[0]) == (gone == "ours")


def test_a_policy_that_was_played_in_some_markets_is_told_of_those(results):
    part = results[(results.policy != "markov") | (results.seed > 4)]
    part = part[~((part.policy == "markov") & (part.seed == 5) & (part.campaign == 6))]
    beside = league_page.summary(part)["beside"]
    assert row(beside, policy="markov", first=3, last=3).n == 8
    assert row(beside, policy="markov", first=2, last=6).n == 7  # a sum needs all its campaigns


def test_pages_of_the_first_campaign_alone_and_of_nothing(results, tmp_path):
    html = league_page.write(results[results.campaign == 1], tmp_path / "one").read_text("utf-8")
    assert "in the first campaign" in html and "not to be said yet" in html
    html = league_page.write(results.iloc[:0], tmp_path / "none", wanted=30).read_text("utf-8")
    assert "not played yet" in html and "0 of 30 markets are played" in html


class Played:
    """Plays made-up markets, and remembers which; those of `bad` raise."""

    def __init__(self, bad=()):
        self.seeds, self.bad = [], set(bad)

    def __call__(self, seed, consumers):
        self.seeds.append(seed)
        if seed in self.bad:
            raise ValueError(f"no campaign in market {seed}\nsecond line")
        return made_up.market(seed, consumers)


@pytest.fixture
def light(monkeypatch):
    """A page of one line: which markets and failures it was given."""

    def write(results, folder, wanted, failed):
        page = folder / "index.html"
        page.write_text(f"{sorted(set(results.seed))} of {wanted}, {failed}", encoding="utf-8")
        return page

    monkeypatch.setattr(league_run, "write", write)


def league(folder, play, *more, made_from="a"):
    words = ["--seeds", "4000", "4003", "--consumers", "500", "--cores", "0", "--folder", str(folder), *more]
    return league_run.main(words, play, lambda: made_from)


def test_a_call_goes_on_where_the_last_one_stopped(tmp_path, capsys, light):
    play = Played()
    league_run.main(
        ["--seeds", "4000", "4002", "--consumers", "500", "--cores", "0", "--folder", str(tmp_path)], play, lambda: "a"
    )
    assert play.seeds == [4000, 4001] and "about 0 min left" in capsys.readouterr().err
    assert league(tmp_path, play) == 0 and play.seeds == [4000, 4001, 4002]
    before = (tmp_path / "4001.csv").read_bytes()
    assert league(tmp_path, play) == 0 and len(play.seeds) == 3 and (tmp_path / "4001.csv").read_bytes() == before
    assert capsys.readouterr().out.endswith(f"{tmp_path / 'index.html'}\n")
    kept = league_run.kept(tmp_path, 4001)
    assert set(kept.made_from) == {"a"} and set(kept.consumers) == {500} and (kept.shares.str.startswith("{")).all()


def test_other_code_other_consumers_or_a_broken_file_are_played_again(tmp_path, light):
    play = Played()
    league(tmp_path, play)
    league(tmp_path, play, made_from="b")
    assert play.seeds == [4000, 4001, 4002] * 2
    (tmp_path / "4001.csv").write_text("")
    (tmp_path / "4002.csv").write_text("a,b\n1,2\n")
    league(tmp_path, play, made_from="b")
    assert play.seeds[6:] == [4001, 4002]
    league(tmp_path, play, "--consumers", "600", made_from="b")
    assert play.seeds[8:] == [4000, 4001, 4002]


def test_results_of_other_code_never_reach_the_page_but_when_asked_for(tmp_path):
    for seed, code in ((4000, "b"), (4001, "a"), (4002, "a")):
        league_run.one(Played(), seed, 500, code, tmp_path)
    league_run.page(tmp_path, range(4000, 4003), 500, "b")
    assert "1 of 3 markets" in (tmp_path / "index.html").read_text("utf-8")
    play = Played()
    assert league(tmp_path, play, "--page") == 0 and play.seeds == []
    html = (tmp_path / "index.html").read_text("utf-8")
    assert "2 states of the code" in html and "markets are played" not in html


def test_a_market_that_raises_is_named_and_the_others_go_on(tmp_path, capsys, light):
    play = Played(bad=[4001])
    assert league(tmp_path, play) == 1 and play.seeds == [4000, 4001, 4002]
    error = capsys.readouterr().err
    assert "market 4001 failed: ValueError: no campaign in market 4001" in error and "not played: 4001" in error
    page = (tmp_path / "index.html").read_text("utf-8")
    assert page == "[4000, 4002] of 3, {4001: 'ValueError: no campaign in market 4001'}"
    assert "Traceback" in (tmp_path / "4001.failed.txt").read_text("utf-8") and not (tmp_path / "4001.csv").exists()
    play.bad.clear()
    assert league(tmp_path, play) == 0 and play.seeds[3:] == [4001]
    assert not (tmp_path / "4001.failed.txt").exists()
    assert (tmp_path / "index.html").read_text("utf-8") == "[4000, 4001, 4002] of 3, {}"


CHILD = """
import os, signal, sys, pandas as pd
def play(seed, consumers):
    print("much", seed, file=sys.stderr)
    if seed == 4000:
        raise ValueError("no plan")
    if seed == 4001:
        os.kill(os.getpid(), signal.SIGKILL)
    return pd.read_csv(MADE).query("seed == 1").assign(seed=seed, pid=os.getpid())
"""


def test_markets_play_in_processes_of_their_own_and_one_that_is_killed_takes_only_its_market(
    tmp_path, monkeypatch, capsys, light
):
    made_up.market(1).to_csv(tmp_path / "made.csv", index=False)
    code = CHILD.replace("MADE", repr(str(tmp_path / "made.csv")))
    (tmp_path / "league_played_here.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    play = importlib.import_module("league_played_here").play
    folder = tmp_path / "league"
    assert league(folder, play, "--cores", "2") == 1
    error = capsys.readouterr().err
    assert "not played: 4000, 4001" in error and "much" not in error
    assert sorted(p.name for p in folder.glob("*.log")) == ["4000.log", "4001.log"]
    assert "much 4000" in (folder / "4000.log").read_text("utf-8")
    assert (
        "no plan" in (folder / "4000.failed.txt").read_text() and "code -9" in (folder / "4001.failed.txt").read_text()
    )
    assert league_run.kept(folder, 4002, 500, "a").pid.unique() != [os.getpid()]


def test_two_calls_do_not_play_the_same_folder(tmp_path):
    with files.lock(tmp_path), pytest.raises(ApexError, match="is being built by another process"):
        league(tmp_path, Played())


def test_the_digest_of_the_code_changes_with_what_makes_results_only(tmp_path):
    for name, text in {
        "lib/twin/act.py": "a = 1", "lib/twin/priors.yml": "a: 1", "lib/apex/model/split.py": "b = 1",
        "lib/apex/show/days.py": "c = 1",
        "lib/truth/league.py": "from truth import worlds\nfrom truth.league_life import x", "lib/truth/league_life.py": "",
        "lib/truth/worlds.py": "", "lib/truth/league_page.py": "", "data/rules/crowds.yml": "a: 1",
        "notebooks/2_plan/goal.ipynb": json.dumps({"cells": [
            {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["draws = 1"]},
            {"cell_type": "markdown", "metadata": {}, "source": ["words"]}]}),
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def after(name, old, new):
        path = tmp_path / name
        text = path.read_text()
        path.write_text(text.replace(old, new) if old else new)
        made = league_run.code(tmp_path)
        path.write_text(text)
        return made

    first = league_run.code(tmp_path)
    assert first == league_run.code(tmp_path)
    for name in ("lib/twin/act.py", "lib/twin/priors.yml", "lib/apex/model/split.py", "lib/truth/worlds.py",
                 "lib/truth/league_life.py", "data/rules/crowds.yml"):  # fmt: skip
        assert after(name, "", "x = 2") != first, name
    assert after("notebooks/2_plan/goal.ipynb", "draws = 1", "draws = 2") != first
    for name in ("lib/apex/show/days.py", "lib/truth/league_page.py"):
        assert after(name, "", "x = 2") == first, name
    assert after("notebooks/2_plan/goal.ipynb", "words", "other words") == first


def test_the_command_and_its_verb_are_there(tmp_path):
    assert truth_main.PAGES["league"] == "truth.league_run"
    assert len(league_run.code()) == 16
    done = subprocess.run(
        ["make", "-n", "league", "SEEDS=5 7", f"PYTHON={sys.executable}"], cwd=ROOT, capture_output=True, text=True
    )
    assert "-m truth league --seeds 5 7" in done.stdout, done.stderr
    assert "league" in subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True).stdout


SLOW = """
import os, pathlib, time
def play(seed, consumers):
    pathlib.Path(PID).write_text(str(os.getpid()))
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for a process where Linux lists them")
def test_what_plays_ends_with_a_call_that_is_killed(tmp_path):
    pid = tmp_path / "pid"
    (tmp_path / "league_slow_here.py").write_text(SLOW.replace("PID", repr(str(pid))), encoding="utf-8")
    code = f"""
if __name__ == "__main__":
    from league_slow_here import play
    from truth import league_run
    league_run.main(["--seeds", "1", "2", "--cores", "1", "--folder", {str(tmp_path / "league")!r}], play, lambda: "a")
"""
    (tmp_path / "call.py").write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(ROOT / "lib"), str(tmp_path)])
    call = subprocess.Popen(
        [sys.executable, str(tmp_path / "call.py")], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL
    )
    until(lambda: pid.exists() and pid.read_text())
    call.kill()
    call.wait()
    until(lambda: not alive(int(pid.read_text())))


def until(true, seconds=30):
    """Wait until it is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid):
    """Whether a process is there and not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_code_that_changes_on_the_way_stops_the_call(tmp_path, light):
    states = iter(["a", "a", "a", "b"])
    with pytest.raises(ApexError, match="code changed"):
        league_run.main(
            ["--seeds", "1", "4", "--cores", "0", "--folder", str(tmp_path)], play := Played(), lambda: next(states)
        )
    assert play.seeds == [1] and league_run.kept(tmp_path, 1, 4000, "a") is not None
