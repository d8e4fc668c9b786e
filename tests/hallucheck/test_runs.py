"""Claim: the second checker repeats runs as they are defined, and concludes from nothing but where they arrive."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from mutants import written
from test_contraction import CERTIFICATES

import hallucert as hc
from hallucheck.arithmetic.interval import Undefined, exact, hull, working_precision
from hallucheck.arithmetic.linear import Vector
from hallucheck.attraction import converges
from hallucheck.files.reading import Refused, digest
from hallucheck.points.problem import read_problem
from hallucheck.points.rules import Claim

BASIS = np.array([[2.0, 0], [1, 4]])
STEP = Fraction(1, 4)
METHODS = {
    "alone": {},
    "heavy": {"momentum": "1p-1", "nesterov": 0},
    "nesterov": {"momentum": "1p-1", "nesterov": 1},
}


def line():
    """``(x**2 - 1)**2/4`` with rho = 3/2: between -1 and 0 x+ is x + 3/2."""
    problem = {"objective": hc.Objective.parse("(x**2 - 1)**2 / 4").to_json(), "rho": "3/2"}
    return read_problem({"kind": "point", "problem": problem, "digest": digest(problem)}, CERTIFICATES)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_runs_are_those_of_the_definition(name, steps):
    """In fractions: ``v' = b v + F``, and ``x' = x - E v'`` or ``x' = x - E (F + b v')``; from rest."""
    b, ahead = (Fraction(1, 2), METHODS[name]["nesterov"]) if METHODS[name] else (Fraction(0), 0)
    x, v = Fraction(-5, 8), Fraction(0)
    for _ in range(steps):
        plus = x + Fraction(3, 2)
        force = plus**3 - plus
        v = b * v + force
        x -= STEP * (force + b * v if ahead else v)
    run = {"start": ["-5p-3"], "step": written(STEP), "bits": 256, "steps": steps, **METHODS[name]}
    basis = {"basis": [written(Fraction(c)) for c in BASIS.ravel()]}
    facts = SimpleNamespace(residual=False, has=lambda *names: True)
    facts.claims = {known: Claim(known, "proved", basis, {}) for known in ("basin", "momentum")}
    with working_precision(128):
        point = SimpleNamespace(problem=line(), x=Vector([exact(Fraction(-1, 2))]))
        (found,) = converges.measure(facts, Claim("converges", "proved", run, {}), point).items()
        facts.has = lambda *names: False
        with pytest.raises(Undefined):
            converges.measure(facts, Claim("converges", "proved", run, {}), point)
    away = float(x + Fraction(1, 2))
    state = np.linalg.norm(np.linalg.solve(BASIS, [away, float(v)]))
    assert found[0] == ("state" if METHODS[name] else "distance")
    assert float(found[1]) == pytest.approx(state if METHODS[name] else abs(away), rel=1e-12)
    low, high = found[1].ends()
    assert high - low < Fraction(1, 2**100)


def concluded(known: dict, numbers: dict[str, str], *, residual: bool, has=True, radius="1p-3 5p-5", **inputs) -> bool:
    """Whether a run with these numbers has arrived in the set of a claim with these inputs."""
    name = "momentum" if "momentum" in inputs else "basin"
    before = Claim(name, "proved", known, {"radius": hull(exact(_number(v)) for v in radius.split())})
    facts = SimpleNamespace(residual=residual, has=lambda *names: has and names == (name,), claims={name: before})
    facts.problem = SimpleNamespace(f=SimpleNamespace(dimension=1, outputs=[0]))
    ends = {key: hull(exact(_number(v)) for v in text.split()) for key, text in numbers.items()}
    run = {"start": ["0"], "step": "1p-2", "bits": 256, "steps": 7, **inputs}
    return converges.conclude(facts, Claim("converges", "proved", run, ends)) == "proved"


def _number(text: str) -> Fraction:
    m, _, e = text.partition("p")
    return Fraction(m) * Fraction(2) ** int(e or 0)


SET = {"basis": ["1"], "step": "1p-2", "size": "1p-3", "bound": "1p-1"}
ALONE = {False: SET | {"subdivision": "w"}, True: SET | {"blocks": [], "weights": [], "widths": [], "reach": "1"}}


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"step": "1p-3"}, True),
        ({"step": "9p-5"}, False),
        ({"step": "0"}, False),
        ({"step": "-1p-2"}, False),
        ({"has": False}, False),
        ({"start": ["0", "0"]}, None),
        ({"steps": -1}, None),
        ({"bits": 1}, None),
        ({"bits": 10**6}, None),
        ({"more": "1"}, None),
    ],
)
@pytest.mark.parametrize("residual", [False, True])
def test_steps_are_at_most_those_of_the_set(changes, holds, residual):
    """A step of the set and all that are shorter, from a start with as many coordinates as there are variables."""
    numbers = {"distance": "0 1p-4"} | ({"share": "0 1p-1"} if residual else {})
    if holds is None:
        with pytest.raises(Refused):
            concluded(ALONE[residual], numbers, residual=residual, **changes)
    else:
        assert concluded(ALONE[residual], numbers, residual=residual, **changes) is holds


@pytest.mark.parametrize(
    ("numbers", "residual", "holds"),
    [
        ({"distance": "0 1p-3"}, False, True),  # the lower end of the radius, and the upper one of the distance
        ({"distance": "0 9p-6"}, False, False),
        ({"distance": "0 1p9", "share": "0 4095p-12"}, True, True),
        ({"distance": "0 0", "share": "0 1"}, True, False),
        ({"distance": "0 0", "share": "3p-1 1p1"}, True, False),
    ],
)
def test_runs_end_inside_of_the_set(numbers, residual, holds):
    """Up to the radius around a point; around a manifold all quotients are below 1."""
    assert concluded(ALONE[residual], numbers, residual=residual) is holds


CARRIED = {"momentum": "1p-1", "nesterov": 0}
WITH = {
    False: SET | CARRIED | {"subdivision": "w"},
    True: SET | CARRIED | {"blocks": [], "weights": [], "slope": "1"},
}


@pytest.mark.parametrize(
    ("changes", "numbers", "holds"),
    [
        ({}, {}, True),
        ({"step": "1p-3"}, {}, False),  # a set of states is for one method
        ({"momentum": "3p-3"}, {}, False),
        ({"nesterov": 1}, {}, False),
        ({"has": False}, {}, False),
        ({}, {"distance": "0 3p-5", "rest": "0 1p-5"}, True),
        ({}, {"distance": "0 3p-5", "rest": "0 33p-10"}, False),
        ({}, {"distance": "0 33p-10", "rest": "0 3p-5"}, False),
    ],
)
def test_with_momentum_sets_are_for_one_method(changes, numbers, holds):
    """With the step, the momentum and its kind; the distance and what is left of the way are at most R together."""
    given = CARRIED | changes
    assert concluded(WITH[True], {"distance": "0 1p-4", "rest": "0 1p-4"} | numbers, residual=True, **given) is holds
    if not numbers:
        assert concluded(WITH[False], {"state": "0 1p-3"}, residual=False, **given) is holds
    assert not concluded(WITH[False], {"state": "0 129p-10"}, residual=False, **given)


@pytest.mark.parametrize(("ends", "count"), [(["1p1", "3"], 3), (["1p1", "5p-1"], None), ([], None), (["0"], None)])
def test_segments_end_after_whole_numbers_of_steps(ends, count):
    """The run is repeated to the end of the last; cubes do not help here."""
    inputs = {"start": ["0"], "step": "1", "bits": 256, "ends": ends, "centres": [], "radii": []}
    if count is None:
        with pytest.raises(Refused):
            converges.read_run(Claim("converges", "proved", inputs, {}), 1)
    else:
        start, steps, bits = converges.read_run(Claim("converges", "proved", inputs, {}), 1)
        assert (start, steps) == ([0], count) and bits >= 256 + 8 * count
