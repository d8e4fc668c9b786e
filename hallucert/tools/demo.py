"""``hallucert demo``: two functions, on each a farthest point that repels SAM and a point that attracts it.

Each point is constructed in floats, certified, saved, re-proved from its file with the other arithmetic, and drawn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hallucert as hc
from hallucert import gallery
from hallucert.check.claim import Status
from hallucert.clock import working
from hallucert.files import require_writable
from hallucert.plot.canvas import save_picture, windowless
from hallucert.plot.layout import SIZE
from hallucert.tools import output as words

if TYPE_CHECKING:
    from rich.console import Console

FARTHEST, ATTRACTOR = "farthest point", "attractor"
RUN_STEPS = 20_000


@dataclass(frozen=True)
class Scenario:
    """One function of the demonstration, by its name in the gallery.

    The farthest point is far from the minimizer `target`; the SAM run begins at `start`. Numbers are exact decimals.
    """

    name: str
    target: tuple[float, float]
    rho: str
    step_size: str
    start: tuple[float, float]


SCENARIOS = (
    Scenario("himmelblau", (3.0, 2.0), "3.5", "0.0005", (-5.0, 4.5)),
    Scenario("figure_one", (0.0, 2.0), "2", "0.05", (1.2, -1.6)),
)


Summary = dict[str, Any]
"""Plain data."""


def run_demo(output: Path, quiet: bool = False) -> Summary:
    """Run the demonstration; return what was proved and where the files are, as plain data.

    Certificates (JSON) and pictures (PNG) go to a folder, which is made if it does not exist; one that cannot be
    written to is an `ArgumentError`, before any work. If `quiet` nothing is printed on stdout; progress still goes to
    stderr.
    """
    require_writable(output, "--output")
    began = time.perf_counter()
    progress, out = words.console(to_stderr=True), None if quiet else words.console()
    functions = [_one_function(scenario, output, progress, out) for scenario in SCENARIOS]
    summary = {
        "output": str(output.resolve()),
        "functions": functions,
        "all_reproved": all(point["reproved"]["passed"] for entry in functions for point in entry["points"]),
        "seconds": round(time.perf_counter() - began, 1),
    }
    if out is not None:
        _print_summary(out, summary)
    return summary


def _one_function(scenario: Scenario, output: Path, progress: Console, out: Console | None) -> Summary:
    """Construct, certify, save, re-prove and draw the two points of one function."""
    known, name, rho = gallery.info(scenario.name), scenario.name, scenario.rho
    f = known.objective()
    with _step(progress, f"{name}: constructing the farthest point"):
        farthest = hc.find.farthest_point(f, known.maximizers[0].x, scenario.target)
    with _step(progress, f"{name}: running SAM to an attractor"):
        run = hc.sam.run(f, scenario.start, rho, scenario.step_size, RUN_STEPS)
        attractor = hc.find.refine(f, run.x, rho)
    points = []
    for kind, candidate in ((FARTHEST, farthest), (ATTRACTOR, attractor)):
        path = output / f"{name}-{kind.split()[0]}.json"
        picture = path.with_suffix(".png")
        with _step(progress, f"{name}: proving the {kind}"):
            certificate = hc.certify(candidate)
            certificate.save(path)
        with _step(progress, f"{name}: re-proving the {kind} from its file with the other arithmetic"):
            proved_again = words.verdict_data(hc.verify(path), path)
        with _step(progress, f"{name}: drawing the {kind}"):
            figure, ((ax,),) = windowless(1, 1, SIZE)
            if kind == FARTHEST:
                repels = ", repels SAM" if certificate["attractor"].status is Status.REFUTED else ""
                title = f"{name}: the farthest point, rho = {float(candidate.rho):.4g}{repels}"
                hc.plot.construction(candidate, ax=ax, title=title)
            else:
                title = f"{name}: f^SAM at rho = {rho} and the way SAM goes"
                hc.plot.landscape(f, known.box, rho, ax=ax, points=[certificate], trajectory=run, title=title)
            save_picture(figure, picture)
        proof = words.certificate_data(certificate, path)
        points.append({"kind": kind, **proof, "reproved": proved_again, "picture": str(picture)})
        if out is not None:
            out.print(words.theorem_card(certificate, f"{name}: {kind}", path))
    return {"function": name, "points": points}


@contextmanager
def _step(progress: Console, text: str) -> Iterator[None]:
    """Show what is being done: what takes long on a terminal, a line elsewhere."""
    if not progress.is_terminal:
        progress.print(text, markup=False, soft_wrap=True)
    with working() as clock:
        clock.tell(text, 0)
        yield


def _print_summary(out: Console, summary: Summary) -> None:
    """Print how many claims were re-proved, and the files."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Re-proved from the files, with the other arithmetic", title_justify="left", box=None)
    for heading in ("function", "point", "minimizer of f^SAM", "(C32)", "attractor", "claims re-proved"):
        table.add_column(heading)
    for entry in summary["functions"]:
        for point in entry["points"]:
            claims = point["claims"]
            statuses = [claims[key]["status"] for key in ("hallucinated_minimizer", "theorem_3_2", "attractor")]
            results = point["reproved"]["claims"]
            passed = f"{sum(r['passed'] for r in results)} of {len(results)}"
            table.add_row(entry["function"], point["kind"], *statuses, passed)
    out.print(table)
    out.print(Text(f"\nCertificates and pictures in {summary['output']} ({summary['seconds']} s):"))
    for entry in summary["functions"]:
        for point in entry["points"]:
            out.print(Text(f"  {Path(point['file']).name}, {Path(point['picture']).name}"))
    out.print(Text(f"Check one yourself: hallucert verify {Path(summary['functions'][0]['points'][0]['file'])}"))
