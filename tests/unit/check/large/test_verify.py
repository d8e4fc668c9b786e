"""The checker of large points re-proves what is true and refuses what is not."""

from dataclasses import replace
from fractions import Fraction

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.midrad import MidRad
from hallucert.check.claim import Enclosure
from hallucert.check.large.existence import SlicedWitness, facts_of
from hallucert.check.large.slice import Runs
from hallucert.check.point.rule import BY_NAME
from hallucert.check.problem import Problem
from hallucert.errors import DomainError
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective


def test_a_certificate_is_re_proved_with_either_arithmetic():
    """With mpmath, and with Arb, all claims pass; the verdict names both arithmetics, with their bits."""
    for backend in ("mpmath", "arb"):
        verdict = hc.verify(samples.certified(), backend=backend)
        assert verdict and verdict.asserted == 9
        assert f"re-proved with midrad at 53 bits and {backend} at 212 bits" in repr(verdict)


def test_other_places_prove_nothing():
    """A centre that is moved, a box beside the zero, and one too large for the test are not re-proved."""
    saved = samples.certified()
    w = saved.witness
    for other in (
        replace(w, centre=w.centre + 1e-6),
        replace(w, middle=w.middle + 3 * w.radius),
        replace(w, radius=w.radius * 1e8),
    ):
        verdict = hc.verify(replace(saved, witness=other))
        assert not verdict and not any(result.passed for result in verdict.results[:5])


def test_numbers_that_leave_out_the_truth_are_refused():
    """Numbers whose enclosures are moved by ten widths, and a condition that fails, are not re-proved; others are."""
    saved = samples.certified()
    claims, moved = dict(saved.claims), {}
    for name in ("nonstationary", "regular", "sphere_type", "projected_c32", "attractor", "existence"):
        key, number = next(iter(saved[name].numbers.items()))
        by = 10 * (number.upper - number.lower)
        forged = {**saved[name].numbers, key: Enclosure(number.lower + by, number.upper + by)}
        claims[name], moved[name] = replace(saved[name], numbers=forged), key
    bound, moved["theorem_3_2"] = Enclosure(-samples.RHO / 8, -samples.RHO / 16), "smallest_eigenvalue_sym_Du"
    condition = replace(saved["theorem_3_2"], status=hc.Status.PROVED, numbers={moved["theorem_3_2"]: bound})
    results = {r.name: r for r in hc.verify(replace(saved, claims=claims | {"theorem_3_2": condition})).results}
    for name, key in moved.items():
        assert not results[name].passed and key in results[name].message, name
    assert results["target"].passed


def test_arrays_that_are_wrong_are_found_by_columns_in_balls(monkeypatch):
    """With one matrix off by a part in 10**6, as a bug in arrays may make it, no claim is re-proved."""
    run, certified = Runs.run, samples.certified()

    def wrong(self, name, *others):
        found = run(self, name, *others)
        return [a * MidRad(np.float64(1 + 1e-6)) for a in found] if name == "kernel" else found

    monkeypatch.setattr(Runs, "run", wrong)
    verdict = hc.verify(certified)
    assert not any(result.passed for result in verdict.results[:5])
    assert "columns of A B^T in arb are not where arrays of doubles have them" in str(verdict)


def test_a_function_is_undefined_where_one_of_its_operations_is():
    """``x^2 - 1``, and a logarithm that nobody takes: proved for that of ``2 - x``, but not of x at ``x+ = -1``."""
    for shift, sign, proved in ((2, -1, True), (0, 1, False)):
        b = ProgramBuilder([(1,)])
        x = b.input(0)
        unread = b.take(b.unary("log", b.scale(Fraction(sign), b.sub(x, b.filled(shift, (1,))))), np.array([-1]))
        program = b.program([b.add(b.sub(b.mul(x, x), b.filled(1, (1,))), unread)])
        problem = Problem(ProgramObjective(program, ["x"]), Fraction(3, 2), residual=True)
        witness = SlicedWitness(np.array([0.5]), np.array([0.0]), np.array([1e-3]))
        offset = Enclosure(Fraction(-1), Fraction(1))
        claim = BY_NAME["existence"].state(facts_of(problem, witness), {"offset": offset}, {})
        forged = replace(samples.certified(), problem=problem, witness=witness, claims={"existence": claim})
        assert bool(hc.verify(forged)) is proved


def unread_logarithm(shift: int, sign: int) -> ProgramObjective:
    """``(x^2 - 1)^2``, and ``log(sign (x - shift))``, of which nobody takes an entry."""
    b = ProgramBuilder([(1,)])
    x = b.input(0)
    unread = b.take(b.unary("log", b.scale(Fraction(sign), b.sub(x, b.filled(shift, (1,))))), np.array([-1]))
    part = b.add(b.sub(b.mul(x, x), b.filled(1, (1,))), unread)
    return ProgramObjective(b.program([b.reshape(b.mul(part, part), ())]), ["x"])


def test_the_point_is_named_where_the_function_is_undefined() -> None:
    """With log(x) at -1/2 nothing is certified, and the message says where."""
    with pytest.raises(DomainError, match=r"^x = \[-0.5\] is not certainly in the domain"):
        hc.certify(unread_logarithm(0, 1), [-0.5], "1.5", backend="midrad")


def test_no_claim_holds_where_the_function_is_undefined_though_its_derivatives_are_not() -> None:
    """At x* = -1/2, x+ = 1: every claim of the function with log(2 - x), alone, is refused of that with log(-x)."""
    known = hc.certify(unread_logarithm(2, -1), [-0.5], "1.5", backend="midrad")
    assert hc.verify(known)
    decided = [name for name, claim in known.claims.items() if claim.status is not hc.Status.UNDECIDED]
    assert {"existence", "target", "regular", "attractor"} <= set(decided)
    problem = replace(known.problem, objective=unread_logarithm(0, -1))
    for name in decided:
        forged = replace(known, problem=problem, claims={name: known.claims[name]})
        assert not any(result.passed for result in hc.verify(forged).results)
