"""Reading objectives back from plain data: the inverse of `Objective.to_json`, for data nobody vouches for."""

from __future__ import annotations

from collections.abc import Mapping

from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective, least_squares
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import PARTIAL, Tape, read_rational

_FIELDS = {
    "formula": {"kind", "tape"},
    "least_squares": {"kind", "residuals", "n"},
    "array_program": {"kind", "program", "names", "n"},
}
"""The fields of each kind."""


def objective_from_json(data: object, field: str = "problem") -> Objective:
    """Rebuild the objective that ``to_json`` wrote, trusting nothing about the data; `field` is its path in the file.

    CertificateError names the field, if anything is missing, superfluous, out of range or of the wrong type.

    Examples
    --------
    >>> f = objective_from_json(FormulaObjective.parse("(x**2 - 1)**2").to_json())
    >>> f.value([2.0])
    9.0
    """
    if not isinstance(data, Mapping):
        raise CertificateError(field, "must be an object")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise CertificateError(f"{field}.kind", f"must be one of {', '.join(sorted(_FIELDS))}")
    for missing in sorted(_FIELDS[kind] - set(data)):
        raise CertificateError(f"{field}.{missing}", "is missing")
    for extra in sorted(set(map(str, data)) - _FIELDS[kind]):
        raise CertificateError(f"{field}.{extra[:40]}", f"is not a field of a problem of kind {kind}")
    if kind == "array_program":
        from hallucert.objectives.program.objective import program_objective_from_json

        return program_objective_from_json(data, field)
    if kind == "formula":
        tape = _tape(data["tape"], f"{field}.tape")
        if len(tape.outputs) != 1:
            raise CertificateError(f"{field}.tape.outputs", "must have exactly one entry")
        return FormulaObjective(tape)
    residuals = _tape(data["residuals"], f"{field}.residuals")
    n = read_rational(data["n"], f"{field}.n")
    if n <= 0:
        raise CertificateError(f"{field}.n", "must be positive")
    try:
        return least_squares(residuals, n)
    except ArgumentError as error:
        raise CertificateError(f"{field}.residuals", str(error)) from None


def _tape(data: object, field: str) -> Tape:
    """Read a tape no part of which is a constant outside of a domain, such as ``sqrt(0)``: nobody can write that down.

    Such a function is defined nowhere, and whatever is said of all of its points is true.
    """
    tape = Tape.from_json(data, field)
    if any(node.op in PARTIAL or (node.op == "pow" and node.b < 0) for node in tape.nodes):
        builder = TapeBuilder(tape.variables)
        try:
            builder.include(tape, [builder.variable(i) for i in range(tape.dimension)])
        except ArgumentError as error:
            raise CertificateError(field, f"must {error.must}") from None
    return tape
