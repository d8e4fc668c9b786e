"""A certificate whose content was changed anywhere is rejected, or still true.

Every leaf of several certificates is changed in several ways, and the digest is recomputed, as a forger would. If the
checker accepts the result, its numbers are compared with enclosures that a proof of the original problem gives at 424
bits; a change of the problem itself is a proof of another problem, and the checker has proved that one.
"""

from __future__ import annotations

import contextlib
import copy
import json
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.decimals import format_dyadic
from hallucert.errors import CertificateError
from hallucert.exact import parse_dyadic
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective


def _ring_of_arrays():
    """The residual of the ring as an array program."""
    b = ProgramBuilder([(2,)])
    square = b.contract("i,i->", b.input(0), b.input(0))
    return ProgramObjective(b.program([b.reshape(b.sub(square, b.constant(1)), (1,))]), ["x"], 1)


def _certificates():
    well = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    wells = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    return {
        "attractor": hc.certify(well, [-0.5, 0], "1.5"),
        "saddle_target": hc.certify(wells, [0, -0.4], "1.4", global_box=[[-0.5, 0.5], [0.5, 1.5]]),
        "residual": hc.certify(ring, [0.5, 0.0], "1.5"),
        "farthest": hc.certify(hc.find.farthest_point(wells, [0, 0], [1, 1])),
        "excluded": hc.certify(well, ["-0.5", 0], "1.500000001", radius="1e-10"),
        "large": hc.certify(_ring_of_arrays(), [0.5, 0.0], "1.5", backend="midrad"),
    }


@pytest.fixture(scope="module")
def certificates():
    return _certificates()


@pytest.fixture(scope="module")
def sharp():
    """The same problems at 424 bits: the oracle for what is still true."""
    well = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    wells = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    bits = {"precisions": (424,)}
    residual = hc.certify(ring, [0.5, 0.0], "1.5", **bits)
    return {
        "attractor": hc.certify(well, [-0.5, 0], "1.5", **bits),
        "saddle_target": hc.certify(wells, [0, -0.4], "1.4", **bits),
        "residual": residual,
        "farthest": hc.certify(hc.find.farthest_point(wells, [0, 0], [1, 1]), **bits),
        "excluded": None,
        "large": residual,  # as a formula, in balls
    }


def _leaves(data, path=()):
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _leaves(value, (*path, i))
    else:
        yield path, data


def _variants(value):
    """Plausible forgeries of one leaf."""
    if value is None:
        return ["", 0]
    if isinstance(value, int):
        return [value + 1, -value - 1, 10**30, str(value)]
    try:
        number = parse_dyadic(value)
        shifts = [number + Fraction(1, 2**60), number - Fraction(1, 2**20), 2 * number, -number, number + 1]
        return [format_dyadic(v) for v in shifts] + ["NaN", value + "0"]
    except (ValueError, TypeError):
        pass
    swaps = {"proved": ["refuted", "undecided", "true"], "refuted": ["proved"], "undecided": ["proved", "refuted"]}
    return [*swaps.get(value, []), value + "x", value.replace("not ", ""), value.replace(".", ".9", 1), ""]


def _set(data, path, value):
    changed = copy.deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if path[0] == "problem":
        changed["digest"] = problem_digest(changed["problem"])
    return changed


def _still_true(certificate, original, sharp):
    """Compare what an accepted forgery asserts with the sharp proof of the same problem."""
    if certificate.objective.to_json() != original.objective.to_json() or certificate.rho != original.rho:
        return True  # another problem, and the checker has proved its claims for that one
    if sharp is None:
        return {k: (c.status, c.statement) for k, c in certificate.claims.items() if c.reason is None}.items() <= {
            k: (c.status, c.statement) for k, c in original.claims.items()
        }.items()
    for name, claim in certificate.claims.items():
        if claim.reason is not None:
            continue
        if name in sharp.claims and claim.status != sharp[name].status:
            return False
        if name not in sharp.claims:  # an optional claim: it must be what the original says
            if claim.status != original[name].status:
                return False
            continue
        for key, enclosure in claim.numbers.items():
            if key in ("offset", "step_bound") or key not in sharp[name].numbers:
                continue
            best = sharp[name].numbers[key]
            if enclosure.lower > best.upper or enclosure.upper < best.lower:
                return False
    if certificate.kind == "large":
        return abs(np.linalg.norm(certificate.x) - 0.5) < 1e-9
    if certificate.box is not None and sharp.box is not None and certificate.witness.slice is None:
        pairs = zip(certificate.box, sharp.box, strict=True)
        return all(low <= high2 and low2 <= high for (low, high), (low2, high2) in pairs)
    return True


@pytest.mark.parametrize("name", ["attractor", "saddle_target", "residual", "farthest", "excluded", "large"])
def test_every_changed_leaf_is_rejected_or_still_true(certificates, sharp, name):
    """No forged number, name or status makes the checker assert something false."""
    original = certificates[name]
    assert hc.verify(original, "arb")
    data = to_json(original)
    tried = accepted = 0
    for path, value in list(_leaves(data)):
        # The other claims of a farthest point are those of any attractor, which another file has.
        if name == "farthest" and path[:2] != ("claims", len(data["claims"]) - 1):
            continue
        # The other claims of a large point are read and measured like its last one.
        if name == "large" and path[0] != "witness" and path[:2] != ("claims", len(data["claims"]) - 1):
            continue
        for forged in _variants(value):
            if forged == value:
                continue
            tried += 1
            try:
                changed = from_json(_set(data, path, forged))
                verdict = hc.verify(changed, "arb", max_boxes=3000)
            except CertificateError:
                continue
            if verdict:
                accepted += 1
                assert _still_true(changed, original, sharp[name]), (path, value, forged)
    assert tried > (50 if name in ("farthest", "large") else 100) and accepted < tried / 3


def test_every_number_moved_off_its_value_is_rejected(certificates):
    """Moving a published interval beside the number it encloses fails, for every number of every claim."""
    for original in certificates.values():
        data = to_json(original)
        for i, claim in enumerate(data["claims"]):
            for key, (low, high) in claim["numbers"].items():
                width = parse_dyadic(high) - parse_dyadic(low) + Fraction(1, 2**40)
                moved = [format_dyadic(parse_dyadic(end) + 2 * width) for end in (low, high)]
                forged = _set(data, ("claims", i, "numbers", key), moved)
                with contextlib.suppress(CertificateError):
                    assert not hc.verify(from_json(forged), "arb", max_boxes=3000), (claim["name"], key)


def test_an_undecided_claim_cannot_be_promoted(certificates):
    """A file that asserts more than was proved fails as a whole, whatever else holds."""
    data = to_json(hc.certify(hc.Objective.parse("(x**2 + y**2 - 1)**2/4"), [0.3, 0.4], "1.5"))
    donor = to_json(certificates["residual"])
    for key in ("claims", "enclosure"):
        data[key] = copy.deepcopy(donor[key])
    with pytest.raises(CertificateError):
        from_json(data)
    data["witness"] = copy.deepcopy(to_json(certificates["attractor"])["witness"])
    with pytest.raises(CertificateError):
        from_json(data)


def test_claims_of_another_problem_do_not_transfer(certificates):
    """The claims of the double well beside the tape of a convex function are rejected."""
    data = to_json(certificates["attractor"])
    data["problem"]["objective"] = hc.Objective.parse("x**2 + y**2").to_json()
    data["digest"] = problem_digest(data["problem"])
    assert not hc.verify(from_json(data))


def test_the_written_text_is_canonical(certificates, tmp_path):
    """Reading a saved certificate and writing it again gives the same bytes."""
    for name, original in certificates.items():
        path = tmp_path / f"{name}.json"
        original.save(path)
        again = tmp_path / "again.json"
        hc.load(path).save(again)
        assert path.read_bytes() == again.read_bytes()
        assert json.loads(path.read_text())["schema"] == 2
