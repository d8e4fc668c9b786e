"""What the words on the command line mean: functions, points, boxes, ascent steps and files."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from hallucert.errors import ArgumentError
from hallucert.exact import Exact, exact
from hallucert.files import is_file_or_nothing, require_place

if TYPE_CHECKING:
    from enum import StrEnum

    from hallucert.objectives.gallery import Entry
    from hallucert.objectives.objective import Objective
    from hallucert.objectives.radius_law import RadiusLaw


def objective_of(formula: str | None, gallery_name: str | None, dimension: int | None) -> Objective:
    """Return the function that the arguments name."""
    import hallucert as hc

    if (formula is None) == (gallery_name is None):
        was = "<neither>" if formula is None else "<both>"
        raise ArgumentError("FORMULA, --gallery", was, "be given, exactly one of them")
    if formula is not None:
        if dimension is not None:
            raise ArgumentError("--dimension", dimension, "be left out unless --gallery is given")
        return hc.Objective.parse(formula)
    return entry_of(str(gallery_name), dimension).objective()


def entry_of(name: str, dimension: int | None) -> Entry:
    """Return the gallery entry of that name and, if given, dimension."""
    from hallucert import gallery as known

    return known.info(name) if dimension is None else known.info(name, dimension=dimension)


def exact_of(text: str, option: str) -> Fraction:
    """Read an exact number that is not beyond the largest double."""
    value = exact(text.strip(), option)
    if abs(value) > sys.float_info.max:
        raise ArgumentError(option, text, "be within the range of doubles")
    return value


def number_of(text: str, option: str) -> float:
    """Read the double nearest to an exact number."""
    return float(exact_of(text, option))


def point_of(text: str, option: str) -> list[Fraction]:
    """Read ``"1, -2.5"``, exactly; whoever rounds it does so where the API does, and whoever must not refuses it."""
    return [exact_of(part, option) for part in text.split(",")]


def law_of(variant: StrEnum, scales: str | None, dimension: int) -> RadiusLaw:
    """Return the ascent step that the options name."""
    from hallucert.objectives.radius_law import RadiusLaw, radius_law

    if (scales is not None) != (variant == "asam"):
        raise ArgumentError("--scales", scales or "<nothing>", "be given for --variant asam, and only for it")
    exact_scales = () if scales is None else tuple(exact_of(part, "--scales") for part in scales.split(","))
    return radius_law(RadiusLaw(str(variant), exact_scales), dimension)


def sides_of(box: str | None, entry: Entry | None, dimension: int) -> list[tuple[Exact, Exact]]:
    """Return the box of an option, or else that of a gallery function."""
    if box is None and entry is not None:
        return [(float(low), float(high)) for low, high in entry.box]
    ends = point_of(str(box), "--box")
    if len(ends) != 2 * dimension:
        raise ArgumentError("--box", box, f"be {2 * dimension} numbers low,high,... for {dimension} variables")
    return list(zip(ends[::2], ends[1::2], strict=True))


def require_savable(save: Path | None) -> None:
    """Refuse, before the work, a path to which nothing can be written."""
    if save is None:
        return
    try:
        require_place(save)
    except (ArgumentError, OSError) as error:
        why = error.must if isinstance(error, ArgumentError) else f"be a place for a file ({error.strerror or error})"
        raise ArgumentError("--save", str(save), why) from None


def numbered(save: Path | None, count: int) -> list[Path | None]:
    """Return the paths of several certificates: one has the given name, several a number before the suffix."""
    if save is None or count == 1:
        return [save] * count
    if not is_file_or_nothing(save):
        raise ArgumentError("--save", str(save), f"be a file: there are {count} certificates")
    paths: list[Path | None] = [save.with_name(f"{save.stem}-{number}{save.suffix}") for number in range(1, count + 1)]
    for path in paths:
        require_savable(path)
    return paths
