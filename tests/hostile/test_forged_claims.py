"""True numbers behind a false sentence: each file here passed the checker once, although what it says is false.

A forger may leave claims out, choose other exact inputs for a construction, and cut holes into the domain of ``f`` that
its derivatives do not show. The inputs are measured and concluded as the prover does it, so that only the missing
hypothesis is wrong.
"""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.spectrum import Disc
from hallucert.check.attraction import attractor
from hallucert.check.file import fields
from hallucert.check.file.fields import MAX_MATRIX_BITS, problem_digest
from hallucert.check.file.files import from_json, load
from hallucert.check.file.save import to_json
from hallucert.check.point import existence
from hallucert.check.point.rule import BY_NAME, Evidence, Facts
from hallucert.check.reason import Reason
from hallucert.check.region import farthest_point
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import constant_bits

WELL = "(x**2 - 1)**2/4 + y**2/20"
WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"
BOWL = "(2*(exp(x/2) - 1 - x/2) + y**2)"


def _evidence(cert):
    ar = arithmetic("arb", 106)
    with ar:
        point = existence.relocate(ar, cert.problem, cert.witness)
        return Evidence(point, cert.witness.centre, 20_000)


def test_without_the_target_claim_nothing_is_said_about_the_target():
    """The target is a minimizer; a file that leaves that claim out must not say that it is none."""
    cert = hc.certify(hc.Objective.parse(WELL), [-0.5, 0], "1.5")
    claims = {k: v for k, v in cert.claims.items() if k not in ("target", "hallucinated_minimizer", "theorem_3_2")}
    sentence = claims["attractor"].statement
    for suffix in (" Its target is not a minimizer of f.", " Its target is a saddle, not a minimizer of f."):
        claims["attractor"] = dataclasses.replace(claims["attractor"], said=sentence + suffix)
        assert not hc.verify(dataclasses.replace(cert, claims=claims))
    facts = Facts(cert.problem, cert.witness, {"existence": cert["existence"]})
    said = str(attractor.conclude(facts, cert["attractor"].numbers, {})[1])
    assert "target" not in said
    assert "eta < " in said  # the step bound itself may be attained, so the inequality must be strict


def test_a_saddle_target_is_named():
    """At rho = 7/5 the target of (0, -2/5) is the saddle (0, 1) of the four wells, and the attractor claim says so."""
    cert = hc.certify(hc.Objective.parse(WELLS), [0, -0.4], "1.4")
    assert cert["attractor"].statement.endswith("Its target is a saddle, not a minimizer of f.")


def test_the_point_must_lie_in_the_band_of_its_maximizer_set():
    """x* belongs to the outer of two rings of maximizers; a band around the inner one is not its construction."""
    f = hc.Objective.parse(f"({BOWL} - 2)**2/2 - ({BOWL} - 2)**4/4")
    rays = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40, endpoint=False)]
    candidate = hc.find.farthest_point(f, np.array([_on_ray(c, s, 3.0) for c, s in rays]), [0, 0])
    cert = hc.certify(candidate)
    assert cert["farthest_point"].status == "proved"
    inputs = {**cert["farthest_point"].inputs, "band": (Fraction(1, 4), Fraction(2))}
    inputs["top"] = tuple(Fraction(n, 64) for n in (56, 63, 65, 72))
    evidence = _evidence(cert)
    with evidence.arithmetic:
        assert farthest_point.measure(evidence, inputs) is Reason.BUDGET


def _on_ray(c, s, level):
    low, high = 0.0, 9.0
    for _ in range(80):
        middle = (low + high) / 2
        value = 2 * (np.exp(middle * c / 2) - 1 - middle * c / 2) + (middle * s) ** 2
        low, high = (middle, high) if value < level else (low, middle)
    return low * c, low * s


@pytest.mark.parametrize("hole", ["(x - 1/8)**2 + (y - 1/8)**2 - 1/1000", "(x + 3/8)**2 + (y - 1/8)**2 - 1/100000"])
def test_a_hole_in_the_domain_spoils_the_construction(hole):
    """Where f is undefined U is not compact, and no derivative shows it: the logarithm is multiplied by 0."""
    f = hc.Objective.parse(WELLS)
    candidate = hc.find.farthest_point(f, [0, 0], [1, 1])
    assert hc.certify(candidate, max_boxes=20_000)["farthest_point"].status == "proved"
    holed = dataclasses.replace(candidate, objective=hc.Objective.parse(f"{WELLS} + 0*log({hole})"))
    cert = hc.certify(holed, max_boxes=5000)
    assert cert["existence"].status == "proved" and cert["farthest_point"].status == "undecided"


def test_a_hole_in_the_domain_spoils_a_global_target():
    """``f(y) >= f(x*+)`` for every y of the box says that f is defined there."""
    box = [[0.9, 1.1], [-0.1, 0.1]]
    whole = hc.certify(hc.Objective.parse(WELL), [-0.5, 0], "1.5", global_box=box)
    assert whole["global_target"].status == "proved"
    f = hc.Objective.parse(f"{WELL} + 0*log((x - 103/100)**2 + (y - 3/100)**2 - 1/10000)")
    holed = hc.certify(f, [-0.5, 0], "1.5", global_box=box, max_boxes=5000)
    assert holed["existence"].status == "proved" and holed["global_target"].status == "undecided"


def test_a_refuted_global_target_prints_a_box_that_holds_the_lower_value():
    """The box has no six-digit box inside of it, so that rounding it inward would leave nothing."""
    f = hc.Objective.parse("(x**2 - 1)**2 / 4 + x/100000 + y**2/20")
    numbers = dict(hc.certify(f, [-0.5, 0], "1.5", global_box=[[0, 1.1], [-1, 1]])["global_target"].numbers)
    numbers["value_elsewhere"] = dataclasses.replace(numbers["target_value"], lower=Fraction(-1), upper=Fraction(-1))
    box = ((Fraction(123456789, 2**27), Fraction(123456790, 2**27)),)
    status, said = BY_NAME["global_target"].conclude(None, numbers, {"box": box, "elsewhere": box})
    assert status == "refuted"
    low, high = (Fraction(end) for end in str(said).split("over [")[1].split("]")[0].split(", "))
    assert low <= box[0][0] and box[0][1] <= high


def test_printed_inequalities_hold_between_printed_numbers():
    """No chain such as ``-0.333333 < -0.333334``: what is rounded is not put beside what is compared."""
    cert = hc.certify(hc.Objective.parse(WELL), [-0.5, 0], "1.5")
    assert " > " not in cert["theorem_3_2"].statement and " < " not in cert["theorem_3_2"].statement
    ball = hc.certify(hc.find.farthest_point(hc.Objective.parse(WELLS), [0, 0], [1, 1]))
    assert "> alpha" not in ball["farthest_point"].statement


def _saved(tmp_path, data):
    data["digest"] = problem_digest(data["problem"])
    path = tmp_path / "file.json"
    path.write_text(json.dumps(data))
    return path


@pytest.mark.parametrize("text", ['{"a": "\\\\"}', '["\\"[[[", 1]', "\\", '"\\u0041"'])
def test_escapes_are_refused(tmp_path, text):
    """A string ends at the next quote, so that brackets in it are told from others: nothing needs a backslash."""
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(CertificateError, match="backslash"):
        load(path)


@pytest.mark.parametrize(("text", "deep"), [("[" * 40, False), ("[" * 41, True), ('["' + "[" * 41 + '"]', False)])
def test_brackets_in_strings_are_no_depth(tmp_path, text, deep):
    """Forty levels are read, a level more is not; in a string there are no levels."""
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(CertificateError) as caught:
        load(path)
    assert ("deeper than 40" in str(caught.value)) is deep


def test_short_exponents_do_not_fill_the_memory(tmp_path):
    """A matrix of ``1p20000`` is some megabytes of text and gigabytes of numbers."""
    d = 700
    names = [f"x{i}" for i in range(d)]
    nodes = [["var", 0], ["pow", 0, 2]]
    data = to_json(hc.certify(hc.Objective.parse(WELL), [-0.5, 0], "1.5"))
    data["problem"]["objective"]["tape"] = {"variables": names, "nodes": nodes, "outputs": [1]}
    witness = data["witness"]
    witness["centre"], witness["radius"] = ["0"] * d, ["1"] * d
    witness["preconditioner"] = [["1p20000"] * d] * d
    with pytest.raises(CertificateError, match=f"at most {MAX_MATRIX_BITS} bits"):
        load(_saved(tmp_path, data))


@pytest.mark.parametrize("place", ["centre", "enclosure", "direction"])
def test_short_exponents_do_not_fill_the_memory_in_lists(place, monkeypatch):
    """Nor do lists of them: those of an inverse, a box and a direction end where their bits do."""
    data = to_json(hc.certify_stall(hc.Objective.parse(WELL), [0.1, 0.2], "1/10"))
    many = ["1p20000"] * 20
    if place == "centre":
        data["witness"]["centre"] = many
    elif place == "enclosure":
        data["enclosure"] = [[end, end] for end in many]
    else:
        data["claims"][0]["inputs"]["direction"] = many
    monkeypatch.setattr(fields, "MAX_VECTOR_BITS", 10 * 20_000)
    with pytest.raises(CertificateError, match=f"{place}: must have at most 200000 bits"):
        from_json(data)


def test_numbers_near_nothing_stay_short(tmp_path, monkeypatch):
    """A radius of ``2**-1000`` around an exact solution makes discs of some thousand bits, not of a million."""
    data = to_json(hc.certify(hc.Objective.least_squares(["x**2 + y**2 - 1"]), [0.5, 0.0], "1.5"))
    data["witness"].update(radius=["1p-1000"], preconditioner=[["1p-1"]], slice=[["-1"], ["0"]])
    data["provenance"].update(backend="mpmath", precision=500)
    discs = []

    def recorded(*numbers):
        discs.append(Disc(*numbers))
        return discs[-1]

    monkeypatch.setattr("hallucert.balls.spectrum.Disc", recorded)
    verdict = hc.verify(_saved(tmp_path, data))
    assert not verdict and discs
    # The checker has 1000 bits, and the exponents in the file are of that size too.
    assert max(constant_bits(number) for disc in discs for number in (disc.re, disc.im, disc.radius)) < 10 * 1000


def test_powers_of_powers_stay_small_in_both_arithmetics():
    """Exponents of size ``10000**k`` would take memory quadratic in the number of nodes."""
    for backend in ("arb", "mpmath"):
        ar = arithmetic(backend, 106)
        with ar:
            x = ar.constant(Fraction(2))
            for _ in range(50):
                x = ar.power(x, 10_000)
            assert not ar.is_finite(x)
            if backend == "arb":
                assert not x.is_finite()  # not a finite ball with an exponent of 660 bits


def test_huge_radii_can_be_printed():
    """A radius of 10**400, which no double holds, is shown in the certificate's ``repr``."""
    cert = hc.certify(hc.Objective.parse(WELL), [-0.5, 0], "1e400")
    assert "1e+400" in repr(cert)


def test_a_time_budget_ends_the_check():
    """With no time left, nothing more is re-proved, and the verdict is false: a costly file cannot hang the checker."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    cert = hc.certify(hc.find.farthest_point(f, [0, 0], [1, 1]))
    assert hc.verify(cert, "arb")
    verdict = hc.verify(cert, "arb", budget=1e-9)
    assert not verdict and "time budget" in str(verdict)
    with pytest.raises(ArgumentError, match="budget"):
        hc.verify(cert, budget=0)
