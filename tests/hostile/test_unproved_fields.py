"""Every field of a file is proved again, or is on a list of what is not: here, and in the page on trust.

Of a small file of every kind one entry of each field is changed, the digest recomputed, and the result verified. What
is still accepted must be declared below, and must say the same: the same words in every sentence, and points and curves
where closed forms have them. (The digest is of the problem, and a changed problem is another one.)
"""

import ast
import copy
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.decimals import format_exact
from hallucert.errors import CertificateError
from hallucert.exact import parse_exact
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective

INFORMATION = {"provenance.*", "search", "boxes", "pending.*.reason", "claims.*.reason"}
"""Printed or kept, and about nothing that is claimed."""
HINTS = {
    "witness.*",
    "target.*",
    "branches.*.cells.*",
    "sheets.*.cells.*",
    "sheets.*.charts.*",
    "claims.*.inputs.*",
}
"""Where and how something is proved: whatever leads to a proof leads to a proof of the same."""
WIDER = {
    "enclosure.*",
    "claims.*.numbers.*",
    "critical_points.*.box.*",
    "points.*.box.*",
    "points.*.gradient_norm.*",
    "points.*.smallest_real_part.*",
    "pending.*.target.*",
    "pending.*.box.*",
}
"""Intervals that may be wider than need be, and are true."""

WORDS = [
    ("proved", "refuted", "undecided"),
    ("minimizer", "saddle", "maximizer", "degenerate"),
    ("attractor", "repeller", "undecided"),
    ("critical_point", "singular", "budget"),
    ("growing", "falling", "fold", "undecided"),
    ("attracting", "repelling", "undecided"),
    ("gradient", "residual", "box"),
    ("float", "arb", "mpmath", "midrad"),
]

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"])
BALL = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)


def _branch():
    return hc.certify(hc.find.branch(WELL, hc.find.refine(WELL, [-0.5, 0], "1.5"), box=[(-0.52, -0.48), (-1, 1)]))


def _ring_of_arrays():
    """The residual of RING as an array program."""
    b = ProgramBuilder([(2,)])
    square = b.contract("i,i->", b.input(0), b.input(0))
    return ProgramObjective(b.program([b.reshape(b.sub(square, b.constant(1)), (1,))]), ["x"], 1)


FILES = {
    "point": lambda: hc.certify(WELL, [-0.5, 0], "1.5"),
    "slice": lambda: hc.certify(RING, [0.5, 0], "1.5"),
    "basin": lambda: hc.certify(WELL, [-0.5, 0], "1.5", basin="1e-2"),
    "stall": lambda: hc.certify_stall(WELL, (0.3, 0.5), "0.5"),
    "branch": _branch,
    "diagram": lambda: hc.diagram(WELL, (1, 0), [("-0.52", "-0.48"), ("-0.1", "0.1")]),
    "sheet": lambda: hc.certify(hc.find.sheet(RING, (0.5, 0), "1.5", ds=0.05, max_steps=1), precisions=[53]),
    "surface": lambda: hc.certify(hc.find.sheet(BALL, (0.2, 0.3, 0.35), "1.5", max_steps=1), precisions=[53]),
    "census": lambda: hc.census(WELL, [(-2, 2), (-2, 2)], "1.5"),
    "partial": lambda: hc.census(WELL, [(-0.5, 2), (-2, 2)], "1.5"),  # a point lies on the boundary
    "large": lambda: hc.certify(_ring_of_arrays(), [0.5, 0], "1.5", backend="midrad"),
}


@cache
def made(kind):
    """The certificate of a kind, made once."""
    return FILES[kind]()


SLOW = {"branch", "sheet", "surface", "diagram", "basin", "census", "partial", "large"}
"""Of these one forgery of each field is verified, another one for the next field."""


def _leaves(data, path=()):
    """The paths and values of the leaves."""
    if isinstance(data, dict | list) and data:
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _leaves(value, (*path, key))
    else:
        yield path, data


def _pattern(path):
    return ".".join("*" if isinstance(key, int) else key for key in path)


def _forged(data, kind):
    """Paths with forgeries: of the first and the last leaf of each field, without those of the problem.

    Of diagrams and basins only the last claim is new: the rest is as in files of branches and points.
    """
    last = len(data.get("claims", ())) - 1
    fields = {}
    for path, value in _leaves(data):
        if path[0] not in ("problem", "digest") and (kind not in ("diagram", "basin") or path[1:2] == (last,)):
            fields.setdefault(_pattern(path), []).append((path, value))
    for number, leaves in enumerate(fields.values()):
        for path, value in leaves[:1] if kind in SLOW else [leaves[0], *leaves[1:][-1:]]:
            forgeries = [forged for forged in _forgeries(value) if forged != value]
            chosen = forgeries if kind not in SLOW else forgeries[number % len(forgeries) :][:1] if forgeries else []
            yield from ((path, forged) for forged in chosen)


def _forgeries(value):
    if value is None or isinstance(value, list | dict):
        return []
    if isinstance(value, int):
        return [value + 1, max(value - 1, 0)]
    words = [word for group in WORDS if value in group for word in group if word != value]
    try:
        number = parse_exact(value)
    except ValueError:
        return words or [value.replace("not ", "").replace(".", ".9", 1), value + "0"]
    return [format_exact(v) for v in (number + Fraction(1, 2**20), number - Fraction(1, 2**20), 8 * number, -number)]


def _put(data, path, value):
    changed = copy.deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def _words(certificate):
    """What a certificate says, without its numbers: its sentences are rendered from these and from what was proved."""
    claims = [certificate.claim] if isinstance(certificate, hc.Census) else list(certificate)
    text: list[object] = [(claim.name, claim.status, *_counts(claim.inputs)) for claim in claims]
    if isinstance(certificate, hc.Census):
        text += [(point.kind, point.stability, point.target) for point in certificate.points]
        text += [point.kind for point in certificate.critical_points]
    return text


def _counts(inputs):
    """The integers that sentences are made of, such as the number of folds."""
    return sorted((key, value) for key, value in inputs.items() if isinstance(value, int))


def _off(certificate):
    """How far points and curves are from the closed forms: (-+1/2, 0), lambda = -x (x + 1), |x| = 1/2."""
    if isinstance(certificate, hc.Census):
        return max((np.abs(np.abs(point.x) - [0.5, 0]).max() for point in certificate.points), default=0)
    if certificate.kind == "point" and "existence" in certificate:
        middles = [certificate.x, certificate.enclosure.mean(axis=1), *certificate.enclosure.T]
        return max(np.abs(np.abs(x) - [0.5, 0]).max() for x in middles)
    if certificate.kind == "large" and "existence" in certificate:
        return np.abs(np.linalg.norm([certificate.x, *certificate.enclosure.T], axis=1) - 0.5).max()
    if certificate.kind == "sheet":
        return max(np.abs(np.linalg.norm(curve, axis=1) - 0.5).max() for curve in certificate.curves)
    if certificate.kind in ("branch", "diagram"):
        curves = np.concatenate(certificate.curves)
        x, y, multiplier = curves.T
        return max(np.abs(multiplier + x * (x + 1)).max(), np.abs(y).max())
    return 0


ROOM = {"point": 0.004, "slice": 0.008, "basin": 0.004, "census": 1e-6, "partial": 1e-6, "sheet": 1e-3, "branch": 1e-4}
"""Twice the width of the box where a point is the only one, or of a cell."""


def _declared(pattern):
    return any(pattern == known or pattern.startswith(known.removesuffix("*")) for known in INFORMATION | HINTS | WIDER)


@pytest.mark.parametrize("kind", FILES)
def test_what_can_be_changed_is_declared_and_changes_nothing_that_is_said(kind):
    """No field outside of the list, and none on it that alters a word or moves a point or a curve."""
    certificate = made(kind)
    data, said = to_json(certificate), _words(certificate)
    assert hc.verify(certificate, "arb") and _off(certificate) < ROOM.get(kind, 1e-4) / 2
    tried, accepted = 0, set()
    for path, forged in _forged(data, kind):
        tried += 1
        try:
            changed = from_json(_put(data, path, forged))
        except CertificateError:
            continue
        if hc.verify(changed, "arb", max_boxes=400):
            accepted.add(_pattern(path))
            assert _declared(_pattern(path)), (path, forged)
            assert _words(changed) == said and _off(changed) < ROOM.get(kind, 1e-4), (path, forged)
    assert accepted or kind == "diagram"
    assert tried > (1 if kind in ("diagram", "basin") else 15)


def test_an_enclosure_moves_x_within_the_box_of_uniqueness_only():
    """Whatever a file says, x stays where the point is the only one; the checker refuses what leaves that box."""
    certificate = made("point")
    radius = float(certificate.witness.radius[0])
    for low, high in [(-8, 8), (-1, 1), (-0.5, 0.3), (-0.51, -0.49), (-0.503, -0.4995), (5, 6)]:
        data = to_json(certificate)
        data["enclosure"][0] = [format_exact(Fraction(low)), format_exact(Fraction(high))]
        forged = from_json(data)
        assert abs(forged.x[0] + 0.5) <= radius * (1 + 1e-9)
        for backend in ("arb", "mpmath"):
            verdict = hc.verify(forged, backend)
            assert not verdict and "enclosure" in str(verdict)


def test_a_point_of_a_census_is_not_moved_by_a_larger_box():
    """A box that still holds one point only, but whose middle is elsewhere, is refused; so are critical points'."""
    census = made("census")
    for field in ("points", "critical_points"):
        for size in ("1p-10", "1p-3", "3p-3"):
            data = to_json(census)
            side = data[field][0]["box"][1]
            side[1] = format_exact(parse_exact(side[1]) + parse_exact(size))
            assert not hc.verify(from_json(data), "arb"), (field, size)
            data[field][0]["box"][1][1] = format_exact(Fraction(1, 2**40))
            assert hc.verify(from_json(data), "arb")


def test_the_page_on_trust_lists_them():
    """Readers find the same list in the documentation."""
    page = (Path(__file__).parents[2] / "docs" / "trust.md").read_text()
    for pattern in INFORMATION | HINTS | WIDER:
        assert f"`{pattern.removesuffix('.*')}`" in page, pattern


NASTY = [
    None,
    True,
    -1,
    10**17,
    "",
    "0",
    "1p20000",
    "-1p20000",
    "1p-20000",
    "1p99999",
    "1/3",
    "1p4000",
    "9" * 1900,
    [],
    {},
]


@pytest.mark.parametrize("kind", ["point", "branch", "partial", "large"])
def test_absurd_data_are_refused_or_not_proved_and_can_be_looked_at(kind):
    """Whatever stands in a field: a certificate error or a verdict, and card, report, points and curves of it."""
    data, number = to_json(made(kind)), 0
    for path, _ in {_pattern(path): (path, value) for path, value in _leaves(data) if path[0] != "problem"}.values():
        for wrong in NASTY if kind == "point" else NASTY[number % 7 :: 7]:
            number += 1
            try:
                changed = from_json(_put(data, path, wrong))
            except CertificateError:
                continue
            str(changed), repr(changed), getattr(changed, "x", None), getattr(changed, "curves", None)
            str(hc.verify(changed, "arb" if number % 2 else "mpmath", max_boxes=50, budget=1))


@pytest.mark.parametrize("kind", ["branch", "sheet"])
def test_a_chain_without_cells_is_an_empty_curve(kind):
    """A file may hold one: nothing is proved of it, and there is nothing to draw."""
    data = to_json(made(kind))
    data["branches" if kind == "branch" else "sheets"][0]["cells"] = []
    empty = from_json(data)
    assert len(empty.curves[0]) == 0 and not hc.verify(empty)


@pytest.mark.parametrize("error", [RecursionError, MemoryError, KeyError, IndexError, OverflowError, ZeroDivisionError])
def test_errors_inside_of_a_proof_are_verdicts(error, monkeypatch):
    """Whatever absurd data provoke in the arithmetic, the checker answers that nothing is proved again."""

    def fails(*_):
        raise error("planted")

    certificate = made("point")
    for place in ("claim.Measured.recheck", "point.existence.relocate"):
        with monkeypatch.context() as patch:
            patch.setattr(f"hallucert.check.{place}", fails)
            assert not hc.verify(certificate)


def test_nothing_that_the_checker_runs_asserts():
    """Python drops assertions on request, and their errors have no type that a checker could report."""
    package = Path(hc.__file__).parent
    for folder in ("balls", "check", "objectives"):
        for path in (package / folder).rglob("*.py"):
            tree = ast.parse(path.read_text())
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)], path
            assert "AssertionError" not in path.read_text()
