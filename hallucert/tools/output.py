"""What the command line prints besides answers, and the statuses it ends with where there is no answer."""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import suppress
from typing import Any

import typer

from hallucert.errors import FormulaError, HallucertError

MISUSE, INTERNAL_ERROR, INTERRUPTED, READER_GONE = 2, 70, 130, 141
"""Statuses that are no answers: wrong input or an unusable file, an error of this program (EX_SOFTWARE of sysexits.h),
and what shells report of a program that Ctrl-C or a closed pipe has ended."""

LONGEST_MESSAGE = 500

MOST_LINES = 40
"""Lines of an answer on a terminal."""


def print_json(data: Any) -> None:
    """Print plain data on stdout."""
    typer.echo(json.dumps(data, indent=2, allow_nan=False))


def print_lines(text: str) -> None:
    """Print lines on stdout; on a terminal the first ones and the last, no more than a person reads."""
    lines = text.splitlines()
    more = len(lines) - MOST_LINES
    if more > 0 and sys.stdout is not None and sys.stdout.isatty():
        lines[MOST_LINES - 1 : -1] = [f"... and {more} more (in the file of --save; all are printed with --json)"]
    typer.echo("\n".join(lines))


def _tell(message: str) -> None:
    """Print one line on stderr, without what would move the cursor of a terminal."""
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[: LONGEST_MESSAGE - 105]} ... {message[-100:]}"
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
    with suppress(OSError):  # the status says it, too
        typer.echo(f"hallucert: {shown}", err=True)


OPTIONS = {"x": "at", "name": "gallery", "step_size": "step-size"}
"""Options that are called otherwise than the arguments that they become."""


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
