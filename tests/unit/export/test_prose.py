"""Claim: formulas in sentences are set as mathematics in LaTeX, and nothing else in them is a command of LaTeX."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.check.census.census import Census
from hallucert.export.prose import escaped, sentence

CERTIFICATES = sorted((Path(hc.__file__).parents[1] / "docs" / "certificates").glob("*.json"))


@pytest.mark.parametrize(
    ("words", "set_words"),
    [
        ("|grad f(x*)| >= 6.5", r"$|\nabla f(\mathbf{x}^{*})| \ge 6.5$"),
        ("for rho = 7/2: a minimizer of f^SAM", r"for $\rho = 7/2$: a minimizer of $f^{\mathrm{SAM}}$"),
        ("x -> x+ is (smallest >= 2)", r"$\mathbf{x} \mapsto \mathbf{x}^{+}$ is (smallest $\ge 2$)"),
        ("converges to x*_12, a", r"converges to $\mathbf{x}^{*}_{12}$, a"),
        ("M = H(x*+) J(x*)", r"$M = H(\mathbf{x}^{*+}) J(\mathbf{x}^{*})$"),
        ("at most -1.5e-07", r"at most $-1.5\cdot 10^{-7}$"),
        ("radius 0.42...", r"radius $0.42\ldots$"),
        ("the box [-6, 6] x [0, 1]", r"the box $[-6, 6] \times [0, 1]$"),
        ("x_0 = (-9/10, 1/2) with", r"$\mathbf{x}_{0} = (-9/10, 1/2)$ with"),
        ("Condition (C32) of Theorem 3.2 fails", "Condition (C32) of Theorem 3.2 fails"),
        ("of sheet 1 A = Dr(x+) J(x)", r"of sheet 1 $A = \mathrm{D}\mathbf{r}(\mathbf{x}^{+}) J(\mathbf{x})$"),
        ("z in R^8", r"$\mathbf{z}$ in $\mathbb{R}^8$"),
        ("a factor a step, a and E these", "a factor a step, $a$ and $E$ these"),
    ],
)  # fmt: skip
def test_formulas_of_a_sentence_are_mathematics(words, set_words):
    """Points are bold, operators are those of mathematics, numbers that count a thing stay with its name."""
    assert sentence(words) == set_words


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.stem)
def test_no_formula_is_left_in_the_text(path):
    """Outside of dollars the sentences of stored certificates have no sign of mathematics and no lone letter but a."""
    certificate = hc.load(path)
    claims = [certificate.claim] if isinstance(certificate, Census) else list(certificate.all_claims)
    for claim in claims:
        made = sentence(claim.statement)
        assert made.count("$") % 2 == 0
        words = " ".join(made.split("$")[::2])
        words = words.replace("Corollary B.3", "").replace("'s ", " ")
        assert not re.search(r"[\\<>|=^_*+]|\b[b-zB-Z]\b|\d/\d|\b(rho|eta|grad)\b", words), words


def test_every_character_that_acts_is_escaped():
    """Text with commands prints as it is: no character begins a command, a group, mathematics or a comment."""
    hostile = r"\input{/etc/passwd}%$x^2_3~#&"
    made = escaped(hostile)
    assert r"\input" not in made
    assert not re.search(r"(?<!\\)[{}$%#&_^~](?!\})", re.sub(r"\\text[a-z]+\{\}", "", made))
    assert escaped("caf\xe9\n") == "caf??"
    inside = sentence(r"\write18{rm} \end{theorem} $f$ % grad f")
    assert r"\write" not in inside and r"\end" not in inside and r"\%" in inside and r"$\nabla f$" in inside
