"""Command line: `python -m hallucheck FILE...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hallucheck.reading import NotCovered, Refused
from hallucheck.verify import verify


def main(arguments: list[str] | None = None) -> int:
    """Check files; the exit status is the worst of theirs."""
    parser = argparse.ArgumentParser(
        prog="python -m hallucheck",
        description="Prove the claims of hallucert certificates again, with Python's standard library alone.",
        epilog="Exit status: 0 every claim re-proved, 1 some claim not, or not covered, "
        "2 the file cannot be read as a certificate.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a certificate")
    worst = 0
    for path in parser.parse_args(arguments).files:
        try:
            verdict = verify(path)
        except Refused as error:
            print(f"{path}: no certificate: {error}", file=sys.stderr)
            worst = 2
            continue
        except NotCovered as error:
            print(f"{path}: not covered, so not checked: {error}")
            worst = max(worst, 1)
            continue
        print(f"{path}, {verdict}")
        worst = max(worst, int(not verdict))
    return worst


if __name__ == "__main__":
    sys.exit(main())
