"""A file from end to end: read it, prove existence, then every claim, and say what stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from .arithmetic.interval import OutOfTime, working_precision
from .files.reading import NotCovered, Refused, choice, fields, integer, load, text
from .points.rules import Result

KINDS = ("point", "large", "branch", "diagram", "sheet", "surface", "census", "basins", "cycle")
ROOMS = {"point": "points.file", "cycle": "attraction.cycle", "branch": "curves.branch", "sheet": "curves.sheet"}


@dataclass
class Verdict:
    """The results for a file; `bits` it was computed with."""

    kind: str
    bits: int
    results: list[Result]

    def __bool__(self) -> bool:
        return bool(self.claimed) and not any(result.objection for result in self.claimed)

    @property
    def claimed(self) -> list[Result]:
        """Those of claims that say something."""
        return [result for result in self.results if result.status != "undecided"]

    def as_json(self, path: Path) -> dict[str, Any]:
        """Plain data with the fields that `hallucert verify --json` has."""
        claims = [
            {"name": r.claim, "status": r.status, "passed": r.objection is None, "message": r.objection or ""}
            for r in self.results
        ]
        return {"file": str(path), "passed": bool(self), "asserted": len(self.claimed), "claims": claims}

    def __str__(self) -> str:
        count, failed = len(self.claimed), sum(1 for result in self.claimed if result.objection)
        last = f"All {count} claims re-proved." if self else f"{failed} of {count} claims NOT re-proved."
        lines = [f"{self.kind}: checked at {self.bits} bits", *(f"  {result}" for result in self.results)]
        return "\n".join([*lines, last if count else "Nothing is claimed."])


def verify(path: Path, seconds: float = 600.0) -> Verdict:
    """Check the certificate in a file. Raises `Refused` if it is none, and `NotCovered` if it is of another kind.

    What is not reached within a budget of seconds counts as not re-proved.
    """
    document = load(path)
    if document.get("format") != "hallucert-certificate" or type(document.get("schema")) is not int:
        raise Refused("format", "not a hallucert certificate")
    if document["schema"] != 2:
        raise Refused("schema", "another version of the format")
    kind = choice(*KINDS)(document.get("kind"), "kind")
    if kind not in ROOMS:
        raise NotCovered(f"certificates of kind {kind}")
    provenance = fields(
        document.get("provenance"),
        "provenance",
        hallucert=text,
        backend=choice("arb", "mpmath", "midrad"),
        backend_version=text,
        precision=partial(integer, low=2, high=2000),
    )
    bits = max(128, 2 * provenance.precision + 22)
    try:
        with working_precision(bits, seconds):
            results: list[Result] = import_module(f"hallucheck.{ROOMS[kind]}").verify(document, path)
    except OverflowError:
        raise NotCovered("numbers that large") from None
    except OutOfTime as error:
        raise NotCovered(str(error)) from None
    return Verdict(kind, bits, results)
