"""Verifying a certificate of a large point: Krawczyk's test in the box of the file, then every claim, anew.

Everything is enclosed again in midpoint-radius arrays, whose products are made otherwise than those of the prover; the
residual at the centre in balls. Some columns of both matrices, chosen by the problem, are
computed in those balls, too, and must lie where the arrays have them.
"""

from __future__ import annotations

import numpy as np

from hallucert.balls.facade import BallArithmetic
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.balls.midrad.rounding import UP
from hallucert.check.claim import PROVOKED, Claim, Status
from hallucert.check.file.verify import SPENT, Result, provoked, rechecked
from hallucert.check.large.certificate import LargeCertificate
from hallucert.check.large.existence import SlicedWitness, facts_of, krawczyk
from hallucert.check.large.measures import Evidences
from hallucert.check.large.slice import Slice
from hallucert.check.point.existence import refutation
from hallucert.clock import Clock
from hallucert.objectives.program.midrad import MidRadArrays

SAMPLES = 2
"""Columns of each matrix that are computed in balls."""


def check(certificate: LargeCertificate, ar: BallArithmetic, max_boxes: int, clock: Clock) -> list[Result]:
    """Return what became of every claim of a certificate about a large point."""
    claims, witness = certificate.all_claims, certificate.witness
    if witness is None or all(claim.status is Status.UNDECIDED for claim in claims):
        return rechecked(claims, lambda *_: "")
    with MidRadArithmetic("sliced") as doubles:
        return _checked(certificate, witness, doubles, ar, clock)


def _checked(
    certificate: LargeCertificate, witness: SlicedWitness, doubles: MidRadArithmetic, ar: BallArithmetic, clock: Clock
) -> list[Result]:
    """Make Krawczyk's test, and prove the claims anew, in the arithmetic of doubles that is in use."""
    claims, facts = certificate.all_claims, facts_of(certificate.problem, witness)
    slice_ = Slice(certificate.problem, witness.centre, MidRadArrays(doubles), ar)
    message = "existence cannot be re-proved in the box of the file"
    try:
        clock.tell("existence", 0)
        test = krawczyk(slice_, witness, slice_.sharp.run("residual", witness.middle)[0])
        thorough = None if test.proved or test.excluded else slice_.thorough()
        if thorough is not None:
            slice_, test = thorough, krawczyk(thorough, witness, thorough.sharp.run("residual", witness.middle)[0])
        sample = None if slice_.whole else _contradicted(slice_, witness)
    except PROVOKED as error:
        message = f"{message}: {provoked(error)}"
        return rechecked(claims, lambda *_: message)
    refuted = refutation(facts)
    if test.excluded and certificate.claims.get(refuted.name) == refuted:
        return rechecked(claims, lambda claim, _: None if claim == refuted else "there is no point to speak about")
    if sample is not None or not test.proved:
        return rechecked(claims, lambda *_: sample or message)
    evidences = Evidences(slice_, witness, test, clock)

    def objection(claim: Claim, before: list[Result]) -> str | None:
        clock.tell(f"claim {claim.name}", len(before), len(claims))
        problem: str | None = SPENT
        for evidence in evidences:
            if clock.passed():
                break
            problem = evidence.measured(claim.name).recheck(claim, facts)
            if problem is None:
                facts.claims[claim.name] = claim
                break
        return problem

    return rechecked(claims, objection)


def _contradicted(slice_: Slice, witness: SlicedWitness) -> str | None:
    """Compute some columns in balls, at the middle; say where one is not in the arrays, or None."""
    m = slice_.unknowns
    chosen = np.random.default_rng(slice_.f.dimension).permutation(m)[:SAMPLES]
    directions = np.eye(m)[chosen]
    sampled = (
        {"A S": "jacobian", "A B^T": "kernel"} if slice_.problem.residual else {"M": "jacobian", "H(x+)": "target"}
    )
    runs = slice_.at(MidRad(witness.middle), *sampled.values())
    for name, columns in sampled.items():
        arrays = runs.run(columns, directions)
        for found, exact in zip(arrays, slice_.sharp.run(columns, witness.middle, directions), strict=True):
            if not _overlap(exact, found):
                return f"columns of {name} in {slice_.sharp.arithmetic.name} are not where arrays of doubles have them"
    return None


def _overlap(inner: MidRad, outer: MidRad) -> bool:
    """Tell whether two enclosures of one array have common points, as they must."""
    return bool((np.abs(inner.mid - outer.mid) <= (outer.rad + inner.rad) * UP).all())
