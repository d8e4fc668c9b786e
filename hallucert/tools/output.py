"""What the command line prints: answers as plain data or in words, theorem cards, and errors with their statuses."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import typer

from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.reason import Reason
from hallucert.check.words.cards import together
from hallucert.decimals import decimal_enclosure, short_digits, short_rational
from hallucert.errors import FormulaError, HallucertError
from hallucert.exact import float_above, float_below, format_rational
from hallucert.objectives.objective import Objective
from hallucert.objectives.writing import heading

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from rich.console import Console
    from rich.panel import Panel

    import hallucert as hc
    from hallucert.check.census.records import Unsettled
    from hallucert.objectives.gallery import Entry

JSON = dict[str, object]
"""Plain data, of an answer."""

MISUSE, INTERNAL_ERROR, INTERRUPTED, READER_GONE = 2, 70, 130, 141
"""Statuses that are no answers: wrong input or an unusable file, an error of this program (EX_SOFTWARE of sysexits.h),
and what shells report of a program that Ctrl-C or a closed pipe has ended."""

LONGEST_MESSAGE = 500

MOST_LINES = 40
"""Lines of an answer on a terminal."""


LONGEST_TITLE = 60
"""Characters of a function's name in the title of a card."""
COLOURS = {Status.PROVED: "bold green", Status.REFUTED: "bold magenta", Status.UNDECIDED: "bold yellow"}

OPTIONS = {"x": "at", "name": "gallery", "step_size": "step-size"}
"""Options that are called otherwise than the arguments that they become."""


# ---------------------------------------------------------------------- answers


def answer(data: Callable[[], object], words: Callable[[], object], as_json: bool, good: object = True) -> NoReturn:
    """Print the answer of a command, as data alone or in words; end with 0 if it is a good one, else with 1."""
    if as_json:
        print_json(data())
    else:
        words()
    raise typer.Exit(0 if good else 1)


def print_json(data: object) -> None:
    """Print plain data on stdout."""
    typer.echo(json.dumps(data, indent=2, allow_nan=False))


def print_lines(text: str) -> None:
    """Print lines on stdout; on a terminal the first ones and the last, no more than a person reads."""
    lines = text.splitlines()
    more = len(lines) - MOST_LINES
    if more > 0 and sys.stdout is not None and sys.stdout.isatty():
        lines[MOST_LINES - 1 : -1] = [f"... and {more} more (in the file of --save; all are printed with --json)"]
    typer.echo("\n".join(lines))


# ---------------------------------------------------------------------- plain data


def plain(value: object) -> object:
    """Turn a result into what JSON can hold.

    Enclosures become ``[lower, upper]`` in doubles rounded outward, rationals exact strings, objectives their names,
    and numbers that are not finite ``null``.
    """
    match value:
        case Enum():
            return str(value.value)
        case np.ndarray() | np.generic():
            return plain(value.tolist())
        case float():
            return value if math.isfinite(value) else None
        case None | str() | int():
            return value
        case complex():
            return [plain(value.real), plain(value.imag)]
        case Fraction():
            return format_rational(value)
        case Enclosure():
            return [plain(float_below(value.lower)), plain(float_above(value.upper))]
        case Objective():
            return value.name
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value, *_field_names(value))
    return str(value)


def _field_names(record: DataclassInstance) -> list[str]:
    return [field.name for field in dataclasses.fields(record) if not field.name.startswith("_")]


def _fields(thing: object, *names: str) -> JSON:
    return {name: plain(getattr(thing, name)) for name in names}


def claim_data(claim: Claim) -> JSON:
    """Return a claim as plain data."""
    data = {"status": str(claim.status), "statement": claim.statement, "numbers": plain(claim.numbers)}
    if claim.reason is not None:
        data |= {"reason": str(claim.reason), "explanation": claim.reason.explanation}
    return data


def certificate_data(certificate: hc.Certificate, path: Path | None = None) -> JSON:
    """Return what a certificate says; the certificate itself, exact to the last bit, is the file that `save` writes."""
    claims = {name: claim_data(claim) for name, claim in certificate.claims.items()}
    return _fields(certificate, "x", "rho", "enclosure") | {"claims": claims, "file": path and str(path)}


def census_data(found: hc.Census, path: Path | None = None) -> JSON:
    """Return what a census says; the census itself, exact to the last bit, is the file that `save` writes."""
    columns = ("x", "enclosure", "target", "kind", "stability", "gradient_norm", "smallest_real_part")
    return {
        "function": found.objective.name,
        "rho": plain(found.problem.rho),
        "box": plain(found.problem.region),
        "complete": found.complete,
        "claim": claim_data(found.claim),
        "critical_points": [{"enclosure": plain(p.box), "kind": str(p.kind)} for p in found.critical_points],
        "points": [_fields(point, *columns) for point in found.points],
        "excluded": [_place_data(place) for place in found.excluded],
        "pending": [_place_data(place) for place in found.pending],
        "boxes": found.boxes,
        "seconds": plain(found.seconds),
        "file": path and str(path),
    }


def _place_data(place: Unsettled) -> JSON:
    """Return a place that a census leaves open as plain data."""
    return _fields(place, "box", "target", "reason") | {"explanation": place.reason.explanation}


def verdict_data(verdict: hc.Verdict, path: Path) -> JSON:
    """Return the outcome of a verification as plain data; an undecided claim asserts nothing, and passes nothing."""
    results = [_fields(result, "name", "status", "passed", "message") for result in verdict.results]
    for result in results:
        if result["status"] == str(Status.UNDECIDED):
            result["passed"] = None
    return {"file": str(path), "passed": bool(verdict), "asserted": verdict.asserted, "claims": results}


def entry_data(entry: Entry) -> JSON:
    """Return what the gallery knows of a function as plain data; coordinates stay the exact texts they are."""
    kinds = {
        kind: [list(point.coordinates) for point in getattr(entry, kind)]
        for kind in ("minimizers", "maximizers", "saddles")
    }
    return _fields(entry, *_field_names(entry)) | kinds


# ---------------------------------------------------------------------- words


def theorem_card(certificate: hc.Certificate, title: str, path: Path | None = None) -> Panel:
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
    place = f"rho = {short_rational(certificate.rho)},  x* in {_enclosure_text(certificate.enclosure)}"
    rest = [Text(""), Text(together(pointless))] if pointless else []
    footer = [Text(""), Text(f"certificate: {path}", overflow="fold")] if path is not None else []
    body = Group(Text(place), Text(""), table, *rest, *footer)
    return Panel(body, title=Text(title), title_align="left", padding=(0, 1))


def _enclosure_text(enclosure: np.ndarray | None, shown: int = 4) -> str:
    """Write a box, ends in full so that the decimals still enclose."""
    if enclosure is None:
        return "no proved box"
    rows = [decimal_enclosure(Fraction(low), Fraction(high), 14) for low, high in enclosure[:shown]]
    return " x ".join(rows) + (f" x ... ({len(enclosure)} intervals)" if len(enclosure) > shown else "")


def console(to_stderr: bool = False) -> Console:
    """Return a console that does not guess at colours or emoji inside our text."""
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, emoji=False)


def print_certificates(certificates: list[hc.Certificate], paths: list[Path | None], f: Objective, rho: str) -> None:
    """Print a card for every certificate."""
    out = console()
    if not certificates:
        out.print(f"No hallucinated point with that target found at rho = {rho} (in floats; not a proof of absence).")
    for number, (certificate, path) in enumerate(zip(certificates, paths, strict=True), 1):
        count = f" (point {number} of {len(certificates)})" if len(certificates) > 1 else ""
        out.print(theorem_card(certificate, f"{heading(f, LONGEST_TITLE)}{count}", path))


def print_gallery(entries: list[Entry]) -> None:
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


# ---------------------------------------------------------------------- errors


def _tell(message: str) -> None:
    """Print one line on stderr, without what would move the cursor of a terminal."""
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE - 105]} ... {message[-100:]}"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
    with suppress(OSError):  # the status says it, too
        typer.echo(f"hallucert: {shown}", err=True)


def _misuse(error: BaseException, arguments: list[str]) -> str | None:
    """Return the line that says what the user did wrong; None if the fault is this program's."""
    if isinstance(error, OSError) and not isinstance(error, HallucertError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    # Typer's own usage errors have a method; which package they come from depends on its version.
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    if not (isinstance(error, HallucertError) or hasattr(error, "format_message")):
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if isinstance(error, FormulaError) and len(lines) > 1:
        return f"{lines[0]} of {lines[1]}"
    message = " ".join(lines) or type(error).__name__
    name = getattr(error, "argument", "")
    option = f"--{OPTIONS.get(name, name)}"
    given = {argument.partition("=")[0] for argument in arguments}
    return option + message.removeprefix(name) if name and option in given and message.startswith(name) else message


def failed(error: BaseException, arguments: list[str]) -> int:
    """Report an error that ended a command with these arguments, and return the status."""
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        _tell("interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError) and not error.filename:
        return READER_GONE
    message = _misuse(error, arguments)
    if message is None:
        traceback.print_exception(error)
        _tell(f"an error of hallucert, not yours; please report it with the lines above ({type(error).__name__})")
        return INTERNAL_ERROR
    if "--json" in arguments:
        with suppress(OSError):
            print_json({"error": message})
    _tell(message)
    return MISUSE
