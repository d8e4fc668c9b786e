"""A target is proved only as a nondegenerate critical point whose index is certain, the only one in its box."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch import system
from hallucert.check.branch.system import BranchSystem, TargetBox, proved_target
from hallucert.errors import NotAnalyticError

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)
SADDLE = TargetBox((ZERO, ZERO), (HALF, HALF), ((HALF, ZERO), (ZERO, -HALF)))


@pytest.fixture
def ar():
    with arithmetic("mpmath", 106) as chosen:
        yield chosen


def test_a_saddle_has_one_negative_eigenvalue(ar) -> None:
    """x^2 - y^2 at 0: eigenvalues 2 and -2. A box beside it, or a useless preconditioner, proves nothing."""
    f = hc.Objective.parse("x**2 - y**2")
    target = proved_target(ar, f, SADDLE)
    assert target.negative == 1
    assert target.smallest.lower <= -2 <= target.smallest.upper and target.largest.lower <= 2 <= target.largest.upper
    assert proved_target(ar, f, replace(SADDLE, centre=(ONE, ZERO))) is None
    assert proved_target(ar, f, replace(SADDLE, preconditioner=((-HALF, ZERO), (ZERO, HALF)))) is None


def test_an_index_that_is_not_certain_proves_no_target(ar, monkeypatch) -> None:
    """Whatever else is known of the Hessian."""
    monkeypatch.setattr(system, "inertia", lambda *_: SimpleNamespace(negative=1, undecided=1))
    assert proved_target(ar, hc.Objective.parse("x**2 - y**2"), SADDLE) is None


def test_third_derivatives_lie_where_their_indices_say(ar) -> None:
    """Of x^2 y + 3 y z^2 + 5 x y z: xxy is 2, yzz is 6, xyz is 5, in every order; all others are 0."""
    made = BranchSystem(ar, hc.Objective.parse("x**2*y + 3*y*z**2 + 5*x*y*z"), [ar.constant(ZERO)] * 3)
    known = {(0, 0, 1): 2, (1, 2, 2): 6, (0, 1, 2): 5}
    found = made.third_derivatives([ar.constant(ONE)] * 4)
    for place in itertools.product(range(3), repeat=3):
        i, j, k = place
        assert ar.endpoints(found[i][j][k]) == (known.get(tuple(sorted(place)), 0),) * 2


def test_a_tape_that_is_given_is_not_made_again(ar) -> None:
    """It is that of the function."""
    f = hc.Objective.parse("x**2 - y**2")
    assert BranchSystem(ar, f, [ar.constant(ZERO)] * 2, "tape").third == "tape"


def test_third_derivatives_are_of_formulas_in_few_variables() -> None:
    """Twelve at most, and nothing but formulas."""
    names = [f"x{i}" for i in range(13)]
    few, many = (hc.Objective.parse(" + ".join(some), some) for some in (names[:12], names))
    assert system.formula_of(few) is few
    for other in (many, SimpleNamespace(dimension=2, name="f")):
        with pytest.raises(NotAnalyticError, match="at most 12 variables"):
            system.formula_of(other)


def test_no_target_where_only_the_gradient_is_defined(ar) -> None:
    """1/x + 1 is 0 at -1, where log x + x is not defined."""
    beside = TargetBox((-ONE,), (HALF / 4,), ((-ONE,),))
    assert proved_target(ar, hc.Objective.parse("-x**2 - 2*x"), replace(beside, preconditioner=((-HALF,),)))
    assert proved_target(ar, hc.Objective.parse("log(x) + x"), beside) is None


def test_no_target_without_a_bounded_spectrum(ar, monkeypatch) -> None:
    """Eigenvalues that are not enclosed tell no index; of a Hessian that is not bounded none are asked for."""
    f = hc.Objective.parse("x**2 - y**2")
    monkeypatch.setattr(system, "extreme_eigenvalues", lambda *_: None)
    monkeypatch.setattr(system, "inertia", lambda *_: SimpleNamespace(negative=1, undecided=0))
    assert proved_target(ar, f, SADDLE) is None
    monkeypatch.setattr(system, "extreme_eigenvalues", lambda *_: pytest.fail("is not asked"))
    tight = SimpleNamespace(image=lambda *_: SimpleNamespace(proved=True), tighten=lambda _: [ar.constant(ZERO)] * 2)
    monkeypatch.setattr(system, "KrawczykOperator", lambda *_: tight)
    unbounded = [[ar.constant(ONE) / ar.interval(-ONE, ONE)] * 2] * 2
    stub = SimpleNamespace(enclose_value=lambda *_: ar.constant(ONE), enclose_hessian=lambda *_: unbounded)
    assert proved_target(ar, stub, SADDLE) is None


def test_a_target_is_named_by_its_index() -> None:
    """No negative eigenvalue, all, or some."""
    assert [system.kind_of(n, 2) for n in range(3)] == ["minimizer", "saddle of index 1", "maximizer"]
