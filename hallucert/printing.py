"""Printing what foreign objects may not want to be printed."""

from __future__ import annotations

from collections.abc import Callable


def printed(value: object, form: Callable[[object], str] = str) -> str:
    """Print a value, if it can be printed: Python refuses to for integers of more than 4,300 digits."""
    try:
        return form(value).encode("utf-8", "backslashreplace").decode()
    except Exception:  # whatever a foreign object's own printing raises
        size = f" of {value.bit_length()} bits" if isinstance(value, int) else ""
        return f"<{type(value).__name__}{size} that cannot be printed>"
