"""The command line, in the words of the API: ``demo, certify, census, diagram, verify, diagnose, study, gallery``.

Commands import what they need when they run: ``verify`` loads no search code and no plotting. With ``--json`` the
answer alone goes to stdout. Misuse ends with status 2 and one line on stderr; an error of this program, with 70.
"""

from __future__ import annotations

import io
import math
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hallucert import __version__
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import exact
from hallucert.tools.options import (
    entry_of,
    law_of,
    number_of,
    numbered,
    objective_of,
    point_of,
    require_savable,
    sides_of,
)
from hallucert.tools.output import failed, print_json, print_lines

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
    from hallucert.tools.demo import run_demo

    summary = run_demo(output, quiet=as_json)
    if as_json:
        print_json(summary)
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
    from hallucert.tools import card

    f = objective_of(formula, gallery, dimension)
    law = law_of(variant, scales, f.dimension)
    require_savable(save)
    if start is not None and basin is None:
        raise ArgumentError("--start", start, "be given together with --basin, the step of the run")
    if at is None and target is None and start is not None:
        run = hc.sam.run(f, point_of(start, "--start"), rho, exact(basin, "--basin"), RUN_STEPS, variant=law)
        at = ",".join(map(repr, run.x.tolist()))
    if (at is None) == (target is None) and (at is not None or gallery is None):
        raise ArgumentError("--at, --target", "<both>" if at else "<neither>", "be given, exactly one of them")
    if at is not None:
        candidates = [hc.find.refine(f, point_of(at, "--at"), rho, variant=law)]
    else:
        centre = entry_of(str(gallery), dimension).minimizers[0].x if target is None else point_of(target, "--target")
        candidates = hc.find.on_sphere(f, centre, rho, variant=law)
    first = None if start is None else [part.strip() for part in start.split(",")]
    paths = numbered(save, len(candidates))
    certificates = [hc.certify(found, backend=str(backend), basin=basin, start=first) for found in candidates]
    for cert, path in zip(certificates, paths, strict=True):
        if path is not None:
            cert.save(path)
    if as_json:
        points = [card.certificate_data(cert, path) for cert, path in zip(certificates, paths, strict=True)]
        print_json({"function": f.name, "rho": rho, "variant": str(variant), "points": points})
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
    from hallucert.tools.card import census_data

    f = objective_of(formula, gallery, dimension)
    if box is None and gallery is None:
        raise ArgumentError("--box", "<nothing>", "be given, unless --gallery is")
    sides = sides_of(box, None if gallery is None else entry_of(gallery, dimension), f.dimension)
    require_savable(save)
    found = hc.census(f, sides, rho, seconds=seconds)
    if save is not None:
        found.save(save)
    if as_json:
        print_json(census_data(found, save))
    else:
        print_lines("\n".join([str(found), *(f"  {point}" for point in found.points)]))
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
    from hallucert.tools.card import claim_data

    f = objective_of(formula, gallery, dimension)
    if gallery is None and (box is None or target is None):
        raise ArgumentError("--box, --target", "<nothing>", "both be given, unless --gallery is")
    entry = None if gallery is None else entry_of(gallery, dimension)
    centre = entry.minimizers[0].x if target is None and entry is not None else point_of(str(target), "--target")
    require_savable(save)
    found = hc.diagram(f, centre, sides_of(box, entry, f.dimension), backend=str(backend), budget=budget)
    if save is not None:
        found.save(save)
    if as_json:
        claims = [claim_data(claim) for claim in found]
        print_json({"function": f.name, "complete": found.complete, "claims": claims, "file": save and str(save)})
    else:
        print_lines(str(found))
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
        from hallucert.tools.card import verdict_data

        print_json(verdict_data(verdict, file))
    else:
        print_lines(str(verdict))
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
    from hallucert.tools.card import plain

    f = objective_of(formula, gallery, dimension)
    options: dict[str, Any] = {"variant": law_of(variant, scales, f.dimension)}
    if step_size is not None:
        options["step_size"] = number_of(step_size, "--step-size")
    diagnosis = hc.diagnose(f, point_of(at, "--at"), rho, **options)
    if as_json:
        print_json(plain(diagnosis))
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

    from hallucert.tools.study import run_study
    from hallucert.tools.study.report import print_summary

    summaries = run_study(output, data.split(","), seeds, rho.split(","), quick)
    if as_json:
        print_json(summaries)
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
    from hallucert import gallery as known
    from hallucert.tools import card

    if name is not None:
        entry = entry_of(name, dimension)
        if as_json:
            print_json(card.entry_data(entry))
        else:
            typer.echo(str(entry))
        return
    if dimension is not None:
        raise ArgumentError("--dimension", dimension, "be left out unless a name is given")
    entries = [known.info(each) for each in known.names()]
    if as_json:
        print_json([card.entry_data(entry) for entry in entries])
    else:
        card.print_gallery(entries)


def _run(arguments: list[str]) -> int:
    """Run a command and return its status; nothing but an answer is 0 or 1."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    spelled = ["--help" if argument == "-h" else argument for argument in arguments[:end]] + arguments[end:]
    streams = sys.stdout, sys.stderr
    try:
        status = app(args=spelled, prog_name="hallucert", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        return failed(error, arguments)
    except SystemExit as stop:  # click's answer to a closed pipe, with the status 1 and wrapped streams
        sys.stdout, sys.stderr = streams
        return failed(stop.__context__ or stop, arguments)
    return status if isinstance(status, int) else 0


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        # A name in an alphabet that the terminal lacks is printed with escapes; the proof is written all the same.
        sys.stdout.reconfigure(errors="backslashreplace")
    status = _run(sys.argv[1:] if arguments is None else arguments)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        # The reader has gone, as in `hallucert gallery | head -1`, or the disk is full: nothing may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)
