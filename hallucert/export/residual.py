"""The theorem of a point that solves ``r(x + rho u(x)) = 0`` on a slice, for ``f = |r|^2 / (2n)``."""

from __future__ import annotations

from hallucert.check.point.certificate import Certificate
from hallucert.errors import ArgumentError
from hallucert.export import formula
from hallucert.export.layout import Parts, fields, perturbed, vector
from hallucert.export.proposals import near_inverse
from hallucert.objectives.formula import FormulaObjective


def parts(certificate: Certificate, objective: FormulaObjective) -> Parts:
    """Return what the file says."""
    witness, residuals = certificate.witness, objective.residuals
    if witness is None or witness.slice is None or residuals is None:
        raise ArgumentError("certificate.witness", "<a box>", "be on a slice")
    n, m = objective.dimension, witness.unknowns
    box = f"box {m} (fun _ => 0) radius"
    partial = bool(formula.domain(objective))
    numbers = [
        "(** Where SAM looks from a point; the slice, on which points are [X s]; and the box of [s]. *)",
        perturbed(certificate),
        vector("base", [formula.real(c) for c in witness.centre]),
        fields("Definition basis : list (list number) :=", [formula.rows(witness.slice)]),
        f"Definition X : vec -> vec := slice {m} base (matrix basis).",
        vector("radius", [formula.real(r) for r in witness.radius]),
    ]
    statement = [
        "(forall x, 0 <= f x)",
        f"/\\ exists s, inside {m} (fun _ => 0) radius s",
        "  /\\ f (P (X s)) = 0",
        f"  /\\ (forall t, {box} t -> f (P (X t)) = 0 -> eqv {m} t s)",
        f"  /\\ (forall t, {box} t -> regular {n} f P (X t))",
        *([f"  /\\ (forall t, {box} t -> domain (X t) /\\ domain (P (X t)))"] if partial else []),
    ]
    values = [
        f"{n} {m}",
        f"({formula.tape(residuals)})",
        f"({formula.ratio(objective.n)})",
        certificate.law.variant.capitalize(),
        f"({formula.ratio(certificate.rho)})",
        formula.numbers(witness.centre),
        "basis",
        formula.numbers(witness.radius),
        formula.rows(witness.preconditioner),
        formula.rows(near_inverse(witness.preconditioner)),
    ]
    return Parts(
        theory="vectors sam residual",
        checker="sliced",
        numbers=numbers,
        statement=statement,
        data=[fields("Definition data : sliced := Sliced", values)],
        proof=_proof(partial),
        unfolded="P",
    )


def _proof(partial: bool) -> list[str]:
    """Compute the check; of a function that is defined everywhere, it is not stated where it is."""
    last = "[H4 H5]" if partial else "[H4 _]"
    return [
        f"destruct (Plain_sliced.hallucinated_on_slice (plain {formula.BITS}) data)",
        f"  as [H0 [s [H1 [H2 [H3 {last}]]]]];",
        "  [vm_compute; reflexivity|].",
        "split; [exact H0|]. exists s. repeat (split; [assumption|]). assumption.",
    ]
