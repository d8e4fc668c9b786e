"""The command line, in the words of the API; what searches in floats first is in `hallucert.tools.searching`.

Commands import what they need when they run: ``verify`` loads no search code and no plotting. With ``--json`` the
answer alone goes to stdout. Misuse ends with status 2 and one line on stderr; an error of this program, with 70.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import typer

from hallucert import __version__
from hallucert.errors import ArgumentError, CertificateError, SearchError, require
from hallucert.exact import exact
from hallucert.tools import options, output, searching
from hallucert.tools.output import answer, print_lines

T = TypeVar("T")

app = typer.Typer(
    help="Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RUN_STEPS = 100_000
"""Steps in floats after which `certify --start` looks where it is."""

# A formula may start with a minus sign, which would otherwise read as an option.
with_formula = partial(app.command, context_settings={"ignore_unknown_options": True})


@app.callback(invoke_without_command=True)
def start(context: typer.Context, version: options.Version = False) -> None:
    """Construct hallucinated minimizers of Sharpness-Aware Minimization, and prove what they are."""
    if version:
        typer.echo(f"hallucert {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def demo(output: options.DemoFolder = Path("hallucert-demo"), as_json: options.AsJson = False) -> None:
    """Construct, prove, draw and re-prove hallucinated minimizers of two functions."""
    from hallucert.tools.demo import run_demo

    summary = run_demo(output, quiet=as_json)
    answer(lambda: summary, lambda: None, as_json, summary["all_reproved"])


@with_formula()
def certify(
    rho: options.Rho,
    formula: options.Formula = None,
    at: options.Near = None,
    target: options.Target = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    save: options.SaveAll = None,
    backend: options.Prover = options.Backend.ARB,
    basin: options.Basin = None,
    start: options.Start = None,
    momentum: options.Momentum = None,
    nesterov: options.Nesterov = False,
    weight_decay: options.WeightDecay = None,
    residual: options.OfSquares = None,
    batches: options.Batches = None,
    variant: options.Variant = options.Ascent.SAM,
    scales: options.Scales = None,
    as_json: options.AsJson = False,
) -> None:
    """Find hallucinated points of a function and prove what they are; fixed points, with weight decay or mini-batches.

    With --start, and neither --at nor --target, the point is where the run from there ends in floats (with --nesterov
    that of heavy ball, which has the same fixed points).

    Exit status: 0 if every point is proved to exist, 1 if some is not or none was found.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension, residual)
    law = options.law_of(variant, scales, f.dimension)
    options.require_savable(save)
    for name, value in (("--start", start), ("--momentum", momentum)):
        require(value is None or basin is not None, name, value, "be given together with --basin, the step")
    for name, value in (("--weight-decay", weight_decay), ("--batches", batches)):
        require(value is None or at is not None, name, value, "be given together with --at")
    run = None
    if at is None and target is None and start is not None:
        first = options.point_of(start, "--start")
        inertia = 0.0 if momentum is None else float(exact(momentum, "--momentum"))
        run = hc.sam.run(f, first, rho, exact(basin, "--basin"), RUN_STEPS, momentum=inertia, variant=law)
        at = ",".join(map(repr, run.x.tolist()))
    if (at is None) == (target is None) and (at is not None or gallery is None):
        raise ArgumentError(
            "--at, --target", "<both>" if at else "<neither>", "be given, exactly one of them, or --start with --basin"
        )
    exact_start = None if start is None else [part.strip() for part in start.split(",")]
    asked: dict[str, Any] = {"backend": str(backend), "basin": basin, "start": exact_start, "momentum": momentum}
    asked["nesterov"] = nesterov or None
    if at is not None and (weight_decay, batches) != (None, None):
        asked |= {"weight_decay": weight_decay, "batches": None if batches is None else options.batches_of(batches)}
        certificates = [hc.certify(f, options.point_of(at, "--at"), rho, variant=law, **asked)]
    else:
        if at is not None:
            try:
                candidates = [hc.find.refine(f, options.point_of(at, "--at"), rho, variant=law)]
            except SearchError as error:
                if run is None:
                    raise
                where = f"no hallucinated point is near {at}, where the run from --start ended"
                raise SearchError(f"{where} ({run.status.label}). {run.status.value}") from error
        else:
            candidates = hc.find.on_sphere(f, options.target_of(target, gallery, dimension), rho, variant=law)
        options.numbered(save, len(candidates))  # refuses a path before the proofs
        certificates = [hc.certify(found, **asked) for found in candidates]
    paths = options.numbered(save, len(certificates))
    for cert, path in zip(certificates, paths, strict=True):
        if path is not None:
            cert.save(path)

    def data() -> output.JSON:
        points = [output.certificate_data(cert, path) for cert, path in zip(certificates, paths, strict=True)]
        return {"function": f.name, "rho": rho, "variant": str(variant), "points": points}

    proved = [bool(cert["existence"]) for cert in certificates]
    words = partial(output.print_certificates, certificates, paths, f, rho)
    answer(data, words, as_json, proved and all(proved))


@with_formula()
def census(
    rho: options.Rho,
    formula: options.Formula = None,
    box: options.Box = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    budget: options.Seconds = options.FOREVER,
    save: options.SaveCensus = None,
    as_json: options.AsJson = False,
) -> None:
    """Find all hallucinated stationary points in a box, and prove that there are no others.

    Exit status: 0 if the census is complete, 1 if some place is left open.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    sides = options.sides_of(box, gallery, dimension, f.dimension)
    options.require_savable(save)
    found = hc.census(f, sides, rho, budget=budget)
    if save is not None:
        found.save(save)
    answer(lambda: output.census_data(found, save), lambda: print_lines(str(found)), as_json, found.complete)


@with_formula()
def diagram(
    formula: options.Formula = None,
    target: options.Minimizer = None,
    box: options.Box = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    budget: options.Seconds = 300.0,
    save: options.Save = None,
    resume: options.Resume = None,
    backend: options.Prover = options.Backend.ARB,
    as_json: options.AsJson = False,
) -> None:
    """Find all hallucinated points of one target in a box, for every radius, and prove that there are no others.

    Exit status: 0 if the diagram is complete, 1 if some place is left open.
    """
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    if gallery is None and (box is None or target is None):
        raise ArgumentError("--box, --target", "<nothing>", "both be given, unless --gallery is")
    centre = options.target_of(target, gallery, dimension)
    options.require_savable(save)
    sides = options.sides_of(box, gallery, dimension, f.dimension)
    found = hc.diagram(f, centre, sides, backend=str(backend), budget=budget, resume=resume)
    if save is not None:
        found.save(save)

    def data() -> output.JSON:
        claims = [output.claim_data(claim) for claim in found]
        return {"function": f.name, "complete": found.complete, "claims": claims, "file": save and str(save)}

    answer(data, lambda: print_lines(str(found)), as_json, found.complete)


@app.command()
def verify(
    file: options.File,
    backend: options.Checker = None,
    budget: options.CheckSeconds = 600.0,
    as_json: options.AsJson = False,
) -> None:
    """Re-prove every claim of a certificate, from the file alone.

    Exit status: 0 every claim re-proved, 1 some claim not, 2 the file cannot be read as a certificate.
    """
    import hallucert as hc

    checker = None if backend is None else str(backend)
    verdict = _read(file, lambda: hc.verify(file, backend=checker, budget=budget))
    answer(lambda: output.verdict_data(verdict, file), lambda: print_lines(str(verdict)), as_json, verdict)


@app.command()
def export(
    file: options.File,
    to: options.To = options.Format.COQ,
    folder: options.ExportFolder = Path(),
    as_json: options.AsJson = False,
) -> None:
    """Write a certificate as a theorem for a proof assistant or a paper, into the folder --output.

    POINT.json becomes POINT.v, POINT.tex or POINT.bib, with underscores for what is no letter or digit; the path is
    printed. Whether it holds, Coq says for points (see the page on theorems in Coq), and `verify` for every kind.
    """
    import hallucert as hc
    from hallucert.export import ENDINGS

    certificate = _read(file, lambda: hc.load(file))
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{re.sub(r'[^A-Za-z0-9_]', '_', file.stem)}{ENDINGS[str(to)]}"
    certificate.export(written, to=str(to))
    answer(lambda: {"file": str(written), "to": str(to)}, lambda: print_lines(str(written)), as_json)


@app.command()
def plot(
    file: options.File,
    picture: options.Picture = Path("picture.pdf"),
    size: options.Inches = None,
    as_json: options.AsJson = False,
) -> None:
    """Draw what a certificate proves, from the file alone; points and censuses need one or two variables.

    Nothing is re-proved: that is `verify`.
    """
    import hallucert as hc
    from hallucert.plot.certificate import save_certificate
    from hallucert.plot.layout import FORMATS

    require(picture.suffix[1:].lower() in FORMATS, "--output", str(picture), f"end in .{', .'.join(FORMATS)}")
    options.require_savable(picture, "--output")
    inches = options.inches_of(size)
    certificate = _read(file, lambda: hc.load(file))
    save_certificate(certificate, picture, *() if inches is None else (inches,))
    answer(lambda: {"file": str(picture)}, lambda: print_lines(str(picture)), as_json)


def _read(file: Path, read: Callable[[], T]) -> T:
    """Read a certificate; one that cannot be opened is none."""
    try:
        return read()
    except OSError as error:
        raise CertificateError("(file)", f"{file} cannot be read ({error.strerror or error})") from None


@with_formula()
def diagnose(
    rho: options.Rho,
    at: options.At,
    formula: options.Formula = None,
    gallery: options.GalleryName = None,
    dimension: options.Dimension = None,
    step_size: options.StepSize = None,
    variant: options.Variant = options.Ascent.SAM,
    scales: options.Scales = None,
    as_json: options.AsJson = False,
) -> None:
    """Say in floats whether SAM at a point is hallucinated, bouncing, stuck or converged; nothing is proved."""
    import hallucert as hc

    f = options.objective_of(formula, gallery, dimension)
    law = options.law_of(variant, scales, f.dimension)
    eta = None if step_size is None else options.number_of(step_size, "--step-size")
    found = hc.diagnose(f, options.point_of(at, "--at"), rho, eta, variant=law)
    answer(lambda: output.plain(found), lambda: typer.echo(str(found)), as_json)


@app.command()
def study(
    output: options.StudyFolder = Path("hallucert-study"),
    data: options.Arenas = "tiny,digits,mnist",
    seeds: options.Seeds = 5,
    rho: options.Radii = None,
    quick: options.Quick = False,
    as_json: options.AsJson = False,
) -> None:
    """Train networks with SAM, with and without switching or other remedies, and say what they get stuck at.

    Takes long; stopped or killed, the same command goes on where it was.
    """
    from hallucert.tools.study import run_study
    from hallucert.tools.study_report import print_summaries

    summaries = run_study(output, data.split(","), seeds, None if rho is None else rho.split(","), quick)
    answer(lambda: summaries, lambda: print_summaries(summaries, output), as_json)


@app.command()
def gallery(name: options.Name = None, dimension: options.Dimension = None, as_json: options.AsJson = False) -> None:
    """List the known functions, or show what is known of one."""
    from hallucert.objectives import gallery as known

    if name is not None:
        entry = options.entry_of(name, dimension)
        answer(lambda: output.entry_data(entry), lambda: typer.echo(str(entry)), as_json)
    require(dimension is None, "--dimension", dimension, "be left out unless a name is given")
    entries = [known.info(each) for each in known.names()]
    answer(lambda: list(map(output.entry_data, entries)), lambda: output.print_gallery(entries), as_json)


for _name, _command in searching.COMMANDS.items():
    with_formula(_name)(_command)


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
        return output.failed(error, arguments)
    except SystemExit as stop:  # click's answer to a closed pipe, with the status 1 and wrapped streams
        sys.stdout, sys.stderr = streams
        return output.failed(stop.__context__ or stop, arguments)
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
