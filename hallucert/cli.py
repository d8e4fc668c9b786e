"""The command line, in the words of the API: ``demo, certify, census, diagram, verify, diagnose, study, gallery``.

Commands import what they need when they run: ``verify`` loads no search code and no plotting. With ``--json`` the
answer alone goes to stdout. Misuse ends with status 2 and one line on stderr.
"""

from __future__ import annotations

import json
import math
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hallucert import __version__
from hallucert.errors import ArgumentError, CertificateError, FormulaError, HallucertError
from hallucert.exact import exact

if TYPE_CHECKING:
    from hallucert.gallery import Entry
    from hallucert.objectives.objective import Objective
    from hallucert.radius_law import RadiusLaw

app = typer.Typer(
    help="Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RUN_STEPS = 100_000
"""Steps in floats after which `certify --start` looks where it is."""
# A formula may start with a minus sign, which would otherwise read as an option.
FORMULA_FIRST = {"ignore_unknown_options": True}


class Backend(StrEnum):
    """Arithmetics that can prove and re-prove."""

    ARB = "arb"
    MPMATH = "mpmath"


class Ascent(StrEnum):
    """Ascent steps."""

    SAM = "sam"
    USAM = "usam"
    ASAM = "asam"


Formula = Annotated[str | None, typer.Argument(help='A formula, such as "(x**2 - 1)**2 + y**2"; or use --gallery.')]
GalleryName = Annotated[str | None, typer.Option("--gallery", help="A function of the gallery, instead of a formula.")]
Dimension = Annotated[int | None, typer.Option(help="Dimension, for gallery functions of any number of variables.")]
Rho = Annotated[str, typer.Option(help='Perturbation radius, exact: "3.5", "7/2", "1e-3".')]
Variant = Annotated[Ascent, typer.Option(help="The ascent step: of SAM, USAM or ASAM.")]
Scales = Annotated[str | None, typer.Option(help="For asam: the diagonal of its metric, exact: 1/2,3,...")]
AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable output alone on stdout.")]
File = Annotated[Path, typer.Argument(help="A certificate.", metavar="FILE")]


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are."""
    if version:
        typer.echo(f"hallucert {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for certificates and pictures.")] = Path("hallucert-demo"),
    as_json: AsJson = False,
) -> None:
    """Construct, prove, draw and re-prove hallucinated minimizers of two functions."""
    from hallucert.demo import run_demo

    summary = run_demo(output, quiet=as_json)
    if as_json:
        _print_json(summary)
    raise typer.Exit(0 if summary["all_reproved"] else 1)


@app.command(context_settings=FORMULA_FIRST)
def certify(
    rho: Rho,
    formula: Formula = None,
    at: Annotated[str | None, typer.Option(help="A point near a hallucinated point: x,y,...")] = None,
    target: Annotated[str | None, typer.Option(help="A critical point; certify all points SAM maps to it.")] = None,
    gallery: GalleryName = None,
    dimension: Dimension = None,
    save: Annotated[Path | None, typer.Option(help="Write the certificate here (numbered if several).")] = None,
    backend: Annotated[Backend, typer.Option(help="The arithmetic that proves.")] = Backend.ARB,
    basin: Annotated[str | None, typer.Option(help="A step: ask from which starts SAM with it converges.")] = None,
    start: Annotated[str | None, typer.Option(help="With --basin: does SAM from x,y,... converge?")] = None,
    variant: Variant = Ascent.SAM,
    scales: Scales = None,
    as_json: AsJson = False,
) -> None:
    """Find hallucinated points of a function and prove what they are.

    With --start, and neither --at nor --target, the point is where the run from there ends in floats.

    Exit status: 0 if every point is proved to exist, 1 if some is not or none was found.
    """
    import hallucert as hc
    from hallucert import card

    f = _objective(formula, gallery, dimension)
    law = _law(variant, scales, f.dimension)
    if start is not None and basin is None:
        raise ArgumentError("--start", start, "be given together with --basin, the step of the run")
    if at is None and target is None and start is not None:
        run = hc.sam.run(f, _point(start, "--start"), rho, exact(basin, "--basin"), RUN_STEPS, variant=law)
        at = ",".join(map(repr, run.x.tolist()))
    if (at is None) == (target is None) and (at is not None or gallery is None):
        raise ArgumentError("--at, --target", "<both>" if at else "<neither>", "be given, exactly one of them")
    if at is not None:
        candidates = [hc.find.refine(f, _point(at, "--at"), rho, variant=law)]
    else:
        centre = _entry(str(gallery), dimension).minimizers[0].x if target is None else _point(target, "--target")
        candidates = hc.find.on_sphere(f, centre, rho, variant=law)
    first = None if start is None else [part.strip() for part in start.split(",")]
    certificates = [hc.certify(point, backend=str(backend), basin=basin, start=first) for point in candidates]
    paths = _save_all(certificates, save)
    if as_json:
        points = [card.certificate_data(cert, path) for cert, path in zip(certificates, paths, strict=True)]
        _print_json({"function": f.name, "rho": rho, "variant": str(variant), "points": points})
    else:
        card.print_certificates(certificates, paths, f, rho)
    proved = [bool(cert["existence"]) for cert in certificates]
    raise typer.Exit(0 if proved and all(proved) else 1)


@app.command(context_settings=FORMULA_FIRST)
def census(
    rho: Rho,
    formula: Formula = None,
    box: Annotated[str | None, typer.Option(help="The box: low,high,low,high,...; default: the gallery's.")] = None,
    gallery: GalleryName = None,
    dimension: Dimension = None,
    seconds: Annotated[float, typer.Option(help="Seconds after which the search gives up.")] = math.inf,
    save: Annotated[Path | None, typer.Option(help="Write the census here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find all hallucinated stationary points in a box, and prove that there are no others.

    Exit status: 0 if the census is complete, 1 if some place is left open.
    """
    import hallucert as hc
    from hallucert.card import census_data

    f = _objective(formula, gallery, dimension)
    if box is None and gallery is None:
        raise ArgumentError("--box", "<nothing>", "be given, unless --gallery is")
    sides = _sides(box, None if gallery is None else _entry(gallery, dimension), f.dimension)
    _require_folder(save)
    found = hc.census(f, sides, rho, seconds=seconds)
    if save is not None:
        found.save(save)
    if as_json:
        _print_json(census_data(found, save))
    else:
        typer.echo(str(found))
        for point in found.points:
            typer.echo(f"  {point}")
    raise typer.Exit(0 if found.complete else 1)


@app.command(context_settings=FORMULA_FIRST)
def diagram(
    formula: Formula = None,
    target: Annotated[str | None, typer.Option(help="A minimizer: x,y,...; default: the gallery's first.")] = None,
    box: Annotated[str | None, typer.Option(help="The box: low,high,low,high,...; default: the gallery's.")] = None,
    gallery: GalleryName = None,
    dimension: Dimension = None,
    budget: Annotated[float, typer.Option(help="Seconds after which the search gives up.")] = 300.0,
    save: Annotated[Path | None, typer.Option(help="Write the certificate here.")] = None,
    backend: Annotated[Backend, typer.Option(help="The arithmetic that proves.")] = Backend.ARB,
    as_json: AsJson = False,
) -> None:
    """Find all hallucinated points of one target in a box, for every radius, and prove that there are no others.

    Exit status: 0 if the diagram is complete, 1 if some place is left open.
    """
    import hallucert as hc
    from hallucert.card import claim_data

    f = _objective(formula, gallery, dimension)
    if gallery is None and (box is None or target is None):
        raise ArgumentError("--box, --target", "<nothing>", "both be given, unless --gallery is")
    entry = None if gallery is None else _entry(gallery, dimension)
    centre = entry.minimizers[0].x if target is None and entry is not None else _point(str(target), "--target")
    _require_folder(save)
    found = hc.diagram(f, centre, _sides(box, entry, f.dimension), backend=str(backend), budget=budget)
    if save is not None:
        found.save(save)
    if as_json:
        claims = [claim_data(claim) for claim in found]
        _print_json({"function": f.name, "complete": found.complete, "claims": claims, "file": save and str(save)})
    else:
        typer.echo(str(found))
    raise typer.Exit(0 if found.complete else 1)


@app.command()
def verify(
    file: File,
    backend: Annotated[Backend | None, typer.Option(help="Default: the one that did not prove.")] = None,
    budget: Annotated[float, typer.Option(help="Seconds after which the check gives up.")] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Re-prove every claim of a certificate, from the file alone.

    Exit status: 0 every claim re-proved, 1 some claim not, 2 the file cannot be read as a certificate.
    """
    import hallucert as hc

    try:
        verdict = hc.verify(file, backend=None if backend is None else str(backend), budget=budget)
    except OSError as error:
        raise CertificateError("(file)", f"{file} cannot be read ({error.strerror or error})") from None
    if as_json:
        from hallucert.card import verdict_data

        _print_json(verdict_data(verdict, file))
    else:
        typer.echo(str(verdict))
    raise typer.Exit(0 if verdict else 1)


@app.command(context_settings=FORMULA_FIRST)
def diagnose(
    rho: Rho,
    at: Annotated[str, typer.Option(help="The point to look at: x,y,...")],
    formula: Formula = None,
    gallery: GalleryName = None,
    dimension: Dimension = None,
    step_size: Annotated[str | None, typer.Option(help="Step size of the run, if there was one.")] = None,
    variant: Variant = Ascent.SAM,
    scales: Scales = None,
    as_json: AsJson = False,
) -> None:
    """Say in floats whether SAM at a point is hallucinated, bouncing, stuck or converged; nothing is proved."""
    import hallucert as hc
    from hallucert.card import plain

    f = _objective(formula, gallery, dimension)
    options: dict[str, Any] = {"variant": _law(variant, scales, f.dimension)}
    if step_size is not None:
        options["step_size"] = _number(step_size, "--step-size")
    diagnosis = hc.diagnose(f, _point(at, "--at"), rho, **options)
    if as_json:
        _print_json(plain(diagnosis))
    else:
        typer.echo(str(diagnosis))


@app.command()
def study(
    output: Annotated[Path, typer.Option(help="Folder for checkpoints, tables, pictures, certificates.")] = Path(
        "hallucert-study"
    ),
    data: Annotated[str, typer.Option(help="Arenas, with commas: tiny, digits, mnist.")] = "tiny,digits,mnist",
    seeds: Annotated[int, typer.Option(help="Number of random starts.")] = 5,
    rho: Annotated[str, typer.Option(help="Perturbation radii, exact, with commas.")] = "0.5,1,2,5,10",
    quick: Annotated[bool, typer.Option("--quick", help="Fewer samples and steps, for a first look.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train networks with SAM, with and without switching, and say what they get stuck at.

    Takes long; stopped or killed, the same command goes on where it was.
    """
    from rich.console import Console

    from hallucert.study import run_study
    from hallucert.study.report import print_summary

    summaries = run_study(output, data.split(","), seeds, rho.split(","), quick)
    if as_json:
        _print_json(summaries)
        return
    console = Console()
    console.width = max(console.width, 120)
    for summary in summaries.values():
        print_summary(summary, console)
    typer.echo(f"Tables, pictures and certificates are in {output}.")


@app.command()
def gallery(
    name: Annotated[str | None, typer.Argument(help="A function's name; without it, the list.")] = None,
    dimension: Dimension = None,
    as_json: AsJson = False,
) -> None:
    """List the known functions, or show what is known of one."""
    from hallucert import card
    from hallucert import gallery as known

    if name is not None:
        entry = _entry(name, dimension)
        if as_json:
            _print_json(card.entry_data(entry))
        else:
            typer.echo(str(entry))
        return
    entries = [known.info(each) for each in known.names()]
    if as_json:
        _print_json([card.entry_data(entry) for entry in entries])
    else:
        card.print_gallery(entries)


def _objective(formula: str | None, gallery_name: str | None, dimension: int | None) -> Objective:
    """Return the function that the arguments name."""
    import hallucert as hc

    if (formula is None) == (gallery_name is None):
        was = "<neither>" if formula is None else "<both>"
        raise ArgumentError("FORMULA, --gallery", was, "be given, exactly one of them")
    if formula is not None:
        if dimension is not None:
            raise ArgumentError("--dimension", dimension, "be left out unless --gallery is given")
        return hc.Objective.parse(formula)
    return _entry(str(gallery_name), dimension).objective()


def _entry(name: str, dimension: int | None) -> Entry:
    """Return the gallery entry of that name and, if given, dimension."""
    from hallucert import gallery as known

    return known.info(name) if dimension is None else known.info(name, dimension=dimension)


def _number(text: str, option: str) -> float:
    return float(exact(text.strip(), option))


def _point(text: str, option: str) -> list[float]:
    """Read ``"1, -2.5"``."""
    return [_number(part, option) for part in text.split(",")]


def _law(variant: Ascent, scales: str | None, dimension: int) -> RadiusLaw:
    """Return the ascent step that the options name."""
    from hallucert.radius_law import RadiusLaw, radius_law

    if (scales is not None) != (variant is Ascent.ASAM):
        raise ArgumentError("--scales", scales or "<nothing>", "be given for --variant asam, and only for it")
    exact_scales = () if scales is None else tuple(exact(part.strip(), "--scales") for part in scales.split(","))
    return radius_law(RadiusLaw(str(variant), exact_scales), dimension)


def _sides(box: str | None, entry: Entry | None, dimension: int) -> list[tuple[float, float]]:
    """Return the box of an option, or else that of a gallery function."""
    if box is None and entry is not None:
        return [(float(low), float(high)) for low, high in entry.box]
    ends = _point(str(box), "--box")
    if len(ends) != 2 * dimension:
        raise ArgumentError("--box", box, f"be {2 * dimension} numbers low,high,... for {dimension} variables")
    return list(zip(ends[::2], ends[1::2], strict=True))


def _require_folder(save: Path | None) -> None:
    if save is not None and not save.parent.is_dir():
        raise ArgumentError("--save", str(save), "be in an existing folder")


def _save_all(certificates: list[Any], save: Path | None) -> list[Path | None]:
    """Save certificates: one under the given name, several under names with a number before the suffix."""
    if save is None:
        return [None] * len(certificates)
    _require_folder(save)
    paths: list[Path | None] = []
    for number, cert in enumerate(certificates, 1):
        path = save if len(certificates) == 1 else save.with_name(f"{save.stem}-{number}{save.suffix}")
        cert.save(path)
        paths.append(path)
    return paths


def _print_json(data: Any) -> None:
    typer.echo(json.dumps(data, indent=2, allow_nan=False))


def _fail(message: str, arguments: list[str]) -> int:
    """Report misuse: one line on stderr, and with ``--json`` an object with the same message on stdout."""
    if "--json" in arguments:
        _print_json({"error": message})
    typer.echo(f"hallucert: {message}", err=True)
    return 2


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, FormulaError) and len(lines) > 1:
        return f"{lines[0]} of {lines[1]}"
    return " ".join(lines) or type(error).__name__


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        status = app(args=arguments, prog_name="hallucert", standalone_mode=False)
    except HallucertError as error:
        status = _fail(_one_line(error), arguments)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("hallucert: interrupted", err=True)
        status = 130
    except BrokenPipeError:
        # The reader has gone, as in `hallucert gallery | head -1`; nothing may be written any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except OSError as error:
        status = _fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error), arguments)
    except Exception as error:
        # Typer's own usage errors; which package they come from depends on its version.
        if not hasattr(error, "format_message"):
            raise
        status = _fail(" ".join(error.format_message().split()), arguments)
    sys.exit(status if isinstance(status, int) else 0)
