"""Claim: a step with momentum is the one that is written down, and what a file calls a method is read as one."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.balls import arithmetic
from hallucert.check.attraction.method import Method

E, B = Fraction(1, 4), Fraction(1, 2)
PLAIN, HEAVY, NESTEROV = Method(E), Method(E, B), Method(E, B, 1)


@pytest.mark.parametrize(
    ("method", "inputs", "shares"),
    [
        (PLAIN, {"step": E}, (1, 0)),
        (HEAVY, {"step": E, "momentum": B, "nesterov": 0}, (1, B)),
        (NESTEROV, {"step": E, "momentum": B, "nesterov": 1}, (Fraction(3, 2), Fraction(1, 4))),
        (Method(E, None, 1), {"step": E}, (1, 0)),
    ],
)
def test_a_method_is_what_its_inputs_say(
    method: Method, inputs: dict[str, object], shares: tuple[Fraction, ...]
) -> None:
    """Both ways; without momentum b is 0."""
    assert method.inputs == inputs and method.shares == shares
    assert Method.of(inputs) == (method if method.momentum is not None else PLAIN)
    assert Method.of({"step": E, "momentum": B}) == HEAVY and Method(E, B).nesterov == 0


@pytest.mark.parametrize(
    ("method", "sense"),
    [
        (PLAIN, True),
        (HEAVY, True),
        (NESTEROV, True),
        (Method(E, Fraction(0)), True),
        (Method(Fraction(0)), False),
        (Method(-E), False),
        (Method(E, Fraction(1)), False),
        (Method(E, -B), False),
        (Method(E, B, 2), False),
        (Method(E, B, -1), False),
    ],
)
def test_some_numbers_make_sense(method: Method, sense: bool) -> None:
    """A positive step, a momentum from 0 to below 1, Nesterov's or not."""
    assert method.makes_sense is sense


@pytest.mark.parametrize("method", [PLAIN, HEAVY, NESTEROV])
def test_a_step_takes_a_state_where_the_formula_says(method: Method) -> None:
    """From (1, 2) with ``E v = (3, -4)`` and the force (8, -12), ``E F = (2, -3)``; nowhere if something is unknown."""
    with arithmetic("mpmath", 106) as ar:
        x, w = ([ar.constant(Fraction(v)) for v in row] for row in ((1, 2), (3, -4)))
        here = SimpleNamespace(shifted_gradient=[ar.constant(Fraction(v)) for v in (8, -12)], domain_certain=True)
        asked = []
        problem = SimpleNamespace(at=lambda *given: asked.append(given) or here)
        state = x if method is PLAIN else [*x, *w]
        after = {
            PLAIN: (-1, 5),
            HEAVY: (1 - (2 + B * 3), 2 - (-3 - B * 4), 2 + B * 3, -3 - B * 4),
            NESTEROV: (1 - (2 + B * (2 + B * 3)), 2 - (-3 + B * (-3 - B * 4)), 2 + B * 3, -3 - B * 4),
        }[method]
        assert [ar.midpoint(v) for v in method.after(problem, ar, state)] == list(after)
        assert asked == [(ar, x)] and list(method.position(state)) == x
        rest = method.at_rest((E, B))
        assert rest == ((E, B) if method is PLAIN else (E, B, 0, 0))
        if method is not PLAIN:
            assert [ar.midpoint(v) for v in method.velocity(ar, state)] == [12, -16]
        here.domain_certain = False
        assert method.after(problem, ar, state) is None
        here.domain_certain, here.shifted_gradient = True, [ar.indeterminate()] * 2
        assert method.after(problem, ar, state) is None
