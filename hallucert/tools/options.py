"""The options of the command line, as data, and what their words mean: functions, points, boxes, steps and files."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hallucert.errors import ArgumentError, require
from hallucert.exact import Exact, exact
from hallucert.files import is_file_or_nothing, require_place
from hallucert.objectives.doors import radius_law

if TYPE_CHECKING:
    import numpy as np

    from hallucert.objectives.gallery import Entry
    from hallucert.objectives.objective import Objective
    from hallucert.objectives.radius_law import RadiusLaw


class Backend(StrEnum):
    """Arithmetics that can prove and re-prove."""

    ARB = "arb"
    MPMATH = "mpmath"


class Format(StrEnum):
    """What certificates are written for: a proof assistant, a paper, its bibliography."""

    COQ = "coq"
    LATEX = "latex"
    BIBTEX = "bibtex"


class Ascent(StrEnum):
    """Ascent steps."""

    SAM = "sam"
    USAM = "usam"
    ASAM = "asam"


Text = str | None
Formula = Annotated[Text, typer.Argument(help='A formula, such as "(x**2 - 1)**2 + y**2"; or use --gallery.')]
Name = Annotated[Text, typer.Argument(help="A function's name; without it, the list.")]
File = Annotated[Path, typer.Argument(help="A certificate.", metavar="FILE")]
GalleryName = Annotated[Text, typer.Option("--gallery", help="A function of the gallery, instead of a formula.")]
Dimension = Annotated[int | None, typer.Option(help="Dimension, for gallery functions of any number of variables.")]
Rho = Annotated[str, typer.Option(help='Perturbation radius, exact: "3.5", "7/2", "1e-3".')]
Near = Annotated[Text, typer.Option(help="A point near a hallucinated point: x,y,...")]
At = Annotated[str, typer.Option(help="The point to look at: x,y,...")]
Target = Annotated[Text, typer.Option(help="A critical point: all points that SAM maps to it.")]
Minimizer = Annotated[Text, typer.Option(help="A minimizer: x,y,...; default: the gallery's first.")]
OnBranch = Annotated[Text, typer.Option(help="A critical point or a hallucinated point on the branch: x,y,...")]
From = Annotated[str, typer.Option("--start", help="Where the run starts: x,y,...")]
OnSheet = Annotated[str, typer.Option(help="A point near the curve or surface: x,y,...")]
Residuals = Annotated[list[str], typer.Argument(help='Residuals, such as "x**2 + y**2 - 1".', metavar="RESIDUAL...")]
RhoMax = Annotated[Text, typer.Option(help="Largest radius, exact.")]
RhoMin = Annotated[Text, typer.Option(help="Smallest radius, exact.")]
Starts = Annotated[Text, typer.Option(help="Where runs start: low,high,low,high,...; default: the gallery's box.")]
RunStep = Annotated[str, typer.Option("--step-size", help="Step size of the runs, exact.")]
Runs = Annotated[int, typer.Option(help="Number of runs, or with --width the most.")]
Steps = Annotated[int, typer.Option(help="Most steps of a run.")]
Width = Annotated[Text, typer.Option(help="Stop when the interval of the proportion is no wider.")]
Seed = Annotated[int, typer.Option(help="Seed of the starts.")]
Box = Annotated[Text, typer.Option(help="The box: low,high,low,high,...; default: the gallery's.")]
SheetBox = Annotated[Text, typer.Option("--box", help="Where to stay: low,high,low,high,...; default: everywhere.")]
Depth = Annotated[int, typer.Option(help="Cells are halved in both directions at most so often, up to 16 times.")]
Draws = Annotated[int, typer.Option(help="Cells drawn at random from what is not decided, each followed with proof.")]
Goal = Annotated[Text, typer.Option(help="Stop when this part of the box is decided; below it traps are sought.")]
Keep = Annotated[Path | None, typer.Option(help="Keep what is found here; if the file is there, go on from it.")]
Basin = Annotated[Text, typer.Option(help="A step: ask from which starts SAM with it converges.")]
Start = Annotated[Text, typer.Option(help="With --basin: does SAM from x,y,... converge?")]
Momentum = Annotated[Text, typer.Option(help="With --basin: ask of SAM with this momentum.")]
Nesterov = Annotated[bool, typer.Option("--nesterov", help="With --momentum: Nesterov's, as in PyTorch.")]
WeightDecay = Annotated[Text, typer.Option(help="With --at: of SAM with this weight decay, exact.")]
OfSquares = Annotated[
    list[str] | None, typer.Option("--residual", help="Several: a sum of squares, instead of a formula.")
]
Batches = Annotated[Text, typer.Option(help='With --at and --residual: SAM with the mini-batches "0,1;2,3".')]
StepSize = Annotated[Text, typer.Option(help="Step size of the run, if there was one.")]
Variant = Annotated[Ascent, typer.Option(help="The ascent step: of SAM, USAM or ASAM.")]
Scales = Annotated[Text, typer.Option(help="For asam: the diagonal of its metric, exact: 1/2,3,...")]
Prover = Annotated[Backend, typer.Option(help="The arithmetic that proves.")]
Checker = Annotated[Backend | None, typer.Option(help="Default: the one that did not prove.")]
Seconds = Annotated[float, typer.Option(help="Seconds after which the search gives up.")]
CheckSeconds = Annotated[float, typer.Option(help="Seconds after which the check gives up.")]
SaveAll = Annotated[Path | None, typer.Option(help="Write the certificate here (numbered if several).")]
Resume = Annotated[Path | None, typer.Option(help="A certificate of a part, whose time was up: go on from there.")]
Save = Annotated[Path | None, typer.Option(help="Write the certificate here.")]
SaveCensus = Annotated[Path | None, typer.Option(help="Write the census here.")]
DemoFolder = Annotated[Path, typer.Option(help="Folder for certificates and pictures.")]
To = Annotated[Format, typer.Option(help="A proof assistant, or what a paper is made with.")]
ExportFolder = Annotated[Path, typer.Option("--output", help="Folder for the theorem.")]
Picture = Annotated[Path, typer.Option("--output", help="The picture: a name that ends in .pdf, .svg or .png.")]
Inches = Annotated[Text, typer.Option("--size", help='Inches of the picture: "width,height", from 2 to 50.')]
StudyFolder = Annotated[Path, typer.Option(help="Folder for checkpoints, tables, pictures, certificates.")]
Arenas = Annotated[
    str,
    typer.Option(
        help="Arenas, with commas: tiny, digits, mnist; with mini-batches, and PyTorch, digits-tanh, digits-gelu, "
        "digits-silu, digits-residual, digits-attention, mnist-residual, or remedies for all of these."
    ),
]
Seeds = Annotated[int, typer.Option(help="Number of random starts.")]
Radii = Annotated[
    str | None, typer.Option(help="Perturbation radii, exact, with commas; by default those of each arena.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer samples and steps, for a first look.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable output alone on stdout.")]
Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.")]

FOREVER = math.inf


def objective_of(
    formula: str | None, gallery_name: str | None, dimension: int | None, residuals: list[str] | None = None
) -> Objective:
    """Return the function that the arguments name."""
    import hallucert as hc

    if residuals:
        if formula is not None or gallery_name is not None:
            raise ArgumentError("--residual", f"<{len(residuals)} residuals>", "be left out with another function")
        return hc.Objective.least_squares(residuals)
    if (formula is None) == (gallery_name is None):
        was = "<neither>" if formula is None else "<both>"
        raise ArgumentError("FORMULA, --gallery", was, "be given, exactly one of them")
    if formula is not None:
        require(dimension is None, "--dimension", dimension, "be left out unless --gallery is given")
        return hc.Objective.parse(formula)
    return entry_of(str(gallery_name), dimension).objective()


def entry_of(name: str, dimension: int | None) -> Entry:
    """Return the gallery entry of that name and, if given, dimension."""
    from hallucert import gallery as known

    return known.info(name) if dimension is None else known.info(name, dimension=dimension)


def exact_of(text: str, option: str) -> Fraction:
    """Read an exact number that is not beyond the largest double."""
    value = exact(text.strip(), option)
    require(abs(value) <= sys.float_info.max, option, text, "be within the range of doubles")
    return value


def number_of(text: str, option: str) -> float:
    """Read the double nearest to an exact number."""
    return float(exact_of(text, option))


def point_of(text: str, option: str) -> list[Fraction]:
    """Read ``"1, -2.5"``, exactly; whoever rounds it does so where the API does, and whoever must not refuses it."""
    return [exact_of(part, option) for part in text.split(",")]


def plain_variant(variant: StrEnum) -> str:
    """Return the name of an ascent step for a command that has no option for a metric."""
    require(variant != "asam", "--variant", "asam", "be sam or usam for this command: there are no --scales")
    return str(variant)


def law_of(variant: StrEnum, scales: str | None, dimension: int) -> RadiusLaw:
    """Return the ascent step that the options name."""
    from hallucert.objectives.radius_law import RadiusLaw

    if (scales is not None) != (variant == "asam"):
        raise ArgumentError("--scales", scales or "<nothing>", "be given for --variant asam, and only for it")
    exact_scales = () if scales is None else tuple(exact_of(part, "--scales") for part in scales.split(","))
    return radius_law(RadiusLaw(str(variant), exact_scales), dimension)


def target_of(target: str | None, gallery_name: str | None, dimension: int | None) -> Sequence[Exact] | np.ndarray:
    """Return the target of an option, or else the first minimizer of a gallery function."""
    if target is None and gallery_name is not None:
        return entry_of(gallery_name, dimension).minimizers[0].x
    require(target is not None, "--target", "<nothing>", "be given, unless --gallery is")
    return point_of(str(target), "--target")


def sides_of(
    box: str | None, gallery_name: str | None, dimension: int | None, variables: int
) -> list[tuple[Exact, Exact]]:
    """Return the box of an option, or else that of a gallery function."""
    if box is None and gallery_name is not None:
        return [(float(low), float(high)) for low, high in entry_of(gallery_name, dimension).box]
    require(box is not None, "--box", "<nothing>", "be given, unless --gallery is")
    ends = point_of(str(box), "--box")
    if len(ends) != 2 * variables:
        raise ArgumentError("--box", box, f"be {2 * variables} numbers low,high,... for {variables} variables")
    if not all(low < high for low, high in zip(ends[::2], ends[1::2], strict=True)):
        raise ArgumentError("--box", box, "be numbers low,high,... with each low below its high")
    return list(zip(ends[::2], ends[1::2], strict=True))


def batches_of(text: str) -> list[list[int]]:
    """Read ``"0,1;2,3"``: lists of samples, counted from 0."""
    try:
        return [[int(sample) for sample in batch.split(",")] for batch in text.split(";")]
    except ValueError:
        raise ArgumentError("--batches", text, 'be numbers of samples, such as "0,1;2,3"') from None


def inches_of(size: str | None) -> tuple[float, float] | None:
    """Return width and height of a picture."""
    if size is None:
        return None
    sides = [float(side) for side in point_of(size, "--size")]
    if len(sides) != 2 or not all(2 <= side <= 50 for side in sides):
        raise ArgumentError("--size", size, "be width and height in inches, from 2 to 50")
    return sides[0], sides[1]


def require_savable(save: Path | None, option: str = "--save") -> None:
    """Refuse, before the work, a path to which nothing can be written."""
    if save is None:
        return
    try:
        require_place(save)
    except (ArgumentError, OSError) as error:
        why = error.must if isinstance(error, ArgumentError) else f"be a place for a file ({error.strerror or error})"
        raise ArgumentError(option, str(save), why) from None


def numbered(save: Path | None, count: int) -> list[Path | None]:
    """Return the paths of several certificates: one has the given name, several a number before the suffix."""
    if save is None or count == 1:
        return [save] * count
    require(is_file_or_nothing(save), "--save", str(save), f"be a file: there are {count} certificates")
    paths: list[Path | None] = [save.with_name(f"{save.stem}-{number}{save.suffix}") for number in range(1, count + 1)]
    for path in paths:
        require_savable(path)
    return paths
