"""Theorem cards for the terminal, and the same results as plain data for ``--json``."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.certificate import together
from hallucert.check.reason import Reason
from hallucert.exact import float_above, float_below, format_rational, short_digits, short_rational
from hallucert.objectives.names import heading
from hallucert.objectives.objective import Objective

if TYPE_CHECKING:
    from rich.console import Console
    from rich.panel import Panel

LONGEST_TITLE = 60
"""Characters of a function's name in the title of a card."""
COLOURS = {Status.PROVED: "bold green", Status.REFUTED: "bold magenta", Status.UNDECIDED: "bold yellow"}


def plain(value: Any) -> Any:
    """Turn a result into what JSON can hold.

    Enclosures become ``[lower, upper]`` in doubles rounded outward, rationals exact strings, objectives their names,
    and numbers that are not finite ``null``.
    """
    if value is None or (isinstance(value, bool | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Enclosure):
        return [plain(float_below(value.lower)), plain(float_above(value.upper))]
    if isinstance(value, Fraction):
        return format_rational(value)
    if isinstance(value, Objective):
        return value.name
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    return _plain_collection(value)


def _plain_collection(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if not f.name.startswith("_")}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def claim_data(claim: Any) -> dict[str, Any]:
    """Return a claim as plain data."""
    data = {"status": str(claim.status), "statement": claim.statement, "numbers": plain(claim.numbers)}
    if claim.reason is not None:
        data |= {"reason": str(claim.reason), "explanation": claim.reason.explanation}
    return data


def certificate_data(certificate: Any, path: Path | None = None) -> dict[str, Any]:
    """Return what a certificate says; the certificate itself, exact to the last bit, is the file that `save` writes."""
    return {
        "x": plain(certificate.x),
        "rho": plain(certificate.rho),
        "enclosure": plain(certificate.enclosure),
        "claims": {name: claim_data(claim) for name, claim in certificate.claims.items()},
        "file": None if path is None else str(path),
    }


def census_data(found: Any, path: Path | None = None) -> dict[str, Any]:
    """Return what a census says; the census itself, exact to the last bit, is the file that `save` writes."""
    return {
        "function": found.objective.name,
        "rho": plain(found.problem.rho),
        "box": plain(found.problem.region),
        "complete": found.complete,
        "claim": claim_data(found.claim),
        "critical_points": [
            {"enclosure": plain(point.box), "kind": str(point.kind)} for point in found.critical_points
        ],
        "points": [
            {
                "x": plain(point.x),
                "enclosure": plain(point.enclosure),
                "target": point.target,
                "kind": str(point.kind),
                "stability": str(point.stability),
                "gradient_norm": plain(point.gradient_norm),
                "smallest_real_part": plain(point.smallest_real_part),
            }
            for point in found.points
        ],
        "excluded": [_place_data(place) for place in found.excluded],
        "pending": [_place_data(place) for place in found.pending],
        "boxes": found.boxes,
        "seconds": plain(found.seconds),
        "file": None if path is None else str(path),
    }


def _place_data(place: Any) -> dict[str, Any]:
    """Return a place that a census leaves open as plain data."""
    return {
        "box": plain(place.box),
        "target": plain(place.target),
        "reason": str(place.reason),
        "explanation": place.reason.explanation,
    }


def verdict_data(verdict: Any, path: Path) -> dict[str, Any]:
    """Return the outcome of a verification as plain data; an undecided claim asserts nothing, and passes nothing."""
    keys = ("name", "status", "passed", "message")
    results = [{key: plain(getattr(result, key)) for key in keys} for result in verdict.results]
    for result in results:
        if result["status"] == str(Status.UNDECIDED):
            result["passed"] = None
    return {"file": str(path), "passed": bool(verdict), "asserted": verdict.asserted, "claims": results}


def theorem_card(certificate: Any, title: str, path: Path | None = None) -> Panel:
    """Return a rich panel: the point, then every claim with its status and its sentence."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    pointless = [claim.name for claim in certificate.all_claims if claim.reason is Reason.NEEDS_EXISTENCE]
    for name, claim in certificate.claims.items():
        if name in pointless:
            continue
        sentence = short_digits(claim.statement)
        if claim.reason is not None:
            sentence += f" Undecided: {claim.reason.explanation}."
        table.add_row(Text(name), Text(str(claim.status), COLOURS[claim.status]), Text(sentence))
    lines = [
        Text(f"rho = {short_rational(certificate.rho)},  x* in {_enclosure_text(certificate.enclosure)}"),
        Text(""),
    ]
    rest = [Text(""), Text(together(pointless))] if pointless else []
    footer = [Text(""), Text(f"certificate: {path}", overflow="fold")] if path is not None else []
    return Panel(Group(*lines, table, *rest, *footer), title=Text(title), title_align="left", padding=(0, 1))


def _enclosure_text(enclosure: np.ndarray | None, shown: int = 4) -> str:
    """Write a box, ends in full so that the decimals still enclose."""
    if enclosure is None:
        return "no proved box"
    rows = [f"[{_end(low, -1)}, {_end(high, 1)}]" for low, high in enclosure[:shown]]
    return " x ".join(rows) + (f" x ... ({len(enclosure)} intervals)" if len(enclosure) > shown else "")


def _end(value: float, side: int) -> str:
    """Print an end of an interval to 14 digits, rounded outward."""
    from hallucert.exact import decimal_above, decimal_below

    return decimal_below(Fraction(value), 14) if side < 0 else decimal_above(Fraction(value), 14)


def console(to_stderr: bool = False) -> Console:
    """Return a console that does not guess at colours or emoji inside our text."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, emoji=False)


def print_certificates(certificates: list[Any], paths: list[Path | None], f: Objective, rho: str) -> None:
    """Print a card for every certificate."""
    out = console()
    if not certificates:
        out.print(f"No hallucinated point with that target found at rho = {rho} (in floats; not a proof of absence).")
    for number, (certificate, path) in enumerate(zip(certificates, paths, strict=True), 1):
        count = f" (point {number} of {len(certificates)})" if len(certificates) > 1 else ""
        out.print(theorem_card(certificate, f"{heading(f, LONGEST_TITLE)}{count}", path))


def print_gallery(entries: list[Any]) -> None:
    """Print a table of gallery entries."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("name", no_wrap=True)
    table.add_column("d", justify="right")
    table.add_column("what it is", ratio=1)
    for entry in entries:
        table.add_row(Text(entry.name.split("(")[0]), str(entry.dimension), Text(entry.description))
    console().print(table)


def entry_data(entry: Any) -> dict[str, Any]:
    """Return what the gallery knows of a function as plain data; coordinates stay the exact texts they are."""
    data = plain(entry)
    for kind in ("minimizers", "maximizers", "saddles"):
        data[kind] = [list(point.coordinates) for point in getattr(entry, kind)]
    return data
