"""The certificate of a point as a file for the proof assistant Coq.

At the top it says the function as a formula, the numbers, and the theorem, in the words of `formal/theory/sam.v`; then
come the same function and numbers as data, and the proof: a computation by a checker that is proved correct
(`formal/tapes/`). What is in a file depends on the system that was solved, in `gradient.py` and `residual.py` beside.
"""

from __future__ import annotations

from textwrap import fill

from hallucert import __version__
from hallucert.check.point.certificate import Certificate
from hallucert.errors import ArgumentError
from hallucert.export import formula, gradient, residual
from hallucert.export.formula import WIDTH
from hallucert.export.layout import AHEAD
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.written_out import written_out

MAX_DIMENSION, MAX_NODES = 100, 5000
"""Variables and nodes of the longest tape that is written."""

DATA = "(** The function and the numbers as data. *)"
"""What stands above this line of a file is read; the rest is data and proof."""

FILE = """\
{title}
From Coq Require Import Reals List.
From Hallucert.theory Require Import {theory}.
From Hallucert.tapes Require Import tape programs bounds {checker} instances.
Import ListNotations.
Open Scope R_scope.

(** The function. *)
Definition f (v : vec) : R :=
{function}.
{domain}
{numbers}

(** The theorem. *)
Definition statement : Prop :=
{statement}.

{mark}
Close Scope R_scope.
{data}

(** The data say the same. *)
Lemma same_function : f_of data = f.
Proof. reflexivity. Qed.
{same}
(** The proof is a computation. *)
Theorem theorem : statement.
Proof.
  unfold statement, {unfolded}. rewrite <- {rewritten}.
{proof}
Qed.
Print Assumptions theorem.
"""


DOMAIN = """
(** Where it is defined: elsewhere Coq's division, roots and logarithms have values that mean nothing. *)
Definition domain (v : vec) : Prop :=
{conditions}.
"""

SAME_DOMAIN = "Lemma same_domain : domain_of data = domain.\nProof. reflexivity. Qed.\n"


def theorem(certificate: object) -> str:
    """Return the text of the file; ArgumentError names what stands in the way of an export, if something does."""
    kind = getattr(certificate, "kind", "<no certificate>")
    if not isinstance(certificate, Certificate) or kind != "point":
        raise ArgumentError("certificate.kind", kind, 'be "point" for Coq ("latex" has a theorem for all)')
    if "existence" not in certificate or not certificate["existence"]:
        raise ArgumentError("certificate.claims", f"<{', '.join(certificate.claims)}>", "prove existence")
    if certificate.problem.claims:
        kind = "with weight decay" if certificate.problem.decay else "of mini-batches"
        raise ArgumentError("certificate.claims", f"<{kind}>", "be about full gradients, without weight decay")
    if certificate.law.variant not in AHEAD:
        raise ArgumentError("certificate.variant", certificate.law.variant, f"be one of {', '.join(AHEAD)}")
    objective = _formula(certificate.objective)
    system = residual if certificate.problem.residual else gradient
    made = system.parts(certificate, objective)
    conditions = "\n".join(f"  {line}" for line in formula.domain(objective))
    return FILE.format(
        title=_title(certificate),
        theory=made.theory,
        checker=made.checker,
        function="\n".join(f"  {line}" for line in formula.function(objective)),
        domain=DOMAIN.format(conditions=conditions) if conditions else "",
        numbers="\n".join(made.numbers),
        statement="\n".join(f"  {line}" for line in made.statement),
        mark=DATA,
        data="\n".join(made.data),
        unfolded=made.unfolded,
        same=SAME_DOMAIN if conditions else "",
        rewritten="same_function, <- same_domain" if conditions else "same_function",
        proof="\n".join(f"  {line}" for line in made.proof),
    )


def _formula(objective: Objective) -> FormulaObjective:
    """Return the function as a tape; a program is written out."""
    if objective.dimension > MAX_DIMENSION:
        raise ArgumentError("certificate.dimension", objective.dimension, f"be at most {MAX_DIMENSION}")
    if isinstance(objective, ProgramObjective):
        names = tuple(f"x_{i}" for i in range(objective.dimension))
        objective = written_out(objective.program, names, objective.n, objective.name)
    if not isinstance(objective, FormulaObjective):
        raise ArgumentError("certificate.function", f"<{type(objective).__name__}>", "be a formula or an array program")
    if len(objective.tape.nodes) > MAX_NODES:
        raise ArgumentError("certificate.nodes", len(objective.tape.nodes), f"be at most {MAX_NODES}")
    return objective


def _title(certificate: Certificate) -> str:
    """Return a comment; in the function's name is nothing that would end it, or begin another or a string.

    A stranger's file may say anything of who made it: that is left out.
    """
    name = certificate.objective.name.replace('"', "'").replace("(*", "( *").replace("*)", "* )")
    text = f"A hallucinated point of {name}, as a theorem. Exported by hallucert {__version__}."
    return fill(f"(** {text} *)", WIDTH, subsequent_indent="    ")
