"""A notebook's run: what it may see, and what it hands over. `run = apex.open(campaign, "1_insight/assets")`."""

import atexit
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from apex import files, ledger, show, warehouse
from apex.errors import ApexError, nearest
from apex.ledger import Book
from apex.measure.crowds import Crowds
from apex.measure.privacy import Page, suppress
from apex.model.lessons import HALF_LIFE
from apex.report import lesson
from apex.report.campaign import load_campaign
from apex.report.exported import Channels, packages
from apex.report.finding import Finding, findings_json
from apex.report.notebooks import FOLDERS
from apex.report.planned import Planned
from apex.report.planned import read as read_plan
from apex.warehouse import Warehouse

DECIMALS = 6  # of every float in a table, so that the same inputs give the same bytes


class Run:
    """A campaign seen from one notebook's own day; nothing later is in `warehouse` or `book`.

    campaign, as_of (date), words, warehouse, book (the ledger under the campaign's rules), brand. `keep` writes a table,
    `finding` says what was found, `close` ends the notebook. Under the runner all of it goes into the report; in JupyterLab
    into a temporary folder that goes with the kernel.
    """

    def __init__(
        self, campaign: str, notebook: str, *, alone: bool = False, house: Warehouse | None = None,
        told: Sequence[lesson.Lesson] | None = None,
    ) -> None:  # fmt: skip
        """Read and check the campaign, open warehouse and ledger (built first where missing), cut both at the day.

        alone: keep out of the runner's folder although there is one; for answers computed on the side. house, told: the
        warehouse and the lessons of a judge, who keeps them himself; else those of the campaign's file.
        """
        self._alone, self._told = alone, told
        self.notebook, self.stem = notebook, notebook.replace("/", "-")
        self.campaign = load_campaign(campaign)
        whole = house or warehouse.ensure(self.campaign.warehouse)
        stage = FOLDERS[notebook.split("/")[0]]
        self.campaign.check_against(whole.facts, [stage])
        self.as_of = self.campaign.as_of_for(stage, whole.facts.last_day)
        self.warehouse = whole.until(self.as_of)
        self.book = ledger.ensure(self.warehouse, ledger.load_rules(self.campaign.rules))
        self._other_books: dict[str, Book] = {}
        self.words = show.Words(self.campaign.language, self.campaign.currency, self.campaign.privacy_threshold)
        self.brand = self.campaign.brand
        self._tables: list[str] = []
        self._files: list[str] = []
        self._page = Page()
        self._findings: list[Finding] = []
        self._missing: list[str] = []

    @cached_property
    def folder(self) -> Path:
        """Where the run's files go: the runner's folder, else a temporary one."""
        under_runner = os.environ.get("APEX_RUN")
        if under_runner and not self._alone:
            return Path(under_runner)
        folder = Path(tempfile.mkdtemp(prefix="apex-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def ledger(self, rules: str | None = None, level: str = "brand") -> Book:
        """The ledger under other rules (None: the campaign's) or at another level, cut at the run's day.

        Built first where it is missing. `close` records it among the inputs. ApexError for rules or a level that do not exist.
        """
        wanted = ledger.load_rules(rules or self.campaign.rules)
        if (wanted.digest, level) == (self.book.rules.digest, self.book.level):
            return self.book
        name = f"{wanted.name}/{level}"
        if name not in self._other_books:
            self._other_books[name] = ledger.ensure(self.warehouse, wanted, level)
        return self._other_books[name]

    @property
    def stages(self) -> list[tuple[str, str]]:
        """The rule set's stages, shallow to deep, as (id, name in the report's language)."""
        return [(s.id, self.words.name(s.name)) for s in self.book.rules.stages]

    @property
    def window_days(self) -> int:
        """Length of the goal's window in days."""
        first, last = self.campaign.window
        return (last - first).days + 1

    @property
    def seen_window(self) -> tuple[date, date]:
        """First and last day of the goal's window, as far as this notebook may see."""
        first, last = self.campaign.window
        return first, min(last, self.as_of)

    def days_before(self, periods: int = 1) -> tuple[date, date]:
        """The two days between which a flow is read: as_of and one window's length before, or earlier periods of that length."""
        length = timedelta(days=self.window_days)
        return self.as_of - periods * length, self.as_of - (periods - 1) * length

    def keep(
        self,
        name: str,
        frame: pd.DataFrame,
        keys: Sequence[str],
        people: Sequence[str] = (),
        totals: Sequence[Sequence[str]] = (),
        also: Sequence[str] = (),
        like: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Write a table of this notebook as CSV and Parquet, and give back what may be shown of it.

        keys: columns that name a row once; rows are sorted by them. people: columns that count people; those below the
        campaign's privacy threshold become null, with a column `suppressed` that says so, and so do as many others as it
        takes: sums over the keys, and over further `totals`, count as known, as do the page's tables before it, wherever their
        sums are the same. also: see `apex.measure.privacy.suppress`. like: an earlier table with the same keys: what it
        suppressed is suppressed here too, though its people are others. Raises ApexError when keys repeat.
        """
        if frame.duplicated(list(keys)).any():
            again = frame.loc[frame.duplicated(list(keys)), list(keys)].iloc[0].to_dict()
            raise ApexError(f"{self.notebook}.{name}: the keys {list(keys)} repeat, first at {again}.")
        out = frame.sort_values(list(keys), ignore_index=True)
        if people:
            hidden = None
            if like is not None:
                gone = set(zip(*(like.loc[like.suppressed, k].astype(str) for k in keys), strict=True))
                rows = zip(*(out[k].astype(str) for k in keys), strict=True)
                hidden = pd.Series([row in gone for row in rows], out.index, dtype=bool)
            few = self.campaign.privacy_threshold
            out = suppress(out, people, few, totals, also, hidden, keys=keys, page=self._page, name=name)
        plain = out.round(DECIMALS)
        for column in plain.select_dtypes("category"):
            plain[column] = plain[column].astype(str)
        base = f"{self.stem}.{name}"
        files.atomic_write(self.folder / "tables" / f"{base}.csv", plain.to_csv(index=False, lineterminator="\n"))
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None), sink)
        files.atomic_write(self.folder / "tables" / f"{base}.parquet", sink.getvalue().to_pybytes())
        self._tables.append(base)
        return out

    def attach(self, name: str, content: str, label: str, media_type: str = "text/plain") -> show.Fragment:
        """Write a file of this notebook beside its tables, and give back a link to it; the page lists it among its downloads.

        name: with its ending, such as "phases.ics"; content is written as UTF-8, as a whole or not at all. Under the runner the
        link is relative to the page; elsewhere, where no page lies beside the file, the file is in the link itself. Nothing in it
        is protected: counts of people belong into `keep`. Raises ApexError for a name that is no plain file's, or taken.
        """
        if not re.fullmatch(r"[a-z0-9_-]+\.[a-z0-9]+", name) or name.endswith((".csv", ".parquet")):
            raise ApexError(
                f"{self.notebook}: {name!r} cannot name an attached file: a-z, 0-9, _ and -, one dot, no table."
            )
        file = f"{self.stem}.{name}"
        if file in self._files:
            raise ApexError(f"{self.notebook}: {name} is attached already.")
        files.atomic_write(self.folder / "tables" / file, content)
        self._files.append(file)
        beside = os.environ.get("APEX_RUN") and not self._alone
        href = f"tables/{file}" if beside else f"data:{media_type};charset=utf-8,{quote(content)}"
        link = f'<p class="download"><a download="{file}" href="{href}">{escape(label)}</a></p>'
        return show.Fragment(link, "file", label)

    def finding(self, name: str, **said: Any) -> Finding:
        """Say what was found; the fields are those of `apex.report.finding.Finding`. The first one is the headline."""
        found = Finding(notebook=self.notebook, name=name, headline=not self._findings, **said)
        self._findings.append(found)
        return found

    def table(self, notebook: str, name: str) -> pd.DataFrame:
        """A table of an earlier notebook: of this run where it is there, else computed by the same library function."""
        path = self.folder / "tables" / f"{notebook.replace('/', '-')}.{name}.parquet"
        if path.exists():
            return pd.read_parquet(path)
        from apex.report import upstream

        return upstream.table(self, notebook, name)

    def lessons(self) -> list[lesson.Lesson]:
        """The lessons of the campaigns that this one learns from, in the order of its file.

        The promoted ones while they are fresh, else computed by the same library functions; so the same files always give
        the same plan. Raises ApexError as `apex.report.lesson.teachers` does.
        """
        from apex.report.upstream import lessons

        if self._told is not None:
            return list(self._told)
        found = []
        for teacher in lesson.teachers(self.campaign, self.warehouse.facts.last_day):
            known = lesson.read(lesson.place(teacher))
            book = ledger.ensure(self.warehouse.until(None), ledger.load_rules(teacher.rules))
            made_from = lesson.made_from(teacher, book.warehouse.digest, book.digest)
            fresh = known is not None and known.made_from == made_from
            found.append(known if known is not None and fresh else lessons.known(teacher.reference, made_from))
        return found

    def export(self, people: pd.DataFrame, crowds: Crowds, channel: Channels, days: int, seed: str, share: float,
               **how: Any) -> pd.DataFrame:  # fmt: skip
        """Write one export package for each crowd and channel into the run's `exports/`, and say what became of each crowd.

        See `apex.report.exported.packages`; differences are made against the last good report's exports.
        """
        last = self.folder.parent / self.campaign.slug / "exports"
        return packages(self, people, crowds, channel, days, seed, share, last, **how)

    def plan(self, plan: Planned) -> None:
        """Write plan.yml, what execution works from; its counts of people must be those that may be shown."""
        files.atomic_write(self.folder / "plan.yml", plan.text())

    @property
    def planned(self) -> Planned | None:
        """The plan of this run, checked; None where there is none, as in a notebook that is run by itself."""
        path = self.folder / "plan.yml"
        return read_plan(path) if path.exists() else None

    def teach(
        self, conversion: pd.DataFrame, effect: Mapping[str, Any], seen: pd.DataFrame | None = None,
        half_life: float = HALF_LIFE,
    ) -> lesson.Lesson:  # fmt: skip
        """Write the lesson of this campaign, put together with those that it learns from; it is promoted with the report.

        conversion: cell, consumers, buyers, gmv_minor, rate, low, high, all cells of the window as far as this run sees it; see
        `apex.report.lesson.shown`. effect: the fields of `apex.report.lesson.Effect`; of fewer people than the privacy threshold
        nothing is said. seen: rows of `apex.model.lessons.ENTRY`, likewise. half_life: days in which a lesson's weight halves.
        """
        few, cells = self.campaign.privacy_threshold, list(lesson.Conversion.model_fields)
        shown = lesson.shown(conversion, few)
        if 0 < effect["n"] < few:
            effect = {**effect, "verdict": "not identified", "value": None, "low": None, "high": None, "n": 0}
        whole = self.warehouse.until(None)
        earlier = [e for e in lesson.once(self.lessons()) if e.campaign != self.campaign.name]
        learned = lesson.Lesson(
            brand=self.brand, campaign=self.campaign.name, campaign_id=self.campaign.campaign_id,
            window=self.seen_window, as_of=self.as_of, effect=lesson.Effect(**effect),
            conversion=[lesson.Conversion(**row) for row in shown[cells].astype({"cell": str}).to_dict("records")],
            seen=[] if seen is None else lesson.entries(seen, few), earlier=earlier, half_life_days=half_life,
            made_from=lesson.made_from(self.campaign, whole.digest, self.book.digest),
        )  # fmt: skip
        learned = learned.model_copy(update={"merged": lesson.together([*earlier, learned.own], half_life)})
        files.atomic_write(self.folder / "lesson.json", learned.text())
        return learned

    def missing(self, text: str) -> None:
        """Say what this page would need and the data do not have; it is listed in the manifest."""
        self._missing.append(text)

    def found(self, name: str) -> Finding:
        """The finding of that name. ApexError when there is none yet."""
        for finding in self._findings:
            if finding.name == name:
                return finding
        raise ApexError(f'{self.notebook}: no finding "{name}" yet.{nearest(name, [f.name for f in self._findings])}')

    def tiles(self) -> show.Fragment:
        """The headline figures found so far, side by side."""
        items = [{**f.tile.model_dump(), "verdict": f.verdict} for f in self._findings if f.tile]
        return show.tiles(items, self.words)

    def watch(self) -> show.Fragment:
        """What needs an eye or a hand: findings that are behind or careful, and what to do next."""
        words = self.words
        rows = [f for f in self._findings if f.verdict in ("behind", "careful")]
        frame = pd.DataFrame(
            {"what": [f.short for f in rows], "next": [f.next_step or "–" for f in rows]}, columns=["what", "next"]
        )
        if frame.empty:
            return show.callout(words("Nothing here needs watching."))
        columns = {"what": (words("What"), "text"), "next": (words("What to do next"), "text")}
        return show.table(frame, f"{self.stem[2:]}-watch", words, columns)

    def close(self) -> show.Fragment:
        """End the notebook: findings and, last, the mark that tells the runner that this notebook is whole.

        Returns a line of provenance to show. Raises ApexError when nothing was found.
        """
        if not self._findings:
            raise ApexError(f"{self.notebook}: a notebook ends with at least one finding.")
        whole = self.warehouse.until(None)
        files.atomic_write(self.folder / "notebooks" / f"{self.stem}.findings.json", findings_json(self._findings))
        done = {
            "notebook": self.notebook,
            "as_of": self.as_of.isoformat(),
            "tables": self._tables,
            "files": self._files,
            "findings": len(self._findings),
            "inputs": {
                "warehouse": {"name": whole.name, "digest": whole.digest},
                "ledger": _made_from(self.book),
                **{f"ledger {name}": _made_from(book) for name, book in sorted(self._other_books.items())},
            },
            "data": {
                "first_day": whole.first_day.isoformat(),
                "last_day": whole.last_day.isoformat(),
                "rows": whole.manifest["rows"],
            },
            "missing": self._missing,
        }
        files.atomic_write(
            self.folder / "notebooks" / f"{self.stem}.done.json", json.dumps(done, indent=1, ensure_ascii=False)
        )
        line = self.words(
            "Seen as of {day}; data of {warehouse} to {last}; rules {rules}.",
            day=self.words.day(self.as_of),
            warehouse=whole.name,
            last=self.words.day(whole.last_day),
            rules=self.book.rules.name,
        )
        return show.callout(line)

    def _repr_html_(self) -> str:
        """In JupyterLab: the house style for what follows, and which campaign this is."""
        line = f"{self.words.name(self.campaign.title)} · {self.brand} · {self.words.day(self.as_of)}"
        return f"{show.style_tag()}<p><strong>{escape(line)}</strong></p>"


def _made_from(book: Book) -> dict[str, str]:
    return {"rules": book.rules.name, "rules_digest": book.rules.digest, "level": book.level, "digest": book.digest}
