"""Claim: SAM with momentum converges from where it is proved to, and repels where it is; wrong files are refused."""

from __future__ import annotations

import json
from copy import deepcopy
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction import momentum
from hallucert.check.attraction.norms import spectral_norm
from hallucert.check.claim import Status
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.reason import Reason
from hallucert.errors import ArgumentError, CertificateError

HALF = Fraction(1, 2)

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
"""At (-1/2, 0) with rho = 3/2 its SAM matrix is diag(2, 7/50)."""

COMPLEX = [(1, 1.4142135623730951), (1, 0.25)]
"""Eigenvalues ``a + ib`` of the SAM matrices of `pair`."""


def pair(imaginary_square: Fraction) -> hc.Objective:
    """A function with a hallucinated point at 0, target (1, 0), rho = 1, and ``M`` with the eigenvalues ``1 +- ib``.

    ``H(1, 0) = [[2, 1], [1, 2]]`` and ``J(0) = [[1, 0], [p, q]]``, so ``det M`` is ``3 q = 1 + b^2``.
    """
    q = (1 + imaginary_square) / 3
    p = -2 * q
    return hc.Objective.parse(
        f"x - 5*x**3/3 + x**4 + y*(({p})*x - ({1 + 2 * p})*x**2 + ({1 + p})*x**3) + y**2*(({q - 1}) + ({3 - q})*x)/2"
    )


CURVED = [pair(Fraction(2)), pair(Fraction(1, 16))]


def stable(eigenvalue: complex, step: float, b: float, nesterov: bool) -> bool:
    """Schur's and Cohn's test of ``z^2 - a z + c``: ``|c| < 1`` and ``|a - conj(a) c| < 1 - |c|^2``."""
    a, c = 1 + b - step * eigenvalue, b + 0j
    if nesterov:
        a, c = (1 + b) * (1 - step * eigenvalue), b * (1 - step * eigenvalue)
    return abs(c) < 1 and abs(a - a.conjugate() * c) < 1 - abs(c) ** 2


def edge(eigenvalues: list, b: float, nesterov: bool) -> float:
    """The largest stable step; stable steps are an interval from 0."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if all(stable(v, middle, b, nesterov) for v in eigenvalues) else (low, middle)
    return low


@pytest.fixture(scope="module")
def well() -> hc.Certificate:
    """Heavy ball on the double well."""
    return hc.certify(WELL, (-0.5, 0), "1.5", basin="0.5", momentum="1/2", precisions=[53])


@pytest.fixture(scope="module")
def ahead() -> hc.Certificate:
    """Nesterov's method on the function with complex eigenvalues."""
    return hc.certify(CURVED[0], (0, 0), 1, basin="1/10", momentum="1/2", nesterov=True, precisions=[53])


def evidence_of(cert: hc.Certificate, bits: int = 212) -> Evidence:
    """What a proof of a claim about the point of a certificate starts from."""
    ar = arithmetic("arb", bits)
    x = [ar.interval(low, high) for low, high in cert.box]
    return Evidence(cert.problem.at(ar, x), cert.witness.centre, 1000)


def asked(step: float, b: float, nesterov: bool) -> dict:
    """Inputs of the claim at the point alone."""
    return {"step": Fraction(step), "momentum": Fraction(b), "nesterov": int(nesterov)}


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("b", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("which", range(3))
def test_a_step_one_percent_above_the_bound_is_refuted_and_one_below_is_not(well, which, b, nesterov):
    """Bounds by Schur and Cohn, of real and of complex eigenvalues, plain and with both kinds of momentum."""
    f, eigenvalues = [(WELL, [2, 0.14]), *((f, [complex(*v)]) for f, v in zip(CURVED, COMPLEX, strict=True))][which]
    cert = well if which == 0 else hc.certify(f, (0, 0), 1, precisions=[53])
    largest = edge(eigenvalues, b, nesterov)
    with arithmetic("arb", 212):
        for factor in (0.99, 1.01):
            found = momentum.expansion_of(evidence_of(cert), asked(factor * largest, b, nesterov))
            assert (found.lower > 1) if factor > 1 else (found.upper < 1)


@pytest.mark.thorough
def test_critical_damping_has_a_basin():
    """With b = 1/4 and the step 1/8 the two z of the eigenvalue 2 meet, at 1/2: there is no basis of eigenvectors."""
    claim = hc.certify(WELL, (-0.5, 0), "1.5", basin="1/8", momentum="1/4", precisions=[53])["momentum"]
    assert claim.numbers["radius"].lower > Fraction(1, 200)


@pytest.mark.parametrize("b", [0.0, 0.5, 0.9])
def test_real_eigenvalues_have_the_known_bounds(b):
    """Heavy ball ``2 (1 + b)/mu``, Nesterov ``2 (1 + b)/((1 + 2b) mu)``: the oracle itself, against closed forms."""
    assert edge([2], b, False) == pytest.approx(1 + b) and edge([2], b, True) == pytest.approx((1 + b) / (1 + 2 * b))


def test_momentum_may_stabilise_and_destabilise():
    """For 1 +- i/4 a step of 2 is too long without momentum, and not with 1/5; for 1 +- i sqrt 2 it is the reverse."""
    for f, step, b, sign in [(CURVED[1], 2, "1/5", 1), (CURVED[0], "3/10", "1/2", -1)]:
        cert = hc.certify(f, (0, 0), 1, precisions=[53])
        with arithmetic("arb", 106):
            plain, heavy = (momentum.expansion_of(evidence_of(cert), asked(step, m, False)) for m in (0, b))
        low, high = (heavy, plain) if sign > 0 else (plain, heavy)
        assert low.upper < 1 < high.lower


def test_a_step_at_the_bound_is_decided_by_nothing():
    """M has the eigenvalue 2 exactly: with b = 1/2 and the step 3/2 an eigenvalue of T is -1."""
    claim = hc.certify(WELL, (-0.5, 0), "1.5", basin="3/2", momentum="1/2", precisions=[53])["momentum"]
    assert claim.status is Status.UNDECIDED and claim.reason is Reason.STRADDLES


def iterated(gradient, rho, x, v, inputs: dict, steps: int):
    """Yield states of SAM with momentum, in mpmath, as PyTorch makes them from the gradient at ``x+``."""
    step, b = (mpmath.mpf(inputs[name].numerator) / inputs[name].denominator for name in ("step", "momentum"))
    for _ in range(steps):
        yield x, v
        g = gradient(x)
        plus = x + rho * g / mpmath.norm(g)
        f = gradient(plus)
        v = b * v + f
        x = x - step * (f + b * v if inputs["nesterov"] else v)


def of_well(x):
    """The gradient of the double well."""
    return mpmath.matrix([x[0] ** 3 - x[0], x[1] / 10])


def of_curved(x):
    """The gradient of the first function with complex eigenvalues, by differentiating its formula by hand."""
    a, y = x
    return mpmath.matrix(
        [1 - 5 * a**2 + 4 * a**3 + y * (-2 + 6 * a - 3 * a**2) + y**2, -2 * a + 3 * a**2 - a**3 + 2 * a * y]
    )


@pytest.mark.parametrize("name", ["well", pytest.param("ahead", marks=pytest.mark.thorough)])
def test_runs_from_the_edge_converge_at_the_proved_rate(name, request):
    """60-digit runs from states on the boundary of Omega, and with v = 0 on the sphere, shrink as proved."""
    cert = request.getfixturevalue(name)
    claim, known = cert["momentum"], {"well": (of_well, (-0.5, 0), 1.5), "ahead": (of_curved, (0, 0), 1)}[name]
    gradient, point, rho = known
    inputs, bound = claim.inputs, claim.inputs["bound"]
    assert claim.status is Status.PROVED and claim.numbers["contraction"].upper < bound < 1
    assert claim.numbers["radius"].lower > 1e-3
    with mpmath.workdps(60):
        v = mpmath.matrix(4, 4)
        for k, entry in enumerate(inputs["basis"]):
            v[k // 4, k % 4] = mpmath.mpf(entry.numerator) / entry.denominator
        back, size, rate = (
            v**-1,
            mpmath.mpf(float(inputs["size"])),
            mpmath.mpf(float(bound)) * (1 + mpmath.mpf(2) ** -50),
        )
        for k in range(4):
            turn = mpmath.matrix([mpmath.cos(k), mpmath.sin(k), 0, 0])
            far = (
                v * (size * mpmath.matrix([turn[0], 0, turn[1], 0]))
                if k % 2
                else turn * float(claim.numbers["radius"].lower)
            )
            state = mpmath.matrix(point) + far[:2]
            before = None
            for x, velocity in iterated(gradient, rho, state, far[2:], inputs, 30):
                away = x - mpmath.matrix(point)
                length = mpmath.norm(back * mpmath.matrix([*away, *velocity]))
                assert length <= size * (1 + mpmath.mpf(2) ** -50)
                assert before is None or length <= rate * before
                before = length


@pytest.mark.parametrize("nesterov", [0, 1])
def test_norms_are_those_of_matrices_written_out(well, nesterov):
    """That of a step at x*, where M = diag(2, .14), and that of what takes x - x* to coordinates: in numpy."""
    inputs, one, m = well["momentum"].inputs | {"nesterov": nesterov}, np.eye(2), np.diag([2.0, 0.14])
    with arithmetic("arb", 106) as ar:
        found = momentum.contraction_of(evidence_of(well, 106), inputs)
        here, shrink = found.at_point(), spectral_norm(ar, found.back)
    v, b = np.array(inputs["basis"], dtype=float).reshape(4, 4), float(inputs["momentum"])
    k, kept = (1 + b, b * b) if nesterov else (1, b)
    e, back = float(inputs["step"]), np.linalg.inv(v)
    t = np.block([[one - e * k * m, -e * kept * one], [m, b * one]])
    norms = np.linalg.norm(back @ t @ v, 2), np.linalg.norm(back[:, :2], 2)
    assert [float(here.upper), float(shrink.upper)] == pytest.approx(norms, rel=1e-12)
    assert float(well["momentum"].numbers["radius"].upper) == pytest.approx(float(inputs["size"]) / norms[1], rel=1e-5)


def test_the_bound_holds_for_matrices_between_those_of_the_set(well):
    """In floats, at points of the projection of Omega, with M by its formula, and for means of pairs of matrices."""
    inputs, rng, one = well["momentum"].inputs, np.random.default_rng(0), np.eye(2)
    v = np.array(inputs["basis"], dtype=float).reshape(4, 4)
    w = rng.normal(size=(400, 2))
    w *= float(inputs["size"]) / np.linalg.norm(w, axis=1, keepdims=True) * rng.uniform(0.9, 1, (400, 1))
    matrices = []
    for x, y in np.array([-0.5, 0]) + w @ v[:2, :2].T:
        g = np.array([x**3 - x, y / 10])
        q = np.linalg.norm(g)
        j = one + 1.5 / q * (one - np.outer(g, g) / q**2) @ np.diag([3 * x**2 - 1, 0.1])
        matrices.append(np.diag([3 * (x + 1.5 * g[0] / q) ** 2 - 1, 0.1]) @ j)
    matrices += [(a + b) / 2 for a, b in zip(matrices[::2], matrices[1::2], strict=True)]
    e, b = float(inputs["step"]), float(inputs["momentum"])
    t = np.array([np.block([[one - e * m, -e * b * one], [m, b * one]]) for m in matrices])
    norms = np.linalg.norm(np.linalg.solve(v, t @ v), 2, axis=(1, 2))
    assert 0.98 * float(inputs["bound"]) < norms.max() <= float(inputs["bound"])


@pytest.mark.parametrize(
    "change",
    [
        {"size": Fraction(1, 4)},
        {"size": Fraction(0)},
        {"size": Fraction(-1)},
        {"bound": Fraction(1, 2)},  # less than at x*
        {"momentum": Fraction(9, 10)},
        {"momentum": Fraction(1)},
        {"momentum": Fraction(-1, 2)},
        {"step": Fraction(14, 10)},
        {"step": Fraction(0)},
        {"step": Fraction(-1, 2)},
        {"nesterov": 2},
        {"basis": ()},
        {"basis": (Fraction(1),) * 16},  # not 0 where velocities would move x
        {"basis": (Fraction(0),) * 16},
    ],
)
def test_wrong_inputs_are_not_re_proved(well, change):
    """A larger set, another momentum or step, what is no method, and no norm."""
    with arithmetic("arb", 106):
        evidence, inputs = evidence_of(well, 106), well["momentum"].inputs
        assert not isinstance(momentum.measure(evidence, inputs), Reason)
        assert isinstance(momentum.measure(evidence, inputs | change), Reason)


def test_a_set_that_velocities_leave_is_refused(well):
    """With entries beside U the x of states go farther than U w: such a basis, with the same norm, proves nothing."""
    inputs = well["momentum"].inputs
    v = np.array(inputs["basis"], dtype=object).reshape(4, 4)
    swapped = tuple(v[:, [2, 3, 0, 1]].ravel())
    with arithmetic("arb", 106):
        assert momentum.contraction_of(evidence_of(well, 106), inputs) is not None
        assert momentum.contraction_of(evidence_of(well, 106), {**inputs, "basis": swapped}) is None


def changed(cert: hc.Certificate, **fields: object) -> dict:
    """The file of a certificate with other inputs or another status of the claim."""
    data = deepcopy(to_json(cert))
    claim = next(claim for claim in data["claims"] if claim["name"] == "momentum")
    for name, value in fields.items():
        if name in claim:
            claim[name] = value
        else:
            claim["inputs"][name] = value
    return data


@pytest.mark.parametrize(
    "fields", [{"momentum": "3p-2"}, {"nesterov": 1}, {"step": "11p-3"}, {"size": "1p-2"}, {"bound": "1p-1"}]
)
def test_forged_files_are_not_proved_again(well, fields):
    """Another momentum, method, step, a larger set or a better rate: the file is read, and the claim fails."""
    results = hc.verify(from_json(changed(well, **fields))).results
    assert {result.name for result in results if not result.passed} == {"momentum"}


@pytest.mark.parametrize(
    "fields",
    [{"momentum": "1"}, {"momentum": "-1p-1"}, {"step": "0"}, {"step": "-1"}, {"status": "refuted"}, {"nesterov": 2}],
)
def test_files_about_no_method_are_refused(well, fields):
    """What is no momentum, no step, or a status that the numbers do not show."""
    with pytest.raises(CertificateError):
        from_json(changed(well, **fields))


@pytest.mark.parametrize("backend", ["arb", pytest.param("mpmath", marks=pytest.mark.thorough)])
def test_both_arithmetics_prove_it_again(ahead, backend, tmp_path):
    """What is written is read and says the same; a refutation, too."""
    repels = hc.certify(WELL, (-0.5, 0), "1.5", basin="2", momentum="9/10", precisions=[53])
    assert repels["momentum"].status is Status.REFUTED and "almost every one with velocity 0" in str(repels)
    for number, cert in enumerate((ahead, repels)):
        path = tmp_path / f"{number}.json"
        cert.save(path)
        assert hc.load(path)["momentum"] == cert["momentum"]
        assert hc.verify(path, backend=backend)
    data = json.loads((tmp_path / "1.json").read_text())
    claim = next(claim for claim in data["claims"] if claim["name"] == "momentum")
    claim["inputs"]["step"] = "3p-1"  # an eigenvalue of modulus sqrt(9/10)
    assert not hc.verify(from_json(data), backend=backend)


@pytest.mark.thorough
def test_other_ascent_steps_have_momentum_too():
    """USAM on a tilted well: a float run from the edge of the ball ends at x*, and the sentence names the method."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20 + x*y/50")
    options = {"variant": "usam", "basin": "1/20", "momentum": HALF, "nesterov": True, "precisions": [53]}
    cert = hc.certify(f, (-0.7478, -0.0787), "16/3", **options)
    assert cert["momentum"] and cert["momentum"].statement.startswith("USAM with Nesterov's momentum 1/2")
    x, v = cert.x + np.array([float(cert["momentum"].numbers["radius"].lower), 0]), np.zeros(2)

    def gradient(x):
        return np.array([x[0] ** 3 - x[0] + x[1] / 50, x[1] / 10 + x[0] / 50])

    for _ in range(2000):
        g = gradient(x + 16 / 3 * gradient(x))
        v = v / 2 + g
        x = x - (g + v / 2) / 20
    np.testing.assert_allclose(x, cert.x, atol=1e-12)


def test_a_theorem_in_latex_says_what_the_method_is(well):
    """The momentum by its value, and the method."""
    assert r"with the momentum $\beta$ (heavy ball) it is" in well.to_latex()


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"momentum": "1/2"}, "momentum"),
        ({"momentum": 1, "basin": 1}, "momentum"),
        ({"momentum": "-1/10", "basin": 1}, "momentum"),
        ({"momentum": float("nan"), "basin": 1}, "momentum"),
        ({"nesterov": True, "basin": 1}, "nesterov"),
        ({"momentum": "1/2", "nesterov": 1, "basin": 1}, "nesterov"),
        ({"momentum": "1/2", "basin": 0}, "basin"),
        ({"momentum": "1/2", "start": (0, 0)}, "start"),
    ],
)
def test_what_is_no_momentum_is_refused(options, argument):
    """Numbers out of range, a method without them, and a run without a step."""
    with pytest.raises(ArgumentError) as caught:
        hc.certify(WELL, (-0.5, 0), "1.5", **options)
    assert caught.value.argument == argument
