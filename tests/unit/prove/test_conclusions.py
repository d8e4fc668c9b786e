"""A conclusion follows from published numbers only where they decide it: enclosures of a threshold decide nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.prove import (
    attractor,
    farthest_point,
    hallucinated_minimizer,
    nonstationary,
    regular,
    sphere_type,
    target,
    theorem_3_2,
)
from hallucert.prove.claims import Claim, Enclosure, Status
from hallucert.prove.reasons import Reason
from hallucert.prove.rules import Facts
from hallucert.prove.witness import Witness

TINY = Fraction(1, 2**80)


def _facts(claims=None):
    one, zero = Fraction(1), Fraction(0)
    witness = Witness("gradient", (zero, zero), None, (one, one), ((one, zero), (zero, one)))
    return Facts(hc.Objective.parse("x**2 + y**2"), Fraction(2), witness, dict(claims or {}))


def _around(value):
    """An interval that reaches to both sides of a threshold."""
    return Enclosure(Fraction(value) - TINY, Fraction(value) + TINY)


def _above(value):
    return Enclosure(Fraction(value) + TINY, Fraction(value) + 2 * TINY)


def _below(value):
    return Enclosure(Fraction(value) - 2 * TINY, Fraction(value) - TINY)


def _extremes(low, high, prefix="", suffix="_hessian_eigenvalue"):
    return {
        f"smallest{suffix}": low,
        f"largest{suffix}": high,
        "negative_eigenvalues": Enclosure(Fraction(1), Fraction(1)),
    }


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        (nonstationary, {"gradient_norm": _around(0)}),
        (regular, {"smallest_singular_value": _around(0)}),
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _around(Fraction(-1, 2))}),
        (attractor, {"smallest_real_part": _around(0)}),
        (attractor, {"smallest_real_part": _around(0), "step_bound": _above(0)}),
        (attractor, {"smallest_real_part": _above(0), "step_bound": _around(0)}),
        (attractor, {"smallest_real_part": _above(0)}),
        (target, _extremes(_around(0), _above(1))),
        (target, _extremes(_below(-1), _around(0))),
        (sphere_type, _extremes(_around(0), _above(1), suffix="_tangential_eigenvalue")),
        (sphere_type, _extremes(_below(-1), _around(0), suffix="_tangential_eigenvalue")),
        (farthest_point, {"level": _around(1), "maximum": _around(1)}),
    ],
)
def test_an_enclosure_of_the_threshold_decides_nothing(rule, numbers):
    """The interval contains both cases, by 2**-80 each: neither proved nor refuted."""
    assert isinstance(rule.conclude(_facts(), numbers, {}), Reason)


@pytest.mark.parametrize(
    ("rule", "numbers", "status"),
    [
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _above(Fraction(-1, 2))}, "proved"),
        (theorem_3_2, {"smallest_eigenvalue_sym_Du": _below(Fraction(-1, 2))}, "refuted"),
        (attractor, {"smallest_real_part": _above(0), "step_bound": _above(1)}, "proved"),
        (attractor, {"smallest_real_part": _below(0)}, "refuted"),
    ],
)
def test_a_hair_on_either_side_decides(rule, numbers, status):
    """The threshold itself is exact: 2**-80 beside it is enough."""
    assert rule.conclude(_facts(), numbers, {})[0] == status


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(_above(0), _above(1), "minimizer"), (_below(-1), _below(0), "maximizer"), (_below(0), _above(0), "saddle")],
)
def test_signs_name_the_target(low, high, words):
    """All positive: minimizer; all negative: maximizer; both signs: saddle."""
    _, statement = target.conclude(_facts(), _extremes(low, high), {})
    assert words in statement


def _claim(name, numbers=None, status=Status.PROVED):
    return name, Claim(name, status, "", numbers or {})


def test_a_refutation_needs_a_regular_jacobian():
    """A saddle as target refutes only where x -> x+ is proved to be a local diffeomorphism."""
    claims = dict([_claim("existence"), _claim("nonstationary"), _claim("target", _extremes(_below(0), _above(0)))])
    assert isinstance(hallucinated_minimizer.conclude(_facts(claims), {}, {}), Reason)
    claims.update([_claim("regular")])
    assert hallucinated_minimizer.conclude(_facts(claims), {}, {})[0] is Status.REFUTED


@pytest.mark.parametrize("missing", ["existence", "nonstationary", "target"])
def test_the_conjunction_needs_each_part(missing):
    """Without existence, nonstationarity or a classified target there is no hallucinated minimizer."""
    claims = dict([_claim("existence"), _claim("nonstationary"), _claim("target", _extremes(_above(0), _above(1)))])
    assert hallucinated_minimizer.conclude(_facts(claims), {}, {})[0] is Status.PROVED
    del claims[missing]
    assert isinstance(hallucinated_minimizer.conclude(_facts(claims), {}, {}), Reason)


def test_published_intervals_are_wider():
    """What is published contains what was measured with room on both sides, also around 0 and for single points."""
    for low, high in ((-TINY, TINY), (1, 1 + TINY), (0, 0), (5, 5), (1, 2), (-3, 3)):
        measured = Enclosure(Fraction(low), Fraction(high))
        published = measured.published(53)
        room = Fraction(1, 2**54)
        width = measured.upper - measured.lower
        assert published.lower <= measured.lower - 2 * width - room
        assert published.upper >= measured.upper + 2 * width + room
