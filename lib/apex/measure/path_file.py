"""Paths from a file: CSV or Parquet with `path` (channels joined by " > "), `conversions`, where known `value`, `nulls`."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from apex.errors import ApexError, nearest
from apex.files import ROOT

COUNTS = ["conversions", "value", "nulls"]


def read(file: str) -> pd.DataFrame:
    """Grouped paths: path, conversions, value, nulls (0 where the file has no such column).

    file: absolute, or from the repository's root. Raises ApexError for a file that is not there or cannot be read, columns that
    are missing, and counts that are none: negative, missing or no numbers.
    """
    place = Path(file) if Path(file).is_absolute() else ROOT / file
    if not place.is_file():
        raise ApexError(f"There is no file of paths {place}.")
    try:
        frame = pd.read_parquet(place) if place.suffix == ".parquet" else pd.read_csv(place)
    except (ValueError, OSError) as error:
        raise ApexError(f"{place.name} is no CSV or Parquet file of paths: {error}") from None
    for column in ("path", "conversions"):
        if column not in frame:
            raise ApexError(f'{place.name} has no column "{column}".{nearest(column, list(frame.columns))}')
    out = pd.DataFrame({"path": frame.path.fillna("").astype(str)})
    for column in COUNTS:
        told = pd.to_numeric(frame[column], errors="coerce") if column in frame else pd.Series(0.0, frame.index)
        if not (told >= 0).all():
            row = int((~(told >= 0)).idxmax()) + 1
            raise ApexError(f'{place.name}: column "{column}" holds something that is no count, first in row {row}.')
        out[column] = told
    # a file may hold a row for every path; the same path is counted once
    table = pa.Table.from_pandas(out, preserve_index=False).group_by("path").aggregate([(c, "sum") for c in COUNTS])
    return (
        table.rename_columns([c.removesuffix("_sum") for c in table.column_names]).select(["path", *COUNTS]).to_pandas()
    )
