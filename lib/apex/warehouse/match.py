"""An export joined with the owner's own keys again: `make match EXPORT=reports/…/CROWD/CHANNEL KEYS=file OUT=file`.

Media teams load hashed keys. Who owns the raw ones may need them for a channel of their own (mail, a call centre). The raw keys
are hashed with the key that the warehouse was built with, line by line inside the engine, and those that are in the export are
written beside nothing else: the output holds raw keys, so that it may not lie in the repository, and is for its owner's eyes.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from apex import files
from apex.errors import ApexError
from apex.warehouse import keys
from apex.warehouse.engine import connect, quote


def match(
    audience: Sequence[Path],
    added: Sequence[Path],
    removed: Sequence[Path],
    raw: Path,
    out: Path,
    *,
    fingerprint: str | None,
    threshold: int,
) -> int:
    """Write to `out` the lines of `raw` whose consumers are in an export (or were taken out of it); returns how many are in it.

    audience (Parquet), added, removed (CSV): the chunks of a package, with consumer_id and band. raw: UTF-8, the raw key is
    the first column of a line, exactly as it was ingested; a heading is a key that matches nobody. out: CSV with key, band,
    change (new, stays, gone), in order of band; a file that is there is replaced as a whole, and only the owner may read it.
    fingerprint: of the key that the export's consumers were hashed with. Raises ApexError, and writes nothing, for an `out`
    inside the repository, a `raw` that is not there, another hashing key, or fewer matches than `threshold`.
    """
    if out.resolve().is_relative_to(files.ROOT.resolve()):
        raise ApexError(
            f"{out}: matched keys are raw keys of consumers and stay outside the repository ({files.ROOT})."
        )
    if not out.parent.is_dir():
        raise ApexError(f"{out}: there is no folder {out.parent}.")
    if not raw.is_file():
        raise ApexError(f"{raw}: there is no such file of keys.")
    hashing = _key(fingerprint)
    work = Path(tempfile.mkdtemp(prefix=".apex-match-", dir=out.parent))  # for its owner alone, as all that is in it
    part = work / "matched.csv"
    try:
        con = connect(work)
        keys.install(con, hashing)
        con.raw_sql(f"""
            CREATE TEMP VIEW own AS SELECT DISTINCT key, consumer_hash(key) AS consumer_id FROM (
                SELECT #1 AS key FROM read_csv({quote(raw)}, header = false, all_varchar = true, null_padding = true))
            WHERE key IS NOT NULL""")
        listed = f"read_parquet({_listed(audience)})"
        new, gone = (_chunks(chunks) for chunks in (added, removed))
        con.raw_sql(f"""
            CREATE TEMP TABLE matched AS
            SELECT own.key, audience.band, CASE WHEN new.consumer_id IS NULL THEN 'stays' ELSE 'new' END AS change
            FROM own JOIN {listed} AS audience USING (consumer_id) LEFT JOIN ({new}) AS new USING (consumer_id)
            UNION ALL
            SELECT own.key, gone.band, 'gone' AS change FROM own JOIN ({gone}) AS gone USING (consumer_id)""")
        found = int(con.raw_sql("SELECT count(*) FROM matched WHERE change <> 'gone'").fetchone()[0])
        if found < max(threshold, 1):
            few = f"fewer than {threshold} (the privacy threshold)" if threshold > 1 else "none"
            raise ApexError(f"{raw.name}: {few} of its keys are in the export; nothing is written.")
        con.raw_sql(f"COPY (FROM matched ORDER BY change = 'gone', band, key) TO {quote(part)} (FORMAT csv, HEADER)")
        con.disconnect()
        part.chmod(0o600)
        part.replace(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return found


def _key(fingerprint: str | None) -> bytes:
    """The hashing key of that fingerprint: the public one, or the owner's. ApexError where neither is it."""
    if fingerprint == keys.fingerprint(keys.PUBLIC_KEY):
        return keys.PUBLIC_KEY
    own = keys.hashing_key(public=False)
    if fingerprint != keys.fingerprint(own):
        raise ApexError("The export's consumers were hashed with another key than the one that is set (APEX_KEY).")
    return own


def _listed(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(quote(p) for p in paths) + "]"


def _chunks(paths: Sequence[Path]) -> str:
    if not paths:
        return "SELECT NULL::BIGINT AS consumer_id, NULL::TINYINT AS band WHERE false"
    return f"FROM read_csv({_listed(paths)}, header = true, columns = {{'consumer_id': 'BIGINT', 'band': 'TINYINT'}})"
