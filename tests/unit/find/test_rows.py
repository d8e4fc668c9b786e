"""The rows of the derivative of r(x+), with and without their entries, and networks that are solved with them."""

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import SearchError
from hallucert.find import rows
from hallucert.find import shifted as shifted_module
from hallucert.find.rescaled import Rescaled
from hallucert.find.rows import DenseRows, ShiftedProgram
from hallucert.find.shifted import Shifted
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.radius_law import RadiusLaw


def network(inputs=30, width=7, samples=4, outputs=2):
    """A network on random data, as an array program."""
    rng = np.random.default_rng(5)
    b = ProgramBuilder([(width, inputs), (width,), (outputs, width)])
    hidden = b.unary("tanh", layers.linear(b, b.array(rng.normal(size=(samples, inputs))), b.input(0), b.input(1)))
    out = layers.linear(b, hidden, b.input(2), None)
    r = b.sub(out, b.array(rng.normal(size=(samples, outputs))))
    return ProgramObjective(b.program([b.reshape(r, (samples * outputs,))]), ["w", "c", "v"], samples)


def start(f, seed=0):
    return np.random.default_rng(seed).normal(size=f.dimension) / 4


@pytest.mark.parametrize("block", [1, 100, 2**18])
@pytest.mark.parametrize("units", [None, (3, -4)])
def test_products_of_rows_are_those_of_the_matrix(monkeypatch, block, units):
    """A A^T and A^T w, in blocks of any size and in other units, are made of the A of Hessian-vector products."""
    monkeypatch.setattr(rows, "BLOCK", block)
    monkeypatch.setattr(shifted_module, "MOST_ENTRIES", 0)
    f = network() if units is None else Rescaled(network(), length=units[0], height=units[1])
    shifted, x, w = Shifted(f, 0.75), start(f), np.linspace(-1, 1, 8)
    a, found = shifted.residual_jacobian(x), shifted.rows(x)
    assert not isinstance(found, DenseRows)
    size = np.linalg.norm(a)
    assert np.abs(found.gram() - a @ a.T).max() < 1e-13 * size**2
    assert np.abs(found.combined(w) - a.T @ w).max() < 1e-13 * size


@pytest.mark.parametrize("samples", [4, 20])
def test_no_direction_has_as_many_entries_as_the_weights(samples):
    """Of what is run for each lane nothing has the shape of the first weights, also where the data are larger."""
    moving = ShiftedProgram(network(samples=samples), Fraction(3, 4)).gram.moving
    shapes = {node.shape for node in moving.nodes if node.op != "input"}
    assert shapes and not shapes.intersection({(7, 30), (30, 7)})


def test_other_steps_and_formulas_take_the_entries():
    """For USAM, and for a formula, the rows are those of the matrix."""
    usam = Shifted(network(), 0.75, RadiusLaw("usam"))
    formula = Shifted(hc.Objective.least_squares(["x*y - 1", "x + y**2"]), 0.5)
    for shifted in (usam, formula):
        x = start(shifted.f)
        found, a = shifted.rows(x), shifted.residual_jacobian(x)
        assert isinstance(found, DenseRows) and np.array_equal(found.gram(), a @ a.T)


def test_a_network_is_solved_without_its_matrix(monkeypatch):
    """784-200-10, 159,010 parameters, on 6 images: |r(x+)| < 1e-12 from the definition, and no row has entries."""

    def refused(*_):
        raise AssertionError("the rows of A are written out")

    monkeypatch.setattr(Shifted, "residual_jacobian", refused)
    f = network(784, 200, 6, 10)
    candidate = hc.find.hallucinate(f, start(f) / 7, 2)
    g = f.gradient(candidate.x)
    assert np.linalg.norm(f.residual(candidate.x + 2 * g / np.linalg.norm(g))) < 1e-12 and np.linalg.norm(g) > 0.1
    assert candidate.rho == Fraction(2) and candidate.objective is f


def test_where_the_gradient_fades_a_large_derivative_is_no_excuse():
    """Steps that end next to a minimizer, with |g| of 1e-8, |A| of 1e8 and |r(x+)| of 0.1, have found nothing."""
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    f = hc.TanhNetwork((2, 8, 1), corners, np.ones(4))
    with pytest.raises(SearchError, match="did not converge"):
        hc.find.hallucinate(f, f.initial(1), 3)
