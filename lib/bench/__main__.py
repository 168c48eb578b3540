"""`python -m bench [NAME …]`: run these benchmarks, else all."""

import sys
from importlib import import_module

NAMES = ("attribution",)


def main(arguments: list[str]) -> int:
    """Run the benchmarks that are named, one after the other; each prints a table of its own."""
    for name in arguments or NAMES:
        if name not in NAMES:
            sys.stderr.write(f'bench: there is no "{name}"; there are: {", ".join(NAMES)}.\n')
            return 2
        import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
