"""Velocities, determinants and signs along an arc whose points are known.

``f = u^4/4 - u^2/2 + v^2/2`` in the turned axes ``u = (3 x + 4 y)/5``, ``v = (4 x - 3 y)/5``, with the target
``u = -1``, ``v = 0``: on ``v = 0``, ``G = 0`` is ``(u + 1) (u^2 - u + lambda) = 0``, so that ``lambda = u - u^2``.
There ``rho = u + 1``, ``H + lambda I = diag(3 u^2 - 1 + lambda, 1 + lambda)`` and ``D = (u + 1)^2 (1 + lambda)``.
"""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.determinant import EXPANDED
from hallucert.check.branch import cell as measures
from hallucert.check.branch.cell import ATTRACTING, REPELLING, Arc, BranchCell, bordered, fold_on, scaled_matrix
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import Cell, Tube

ZERO, ONE, FIFTH, QUARTER = Fraction(0), Fraction(1), Fraction(1, 5), Fraction(1, 4)
U, V = "((3*x + 4*y)/5)", "((4*x - 3*y)/5)"
TURNED = ((3 * FIFTH, 4 * FIFTH, ZERO), (4 * FIFTH, -3 * FIFTH, ZERO), (ZERO, ZERO, ONE))
SIZE = Fraction(1, 1000)


@pytest.fixture
def ar():
    with arithmetic("arb", 106) as chosen:
        yield chosen


def proof(ar, formula=f"{U}**4/4 - {U}**2/2 + {V}**2/2", bend=(ZERO, ZERO)):
    """The cell around ``u = 1/4``, where lambda is 3/16 and its slope 1/2."""
    system = BranchSystem(
        ar, hc.Objective.parse(formula, ("x", "y")), [ar.constant(-3 * FIFTH), ar.constant(-4 * FIFTH)]
    )
    frame = (*((t, n, ZERO) for t, n, _ in TURNED[:2]), (Fraction(1, 2), ZERO, ONE))
    # DG N = (0, 1 + lambda; ..) in the axes (u, v): the first column is along v, the second along lambda
    u, v = [row[0] for row in TURNED[:2]], [row[1] for row in TURNED[:2]]
    preconditioner = (tuple(Fraction(16, 19) * c for c in v), tuple(Fraction(4, 5) * c for c in u))
    centre = (3 * FIFTH / 4, 4 * FIFTH / 4, Fraction(3, 16))
    return BranchCell(system, Cell(centre, frame, bend, (-SIZE, SIZE), (SIZE / 10, SIZE / 10), preconditioner))


def ends(ar, ball):
    """The two ends of a ball as floats."""
    return float(ar.lower(ball)), float(ar.upper(ball))


def close(ar, ball, value, slack=Fraction(1, 50)):
    """Tell whether a ball holds a number and little else."""
    return value - slack < ar.lower(ball) <= value <= ar.upper(ball) < value + slack


@pytest.mark.parametrize("bend", [ZERO, -ONE])
def test_derivatives_along_an_arc(ar, bend):
    """u' = 1, lambda' = 1 - 2 u, lambda'' = -2; D = 475/256 and D' = 2 (u+1)(1+lambda) + (u+1)^2 (1-2u) = 15/4."""
    cell = proof(ar, bend=(ZERO, bend))
    assert cell.proved() and cell.orientation == 1
    arc = Arc(cell, Tube(-SIZE / 2, SIZE / 2, (ZERO, ZERO), (SIZE, SIZE)))
    assert ends(ar, arc.s) == pytest.approx((-0.0005, 0.0005), rel=1e-7)
    assert all(close(ar, x, y) for x, y in zip(arc.velocity, (3 * FIFTH, 4 * FIFTH, ONE / 2), strict=True))
    found = cell.acceleration(arc.z, arc.velocity)
    assert all(close(ar, x, y) for x, y in zip(found, (0, 0, -2), strict=True))
    assert close(ar, arc.determinant.value, Fraction(475, 256)) and close(
        ar, arc.slope, Fraction(15, 4), Fraction(1, 10)
    )
    assert arc.determinant.slope is None and fold_on(arc) is None
    assert arc.turning == measures.GROWING and arc.stability == ATTRACTING
    assert len(bordered(cell.system, arc.z)) == 3


def test_the_scaled_matrix_is_that_of_the_iteration(ar):
    """H(c) (rho^2 (H + lambda I) - v v^T H) = diag(2 (25/16)(3/16), (25/16)(19/16)): their sum and product."""
    cell = proof(ar)
    found = scaled_matrix(cell.system, cell.section(ZERO))
    first, second = Fraction(150, 256), Fraction(475, 256)
    assert close(ar, found[0][0] + found[1][1], first + second)
    assert close(ar, found[0][0] * found[1][1] - found[0][1] * found[1][0], first * second)


def test_no_slope_where_third_derivatives_are_unbounded(ar):
    """Neither D' nor an acceleration nor Krawczyk's image is had from them."""
    cell = proof(ar)
    arc = Arc(cell, Tube(-SIZE, SIZE, (ZERO, ZERO), (SIZE, SIZE)))
    nowhere = ar.constant(ONE) / ar.interval(-ONE, ONE)
    arc.velocity = [ar.constant(ONE)] * 3
    zero = [[ar.constant(ZERO)] * 2] * 2
    cell.system.third_derivatives = lambda z: [zero, [[nowhere] * 2] * 2]
    cell.across = lambda *_: pytest.fail("is not asked")
    assert arc.slope is None and cell.acceleration(arc.z, arc.velocity) is None and cell.image(cell.box) is None


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ((ONE, ZERO), (2, 6)),
        ((Fraction(2), ZERO), (1, 9)),
        ((ZERO, ZERO), None),
        ((ONE, ONE), None),
        ((ONE, ZERO, -ONE), None),
    ],
)
def test_multipliers_at_the_faces(ar, row, found):
    """3 + s and 3 + 2 s from -1 to 3; none where lambda stays, or where the other coordinate moves it."""
    made = BranchCell.__new__(BranchCell)
    made.cell = Cell((ZERO, Fraction(3)), ((ZERO, ONE), row), (ZERO,), (-ONE, Fraction(3)), (ONE,), ())
    assert made.multiplier_ends == found


@pytest.mark.parametrize(
    ("dimension", "plain", "slope", "value"),
    [
        (EXPANDED - 1, (-1, 5), ("1/4", "1/2"), (0.5, 1.5)),
        (EXPANDED, (-1, 5), ("1/4", "1/2"), (-1, 5)),
        (1, (-1, "5/4"), ("1/4", "1/2"), (0.5, 1.25)),
        (1, (-1, "1/4"), ("1/4", "1/2"), (-1, 0.25)),
        (1, ("1/2", 5), ("1/4", "1/2"), (0.5, 5)),
        (1, (-1, 5), None, (-1, 5)),
    ],
)
def test_the_determinant_is_narrowed_by_its_slope(ar, monkeypatch, dimension, plain, slope, value):
    """On s from 1 to 3, 1 at the middle: 1 + [-1, 1] [1/4, 1/2] where the sign is open and there is such a slope."""
    plain = ar.interval(*map(Fraction, plain))
    monkeypatch.setattr(measures, "tangential_determinant", lambda _, z: ar.constant(ONE) if z == "middle" else plain)
    made = Arc.__new__(Arc)
    made.s, made.w, made.z = ar.interval(ONE, Fraction(3)), "arc", "all"

    def at(t, w):
        assert (ends(ar, t), w) == ((2.0, 2.0), "arc at 2 at 2 at 2")
        return "middle"

    made.proof = SimpleNamespace(arithmetic=ar, system=SimpleNamespace(dimension=dimension), at=at)
    made.proof.narrowed = lambda t, w: f"{w} at {ends(ar, t)[0]:g}"
    made.slope = slope and ar.interval(*map(Fraction, slope))
    assert ends(ar, made.determinant.value) == pytest.approx(value, rel=1e-7)


def test_a_known_place_is_taken_and_another_narrowed(ar):
    """Where Krawczyk's test passes a tube it is not narrowed from the box of the cell."""
    stub = SimpleNamespace(arithmetic=ar, box="box", passed=lambda tube: tube.centre or None)
    stub.narrowed, stub.at = lambda s, w: ("narrowed", w), lambda s, w: ("at", w)
    assert Arc(stub, Tube(ZERO, ONE, "known", ())).z == ("at", "known")
    assert Arc(stub, Tube(ZERO, ONE, "", ())).z == ("at", ("narrowed", "box"))


@pytest.mark.parametrize(
    ("dimension", "signs", "target", "diagonal", "stability"),
    [
        (1, (0, 0), 2, (), ATTRACTING),
        (1, (0, 0), -2, (), REPELLING),
        (1, (0, 0), 0, (), None),
        (2, (-1, 1), 1, (1, 1), None),  # D changes its sign: some of these attract, some repel
        (2, (1, -1), 1, (1, 1), None),
        (2, (1, 1), 1, (1, 1), ATTRACTING),
        (2, (-1, -1), 1, (1, 1), REPELLING),
        (3, (1, 1), 1, (1, 2, 3), ATTRACTING),
        (3, (0, 0), 1, (3, 2, -1), REPELLING),
        (3, (0, 0), 1, (3, 2, 0), None),
    ],
)
def test_signs_and_discs_decide_what_attracts(ar, monkeypatch, dimension, signs, target, diagonal, stability):
    """A line by the target alone, a plane by trace and determinant, a space by discs."""

    def matrix(entries):
        return [[ar.constant(Fraction(x if i == j else 0)) for j in range(len(entries))] for i, x in enumerate(entries)]

    made = Arc.__new__(Arc)
    hessian = matrix((target,) + (1,) * (dimension - 1))
    made.proof = SimpleNamespace(arithmetic=ar, system=SimpleNamespace(dimension=dimension, target_hessian=hessian))
    made.z, made.signs = [], signs
    monkeypatch.setattr(measures, "scaled_matrix", lambda system, z: matrix(diagonal))
    assert made.stability == stability


def test_velocities_and_spectra_may_not_be_had(ar, monkeypatch):
    """Then nothing is said, nor of a matrix that is not bounded."""
    cell = proof(ar)
    arc = Arc(cell, Tube(-SIZE, SIZE, (ZERO, ZERO), (SIZE, SIZE)))
    arc.velocity = None
    assert arc.slope is None
    cell.across = lambda *_: None
    assert cell.acceleration(arc.z, [ar.constant(ONE)] * 3) is None
    made = Arc.__new__(Arc)
    target = [[ar.constant(Fraction(int(i == j))) for j in range(3)] for i in range(3)]
    made.proof = SimpleNamespace(arithmetic=ar, system=SimpleNamespace(dimension=3, target_hessian=target))
    made.z, made.signs = [], (1, 1)
    monkeypatch.setattr(measures, "spectrum", lambda *_: None)
    monkeypatch.setattr(measures, "scaled_matrix", lambda *_: target)
    assert made.stability is None
    del made.stability
    monkeypatch.setattr(measures, "spectrum", lambda *_: pytest.fail("is not asked"))
    nowhere = ar.constant(ONE) / ar.interval(-ONE, ONE)
    monkeypatch.setattr(measures, "scaled_matrix", lambda *_: [[nowhere] * 3] * 3)
    assert made.stability is None


def test_the_image_is_that_of_krawczyk(ar):
    """Of f = x^3 + x y^2 - 2 y^2 the equations are quadratic: K(w) = (I - C DG N) w - C G on the axis, s^3 left out."""

    def equations(x, y, m):
        return [3 * x * x + y * y + m * (x - 1), 2 * x * y - 4 * y + m * (y - 2)]

    def across(x, y, m):  # DG N for N = (e_2, e_3)
        return [[2 * y, x - 1], [2 * x - 4 + m, y - 2]]

    system = BranchSystem(
        ar, hc.Objective.parse("x**3 + x*y**2 - 2*y**2", ("x", "y")), [ar.constant(ONE), ar.constant(2 * ONE)]
    )
    c = ((ONE / 2, ONE / 3), (-ONE / 4, ONE / 5))
    frame = ((ONE, ZERO, ZERO), (Fraction(2), ONE, ZERO), (Fraction(-3), ZERO, ONE))
    for s, w, bend, slack in (
        (ONE / 8, (ONE / 16, -ONE / 32), (ZERO, ZERO), ONE / 10**20),
        (ONE / 1024, (ZERO, ZERO), (ONE, -2 * ONE), ONE / 10**7),
    ):
        cell = BranchCell(system, Cell((ONE / 3, ONE / 5, ONE / 4), frame, bend, (-ONE, ONE), (ONE, ONE), c))
        cell.span = ar.constant(s)
        image = cell.image([ar.constant(v) for v in w])
        axis = [ONE / 3 + s, ONE / 5 + 2 * s + bend[0] * s * s, ONE / 4 - 3 * s + bend[1] * s * s]
        value, slope = equations(*axis), across(axis[0], axis[1] + w[0], axis[2] + w[1])
        moved = [g + sum(a * v for a, v in zip(row, w, strict=True)) for g, row in zip(value, slope, strict=True)]
        exact = [v - sum(a * g for a, g in zip(row, moved, strict=True)) for v, row in zip(w, c, strict=True)]
        assert all(
            close(ar, x, y, slack) if bend == (0, 0) else abs(ar.upper(x) - y) < slack
            for x, y in zip(image, exact, strict=True)
        )


def test_the_orientation_is_that_of_the_frame(ar):
    """phi = (u + 1) u' and D > 0: it turns with the tangent; nothing if DG N is singular."""
    plane = proof(ar)
    line = BranchSystem(ar, hc.Objective.parse("x**4/4 - x**2/2", ("x",)), [ar.constant(-ONE)])
    for t in (ONE, -ONE):
        cell = Cell((QUARTER, Fraction(3, 16)), ((t, ZERO), (t / 2, ONE)), (ZERO,), (-SIZE, SIZE), (SIZE,), ((ONE,),))
        assert BranchCell(line, cell).orientation == t
        frame = tuple((t * row[0], *row[1:]) for row in plane.cell.frame)
        turned = BranchCell(
            plane.system, Cell(*(frame if v is plane.cell.frame else v for v in vars(plane.cell).values()))
        )
        assert turned.orientation == t
    plane.normals = [[ar.constant(ZERO)] * 2] * 3
    assert plane.orientation == 0


def test_a_fold_has_the_second_derivative_of_rho(ar):
    """(|x'|^2 + <v, x''>)/(rho |x'|^2) = (25 - 1 + 10)/(2 25); not without one of them."""

    def fold(turning=measures.FOLD, velocity=(3, 4, 7), acceleration=(-1, 5, 9), radius=(2, 2)):
        balls = lambda values: values and [ar.constant(Fraction(v)) for v in values]  # noqa: E731
        system = SimpleNamespace(
            radius=lambda z: radius and ar.interval(*map(Fraction, radius)), offset=lambda z: balls((1, 2))
        )
        if radius is None:
            system.radius = lambda z: ar.constant(ONE) / ar.interval(-ONE, ONE)
        made = SimpleNamespace(arithmetic=ar, system=system, acceleration=lambda z, v: balls(acceleration))
        made.section = lambda s: None
        arc = SimpleNamespace(proof=made, velocity=balls(velocity), turning=turning, z=None)
        return fold_on(arc), measures.radius_at(made, ZERO)

    found, rho = fold()
    assert found.rho.lower <= 2 <= found.rho.upper and rho.lower <= 2 <= rho.upper
    assert abs(found.second_derivative.lower - Fraction(34, 50)) < SIZE
    for changes in ({"turning": None}, {"velocity": None}, {"acceleration": None}, {"radius": None}):
        assert fold(**changes)[0] is None
    assert fold(radius=None)[1] is None


@pytest.mark.parametrize("size", [EXPANDED, EXPANDED + 1])
def test_the_determinant_has_the_other_sign(ar, monkeypatch, size):
    """D = -det A, whether it is expanded or not: -2 of diag(2, 1, .., 1)."""
    a = [[ar.constant(Fraction((2 if i == 0 else 1) if i == j else 0)) for j in range(size)] for i in range(size)]
    monkeypatch.setattr(measures, "bordered", lambda *_: a)
    assert close(ar, measures.tangential_determinant(SimpleNamespace(arithmetic=ar), []), -2)
