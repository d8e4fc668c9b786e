"""An array program as an objective: the same as the tanh network that it writes out, in floats, balls and proofs."""

import json
import pickle
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.reading import objective_from_json

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(5, 2)), np.array([[1.0], [-1.0], [1.0], [1.0], [-1.0]])


def network(**options):
    return hc.TanhNetwork((2, 4, 1), INPUTS, TARGETS, **options)


def program(decay=0):
    """The same network as an array program, in residual form or with weight decay."""
    shapes = [(4, 2), (4,), (1, 4), (1,)]
    b = ProgramBuilder(shapes)
    w, c, v, e = (b.input(i) for i in range(4))
    outputs = layers.linear(b, b.unary("tanh", layers.linear(b, b.array(INPUTS), w, c)), v, e)
    r = b.reshape(b.sub(outputs, b.array(TARGETS)), (5,))
    names = ["0.weight", "0.bias", "2.weight", "2.bias"]
    if not decay:
        return ProgramObjective(b.program([r]), names, 5)
    value = b.scale(Fraction(1, 10), b.contract("m,m->", r, r))
    return ProgramObjective(b.program([b.add(value, layers.decay(b, [w, c, v, e], Fraction(decay)))]), names)


PAIRS = [(program(), network()), (program("1/100"), network(weight_decay="1/100"))]


@pytest.mark.parametrize(("f", "net"), PAIRS, ids=["residuals", "decay"])
def test_floats_are_the_networks(f, net):
    """Value, gradient, Hessian, products and residuals of points and lanes agree to rounding."""
    lanes = net.initial(0, count=3)
    for x in (lanes[0], lanes):
        assert np.allclose(f.value(x), net.value(x), rtol=1e-13)
        assert np.allclose(f.gradient(x), net.gradient(x), atol=1e-14)
        assert np.allclose(f.hessian(x), net.hessian(x), atol=1e-14)
        assert np.allclose(f.hessian_vector_product(x, x), net.hessian_vector_product(x, x), atol=1e-14)
        if net.residual_count:
            assert np.allclose(f.residual(x), net.residual(x), atol=1e-14)
            assert np.allclose(f.residual_jacobian(x), net.residual_jacobian(x), atol=1e-14)
    assert (f.dimension, f.residual_count, f.n) == (net.dimension, net.residual_count, f.n)


def test_hessians_are_exactly_symmetric():
    """Both entries of a pair are one number, in floats and in balls, within the block of one array as well."""
    f, net = PAIRS[1]
    x = net.initial(2)
    assert (f.hessian(x) == f.hessian(x).T).all()
    with arithmetic("mpmath", 80) as ar:
        rows = f.enclose_hessian(ar, [ar.constant(Fraction(v)) for v in x.tolist()])
        assert all(rows[i][j] is rows[j][i] for i in range(f.dimension) for j in range(i))


@pytest.fixture(scope="module")
def certificates():
    """The same point of both, found once: both certificates."""
    f, net = PAIRS[0]
    candidate = next(found for seed in range(20) if (found := _found(net, net.initial(seed, gain=2.0))) is not None)
    return hc.certify(f, candidate.x, "4"), hc.certify(net, candidate.x, "4")


def _found(f, start):
    try:
        return hc.find.hallucinate(f, start, "4")
    except hc.errors.SearchError:
        return None


def test_certificates_say_the_same(certificates):
    """Every claim has the status that it has of the network, and existence is proved."""
    mine, other = certificates
    assert {name: claim.status for name, claim in mine.claims.items()} == {
        name: claim.status for name, claim in other.claims.items()
    }
    assert mine["existence"].status == mine["hallucinated_minimizer"].status == "proved"
    assert np.allclose(mine.x, other.x, rtol=1e-12)


def test_certificates_are_verified_from_the_file(certificates, tmp_path):
    """In the other arithmetic; and not for another target."""
    path = tmp_path / "program.json"
    certificates[0].save(path)
    assert hc.verify(path, backend="mpmath")
    data = json.loads(path.read_text())
    nodes = data["problem"]["objective"]["program"]["nodes"]
    constant = next(node for node in nodes if node[0] == "constant" and node[3] == [5, 1])
    constant[2][0] = "3p-1"
    path.write_text(json.dumps(data))
    with pytest.raises(CertificateError, match="digest"):
        hc.load(path)


def test_the_problem_is_plain_data_and_can_be_pickled():
    """What is written is read back, also after enclosures were made; pickling keeps the function."""
    f = program()
    with arithmetic("arb", 80) as ar:
        f.enclose_value(ar, [ar.constant(Fraction(1))] * f.dimension)
    for again in (objective_from_json(json.loads(json.dumps(f.to_json()))), pickle.loads(pickle.dumps(f))):
        assert again.to_json() == f.to_json()
        assert again.variables == f.variables and f.variables[1] == "0.weight[0,1]"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"names": ["a", "b", "c"]}, "names"),
        ({"names": ["a", "b", "c", "c"]}, "names"),
        ({"names": ["a", "b", "c", "d\n"]}, "names"),
        ({"names": ["a", "b", "c", 4]}, "names"),
        ({"n": "0"}, "n"),
        ({"n": "-1"}, "n"),
        ({"n": 5}, "n"),
        ({"program": {}}, "program"),
    ],
)
def test_edited_problems_are_refused(change, field):
    """Names that are none, factors that are not positive, programs that are no programs."""
    with pytest.raises(CertificateError, match=f"problem.{field}"):
        objective_from_json(program().to_json() | change)


def test_programs_of_another_form_are_refused():
    """More than one output, or a matrix, is no loss."""
    b = ProgramBuilder([(2, 2)])
    for outputs in ([b.input(0)], [b.constant(1), b.constant(2)]):
        with pytest.raises(ArgumentError, match="one output"):
            ProgramObjective(b.program(outputs), ["x"])


def test_searches_and_runs_take_it():
    """SAM runs on it as on the network, and a diagnosis reads its end."""
    f, net = PAIRS[1]
    x = net.initial(0)
    mine, other = (hc.sam.run(g, x, "0.1", "0.05", 50, progress=False) for g in (f, net))
    assert np.allclose(mine.x, other.x, rtol=1e-10)
    assert hc.diagnose(f, mine.x, "0.1").kind == hc.diagnose(net, other.x, "0.1").kind
