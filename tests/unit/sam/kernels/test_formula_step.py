"""The compiled step of a formula does what the interpreting loop does, bit for bit, in every kind of run."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.objectives.machine import native
from hallucert.sam.kernels import formula_step

FORMULAS = [
    "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
    "exp(-x**2 - y**2)*tanh(x*y) + x**2/9 + softplus(y - x)",
    "sin(3*x)*cos(y/x) + erf(x*y)/(2 + y**2) + 300*cos(7000000*x)",
    "x*log(x) + sqrt(y + 1) + x**2.5/y + (y - 2)**4 + x**-3",
    "x**2/2",
]

KINDS = {
    "sam": {},
    "usam": {"variant": "usam"},
    "warm": {"warmup": 0.3},
    "heavy": {"momentum": 0.5, "warmup": 0.1},
    "history": {"every": 7, "tolerance": 1e-3},
}


def ends(monkeypatch, after: int, formula: str, count: int, **options) -> hc.sam.Ensemble:
    """Run `count` lanes, which are interpreted for some of their steps."""
    formula_step._formula_step.cache_clear()
    monkeypatch.setattr(formula_step, "WORTH_COMPILING", after)
    f = hc.Objective.parse(formula)
    x = np.random.default_rng(3).uniform(-0.5, 3.0, (count, f.dimension))
    x[count // 2 :] = np.abs(x[count // 2 :])
    return hc.sam.run_ensemble(f, x, lambda k: 0.3 / (1 + k), 0.004, 100, bound=3.05, threads=2, **options)


@pytest.mark.parametrize(
    ("formula", "kind"), [*((formula, "heavy") for formula in FORMULAS), *((FORMULAS[0], kind) for kind in KINDS)]
)
def test_compiled_steps_are_the_interpreted_ones(monkeypatch, formula: str, kind: str) -> None:
    """Points, steps, statuses and histories agree to the last bit, also if a run is compiled on its way."""
    options = KINDS[kind]
    interpreted = ends(monkeypatch, 2**62, formula, 67, **options)
    compiled = ends(monkeypatch, 0, formula, 67, **options)
    changed = ends(monkeypatch, 67 * 40, formula, 67, **options)
    for other in (compiled, changed):
        assert other.x.tobytes() == interpreted.x.tobytes()
        assert (other.status == interpreted.status).all() and (other.steps == interpreted.steps).all()
        if interpreted.history is not None:
            assert other.history.tobytes() == interpreted.history.tobytes()
    if formula == FORMULAS[0]:
        assert len(set(interpreted.status)) > 1  # some lanes stop while others go on


def test_what_runs_is_what_it_claims(monkeypatch) -> None:
    """With no steps to wait for a formula is compiled at once, once for equal formulas; long programs never are."""
    made = []
    whole = native.loaded
    monkeypatch.setattr(native, "loaded", lambda module: made.append(module) or whole(module))
    ends(monkeypatch, 0, FORMULAS[0], 5)
    assert len(made) == 1
    f = hc.Objective.parse(FORMULAS[0])
    hc.sam.run(f, [1.0, 2.0], 0.1, 0.001, 50)
    assert len(made) == 1
    monkeypatch.setattr(formula_step, "MOST_ROWS", 3)
    formula_step._formula_step.cache_clear()
    hc.sam.run(f, [1.0, 2.0], 0.1, 0.001, 50)
    assert len(made) == 1


def test_a_lane_does_not_depend_on_its_neighbours(monkeypatch) -> None:
    """Each lane of a compiled ensemble ends where it ends alone."""
    together = ends(monkeypatch, 0, FORMULAS[1], 21)
    f, starts = together.objective, np.random.default_rng(3).uniform(-0.5, 3.0, (21, 2))
    starts[10:] = np.abs(starts[10:])
    for i in (0, 9, 20):
        alone = hc.sam.run(f, starts[i], lambda k: 0.3 / (1 + k), 0.004, 100, bound=3.05)
        assert alone.x.tobytes() == together.x[i].tobytes() and alone.steps == together.steps[i]
