"""What follows from enclosures that are known, by hand: every bound counts, and what is not known shows nothing."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from hallucert.balls.midrad import MidRad
from hallucert.check.claim import Enclosure, Sentence
from hallucert.check.large import isolated, measures
from hallucert.check.large.existence import BoxWitness, SlicedWitness, facts_of, krawczyk
from hallucert.check.large.isolated import Matrices
from hallucert.check.large.measures import Evidences, SlicedEvidence
from hallucert.check.reason import Reason

HALF = Fraction(1, 2)


class Runs:
    """Programs whose results are known."""

    def __init__(self, d=3, rho=2, **results):
        self.results = results
        self.slice = SimpleNamespace(unknowns=d, problem=SimpleNamespace(rho=Fraction(rho), residual=True))

    def run(self, name):
        return self.results[name]

    columns = run


def matrices(rows, u=(1.0, 0.0, 0.0)) -> Matrices:
    known = [MidRad(np.array(rows, float))]
    return Matrices(
        Runs(len(rows), perturbation=known, target=known, direction=[MidRad(np.array(u))]), MidRad(5.0, 0.0)
    )


@pytest.mark.parametrize(
    ("least", "largest", "counts"),
    [
        ((-2, -1), (-1, 0), (1, 3)),
        ((-2, -1), (-2, -HALF), (3, 3)),
        ((-1, 0), (1, 2), (0, 2)),
        ((0, 1), (2, 3), (0, 2)),
        ((HALF, 1), (2, 3), (0, 0)),
        ((-2, -1), (0, 1), (1, 3)),
        ((-2, -1), (HALF, 1), (1, 2)),
    ],
)
def test_how_many_eigenvalues_are_negative(monkeypatch, least, largest, counts) -> None:
    """Of three, from where the least and the largest lie; an end that is 0 tells nothing."""
    ends = tuple(tuple(map(Fraction, pair)) for pair in (least, largest))
    monkeypatch.setattr(isolated, "_extremes", lambda _: ends)
    numbers = matrices(np.eye(3)).target()
    assert numbers["negative_eigenvalues"] == Enclosure(*map(Fraction, counts))
    assert numbers["smallest_hessian_eigenvalue"] == Enclosure(*ends[0])
    assert numbers["largest_hessian_eigenvalue"] == Enclosure(*ends[1])
    assert numbers["target_value"] == Enclosure(Fraction(5), Fraction(5))


def test_the_defect_of_an_inverse_is_its_largest_sum(monkeypatch) -> None:
    """Of I and R = (3/4, -1/4; 0, 1): sums of I - R are 1/2 and 0 by rows, 1/4 and 1/4 by columns; |R| is 1.0487."""
    inverse = np.array([[0.75, -0.25], [0.0, 1.0]])
    size = np.linalg.svd(inverse)[1][0]
    for turned in (inverse, inverse.T):
        monkeypatch.setattr(isolated.np.linalg, "inv", lambda _, turned=turned: turned)
        found = matrices(np.eye(2)).regular()["smallest_singular_value"]
        assert [float(found.lower), float(found.upper)] == pytest.approx([0.5 / size, 1.5 / size], rel=1e-9)


@pytest.mark.parametrize("ends", [None, (-1, 0), (-1, HALF), (HALF, 1)])
def test_no_singular_value_without_an_inverse(monkeypatch, ends) -> None:
    """Its largest one has to be known to be positive, and the defect to be less than 1."""
    monkeypatch.setattr(isolated, "least_eigenvalue", lambda _: ends and tuple(map(Fraction, ends)))
    assert matrices(np.eye(2)).regular() is Reason.SINGULAR_JACOBIAN
    monkeypatch.undo()
    monkeypatch.setattr(isolated, "matrix_vector_upper", lambda *_: np.ones(2))
    assert matrices(np.eye(2)).regular() is Reason.SINGULAR_JACOBIAN


def test_the_sphere_has_the_eigenvalues_across_the_gradient() -> None:
    """Of (1, 0, 0; 4, 2, 0; 5, 0, 2) both are 2, whose mean stands for the eigenvalue along the gradient."""
    numbers = matrices([[1, 0, 0], [4, 2, 0], [5, 0, 2]]).sphere_type()
    assert all(abs(end - 2) < 1e-9 for n in numbers.values() for end in (n.lower, n.upper)) and len(numbers) == 2


def test_without_eigenvalues_nothing_is_measured(monkeypatch) -> None:
    """Of the least or the largest."""
    for known in ((None, None), (None, (0, 1)), ((0, 1), None)):
        answers = iter(known)
        monkeypatch.setattr(isolated, "least_eigenvalue", lambda _, answers=answers: next(answers))
        assert isolated._extremes(MidRad(np.eye(2))) is None
    monkeypatch.setattr(isolated, "least_eigenvalue", lambda _: None)
    made = matrices(np.eye(3))
    assert {made.target(), made.sphere_type(), made.theorem_3_2()} == {Reason.PRECISION}


def evidence(**known) -> SlicedEvidence:
    """Evidence in two unknowns of which some parts are known, or results of programs."""
    found = SlicedEvidence(Runs(2).slice, None)
    vars(found).update({"runs": Runs(2, **known), "clock": measures.UNLIMITED} | known)
    return found


def test_the_offset_bounds_every_coordinate() -> None:
    """The largest of all arrays."""
    moves = [MidRad(np.array([1.0, -3.0]), np.array([0.5, 0.5])), MidRad(np.array([2.0]))]
    found = measures.existence(evidence(move=moves))["offset"]
    assert found.lower == -found.upper and 3.5 <= found.upper < 3.5001


def test_the_multiplier_is_the_gradient_over_the_radius() -> None:
    """|g| in [3, 5], rho 2."""
    scalars = [MidRad(4.0, 1.0), MidRad(7.0, 0.0), MidRad(0.0, 0.0)]
    numbers = measures.nonstationary(evidence(scalars=scalars))
    assert numbers["gradient_norm"] == Enclosure(Fraction(3), Fraction(5))
    assert numbers["multiplier"] == Enclosure(3 * HALF, 5 * HALF) and numbers["value"].lower == 7


@pytest.mark.parametrize(
    ("ends", "found"), [(None, None), ((-1, 4), None), ((0, 4), None), ((HALF, 4), (0.5**0.5, 2)), ((4, 9), (2, 3))]
)
def test_the_least_singular_value_is_a_root(monkeypatch, ends, found) -> None:
    """Of an eigenvalue that is certainly positive."""
    monkeypatch.setattr(measures, "least_eigenvalue", lambda _: ends and tuple(map(Fraction, ends)))
    number = measures.regular(evidence(square=[MidRad(np.eye(2))]))
    if found is None:
        assert number is Reason.PRECISION
    else:
        low, high = number["smallest_singular_value"].lower, number["smallest_singular_value"].upper
        assert low**2 <= ends[0] and ends[1] <= high**2 and [float(low), float(high)] == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize(("ends", "found"), [((2, 3), (1.6, 4)), ((-3, -2), (-4, -1.6)), ((-3, 2), (-4, 8 / 3))])
def test_projected_eigenvalues_are_widened_by_what_is_not_orthonormal(monkeypatch, ends, found) -> None:
    """Divided by 3/4 or 5/4."""
    monkeypatch.setattr(measures, "least_eigenvalue", lambda _: tuple(map(Fraction, ends)))
    known = evidence(orthonormal=(MidRad(np.eye(2)), 0.25), kernel=[MidRad(np.eye(2))])
    number = measures.projected_c32(known)["smallest_projected_eigenvalue"]
    assert [float(number.lower), float(number.upper)] == pytest.approx(found, rel=1e-12)
    monkeypatch.setattr(measures, "least_eigenvalue", lambda _: None)
    assert measures.projected_c32(known) is Reason.PRECISION


@pytest.mark.parametrize(
    ("rows", "e"), [([1, 1], 0), ([1, 1.25], 0.25), ([1, 2], None), ([1, 2.5], None), (None, None)]
)
def test_rows_are_orthonormal_up_to_less_than_one(monkeypatch, rows, e) -> None:
    """The largest defect of C B B^T C^T counts, which is 1 or more where B may be rank deficient."""
    monkeypatch.setattr(measures, "orthonormalizer", lambda _: None if rows is None else np.eye(2))
    monkeypatch.setattr(measures, "matrix_vector_upper", lambda a, x: np.round(a @ x, 9))
    known = evidence(kernel=[None, MidRad(np.diag(rows or [1.0, 1.0]))])
    assert known.orthonormal is None if e is None else abs(known.orthonormal[1] - e) < 1e-9


def test_a_claim_that_arrays_do_not_measure_is_too_large() -> None:
    """There is no rule for it."""
    assert evidence(scalars=[]).measured("farthest_point").numbers is Reason.SIZE


@pytest.mark.parametrize(("whole", "thorough", "count"), [(False, None, 1), (False, "balls", 2), (True, None, 1)])
def test_evidence_is_in_doubles_and_then_in_balls(monkeypatch, whole, thorough, count) -> None:
    """A slice that is in balls alone is not made so again; one that is too large has none of these."""
    monkeypatch.setattr(measures, "refined", lambda slice_, *_: slice_)
    witness = SimpleNamespace(middle=np.zeros(2))
    given = SimpleNamespace(whole=whole, thorough=lambda: pytest.fail("is not made") if whole else thorough)
    found = list(Evidences(given, witness, SimpleNamespace(reach=np.ones(2)), measures.UNLIMITED))
    assert [one.slice for one in found] == ([given] if not thorough else [given, "balls"]) and len(found) == count
    assert isinstance(found[0].z, MidRad) is not whole


# ---------------------------------------------------------------------- Krawczyk's test


def tried(value, radius, slopes, image=None):
    """The test of ``G_i = v_i + s_i z_i``, with the slopes ``(middle, half width)``."""
    radius, (middle, half) = np.array(radius, float), np.array(slopes, float).T
    image = MidRad(np.array(value, float), radius * (abs(middle) + half)) if image is None else MidRad(*image)
    runs = SimpleNamespace(
        run=lambda _: [image],
        columns=lambda _: [MidRad(np.diag(middle), np.diag(half))] if half.any() else [MidRad(np.diag(middle))],
    )
    return krawczyk(
        SimpleNamespace(at=lambda *_: runs),
        SlicedWitness(np.zeros(2), np.zeros(len(radius)), radius),
        MidRad(np.array(value, float)),
    )


def test_the_reach_is_that_of_the_least_certain_coordinate() -> None:
    """G = (1/100 + s z_1, z_2) with s from 1/10 to 19/10: the zero may be 1/10 away, and fills that of the box."""
    test = tried([0.01, 0.0], [1.0, 4.0], [(1, 0.9), (1, 0)])
    assert test.proved and 0.1 <= test.reach[0] < 0.1 + 1e-9 and test.reach[1] < 1e-12
    assert test.filled == pytest.approx(0.91)
    test = tried([0.5, 0.0], [1.0, 4.0], [(1, 0.9), (1, 0)])
    assert not test.proved and not test.excluded and test.filled == pytest.approx(1.4)


def test_a_box_that_is_filled_is_not_proved() -> None:
    """It has to be larger than what may be lost by underflow, too."""
    assert tried([2.0**-900], [1.0], [(1, 0)]).reach[0] >= 2.0**-900
    assert not tried([0.0], [2.0**-960], [(1, 0)]).proved
    assert tried([0.0], [2.0**-950], [(1, 0)]).proved
    radius = 2.0**-950
    while (filled := tried([0.0], [radius], [(1, 0)]).filled) != 1:  # smaller, until the image is the box
        radius *= filled
    assert not tried([0.0], [radius], [(1, 0)]).proved
    assert tried([2.0**-1000], [1.0], [(1, 0)]).reach[0] >= 2.0**-1000


def test_one_component_without_a_zero_excludes_the_box() -> None:
    """However wide the other ones are, and however near to 0 it comes."""
    wide = [(1, 3), (1, 3)]
    assert tried([0.0, 0.0], [1.0, 1.0], wide, ([0.5, 0.0], [0.25, 9.0])).excluded
    assert not tried([0.0, 0.0], [1.0, 1.0], wide, ([0.5, 0.0], [0.5, 9.0])).excluded


def test_a_place_is_said_by_the_sides_of_its_box() -> None:
    """On a slice the least and the largest, of all points the largest."""
    witness = SlicedWitness(np.zeros(3), np.zeros(2), np.array([1.0, 4.0]))
    residual, other = (facts_of(SimpleNamespace(residual=way), witness).witness for way in (True, False))
    assert residual is witness and residual.place == Sentence("point.large_slice", (1, 4, 2))
    assert isinstance(other, BoxWitness) and other.place == Sentence("point.large_box", (4, 2))
