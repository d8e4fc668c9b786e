"""The checker of large points re-proves what is true and refuses what is not."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import large_samples as samples
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.midrad import MidRad
from hallucert.check.claim import Enclosure
from hallucert.check.file.verify import SPENT
from hallucert.check.large import verify
from hallucert.check.large.existence import SlicedWitness, facts_of
from hallucert.check.large.slice import Runs
from hallucert.check.point.existence import refutation
from hallucert.check.point.rule import BY_NAME
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED
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


@pytest.fixture
def checked(monkeypatch):
    """What becomes of claims where Krawczyk's test, the columns and the evidence say what is given."""

    def run(tests, evidence=((True,),), late=99, contradicted=None, whole=False, claims=("existence", "target")):
        asked, outcomes = [], iter(tests)

        def tried(slice_, witness, value):
            outcome = next(outcomes)
            if outcome is None:
                raise DomainError("it is undefined")
            return SimpleNamespace(proved=outcome == "proved", excluded=outcome == "excluded")

        def made(*_, whole=whole):
            def thorough():
                assert tests[0] == "open"  # only then is it needed
                return made(whole=True) if tests[1:] else None

            return SimpleNamespace(whole=whole, sharp=SimpleNamespace(run=lambda *_: [None]), thorough=thorough)

        def measured(answer):
            return lambda name: SimpleNamespace(
                recheck=lambda *_: asked.append(name) or (None if answer else "is not so")
            )

        found = [SimpleNamespace(measured=measured(answer)) for answer in evidence]
        saved = samples.certified()
        refuted = refutation(facts_of(saved.problem, saved.witness))
        known = {"refuted": refuted, "other": replace(saved["existence"], status=hc.Status.REFUTED)}
        kept = {name: known.get(name, saved.claims.get(name)) for name in claims}
        certificate = replace(saved, claims={claim.name: claim for claim in kept.values()})
        monkeypatch.setattr(verify, "Slice", made)
        monkeypatch.setattr(verify, "krawczyk", tried)
        monkeypatch.setattr(verify, "_contradicted", contradicted or (lambda *_: pytest.fail("is not asked")))
        monkeypatch.setattr(verify, "Evidences", lambda *_: found)
        clock = SimpleNamespace(tell=lambda *what: asked.append(what), passed=lambda: len(asked) > late)
        results = verify._checked(certificate, certificate.witness, None, None, clock)
        assert next(outcomes, "none") == "none"
        return [result.message or result.passed for result in results], asked

    return run


NOTHING, FINE = "existence cannot be re-proved in the box of the file", lambda *_: None


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ({"tests": ["proved"], "contradicted": FINE}, [True, True]),
        ({"tests": ["proved"], "contradicted": lambda *_: "columns are elsewhere"}, ["columns are elsewhere"] * 2),
        ({"tests": ["proved"], "whole": True}, [True, True]),
        ({"tests": ["open", "proved"]}, [True, True]),
        ({"tests": ["open", "open"]}, [NOTHING] * 2),
        ({"tests": ["open"], "contradicted": FINE}, [NOTHING] * 2),
        ({"tests": [None]}, [f"{NOTHING}: its data cannot be worked with: it is undefined"] * 2),
        ({"tests": ["excluded"], "contradicted": FINE}, [NOTHING] * 2),
        ({"tests": ["excluded"], "contradicted": FINE, "claims": ["refuted"]}, [True]),
        ({"tests": ["excluded"], "contradicted": FINE, "claims": ["other"]}, [NOTHING]),
        (
            {"tests": ["excluded"], "contradicted": FINE, "claims": ["refuted", "target"]},
            [True, "there is no point to speak about"],
        ),
        ({"tests": ["open", "proved"], "claims": ["refuted"], "evidence": [False]}, ["is not so"]),
        ({"tests": ["proved"], "contradicted": FINE, "evidence": [False, True]}, [True, True]),
        ({"tests": ["proved"], "contradicted": FINE, "evidence": [False, False]}, ["is not so"] * 2),
        ({"tests": ["proved"], "contradicted": FINE, "late": 3}, [True, SPENT]),
    ],
)
def test_claims_are_proved_again_where_the_box_is(checked, given, messages):
    """In balls alone where doubles decide nothing; a box without a zero refutes existence, and nothing is said else."""
    assert checked(**given)[0] == messages


def test_evidence_is_asked_as_long_as_it_is_needed(checked):
    """The second one only of what the first does not show, and none when the time is up."""
    told = [("existence", 0), ("claim existence", 0, 2), "existence"]
    assert checked(["proved"], contradicted=FINE, evidence=[True, False])[1] == [
        *told,
        ("claim target", 1, 2),
        "target",
    ]
    late = checked(["proved"], contradicted=FINE, evidence=[False, True], late=2)
    assert late == (["is not so", SPENT], [*told, ("claim target", 1, 2)])


def test_without_a_place_or_a_decided_claim_nothing_is_run(monkeypatch):
    """Undecided claims pass; one that is decided is checked, with all beside it."""
    monkeypatch.setattr(verify, "_checked", lambda *_: "is run")
    saved = samples.certified()
    undecided = BY_NAME["target"].open(Reason.TIME)
    for changes, run in (
        ({}, True),
        ({"claims": {"target": undecided, "existence": saved["existence"]}}, True),
        ({"claims": {"target": undecided}}, False),
        ({"witness": None}, False),
    ):
        assert (verify.check(replace(saved, **changes), None, 0, UNLIMITED) == "is run") is run


def test_enclosures_of_one_array_meet_everywhere():
    """At their ends, too."""
    for inner, outer, meet in (((0, 1), (2, 1), True), ((0, 1), (3, 1), False), ((0, 0), (1, 1), True)):
        assert verify._overlap(*(MidRad(np.array([5.0, m]), np.array([0.0, r])) for m, r in (inner, outer))) is meet


def test_columns_are_those_of_the_form():
    """On a slice of A S and A B^T, otherwise of M and of the Hessian at x+."""
    known, places = SimpleNamespace(dimension=3), SimpleNamespace(middle=np.zeros(3))
    runs = SimpleNamespace(run=lambda name, _: [MidRad(np.zeros(1))])
    for residual, name, wrong in (
        (True, "A S", "jacobian"),
        (True, "A B^T", "kernel"),
        (False, "M", "jacobian"),
        (False, "H(x+)", "target"),
    ):
        sharp = SimpleNamespace(
            arithmetic=SimpleNamespace(name="arb"),
            run=lambda asked, *_, wrong=wrong: [MidRad(np.array([float(asked == wrong)]))],
        )
        form = SimpleNamespace(residual=residual)
        on = SimpleNamespace(unknowns=3, f=known, sharp=sharp, at=lambda *_: runs, problem=form)
        found = verify._contradicted(on, places)
        assert found == f"columns of {name} in arb are not where arrays of doubles have them"
