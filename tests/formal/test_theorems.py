"""Claim: Coq accepts the theorem of every stored certificate of a point, and refuses what is false, for that reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.export.coq import theorem

pytestmark = pytest.mark.coq

CERTIFICATES = Path(hc.__file__).parents[1] / "docs" / "certificates"

CLASSICAL = {
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
}
"""The axioms of the classical real numbers."""

FALSE = 'Unable to unify "true" with "false"'
"""What Coq says if the check computes false."""


def is_exported(path: Path) -> bool:
    """Tell whether a stored certificate is of a point that is proved to exist, for full gradients without decay."""
    data = json.loads(path.read_text(encoding="ascii"))
    system = data.get("witness", {}).get("system")
    plain = {"batches", "weight_decay"}.isdisjoint(data["problem"])
    return data["kind"] == "point" and system in ("gradient", "residual") and plain


POINTS = sorted(path.stem for path in CERTIFICATES.glob("*.json") if is_exported(path))
"""Their names."""


def text(name: str) -> str:
    """Return the theorem of a stored certificate."""
    return theorem(hc.load(CERTIFICATES / f"{name}.json"))


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Replace every occurrence of each first string, which must be there, by the second."""
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", POINTS)
def test_coq_accepts_the_theorem_of_a_certificate(coq: ModuleType, name: str, tmp_path: Path) -> None:
    """Every stored point is a theorem, which assumes the axioms of the classical real numbers and nothing else."""
    file = tmp_path / "point.v"
    file.write_text(text(name))
    assert set(coq.check(file, CERTIFICATES / f"{name}.json")) == CLASSICAL


def test_no_point_is_left_out() -> None:
    """Every other stored certificate is refused by name: it is of another kind, or no point is proved to exist."""
    others = [path for path in sorted(CERTIFICATES.glob("*.json")) if path.stem not in POINTS]
    assert len(POINTS) >= 16 and others
    for path in others:
        with pytest.raises(ArgumentError, match=r"certificate\.(kind|claims)"):
            theorem(hc.load(path))


HIMMELBLAU = "himmelblau-minimum-attracts"

RHO = [("(599 / 100)", "(6 / 1)"), ("(Ratio 599 100)", "(Ratio 6 1)")]
CENTRE = [("-7226763855034645", "-7226763855034640"), ("6292608054368595", "6292708054368595")]
STEP = [("step : R := 1 / 5000", "step : R := 1 / 50"), ("Converges (Ratio 1 5000)", "Converges (Ratio 1 50)")]

FALSEHOODS = {
    "another radius": RHO,
    "a box beside the point": CENTRE,
    "a wrong preconditioner": [("[[Dyadic 5815303909967255 (-58)", "[[Dyadic (-5815303909967255) (-58)")],
    "no preconditioner": [("[[Dyadic 5815303909967255 (-58)", "[[Dyadic 0 0")],
    "a longer step": STEP,
    "too large a box of starts": [],
}


@pytest.mark.parametrize("what", FALSEHOODS)
def test_a_false_theorem_is_refused(coq: ModuleType, what: str, tmp_path: Path) -> None:
    """With other numbers, in the statement and in the data, the check computes false, and Coq says so."""
    changed = replaced(text(HIMMELBLAU), *FALSEHOODS[what])
    if what == "too large a box of starts":
        start = re.search(r"start : vec := vec_of \[(\d+) / 2 \^ (\d+);", changed)
        assert start is not None
        changed = replaced(
            changed,
            (f"{start[1]} / 2 ^ {start[2]}", f"{start[1]} / 2 ^ 9"),
            (f"Dyadic {start[1]} (-{start[2]})", f"Dyadic {start[1]} (-9)"),
        )
    (tmp_path / "point.v").write_text(changed)
    with pytest.raises(coq.Refused, match=FALSE):
        coq.check(tmp_path / "point.v")


def test_a_saddle_is_no_minimizer(coq: ModuleType, tmp_path: Path) -> None:
    """If the target of a point above a saddle is called a minimizer, no factor of the Hessian helps."""
    claimed = "(strict_local_minimizer 2 f (P x) /\\ strict_local_minimizer 2 (fun y => f (P y)) x)"
    changed = replaced(text("himmelblau-saddle"), ("saddle 2 f (P x)", claimed))
    for root in (
        "[[Dyadic 0 0; Dyadic 0 0]; [Dyadic 0 0; Dyadic 0 0]]",
        "[[Dyadic 1 0; Dyadic 0 0]; [Dyadic 0 0; Dyadic 1 0]]",
    ):
        (tmp_path / "point.v").write_text(re.sub(r"Saddle \[[^\]]*\]\s*\[[^\]]*\]", f"Minimizer {root}", changed))
        with pytest.raises(coq.Refused, match=FALSE):
            coq.check(tmp_path / "point.v")


@pytest.mark.parametrize(
    ("old", "new", "objection"),
    [
        ("y - 11) ^ 2", "y - 12) ^ 2", "same_function|Unable to unify"),
        (" + (x + y ^ 2 - 7) ^ 2", "", "same_function|Unable to unify"),
        ("centre : vec := vec_of [-7226763855034645", "centre : vec := vec_of [-7226763855034646", "has type"),
        ("(599 / 100)", "(600 / 100)", "has type|Unable to unify"),
        ("radius : vec := vec_of [573164829 / 2 ^ 46", "radius : vec := vec_of [573164829 / 2 ^ 45", "has type"),
        ("step : R := 1 / 5000", "step : R := 1 / 500", "has type"),
    ],
)
def test_the_statement_is_about_what_was_computed(
    coq: ModuleType, old: str, new: str, objection: str, tmp_path: Path
) -> None:
    """If the statement alone is about another function, radius, box or step, Coq does not take the proof for it."""
    (tmp_path / "point.v").write_text(replaced(text(HIMMELBLAU), (old, new)))
    with pytest.raises(coq.Refused, match=objection):
        coq.check(tmp_path / "point.v")


@pytest.mark.parametrize(
    ("old", "new", "objection"),
    [
        (
            "Theorem theorem : statement.",
            "Axiom cheat : statement. Theorem theorem : statement. exact cheat. Qed.\nTheorem other : statement.",
            r"assumes candidate\.cheat",
        ),
        (
            "Theorem theorem : statement.",
            "Module PrimFloat. Axiom cheat : statement. End PrimFloat. Theorem theorem : statement. "
            "exact PrimFloat.cheat. Qed.\nTheorem other : statement.",
            r"assumes candidate\.PrimFloat\.cheat",
        ),
        (
            "Theorem theorem : statement.",
            "Unset Guard Checking. Fixpoint loop (n : nat) : statement := loop n. Theorem theorem : statement. "
            "exact (loop 0%nat). Qed.\nTheorem other : statement.",
            "loop is assumed to be guarded",
        ),
        (
            "Theorem theorem : statement.",
            "Theorem theorem : statement. Admitted. Theorem other : True. exact I. Qed. Print Assumptions other.\n"
            "Theorem another : statement.",
            r"assumes candidate\.theorem : candidate\.statement",
        ),
    ],
)
def test_a_theorem_that_assumes_more_is_refused(
    coq: ModuleType, old: str, new: str, objection: str, tmp_path: Path
) -> None:
    """Axioms of the file's own, whatever their names, and checks switched off are refused, and so is other's praise."""
    (tmp_path / "point.v").write_text(replaced(text("line"), (old, new)))
    with pytest.raises(coq.Refused, match=objection):
        coq.check(tmp_path / "point.v")


PRAISE = "Definition statement : Prop := True. Theorem theorem : statement. Proof. exact I. Qed."

REDEFINED = [
    (
        "Open Scope R_scope.\n",
        "Open Scope R_scope.\nDefinition converges (n : nat) (u : nat -> vec) (x : vec) := True.\n",
    ),
    ("(conj H6 H7)", "(conj H6 (fun _ _ => I))"),
]
"""A word of the statement is defined anew: it reads as before, and convergence means nothing."""


@pytest.mark.parametrize("lie", ["nothing", "a new word"])
def test_words_that_mean_something_else_are_refused_for_a_certificate(
    coq: ModuleType, lie: str, tmp_path: Path
) -> None:
    """A stranger's theorem has to be the statement that is exported of the certificate, whatever its own words mean."""
    (tmp_path / "point.v").write_text(PRAISE if lie == "nothing" else replaced(text("line"), *REDEFINED))
    assert set(coq.check(tmp_path / "point.v")) <= CLASSICAL
    with pytest.raises(coq.Refused, match="proves another statement"):
        coq.check(tmp_path / "point.v", CERTIFICATES / "line.json")
