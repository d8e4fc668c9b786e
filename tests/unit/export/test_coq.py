"""Claim: an exported file says what the certificate says, and what cannot be exported is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.export import coq
from hallucert.export.coq import theorem

CERTIFICATES = Path(hc.__file__).parents[1] / "docs" / "certificates"


def exported(name: str) -> str:
    """Return the theorem of a stored certificate."""
    return theorem(hc.load(CERTIFICATES / f"{name}.json"))


def test_a_theorem_stands_above_its_data():
    """Of the double-well potential in one variable, the file states the formula, the box, the point, and its basin."""
    above, _, below = exported("line").partition("(** The function and the numbers as data. *)")
    assert "  (x ^ 2 - 1) ^ 2 / 4" in above or "x ^ 2" in above
    for line in [
        "Definition P : vec -> vec := ahead 1 f (5 / 2).",
        "Definition centre : vec := vec_of [-1 / 2 ^ 1].",
        "exists x, inside 1 centre radius x",
        "/\\ hallucinated 1 f P x",
        "/\\ (forall y, box 1 centre radius y -> hallucinated 1 f P y -> eqv 1 y x)",
        "/\\ strict_local_minimizer 1 f (P x)",
        "/\\ (forall y, box 1 centre radius y -> regular 1 f P y)",
        "Definition orbit (y : vec) (k : nat) : vec := iterate (sam_step f P step) k y.",
        "/\\ (forall y k, box 1 centre start y -> regular 1 f P (orbit y k))",
        "/\\ (forall y, box 1 centre start y -> converges 1 (orbit y) x)",
    ]:
        assert line in above
    assert below.count("Dyadic") > 5 and "Axiom" not in below and "Admitted" not in below


def test_a_target_that_is_no_minimizer_is_called_a_saddle():
    """Where the certificate refutes `hallucinated_minimizer`, the theorem says saddle, and gives two directions."""
    text = exported("himmelblau-saddle")
    assert "/\\ saddle 2 f (P x)" in text and "  Saddle [" in text and "minimizer" not in text


def test_nothing_is_said_of_convergence_to_a_point_that_repels():
    """Of a point whose claim `attractor` is refuted, existence and its target are stated, and no iteration."""
    text = exported("himmelblau-minimum-repels")
    assert "strict_local_minimizer" in text and "converges" not in text and "Converges" not in text


def test_usam_looks_ahead_without_normalization():
    """A certificate of USAM is about `x + rho grad f(x)`."""
    text = exported("usam-attracts")
    assert "ahead_unnormalized 1 f (16 / 3)" in text and "\n  Usam\n" in text


def test_a_point_on_a_slice_is_a_global_minimizer_of_a_sum_of_squares():
    """In residual form the theorem says that `f` is nowhere negative and vanishes where SAM looks."""
    text = exported("figure-one-farthest")
    assert "(forall x, 0 <= f x)" in text and "f (P (X s)) = 0" in text and "regular 2 f P (X t)" in text


def test_a_function_that_is_not_defined_everywhere_is_stated_to_be_defined():
    """Coq's reals give ln (-1) a value: in the box, and where SAM looks, the theorem says that there is none of it."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + log(1 + x**2)/100")
    text = theorem(hc.certify(hc.find.on_sphere(f, (0.99,), "3/2")[0]))
    assert "Definition domain (v : vec) : Prop :=\n" in text and "Lemma same_domain : domain_of data = domain." in text
    assert "(forall y, box 1 centre radius y -> domain y /\\ domain (P y))" in text
    assert "domain" not in exported("line")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("convex-census", r"certificate\.kind must be \"point\" for Coq .*; it was 'census'"),
        ("tilted-wells-fold", r"certificate\.kind must be \"point\" for Coq .*; it was 'branch'"),
        ("ring-sheet", r"certificate\.kind must be \"point\" for Coq .*; it was 'sheet'"),
        ("wells-stall", r"certificate\.claims must prove existence; it was <no_minimizer_near>"),
    ],
)
def test_what_is_no_point_is_refused_by_name(name, message):
    """Certificates of other kinds, and of places where nothing is solved, have no theorem: the error says why."""
    with pytest.raises(ArgumentError, match=message):
        exported(name)


def test_other_ascent_steps_are_refused_by_name():
    """ASAM's metric has no theory in Coq."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/2")
    cert = hc.certify(f, (-0.5, 0), "3/2", variant=hc.RadiusLaw("asam", [1, 1]))
    with pytest.raises(ArgumentError, match=r"certificate\.variant must be one of sam, usam; it was 'asam'"):
        theorem(cert)


@pytest.mark.parametrize(("limit", "name"), [("MAX_DIMENSION", "dimension"), ("MAX_NODES", "nodes")])
def test_long_functions_are_refused_by_name(limit, name, monkeypatch):
    """A function of too many variables, or too long a tape, is refused before anything is proposed."""
    monkeypatch.setattr(coq, limit, 1)
    with pytest.raises(ArgumentError, match=rf"certificate\.{name} must be at most 1; it was \d+"):
        exported("himmelblau-saddle")


@pytest.mark.parametrize("name", ['x *) Axiom a : False. (* "', "(*) Axiom a : False. (**", "x *\n) Axiom a : False."])
def test_a_name_cannot_end_the_comment_that_it_stands_in(name):
    """A function may have any name: no end of a comment, and no quotation mark, gets into the file's title."""
    cert = hc.load(CERTIFICATES / "line.json")
    cert.objective.name = name
    title = theorem(cert).split("From Coq")[0].rstrip()
    assert title.startswith("(** ") and title.endswith(" *)")
    assert not any(mark in title[3:-2] for mark in ("(*", "*)", '"'))


def test_who_made_a_file_is_not_in_the_theorem():
    """The version that a stranger's certificate names could end a comment: the file names this library's own."""
    cert = hc.load(CERTIFICATES / "line.json")
    forged = replace(cert, provenance=replace(cert.provenance, hallucert="*) Axiom a : False. (*"))
    assert "Axiom" not in theorem(forged) and f"hallucert {hc.__version__}." in theorem(forged)


@pytest.mark.parametrize("path", ["point.txt", "two words.v", "himmelblau-saddle.v", "1.v"])
def test_the_file_is_a_module(path, tmp_path):
    """Coq takes the name of a file as that of a module; another name is refused, and nothing is written."""
    cert = hc.load(CERTIFICATES / "line.json")
    with pytest.raises(ArgumentError, match="path must end in a name"):
        cert.export(tmp_path / path)
    with pytest.raises(ArgumentError, match="to must be one of coq, latex, bibtex; it was 'lean'"):
        cert.export(tmp_path / "line.v", to="lean")
    assert list(tmp_path.iterdir()) == []


def test_export_writes_the_theorem(tmp_path):
    """`export` writes what `theorem` returns."""
    cert = hc.load(CERTIFICATES / "line.json")
    cert.export(tmp_path / "line.v", to="coq")
    assert (tmp_path / "line.v").read_text() == theorem(cert)
