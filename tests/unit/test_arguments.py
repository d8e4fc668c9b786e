"""What the caller has told numpy about floating-point errors neither stops a public function nor is changed by it.

Under ``seterr(all="raise")`` whatever underflows, overflows or is undefined anywhere inside raises. The functions are
so small, and the points so near to axes, that something does in most of them; the results are those of a quiet numpy.
"""

import inspect

import matplotlib
import numpy as np
import pytest

import hallucert as hc

matplotlib.use("Agg")

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
TINY = hc.Objective.parse("2**-500*((x**2 - 1)**2/4 + y**2/20)", name="tiny")
CUSP = hc.Objective.parse("exp(-1/x) + exp(-500*y**2) + log(x)", name="cusp")
WELLS = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"])
AXIS = (-0.5, 1e-200)
PLANE = [(-2, 2), (-1, 1)]


def _net():
    return hc.TanhNetwork((1, 2, 1), [[0.3], [-0.7]], [[0.1], [1e-170]])


CALLS = {
    "value": lambda: [f.value([[1.0, 1e-200], [1e-300, 3.0], [-1.0, 0.0]]) for f in (WELL, TINY, CUSP)],
    "gradient": lambda: [f.gradient([[1.0, 1e-200], [1e-300, 3.0]]) for f in (WELL, TINY, CUSP)],
    "hessian": lambda: [f.hessian([[1.0, 1e-200], [1e-300, 3.0]]) for f in (WELL, TINY, CUSP)],
    "hessian_vector_product": lambda: _net().hessian_vector_product(np.full(7, 1e-160), np.full(7, 1e-170)),
    "residual": lambda: _net().residual(np.full(7, 1e-200)),
    "residual_jacobian": lambda: _net().residual_jacobian(np.full(7, 1e-200)),
    "certify": lambda: [str(hc.certify(f, AXIS, "1.5")) for f in (WELL, TINY, RING)],
    "certify_stall": lambda: str(hc.certify_stall(WELL, (0.3, 1e-200), "0.5")),
    "verify": lambda: [str(hc.verify(hc.certify(f, AXIS, "1.5"), b)) for f in (WELL, RING) for b in ("arb", "mpmath")],
    "diagram": lambda: str(hc.diagram(WELL, (1, 0), [("-0.52", "-0.48"), ("-0.1", "0.1")])),
    "census": lambda: str(hc.census(WELL, PLANE, "1.5", max_boxes=200)).split(" boxes")[0],
    "safe_radius": lambda: str(hc.safe_radius(WELL, (1, 0))),
    "critical_rho": lambda: str(hc.critical_rho(WELL, (1, 0))),
    "diagnose": lambda: str(hc.diagnose(WELL, AXIS, 1.5)),
    "branch": lambda: hc.find.branch(WELL, hc.find.refine(WELL, AXIS, "1.5"), box=[(-0.6, -0.4), (-1, 1)]).x,
    "branches": lambda: [b.x for b in hc.find.branches(WELL, (1, 0), PLANE)],
    "critical_points": lambda: [p.x for f in (WELL, TINY) for p in hc.find.critical_points(f, PLANE)],
    "farthest_point": lambda: hc.find.farthest_point(WELLS, (0, 0), (1, 1)).x,
    "hallucinate": lambda: hc.find.hallucinate(RING, (0.5, 1e-200), "1.5").x,
    "on_sphere": lambda: [c.x for f in (WELL, TINY) for c in hc.find.on_sphere(f, (1, 0), "1.5")],
    "refine": lambda: [hc.find.refine(f, AXIS, "1.5").x for f in (WELL, TINY)],
    "sheet": lambda: hc.find.sheet(RING, (0.5, 1e-200), "1.5", max_steps=2).x,
    "perturbed_point": lambda: hc.sam.perturbed_point(TINY, AXIS, 1.5),
    "sam_value": lambda: hc.sam.sam_value(TINY, AXIS, 1.5),
    "shifted_gradient": lambda: hc.sam.shifted_gradient(TINY, AXIS, 1.5),
    "sam_gradient": lambda: hc.sam.sam_gradient(TINY, AXIS, 1.5),
    "direction_jacobian": lambda: hc.sam.direction_jacobian(TINY, AXIS),
    "perturbation_jacobian": lambda: hc.sam.perturbation_jacobian(TINY, AXIS, 1.5),
    "sam_matrix": lambda: hc.sam.sam_matrix(TINY, AXIS, 1.5),
    "run": lambda: hc.sam.run(WELL, AXIS, 1.5, 0.01, 50).x,
    "run_ensemble": lambda: hc.sam.run_ensemble(WELL, [AXIS, (1e-300, 0.3)], 1.5, 0.01, 50).x,
    "plot.census": lambda: hc.plot.census(hc.census(WELL, PLANE, "1.5", max_boxes=200)) and None,
    "plot.landscape": lambda: hc.plot.landscape(TINY, PLANE, rho=1.5) and None,
    "plot.radii": lambda: hc.plot.radii(WELL, PLANE, ["1.5"]) and None,
}


def _public():
    """The names of the public functions of the package and its modules, and of the float methods of an objective."""
    for module in (hc, hc.find, hc.sam, hc.plot):
        prefix = "plot." if module is hc.plot else ""
        for name in module.__all__:
            if inspect.isfunction(getattr(module, name)):
                yield prefix + name, getattr(module, name)
    for name in ("value", "gradient", "hessian", "hessian_vector_product", "residual", "residual_jacobian"):
        yield name, getattr(hc.Objective, name)


@pytest.mark.parametrize("name", CALLS)
def test_a_strict_numpy_changes_nothing(name):
    """The same results, no FloatingPointError, and the caller's settings as they were."""
    expected = CALLS[name]()
    with np.errstate(all="raise"):
        found = CALLS[name]()
        assert set(np.geterr().values()) == {"raise"}
    np.testing.assert_equal(found, expected)


def test_every_public_function_is_quiet():
    """None is left out: all are wrapped in the one context."""
    loud = [name for name, function in _public() if getattr(function, "__wrapped__", None) is None]
    assert not set(loud) - {"each"}  # makes no number


def test_the_settings_are_restored_after_an_error():
    """Misuse, or an error of the user's own function, leaves numpy as the caller had it."""
    with np.errstate(under="raise", over="warn"):
        before = np.geterr()
        with pytest.raises(hc.errors.ArgumentError):
            hc.find.refine(WELL, "nowhere", 1)
        assert np.geterr() == before
