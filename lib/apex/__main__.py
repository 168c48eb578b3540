"""`python -m apex`: the verbs behind the Makefile."""

import argparse
import sys
from pathlib import Path

from apex.errors import ApexError


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; the exit code: 0 done, 1 notebooks failed, 2 something a person can mend, 130 or 143 stopped."""
    parser = argparse.ArgumentParser(prog="python -m apex", description="The APEX research workspace.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    report = verbs.add_parser("report", help="render a campaign's report and print the path of its index")
    report.add_argument("campaign", metavar="CAMPAIGN", help="a name in data/campaigns, or the path of a .yml file")
    data = verbs.add_parser("data", help="build a warehouse from its source")
    data.add_argument("warehouse", metavar="WAREHOUSE", help="the warehouse's name")
    match = verbs.add_parser("match", help="re-join an export with the owner's own keys, outside the repository")
    match.add_argument("export", metavar="EXPORT", help="the package's folder: reports/NAME/exports/CROWD/CHANNEL")
    match.add_argument("keys", metavar="KEYS", help="a file of raw keys, one at the head of each line")
    match.add_argument("out", metavar="OUT", help="the file to write, outside the repository")
    verbs.add_parser("tidy", help="run every notebook on its defaults and renew the outputs that nbval compares")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.verb == "report":
            return _report(chosen.campaign)
        if chosen.verb == "match":
            return _match(chosen.export, chosen.keys, chosen.out)
        return _data(chosen.warehouse) if chosen.verb == "data" else _tidy()
    except ApexError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _report(campaign: str) -> int:
    from apex.report.runner import RunFailed, Stopped, render

    try:
        index = render(campaign)
    except RunFailed as error:
        sys.stderr.write(f"{error}\nThe marked report: {error.index}\n")
        return 1
    except Stopped as error:
        sys.stderr.write("stopped; the last good report is untouched\n")
        return error.code
    sys.stdout.write(f"{index}\n")
    return 0


def _data(warehouse: str) -> int:
    from apex.warehouse import build

    folder = build(warehouse)
    sys.stdout.write(f"{folder}\n")
    return 0


def _match(export: str, raw: str, out: str) -> int:
    from apex.report.package import parts, verify
    from apex.warehouse.match import match

    package = Path(export)
    manifest = verify(package)
    whole, add, remove = (parts(package, manifest, kind) for kind in ("audience", "add", "remove"))
    found = match(
        whole, add, remove, Path(raw), Path(out), fingerprint=manifest.audience.key, threshold=manifest.threshold
    )
    sys.stderr.write(
        f"{found} of {manifest.consumers} consumers are matched; the audience may be used to {manifest.audience.expires}\n"
    )
    sys.stdout.write(f"{out}\n")
    return 0


def _tidy() -> int:
    from apex.files import ROOT
    from apex.report.tidy import tidy

    for path in sorted((ROOT / "notebooks").glob("*/*.ipynb")):
        sys.stderr.write(f"{path.relative_to(ROOT)}: {'renewed' if tidy(path) else 'as it was'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
