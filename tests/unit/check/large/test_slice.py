"""Enclosures on a slice contain what balls of 212 bits have at single points of the box."""

from contextlib import nullcontext
from types import SimpleNamespace

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.check.large import slice as slices
from hallucert.check.large.slice import SharpSlice, Slice
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.midrad import MidRadArrays
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.radius_law import RadiusLaw

PROGRAMS = {
    "residual": 0,
    "jacobian": 8,
    "kernel": 8,
    "square": 8,
    "move": 0,
    "scalars": 0,
    "hessian": 74,
    "curvature": 74,
}
"""How many entries a direction of each program has."""


@pytest.mark.parametrize("balls", [None, arithmetic("arb", 106)])
@pytest.mark.parametrize("radius", [0.0, 1e-12, 1e-6])
def test_points_of_a_box_lie_in_its_enclosures(radius, balls):
    """Every program, run on a box of z, contains what Arb gives at corners and points of the box."""
    f, x = samples.found()
    on_slice, rng = samples.slice_through(f, x, balls=balls), np.random.default_rng(1)
    sharp, m = SharpSlice(on_slice, arithmetic("arb", 212)), on_slice.unknowns
    middle = rng.normal(size=m) * 1e-3
    box = MidRad(middle, np.full(m, radius))
    inside = [np.clip(middle + radius * s, middle - radius, middle + radius) for s in (1, -1, rng.uniform(-1, 1, m))]
    for name, count in PROGRAMS.items():
        directions = [] if not count else [np.eye(m)[:3]] if count == m else f.split(rng.normal(size=(3, count)))
        arrays = on_slice.run(name, box, *directions)
        for z in inside:
            for array, exact in zip(arrays, sharp.run(name, z, *directions), strict=True):
                assert (abs(array.mid - exact.mid) <= array.rad + exact.rad).all(), name
        if radius == 0:
            sharp_enough = 1e-9 if balls is None else 1e-12
            assert all(array.rad.max() <= sharp_enough * (1 + abs(array.mid).max()) for array in arrays), name


def test_blocks_of_lanes_make_no_difference(monkeypatch):
    """A matrix made one column at a time overlaps with the one made at once, and has its shape."""
    f, x = samples.found()
    on_slice = samples.slice_through(f, x)
    z = MidRad(np.zeros(on_slice.unknowns))
    whole = on_slice.columns("kernel", z)
    monkeypatch.setattr(slices, "MOST_LANES", 3)
    for a, b in zip(whole, on_slice.columns("kernel", z), strict=True):
        assert a.shape == b.shape == (8, 8) and (abs(a.mid - b.mid) <= a.rad + b.rad).all()
    assert (abs(whole[1].mid - whole[1].mid.T) <= 1e-12 * abs(whole[1].mid).max()).all()  # B B^T


def test_problems_without_a_slice_are_refused():
    """A function without residuals has no slice."""
    with pytest.raises(ArgumentError, match="problem must be SAM for an array program with residuals"):
        samples.slice_through(hc.Objective.parse("x**2"), np.zeros(1))


def square(*places):
    """The squares of two parameters, as residuals at some places of three; without places their sum."""
    b = ProgramBuilder([(2,)])
    both = b.mul(b.input(0), b.input(0))
    if not places:
        return ProgramObjective(b.program([b.sum(both, (0,))]), ["x"])
    parts = [b.put(both, np.array(at), (1 + max(map(max, places)),)) for at in places]
    return ProgramObjective(b.program([b.add(*parts) if parts[1:] else parts[0]]), ["x"])


@pytest.mark.parametrize(
    ("residuals", "parameters", "fit"),
    [(3, 3, True), (4, 3, False), (2049, 2049, True), (0, 2048, True), (0, 2049, False)],
)
def test_what_fits(residuals, parameters, fit):
    """At most as many residuals as parameters; without them 2048 parameters."""
    assert slices.fits(SimpleNamespace(residual_count=residuals, dimension=parameters)) == fit


def test_other_problems_are_refused():
    """USAM, formulas, too many residuals, and a form of the equation that the function has not."""
    residual, plain, many = square([0, 1]), square(), square([0, 1], [1, 2])
    arrays = MidRadArrays(MidRadArithmetic())
    for f, form, law, refused in (
        (residual, True, "sam", False),
        (plain, False, "sam", False),
        (residual, True, "usam", True),
        (residual, False, "sam", True),
        (many, True, "sam", True),
        (hc.Objective.parse("x + y"), False, "sam", True),
    ):
        problem = Problem(f, samples.RHO, law=RadiusLaw(law), residual=form)
        with pytest.raises(ArgumentError, match="be SAM for an array") if refused else nullcontext():
            made = Slice(problem, np.ones(2), arrays)
            assert made.unknowns == 2 and ("direction" in dir(made.programs)) is not form


def test_balls_alone_are_for_what_is_not_too_large(monkeypatch):
    """So many entries for each column of the widest program; and there have to be balls."""
    for f, form, name in ((square([0, 1]), True, "square"), (square(), False, "jacobian")):
        on = Slice(Problem(f, samples.RHO, residual=form), np.ones(2), MidRadArrays(MidRadArithmetic()))
        assert on.thorough() is None
        with pytest.raises(ArgumentError, match="balls"):
            on.sharp  # noqa: B018
        on.balls = arithmetic("arb", 53)
        monkeypatch.setattr(Slice, "_work", lambda self, asked, name=name: 5 if asked == name else 100)
        for most, whole in ((9, False), (10, True)):
            monkeypatch.setattr(slices, "MOST_BALLS", most)
            thorough = on.thorough()
            assert (thorough is not None) is whole
        assert thorough.whole and thorough.balls.precision == 212 and thorough.programs is on.programs


@pytest.mark.parametrize(("sizes", "lanes"), [([], 64), ([1], 64), ([2**14, 2**15, 3], 32), ([2**21], 1)])
def test_a_block_has_as_many_lanes_as_fit(monkeypatch, sizes, lanes):
    """By the largest array of a lane, at most 64 and at least one."""
    monkeypatch.setattr(Slice, "parts", lambda self, name: SimpleNamespace(sizes=sizes))
    assert Slice.__new__(Slice).lanes("kernel") == lanes
