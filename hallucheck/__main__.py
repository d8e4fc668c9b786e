"""Command line: `python -m hallucheck FILE...`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .files.reading import NotCovered, Refused
from .verify import verify


def main(arguments: list[str] | None = None) -> int:
    """Check files; the exit status is the worst of theirs."""
    parser = argparse.ArgumentParser(
        prog="python -m hallucheck",
        description="Prove the claims of hallucert certificates again, with Python's standard library alone.",
        epilog="Exit status: 0 every claim re-proved, 1 some claim not, or not covered, 2 a file is no certificate.",
    )
    parser.add_argument("--budget", type=float, default=600.0, help="seconds for each file (default 600)")
    parser.add_argument("--json", action="store_true", help="print a list of results alone on stdout")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a certificate")
    options = parser.parse_args(arguments)
    if not options.budget > 0:
        parser.error("argument --budget: must be a positive number of seconds")
    worst, results = 0, []
    for path in options.files:
        try:
            verdict = verify(path, options.budget)
        except Refused as error:
            print(f"{path}: no certificate: {error}", file=sys.stderr)
            worst = 2
            continue
        except NotCovered as error:
            results.append({"file": str(path), "passed": False, "asserted": None, "claims": [], "message": str(error)})
            text = f"{path}: not covered, so not checked: {error}"
        else:
            results.append(verdict.as_json(path))
            text = f"{path}, {verdict}"
        worst = max(worst, 0 if results[-1]["passed"] else 1)
        if not options.json:
            print(text)
    if options.json:
        print(json.dumps(results, indent=2))
    return worst


if __name__ == "__main__":
    sys.exit(main())
