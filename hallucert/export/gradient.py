"""The theorem of a point that solves ``grad f(x + rho u(x)) = 0``: it, its target, and SAM's convergence to it."""

from __future__ import annotations

from collections.abc import Sequence

from hallucert.check.claim import Status
from hallucert.check.point.certificate import Certificate
from hallucert.export import formula
from hallucert.export.layout import Parts, fields, indented, perturbed, vector
from hallucert.export.proposals import Proposals, Region
from hallucert.objectives.formula import FormulaObjective


def parts(certificate: Certificate, objective: FormulaObjective) -> Parts:
    """Return what the file says; what the theorem needs besides the certificate is proposed here."""
    found, n, partial = Proposals(certificate), objective.dimension, bool(formula.domain(objective))
    said, claims = _target(certificate, found)
    region = found.region() if certificate["attractor"] else None
    numbers = [
        "(** Where SAM looks from a point, and the box. *)",
        perturbed(certificate),
        vector("centre", [formula.real(c) for c in found.centre]),
        vector("radius", [formula.real(r) for r in found.radius]),
    ]
    if region is not None:
        numbers += [
            "(** A step of SAM, and half widths of a box of starts. *)",
            f"Definition step : R := {formula.fraction(region.step)}.",
            "Definition orbit (y : vec) (k : nat) : vec := iterate (sam_step f P step) k y.",
            vector("start", [formula.real(s) for s in region.start]),
        ]
        starts = f"box {n} centre start y"
        said += [
            f"(forall y k, {starts} -> regular {n} f P (orbit y k))",
            *([f"(forall y k, {starts} -> domain (orbit y k) /\\ domain (P (orbit y k)))"] if partial else []),
            f"(forall y, {starts} -> converges {n} (orbit y) x)",
        ]
        claims.append(_converges(region))
    said = [
        f"hallucinated {n} f P x",
        f"(forall y, box {n} centre radius y -> hallucinated {n} f P y -> eqv {n} y x)",
        f"(forall y, box {n} centre radius y -> regular {n} f P y)",
        *([f"(forall y, box {n} centre radius y -> domain y /\\ domain (P y))"] if partial else []),
        *said,
    ]
    return Parts(
        theory="vectors sam",
        checker="claims",
        numbers=numbers,
        statement=[f"exists x, inside {n} centre radius x", *(f"  /\\ {line}" for line in said)],
        data=[_point(certificate, objective, found), _claims(claims)],
        proof=_proof(claims, partial),
        unfolded="P" if region is None else "orbit, P",
    )


def _target(certificate: Certificate, found: Proposals) -> tuple[list[str], list[str]]:
    """Return what is said of the target, and the data that show it."""
    n, claim = certificate.objective.dimension, certificate["hallucinated_minimizer"]
    if claim and (root := found.root()) is not None:
        said = [f"strict_local_minimizer {n} f (P x)", f"strict_local_minimizer {n} (fun y => f (P y)) x"]
        return said, [f"Minimizer {formula.rows(root)}"]
    lowest, highest = found.directions()
    if claim.status is not Status.REFUTED or lowest is None:
        return [], []
    if highest is None:
        return [f"~ local_minimizer {n} f (P x)"], [f"NoMinimizer {formula.numbers(lowest)}"]
    return [f"saddle {n} f (P x)"], [f"Saddle {formula.numbers(lowest)} {formula.numbers(highest)}"]


def _converges(region: Region) -> str:
    matrices = [formula.rows(region.chart), formula.rows(region.inverse)]
    vectors = [formula.numbers(values) for values in (region.inner, region.reach, region.start)]
    size = f"({formula.number(region.size)})"
    return " ".join([f"Converges ({formula.ratio(region.step)})", *matrices, size, *vectors])


def _point(certificate: Certificate, objective: FormulaObjective, found: Proposals) -> str:
    centre, radius = found.target()
    values = [
        str(objective.dimension),
        f"({formula.objective(objective)})",
        certificate.law.variant.capitalize(),
        f"({formula.ratio(certificate.rho)})",
        formula.numbers(found.centre),
        formula.numbers(found.radius),
        formula.rows(found.witness.preconditioner),
        formula.rows(found.inverse()),
        formula.numbers(centre),
        formula.numbers(radius),
    ]
    return fields("Definition data : point := Point", values)


def _claims(claims: Sequence[str]) -> str:
    lines = [line for i, text in enumerate(claims) for line in indented(text + ";" * (i < len(claims) - 1))]
    return "\n".join(["Definition claims : list claim := [", *lines]) + "]."


def _proof(claims: Sequence[str], partial: bool) -> list[str]:
    """Take apart what the checker's theorem says, and put it together as it is stated.

    Of a function that is defined everywhere, it is not stated where it is.
    """
    names = [f"H{i}" for i in range(6 + 3 * len(claims))]
    fresh = iter(names)

    def domain() -> str:
        return next(fresh) if partial else "_"

    parts = [*(next(fresh) for _ in range(4)), domain()]
    for text in claims:
        match text.split()[0]:
            case "Minimizer":
                parts.append(f"[{next(fresh)} {next(fresh)}]")
            case "Converges":
                parts.append(f"[{next(fresh)} [{domain()} {next(fresh)}]]")
            case _:
                parts.append(next(fresh))
    pattern = "_"
    for part in reversed(parts):
        pattern = f"[{part} {pattern}]"
    used = names[: names.index(next(fresh))]
    term = used[-1]
    for name in reversed(used[:-1]):
        term = f"(conj {name} {term})"
    return [
        f"destruct (Plain.hallucinated_point (plain {formula.BITS}) data claims) as [x {pattern}];",
        "  [vm_compute; reflexivity|].",
        f"exists x. exact {term}.",
    ]
