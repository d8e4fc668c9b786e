"""Files of points: whatever does not fit is refused by its field, and what is next to it is read."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.batches.problem import BatchProblem, batch_problem
from hallucert.check.claim import Claim, Provenance, Status
from hallucert.check.decay.problem import DecayProblem, decay_problem
from hallucert.check.file import fields
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point import file
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.rule import Witness, rules_of
from hallucert.check.problem import Problem
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.batches import Batches
from hallucert.objectives.radius_law import SAM, RadiusLaw

ZERO, ONE, RHO = Fraction(0), Fraction(1), Fraction(3, 2)
IDENTITY = ((ONE, ZERO), (ZERO, ONE))
GRADIENT = Witness((-ONE / 2, ZERO), None, (ONE, ONE), IDENTITY)
SLICED = Witness((ONE, ZERO), ((ONE,), (ZERO,)), (ONE,), ((ONE,),))
BOX = Witness((ONE, ZERO), None, (ONE, ONE), ())
WELLS = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
CIRCLE = hc.Objective.least_squares(["x**2 + y**2 - 1"])
OPEN = {"inputs": {}, "numbers": {}, "status": "undecided", "reason": "precision"}


def written(witness=GRADIENT, law=SAM, f=WELLS, **changes):
    """The file of a problem and a witness without claims, with some entries set, by paths with __ for a dot."""
    posed = Problem(f, RHO, law, residual=f is CIRCLE)
    data = to_json(Certificate(posed, witness, {}, Provenance("1", "arb", "1", 53)))
    for path, value in changes.items():
        *places, last = path.split("__")
        entry = data
        for place in places:
            entry = entry[place]
        entry[last] = value
    return data | {"digest": fields.problem_digest(data["problem"])}


@pytest.mark.parametrize("witness", [GRADIENT, BOX, None])
@pytest.mark.parametrize("law", [SAM, RadiusLaw("usam"), RadiusLaw("asam", (ONE, 2 * ONE))], ids=lambda law: law.name)
def test_what_is_written_is_read(witness, law):
    """A point, a box (for SAM alone) and a problem alone, of each ascent step; with open claims, in order."""
    if witness is BOX and law != SAM:
        with pytest.raises(CertificateError, match="witness"):
            from_json(written(witness, law))
        return
    again = from_json(written(witness, law))
    assert (again.witness, again.problem.law, again.problem.residual) == (witness, law, False)
    if witness is None:
        claims = [{"name": name, **OPEN} for name in ("existence", "target")]
        assert list(from_json(written(None, law, claims=claims)).claims) == ["existence", "target"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"problem": 5}, "problem"),
        ({"problem__scales": ["1", "1"]}, "problem.scales"),
        ({"problem__variant": "sam"}, "problem.variant"),
        ({"problem__variant": "bam"}, "problem.variant"),
        ({"problem__variant": "usam", "problem__scales": ["1", "1"]}, "problem.variant"),
        ({"problem__variant": "asam", "problem__scales": ["1"]}, "problem.scales"),
        ({"witness__system": "nothing"}, "witness.system"),
        ({"witness__system": "residual"}, "witness.system"),
        ({"witness__slice": []}, "witness.slice"),
        ({"witness__centre": ["0"]}, "witness.centre"),
        ({"witness__radius": ["1"]}, "witness.radius"),
        ({"witness__radius": ["0", "1"]}, "witness.radius"),
        ({"witness__radius": ["1", "-1p-10"]}, "witness.radius"),
        ({"witness__preconditioner": []}, "witness.preconditioner"),
        ({"witness__preconditioner": [["1", "0"]]}, "witness.preconditioner"),
        ({"witness__preconditioner": [["1", "0"], ["1"]]}, "witness.preconditioner"),
        ({"witness": BOX, "witness__preconditioner": [["1", "0"], ["0", "1"]]}, "witness.preconditioner"),
        ({"witness": SLICED, "f": CIRCLE, "witness__slice": None}, "witness.slice"),
        ({"witness": SLICED, "f": CIRCLE, "witness__slice": [["1"]]}, "witness.slice"),
        ({"witness": SLICED, "f": CIRCLE, "witness__slice": [["1"], []]}, "witness.slice"),
        ({"enclosure": [["0", "1"]]}, "enclosure"),
        ({"enclosure": [["0", "1"], ["0", "1"]]}, "enclosure"),
        ({"claims": [{"name": "existence", **OPEN}] * 2}, "claims"),
        ({"claims": [{"name": name, **OPEN} for name in ("target", "existence")]}, "claims"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(changes, field):
    """Ascent steps, systems, shapes, half widths of 0 or below, enclosures, and claims twice or out of order."""
    given = {name: changes[name] for name in ("witness", "f") if name in changes}
    assert from_json(written(**given))
    with pytest.raises(CertificateError) as caught:
        from_json(written(**changes))
    assert caught.value.field == field


def test_only_objects_are_files_of_points():
    """A list is refused, not asked for its fields."""
    with pytest.raises(CertificateError, match="must be an object"):
        file.from_json([])


def test_points_have_few_variables_and_boxes_many(monkeypatch):
    """Two are read with limits of 2 and refused with 1: of all objectives, and of those that are not about a box."""
    monkeypatch.setattr(file, "MAX_DIMENSION", 2)
    monkeypatch.setattr(fields, "MAX_BOX_DIMENSION", 2)
    assert all(from_json(written(witness)) for witness in (GRADIENT, BOX, None))
    monkeypatch.setattr(file, "MAX_DIMENSION", 1)
    assert from_json(written(BOX))
    for given in ({}, {"witness": None}, {"witness": SLICED, "f": CIRCLE}):
        with pytest.raises(CertificateError) as caught:
            from_json(written(**given))
        assert caught.value.field == "problem.objective" and "at most 1 " in str(caught.value)
    monkeypatch.setattr(fields, "MAX_BOX_DIMENSION", 1)
    with pytest.raises(CertificateError, match="at most 1 "):
        from_json(written(BOX))


@pytest.mark.parametrize("status", [None, *Status])
def test_an_enclosure_is_there_exactly_if_existence_is_proved(status):
    """With a proof and only then, and with as many sides as variables."""
    claims = {} if status is None else {"existence": Claim("existence", status, ".")}
    sides = [["0", "1"], ["1", "1p1"]]
    right, wrong = (sides, None) if status is Status.PROVED else (None, sides)
    assert (file.read_enclosure(right, claims, 2) is None) == (right is None)
    for data, size in ((wrong, 2), (sides, 3)):
        with pytest.raises(CertificateError) as caught:
            file.read_enclosure(data, claims, size)
        assert caught.value.field == "enclosure"


def test_as_many_residuals_as_variables_are_solved_in_residual_form():
    """The point of (x^2 - 1, y) is found from its two residuals, and its file is read and proved again."""
    f = hc.Objective.least_squares(["x**2 - 1", "y"])
    certificate = hc.certify(f, (-0.5, 0), "1.5")
    assert certificate.problem.residual and certificate["existence"]
    again = from_json(to_json(certificate))
    assert again.problem.residual and len(again.witness.radius) == 2 and hc.verify(again)


def test_farthest_points_are_for_sam_and_stalls_for_boxes():
    """Of a point, of a point of USAM, of a box: its claims, each at its place."""
    problem, usam = Problem(WELLS, RHO), Problem(WELLS, RHO, RadiusLaw("usam"))
    assert [name for name in rules_of(problem) if name not in rules_of(usam)] == ["farthest_point"]
    assert next(iter(rules_of(problem))) == "existence" and "no_minimizer_near" not in rules_of(problem)
    assert list(rules_of(problem, of_a_box=True)) == ["no_minimizer_near"]


def test_the_point_in_doubles_lies_in_both_boxes():
    """By hand: the enclosure outward, its middle, which a wrong one cannot take out of the witness's box; or none."""
    made = Provenance("1", "arb", "1", 53)

    def of(witness, box=None):
        return Certificate(Problem(WELLS, RHO), witness, {}, made, box)

    third = Fraction(1, 3)
    wide = Witness((ZERO, third), None, (ONE, third), IDENTITY)
    empty = of(None)
    assert (empty.enclosure, empty.x, len(empty.printed)) == (None, None, 0)
    assert of(wide).x.tolist() == [0, np.nextafter(1 / 3, 0) if Fraction(1 / 3) > third else 1 / 3]
    inside = of(wide, ((ZERO, ONE / 2), (ONE / 4, ONE / 2)))
    assert inside.x.tolist() == [0.25, 0.375] and len(inside.printed) == 2
    ends = of(wide, ((third, 2 * third), (-2 * third, -third))).enclosure
    for side, exact in zip(ends, ((third, 2 * third), (-2 * third, -third)), strict=True):
        assert Fraction(side[0]) < exact[0] < Fraction(np.nextafter(side[0], 1))
        assert Fraction(np.nextafter(side[1], -1)) < exact[1] < Fraction(side[1])
    for sign in (1, -1):
        beside = of(wide, ((3 * sign * ONE, 3 * sign * ONE), (4 * sign * ONE, 4 * sign * ONE))).x
        assert np.allclose(beside, (sign, 1 / 3 + sign / 3), rtol=0, atol=1e-12)
    assert len(of(None, ((ZERO, ONE),) * 9).printed) == 8


def test_claims_are_asked_for_by_name():
    """A name that no claim has is an argument that is refused."""
    with pytest.raises(ArgumentError, match="claim"):
        Certificate(Problem(WELLS, RHO), None, {}, Provenance("1", "arb", "1", 53))["magic"]


def test_without_a_witness_nothing_is_decided():
    """Where no place is given nothing is proved of it; a claim that is there is refused."""
    data = to_json(hc.certify(WELLS, (-0.5, 0), "1.5"))
    from_json(data)
    with pytest.raises(CertificateError) as caught:
        from_json({**data, "witness": None, "enclosure": None})
    assert caught.value.field == "witness"


def test_points_and_lists_of_claims_have_limits():
    """1000 variables of a point, and 100 claims; one more is refused by its field."""
    for count, fine in ((1000, True), (1001, False)):
        names = [f"x{i}" for i in range(count)]
        nodes = [["var", i] for i in range(count)]
        nodes += [["add", i, count + i - 2 if i > 1 else 0] for i in range(1, count)]
        tape = {"variables": names, "nodes": nodes, "outputs": [len(nodes) - 1]}
        data = written(None, problem__objective={"kind": "formula", "tape": tape})
        if fine:
            assert from_json(data).problem.objective.dimension == count
        else:
            with pytest.raises(CertificateError, match="at most 1000 variables"):
                from_json(data)
    for count, wrong in ((100, "twice"), (101, "at most 100")):
        with pytest.raises(CertificateError, match=wrong):
            from_json(written(None, claims=[{"name": "existence", **OPEN}] * count))


PAIR = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
BOTH = Witness((ONE / 2, ONE / 2), IDENTITY, (ONE, ONE), IDENTITY)


@pytest.mark.parametrize("witness", [BOTH, None])
def test_problems_of_mini_batches_are_read_back(witness):
    """With a witness or without; in the gradient's equation there are none."""
    posed = batch_problem(Problem(PAIR, RHO, residual=True), Batches(((0,), (1,)), (ONE / 4, 3 * ONE / 4)))
    made = Certificate(posed, witness, {}, Provenance("1", "arb", "1", 53))
    read = from_json(to_json(made))
    assert isinstance(read.problem, BatchProblem) and (read.problem.batches, read.witness) == (posed.batches, witness)
    gradient = to_json(Certificate(Problem(WELLS, RHO), GRADIENT, {}, made.provenance))["witness"]
    with pytest.raises(CertificateError, match=r"witness\.system"):
        from_json({**to_json(made), "witness": gradient})


@pytest.mark.parametrize("witness", [GRADIENT, None])
def test_problems_with_weight_decay_are_read_back(witness):
    """Exactly; a box, in which nothing is solved, has none."""
    posed = decay_problem(Problem(WELLS, RHO), Fraction(1, 10))
    made = Certificate(posed, witness, {}, Provenance("1", "arb", "1", 53))
    read = from_json(to_json(made))
    assert isinstance(read.problem, DecayProblem) and (read.problem.decay, read.witness) == (posed.decay, witness)
    box = to_json(Certificate(Problem(WELLS, RHO), BOX, {}, made.provenance))["witness"]
    with pytest.raises(CertificateError, match=r"witness\.system"):
        from_json({**to_json(made), "witness": box})
