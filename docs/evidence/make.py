"""Make the certificates that docs/evidence.md quotes, and print the lines that quote them.

    python docs/evidence/make.py            # writes docs/certificates/*.json anew (two minutes)
    python docs/evidence/make.py --quotes   # prints what each file says, as lines for the page

Searches and SAM runs propose points in floats; what is in the files is proved. ``tests/docs/test_evidence.py`` proves
it again with the other arithmetic, and compares every quotation of the page with the files.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hallucert as hc
from hallucert.check.claim import Status
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.tools.study import load_arena

FOLDER = Path(__file__).parents[1] / "certificates"

WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"
"""Four wells: every point of interest has a closed form."""

BUMP = (
    "(1.15*x**2 - 1.6*x*y - 2.06*x*z + 0.585*y**2 + 1.5*y*z + 1.015*z**2)/2"
    " + 24*exp(-(3*(x - 3)**2 - 1.4*(x - 3)*y + 0.2*(x - 3)*z + 0.5*y**2 - 0.1*y*z + 0.5*z**2)/2)"
)
"""A convex quadratic with one bump beside its minimizer. Found by a random search for its spectrum."""

MAKERS: dict[str, Callable[[], Any]] = {}
"""From the name of a file to the function that makes its certificate."""


def makes(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register the maker of a file."""

    def register(maker: Callable[[], Any]) -> Callable[[], Any]:
        MAKERS[name] = maker
        return maker

    return register


def farthest(name: str) -> Any:
    """Certify the paper's construction around the first maximizer of a gallery function."""
    known = hc.gallery.info(name)
    return hc.certify(hc.find.farthest_point(known.objective(), known.maximizers[0].x, known.minimizers[0].x))


@makes("himmelblau-farthest")
def _() -> Any:
    return farthest("himmelblau")


@makes("camel-farthest")
def _() -> Any:
    return farthest("six_hump_camel")


@makes("figure-one-farthest")
def _() -> Any:
    return farthest("figure_one")


@makes("line")
def _() -> Any:
    return hc.certify(hc.gallery.load("tilted_quartic"), [-0.5], "2.5")


@makes("network-farthest")
def _() -> Any:
    inputs = [[-4.0], [-2.0], [-1.0], [1.0], [2.0], [4.0]]
    targets = [800.0, -400.0, 200.0, -200.0, 400.0, -800.0]
    f = hc.TanhNetwork((1, 1), inputs, targets, output="tanh")
    points = hc.find.critical_points(f, [(-1, 1), (-0.5, 0.5)], starts=2000)
    maximizer, minimizer = (next(p.x for p in points if p.kind == kind) for kind in ("maximizer", "minimizer"))
    return hc.certify(hc.find.farthest_point(f, maximizer, minimizer))


@makes("bump-attracts")
def _() -> Any:
    f = hc.Objective.parse(BUMP)
    return hc.certify(f, (3.1475, -0.1437, -0.4919), "3.192")


@makes("wells-repel")
def _() -> Any:
    return hc.certify(hc.Objective.parse(WELLS), (-0.25, -0.25), "1.77")


@makes("wells-attract")
def _() -> Any:
    return hc.certify(hc.Objective.parse(WELLS), (-0.75, -0.75), "2.475")


@makes("wells-saddle")
def _() -> Any:
    return hc.certify(hc.Objective.parse(WELLS), (0, -0.5), "1.5")


@makes("wells-stall")
def _() -> Any:
    return hc.certify_stall(hc.Objective.parse(WELLS), (0.001, -0.5), "1.5")


@makes("himmelblau-saddle")
def _() -> Any:
    f = hc.gallery.load("himmelblau")
    return hc.certify(f, hc.sam.run(f, (-1.5, 0.0), "3.5", "0.002", 20_000).x, "3.5")


@makes("himmelblau-two-cycle")
def _() -> Any:
    return hc.certify(hc.find.two_cycle(hc.gallery.load("himmelblau"), (3, "2.25"), "0.1", "0.01"))


@makes("himmelblau-branch")
def _() -> Any:
    return hc.certify(hc.find.branch(hc.gallery.load("himmelblau"), (0.0867, 2.8843), (3.5844, -1.8481)))


@makes("himmelblau-diagram")
def _() -> Any:
    return hc.diagram(hc.gallery.load("himmelblau"), (3, 2), [(-6, 6), (-6, 6)])


@makes("double-well-basin")
def _() -> Any:
    return hc.certify(
        hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), (-0.5, 0), "1.5", basin="0.5", start=("-0.9", "0.5")
    )


@makes("himmelblau-minimum-repels")
def _() -> Any:
    return hc.certify(hc.gallery.load("himmelblau"), (-0.0976, 2.8258), "5.95")


@makes("himmelblau-minimum-attracts")
def _() -> Any:
    return hc.certify(hc.gallery.load("himmelblau"), (-0.2006, 2.7945), "5.99")


@makes("tilted-wells-fold")
def _() -> Any:
    f = hc.Objective.parse(WELLS + " + x/20")
    return hc.certify(hc.find.branch(f, (-1.0062, 0), (0.9937, 1)))


@makes("ring-sheet")
def _() -> Any:
    return hc.certify(hc.find.sheet(hc.gallery.load("ring"), (-0.5, 0), "1.5"), precisions=[53])


@makes("ring-basin")
def _() -> Any:
    f, start = hc.Objective.least_squares(["x**2 + y**2 - 1"]), ("-0.6", "0.2")
    end = hc.sam.run(f, [-0.6, 0.2], "1.5", "0.1", 10_000)
    return hc.certify(f, end.x, "1.5", basin="0.1", start=start)


@makes("sphere-piece")
def _() -> Any:
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    return hc.certify(hc.find.sheet(f, (0.2, 0.3, 0.35), "1.5", max_steps=5), precisions=[53])


@makes("network-attracts")
def _() -> Any:
    arena = load_arena("tiny", quick=False)
    f = arena.network
    ends = hc.sam.run_ensemble(f, f.initial(seed=0, count=100), "5", arena.step_size, 30_000, tolerance=1e-8)
    points = (hc.certify(hc.find.refine(f, x, 5)) for x in ends.x[ends.converged])
    return next(point for point in points if point["attractor"])


@makes("himmelblau-decay")
def _() -> Any:
    f = hc.gallery.load("himmelblau")
    return hc.certify(f, (-0.4, 2.9), "3.5", weight_decay="0.1", basin="0.004", momentum="0.9")


@makes("batches-attract")
def _() -> Any:
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork((2, 8, 1), rng.normal(size=(4, 2)), rng.choice([-1.0, 1.0], size=4))
    return hc.certify(hc.find.hallucinate(f, f.initial(2), 8, batches=[[0, 2], [1, 3]]), basin="0.01")


@makes("wide-attracts")
def _() -> Any:
    rng, shapes = np.random.default_rng(0), [(20, 16), (20,), (2, 20), (2,)]
    inputs, targets = rng.normal(size=(4, 16)), rng.normal(size=(4, 2))
    b = ProgramBuilder(shapes)
    hidden = b.unary("tanh", layers.linear(b, b.array(inputs), b.input(0), b.input(1)))
    errors = b.sub(layers.linear(b, hidden, b.input(2), b.input(3)), b.array(targets))
    f = ProgramObjective(b.program([b.reshape(errors, (8,))]), ["w", "c", "v", "e"], 4)
    start = np.concatenate([rng.normal(size=np.prod(shape)) / np.sqrt(shape[-1]) for shape in shapes])
    return hc.certify(hc.find.hallucinate(f, start, 2))


@makes("himmelblau-census")
def _() -> Any:
    return hc.census(hc.gallery.load("himmelblau"), [(-6, 6), (-6, 6)], "3.5")


@makes("himmelblau-census-small")
def _() -> Any:
    return hc.census(hc.gallery.load("himmelblau"), [(-6, 6), (-6, 6)], "0.05")


@makes("double-well-census-below")
def _() -> Any:
    return hc.census(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [(-3, 3), (-3, 3)], "0.9")


@makes("well-basins")
def well_basins() -> Any:
    f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2")
    point = hc.certify(f, (-0.5, 0), "1.5", basin="0.1")
    return hc.basins(f, [(-0.875, -0.125), (-0.25, 0.5)], "1.5", "0.1", attractors=[point], depth=3, workers=1)


@makes("camel-basins")
def _() -> Any:
    camel = hc.gallery.load("three_hump_camel")
    return hc.basins(camel, [(-2.5, 2.5), (-2, 2)], "1", "0.05", depth=6, workers=1, draws=1000)


@makes("double-well-census-above")
def _() -> Any:
    return hc.census(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [(-3, 3), (-3, 3)], "1.1")


@makes("camel-census")
def _() -> Any:
    return hc.census(hc.gallery.load("three_hump_camel"), [(-2.5, 2.5), (-2, 2)], "1")


@makes("convex-census")
def _() -> Any:
    return hc.census(hc.gallery.load("convex"), [(-2, 2), (-2, 2)], "1")


@makes("usam-attracts")
def _() -> Any:
    return hc.certify(hc.Objective.parse("(x**2 - 1)**2/4"), [-0.75], "16/3", variant="usam")


@makes("usam-repels")
def _() -> Any:
    return hc.certify(hc.Objective.parse("(x**2 - 1)**2/4"), [-0.25], "16/3", variant="usam")


def quotations(certificate: Any) -> list[tuple[str, str, str]]:
    """Return (claim, status, sentence) for all that a certificate says; of a census, what its lists say."""
    if certificate.kind == "census":
        return _of_census(certificate)
    claims = certificate.claims.values() if certificate.kind == "point" else certificate.all_claims
    return [(c.name, str(c.status), c.statement) for c in claims if c.status is not Status.UNDECIDED]


def _of_census(census: Any) -> list[tuple[str, str, str]]:
    kinds = [str(point.kind) for point in census.critical_points]
    reach = ", ".join(_number(kinds.count(kind), kind) for kind in dict.fromkeys(sorted(kinds)))
    held = "; ".join(
        f"with a {kind} as target " + ", ".join(_number(n, word) for word, n in words.items())
        for kind, words in census.counts().items()
    )
    lines = [("critical_points", "proved", f"Critical points of f within reach: {reach}.")]
    if census.complete:
        lines.append(("completeness", "proved", f"All hallucinated stationary points of the box: {held or 'none'}."))
    claim = census.claim
    return lines + [(claim.name, str(claim.status), claim.statement)] * (claim.status is not Status.UNDECIDED)


def _number(count: int, word: str) -> str:
    return f"{count} {word}" + "s" * (count != 1)


def quotation(name: str, claim: str, status: str, sentence: str) -> str:
    """Return the line of the page that quotes a sentence, with what Markdown would read as markup escaped."""
    words = re.sub(r"([\\*\[\]<>])", r"\\\1", sentence)
    return f'- [{name}](certificates/{name}.json), `{claim}`, {status}: "{words}"'


def main() -> None:
    """Write every file, or print every quotation."""
    for name, maker in MAKERS.items():
        path = FOLDER / f"{name}.json"
        if "--quotes" not in sys.argv:
            maker().save(path)
            print(f"{path.name}: {path.stat().st_size} bytes, re-proved: {bool(hc.verify(path))}")
            continue
        for claim, status, sentence in quotations(hc.load(path)):
            print(quotation(name, claim, status, sentence))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
