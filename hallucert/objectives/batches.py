"""Mini-batches: a fixed partition of the residuals, and with which probability a step draws each part.

With ``m`` residuals and ``f = (1/2n) |r|^2``, the batch with the residuals ``r_b`` has the loss
``f_b = (1/2n_b) |r_b|^2``, ``n_b = n |r_b|/m``: of a network the mean over its samples. So ``f`` is the mean of the
``f_b`` by numbers of residuals, and that of ``p_b f_b`` if the probabilities ``p_b`` are proportional to these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import exact, format_rational, whole
from hallucert.objectives.formula import FormulaObjective, least_squares
from hallucert.objectives.objective import Objective, require_residuals
from hallucert.objectives.tape import Tape, prune, read_rational

LONGEST_NAME = 100
"""Characters of the name of a batch's loss."""

Rows = tuple[int, ...]


@dataclass(frozen=True)
class Batches:
    """A partition of residuals into batches, and their probabilities.

    Attributes
    ----------
    rows : tuple of tuple of int
        Numbers of the residuals of each batch, from 0: every one in exactly one batch, in order within a batch; the
        batches in the order of their first.
    probabilities : tuple of Fraction
        Positive, with the sum 1.

    Raises
    ------
    ArgumentError
        If they are not like that.
    """

    rows: tuple[Rows, ...]
    probabilities: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        flat = [row for rows in self.rows for row in rows]
        ordered = all(rows and list(rows) == sorted(rows) for rows in self.rows)
        if not flat or not ordered or list(self.rows) != sorted(self.rows) or sorted(flat) != list(range(len(flat))):
            raise ArgumentError("batches", f"<{len(self.rows)} batches>", "have every residual once, in order")
        if len(self.probabilities) != len(self.rows) or min(self.probabilities) <= 0 or sum(self.probabilities) != 1:
            was = f"<{len(self.probabilities)} numbers>"
            raise ArgumentError("probabilities", was, "be positive, one for each batch, with the sum 1")

    @property
    def residual_count(self) -> int:
        """Number ``m`` of residuals of all batches."""
        return sum(map(len, self.rows))

    def parts(self, f: Objective) -> list[Objective]:
        """Return ``f_b`` for each batch."""
        return [part_of(f, rows) for rows in self.rows]

    def to_json(self) -> dict[str, object]:
        """Return the batches as plain data, from which `batches_from_json` makes them."""
        probabilities = [format_rational(p) for p in self.probabilities]
        return {"rows": [list(rows) for rows in self.rows], "probabilities": probabilities}


def part_of(f: Objective, rows: Sequence[int]) -> Objective:
    """Return ``f_b = (1/2n_b) |r_b|^2`` for the residuals of some numbers, ``n_b = n |r_b|/m``."""
    require_residuals(f)
    n = f.n * len(rows) / f.residual_count
    if isinstance(f, FormulaObjective):
        tape = f.residual_tape
        part = prune(Tape(tape.variables, tape.nodes, tuple(tape.outputs[i] for i in rows)))
        return least_squares(part, n)
    from hallucert.objectives.program.builder import ProgramBuilder  # formulas need none
    from hallucert.objectives.program.objective import ProgramObjective

    if not isinstance(f, ProgramObjective):
        raise ArgumentError("batches", rows, f"be left out for a {type(f).__name__}")
    builder = ProgramBuilder(f.program.inputs)
    nodes = builder.include(f.program, [builder.input(i) for i in range(len(f.program.inputs))])
    taken = builder.take(nodes[f.program.outputs[0]], np.array(rows))
    return ProgramObjective(builder.program([taken]), f.names, n, f"{len(rows)} residuals of {f.name}"[:LONGEST_NAME])


def batches_from_json(data: object, field: str) -> Batches:
    """Rebuild what `Batches.to_json` wrote, trusting nothing about it; CertificateError names what does not fit."""
    if not isinstance(data, Mapping) or set(data) != {"rows", "probabilities"}:
        raise CertificateError(field, "must be an object with rows and probabilities")
    rows, given = data["rows"], data["probabilities"]
    if not isinstance(rows, list) or any(not isinstance(part, list) for part in rows):
        raise CertificateError(f"{field}.rows", "must be a list of lists")
    if any(type(i) is not int for part in rows for i in part):
        raise CertificateError(f"{field}.rows", "must hold integers")
    if not isinstance(given, list) or not 0 < len(given) == len(rows):
        raise CertificateError(f"{field}.probabilities", "must be as many as rows")
    probabilities = tuple(read_rational(p, f"{field}.probabilities[{i}]") for i, p in enumerate(given))
    try:
        return Batches(tuple(map(tuple, rows)), probabilities)
    except ArgumentError as error:
        raise CertificateError(field, f"must {error.must}") from None


def count_of(f: Objective) -> int:
    """Return how many things there are to put into batches: samples of a training loss, otherwise residuals."""
    from hallucert.objectives.network.supervised import supervised_of  # for users alone

    require_residuals(f)
    known = supervised_of(f)
    count = 0 if known is None else len(known.inputs)
    return count if count and f.residual_count % count == 0 else f.residual_count


def checked_batches(f: Objective, batches: object, probabilities: object = None) -> Batches:
    """Return the batches that a user gives of samples: their size, or lists of numbers of samples from 0.

    By default the probabilities are proportional to the sizes. Of an objective that is no training loss, residuals take
    the place of samples.
    """
    count = count_of(f)
    if isinstance(batches, Batches):
        if batches.residual_count != f.residual_count:
            raise ArgumentError("batches", batches, f"be batches of {f.residual_count} residuals")
        found = [(rows, p) for rows, p in zip(batches.rows, batches.probabilities, strict=True)]
        if probabilities is None:
            return batches
    else:
        each = f.residual_count // count
        found = [
            (tuple(each * i + j for i in sorted(part) for j in range(each)), Fraction(len(part), count))
            for part in _parts(batches, count)
        ]
    if probabilities is not None:
        given = [exact(p, "probabilities") for p in checked_items(probabilities, "probabilities", "be exact numbers")]
        if len(given) != len(found):
            raise ArgumentError("probabilities", probabilities, f"be {len(found)} numbers, one for each batch")
        found = [(rows, p) for (rows, _), p in zip(found, given, strict=True)]
    found.sort()
    return Batches(tuple(rows for rows, _ in found), tuple(p for _, p in found))


def _parts(batches: object, count: int) -> Iterable[Sequence[int]]:
    """Return lists of numbers of samples that are a partition."""
    size = whole(batches)
    if size is not None:
        if size < 1 or count % size:
            raise ArgumentError("batches", batches, f"be a size that divides {count}, or lists of numbers of samples")
        return [range(first, first + size) for first in range(0, count, size)]
    must = f"be a size, or lists of numbers from 0 to {count - 1}, each in exactly one"
    given = [checked_items(part, "batches", must) for part in checked_items(batches, "batches", must)]
    parts = [[whole(i) for i in part] for part in given]
    flat = [i for part in parts for i in part if i is not None]
    if not all(parts) or sorted(flat) != list(range(count)) or len(flat) != sum(map(len, parts)):
        raise ArgumentError("batches", batches, must)
    return [[i for i in part if i is not None] for part in parts]
