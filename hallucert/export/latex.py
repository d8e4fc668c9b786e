"""A certificate as a theorem in LaTeX, to be put into a paper with `amsmath`, `amssymb` and `amsthm`.

The sentences are those of the claims, set as mathematics (`prose.py`); the function, the radius and the places that
they speak of are written out before them. Boxes about all points of which something is said are rounded inward, boxes
that contain something outward, unless they are exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from hallucert import __version__
from hallucert.check.batches.problem import BatchProblem
from hallucert.check.branch.certificate import BranchCertificate
from hallucert.check.census.census import Census
from hallucert.check.census.records import Box, Kind, Stability, Unsettled
from hallucert.check.claim import Claim, Inputs, Saved, Status
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.rule import Witness
from hallucert.decimals import decimal_above, decimal_below
from hallucert.errors import require
from hallucert.export import bibliography
from hallucert.export.latex_formula import LINE, MOST_VARIABLES, definition, exactly, fraction, names, seen
from hallucert.export.prose import escaped, number, sentence
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.objectives.tape import PARTIAL

Side = tuple[Fraction, Fraction]
"""Ends of an interval."""

DIGITS, ROOM_DIGITS = 12, (4, 8, 12, 16)
"""Decimals of boxes that contain something; of boxes about all of which something is said, as few as may be."""

TIMES = r" \times "
"""What stands between the sides of a box."""

TITLES = {
    "theorem_3_2": "Condition (C32)",
    "projected_c32": "Condition (C32) on a subspace",
    "target": "Target",
    "no_minimizer_near": "No minimizer nearby",
    "no_hallucination": "Absence",
}
"""What items are called whose claim's name does not say it."""

PREAMBLE = r"""% Exported by hallucert {version}. It needs, in the preamble:
%   \usepackage{{amsmath,amssymb,amsthm}}
%   \newtheorem{{theorem}}{{Theorem}}
% The keys that it cites are in the entries of the same certificate for BibTeX.
"""

THEOREM = r"""{preamble}\begin{{theorem}}
\emergencystretch 3em
{setting}
\begin{{enumerate}}
{items}
\end{{enumerate}}
\end{{theorem}}
\begin{{proof}}
Each item is a computation in ball arithmetic, made with hallucert~\cite{{{library}}} and recorded in the
certificate~\cite{{{key}}}, from which \texttt{{hallucert verify}} proves it again.
\end{{proof}}
{undecided}"""

STEP = r"$\mathbf{x}^{+} = \mathbf{x} + \rho\,\mathbf{u}(\mathbf{x})$"

HALLUCINATED = (
    r"Here $f^{\mathrm{NAME}}(\mathbf{x}) = f(\mathbf{x}^{+})$; a \emph{hallucinated stationary point} is a point "
    r"$\mathbf{x}$ with $\nabla f(\mathbf{x}) \ne 0$ and $\nabla f(\mathbf{x}^{+}) = 0$, whose \emph{target} is "
    r"$\mathbf{x}^{+}$, and a \emph{hallucinated minimizer} a local minimizer of $f^{\mathrm{NAME}}$ at which "
    r"$\nabla f$ does not vanish."
)

SHIFTED = r"\nabla f(\mathbf{x}_{k}^{+})"
"""Along what a step goes; weight decay adds to it."""

MEANINGS = {
    r"\bf_b\b": (
        r"for each batch $b$ of the certificate $f_{b}$ is the loss on it, $\mathbf{r}_{b}$ are its residuals, "
        r"$\mathbf{u}_{b} = \nabla f_{b}/|\nabla f_{b}|$ and $\mathbf{x}_{b}^{+} = \mathbf{x} + "
        r"\rho\,\mathbf{u}_{b}(\mathbf{x})$, and a step of SAM with it is $\mathbf{x} - \eta\,\nabla "
        r"f_{b}(\mathbf{x}_{b}^{+})$"
    ),
    r"\bJ\b": r"$J = \mathrm{D}\mathbf{x}^{+}$ is the derivative of $\mathbf{x} \mapsto \mathbf{x}^{+}$",
    r"\bH\b": r"$H = \nabla^{2} f$",
    r"(?<!\^)\b[UA]?SAM\b": (
        rf"NAME with the step $\eta$ is the iteration $\mathbf{{x}}_{{k+1}} = \mathbf{{x}}_{{k}} - \eta\,{SHIFTED}$"
    ),
    r"\(heavy ball\)": (
        rf"with the momentum $\beta$ (heavy ball) it is $\mathbf{{v}}_{{k+1}} = \beta\,\mathbf{{v}}_{{k}} + {SHIFTED}$"
        r", $\mathbf{x}_{k+1} = \mathbf{x}_{k} - \eta\,\mathbf{v}_{k+1}$"
    ),
    r"Nesterov": (
        rf"with Nesterov's momentum $\beta$ it is $\mathbf{{v}}_{{k+1}} = \beta\,\mathbf{{v}}_{{k}} + {SHIFTED}$, "
        rf"$\mathbf{{x}}_{{k+1}} = \mathbf{{x}}_{{k}} - \eta\,({SHIFTED} + "
        r"\beta\,\mathbf{v}_{k+1})$"
    ),
    r"\bK = A B\^T": (r"$A = \mathrm{D}\mathbf{r}(\mathbf{x}^{+})\,J$ and $B = \mathrm{D}\mathbf{r}(\mathbf{x}^{+})$"),
    r"\(C32\)|Theorem \d|Corollary [AB]|Proposition [AB]": (
        rf"numbered theorems are those of~\cite{{{bibliography.PAPER}}}, and (C32) is the condition of Theorem 3.2 "
        r"that $J + J^{\mathsf{T}}$ be positive definite"
    ),
}
"""What is said of symbols where a sentence has one, by a pattern that finds it."""


def theorem(certificate: Saved) -> str:
    """Return the theorem; ArgumentError if the certificate proves and refutes nothing."""
    if isinstance(certificate, Census):
        items, open_claims = list(_census_items(certificate)), []
    else:
        claims = list(certificate.all_claims)
        items = [_item(certificate, claim) for claim in claims if claim.status is not Status.UNDECIDED]
        open_claims = [claim for claim in claims if claim.status is Status.UNDECIDED]
    require(items, "certificate.claims", f"<{len(open_claims)} undecided>", "prove or refute something")
    return THEOREM.format(
        preamble=PREAMBLE.format(version=__version__),
        setting="\n".join(_setting(certificate)),
        items="\n".join(items),
        library=bibliography.LIBRARY,
        key=bibliography.key_of(certificate),
        undecided=_undecided(open_claims),
    )


def _item(certificate: Saved, claim: Claim) -> str:
    """Return a claim as an item of the list; one that is refuted states the opposite."""
    return _titled(f"{_title(claim)}, {claim.status}", sentence(_localized(certificate, claim)))


def _titled(title: str, statement: str) -> str:
    return rf"\item (\emph{{{escaped(title)}}}) {statement}"


def _title(claim: Claim) -> str:
    """Return what a claim is called in print."""
    return TITLES.get(claim.name, claim.name.replace("_", " ").capitalize())


def _undecided(claims: Sequence[Claim]) -> str:
    """Return the questions that are open: they are no part of the theorem."""
    if not claims:
        return ""
    questions = "\n".join(rf"\item (\emph{{{escaped(_title(c))}}}) {sentence(c.statement)}" for c in claims)
    return f"\\noindent The certificate does not decide:\n\\begin{{itemize}}\n{questions}\n\\end{{itemize}}\n"


def _localized(certificate: Saved, claim: Claim) -> str:
    """Return the sentence of a claim, with letters for the places that it leaves to the certificate."""
    words = claim.statement
    if isinstance(certificate, BranchCertificate):
        return words.replace("the target's box of the certificate", "the box T")
    witness = getattr(certificate, "witness", None)
    if claim.name == "existence" and witness is not None:
        if _room(certificate) is not None:
            words = words.replace(str(witness.place), "the box Z")
        words = re.sub(r"; \|x\* - centre\| <= \S+ in every coordinate", "; it lies in X", words)
    return (
        words.replace("the certificate's closed region B", "the closed region B")
        if _ball_inputs(certificate)
        else words
    )


# ---------------------------------------------------------------------- what it is about


def _setting(certificate: Saved) -> Iterator[str]:
    """Yield the function, the radius and the places that the items speak of."""
    f = certificate.objective
    yield from _function(f)
    rho, law = getattr(certificate, "rho", None), getattr(certificate, "law", SAM)
    if isinstance(certificate, Census):
        rho = certificate.problem.rho
    radius = "" if rho is None else rf"$\rho = {fraction(rho)}$ and "
    problem = getattr(certificate, "problem", None)
    decay: Fraction = getattr(problem, "decay", Fraction(0))
    if decay:
        radius = f"$w = {fraction(decay)}$, {radius}"
    yield f"and let {radius}{_step(law)}."
    if not decay:
        yield HALLUCINATED.replace("NAME", law.name)
    statements = " ".join(claim.statement for claim in certificate.all_claims)
    if isinstance(certificate, Census) and certificate.points:
        statements += " SAM"
    if isinstance(problem, BatchProblem):
        statements = re.sub(r"\bSAM\b", "", statements)
    meanings = [meaning for pattern, meaning in MEANINGS.items() if re.search(pattern, statements)]
    if decay:
        meanings = [meaning.replace(SHIFTED, rf"({SHIFTED} + w\,\mathbf{{x}}_{{k}})") for meaning in meanings]
    if meanings:
        yield f"Furthermore, {'; '.join(meanings).replace('NAME', law.name)}."
    if isinstance(problem, BatchProblem):
        yield f"There are {escaped(problem.described.removeprefix(', '))}, where residuals are counted from 0."
    yield from _places(certificate)


def _function(f: Objective) -> Iterator[str]:
    """Yield the lines that define the function."""
    equations = definition(f)
    space = rf"\mathbb{{R}}^{{{f.dimension}}}" if f.dimension > 1 else r"\mathbb{R}"
    if equations is None:
        yield rf"Let $f \colon {space} \to \mathbb{{R}}$ be the function of the certificate,"
        return
    residual = isinstance(f, FormulaObjective) and f.residuals is not None
    parts = r" by its residuals $\mathbf{r}$" if residual else ""
    yield f"Let $f$ on ${space}$ be given{parts} as"
    yield "\\[\n\\begin{aligned}\n" + " \\\\\n".join(equations) + "\n\\end{aligned}\n\\]"
    tape = f.tape if isinstance(f, FormulaObjective) else None
    if tape is not None and any(node.op in PARTIAL or (node.op == "pow" and node.b < 0) for node in tape.nodes):
        yield "wherever these are defined,"


def _step(law: RadiusLaw) -> str:
    """Return where the method looks from a point."""
    if law.variant == "usam":
        return r"$\mathbf{x}^{+} = \mathbf{x} + \rho\,\nabla f(\mathbf{x})$"
    if law.variant == "asam":
        diagonal = ", ".join(map(exactly, law.scales[:MOST_VARIABLES]))
        where = rf"the diagonal matrix of ${diagonal}$" if len(law.scales) <= MOST_VARIABLES else "of the certificate"
        return rf"{STEP}, $\mathbf{{u}} = D^{{2}} \nabla f/|D \nabla f|$, $D$ {where}"
    return rf"{STEP}, $\mathbf{{u}} = \nabla f/|\nabla f|$"


def _places(certificate: Saved) -> Iterator[str]:
    """Yield the boxes and points that the items name."""
    f = certificate.objective
    if isinstance(certificate, Census):
        yield f"Let $D = {_sides((side.lower, side.upper) for side in certificate.problem.sides)}$."
    elif isinstance(certificate, Certificate):
        yield from _places_of_point(certificate)
    else:
        yield "Curves and surfaces, and their cells and charts, are numbered as in the certificate."
    if isinstance(certificate, BranchCertificate) and certificate.target is not None and certificate.box is not None:
        target = certificate.target
        room = [(c - r, c + r) for c, r in zip(target.centre, target.radius, strict=True)]
        yield from _room_and_box("T", "C", room, certificate.box, _coordinates(f))
        yield r"The target $\mathbf{c}$ lies in $C$."


def _places_of_point(certificate: Certificate) -> Iterator[str]:
    """Yield the boxes of existence, the point that is given, and the region of the construction."""
    f, witness, room = certificate.objective, certificate.witness, _room(certificate)
    if witness is None:
        return
    both = r" of $\mathbf{p}$ and then of $\mathbf{q}$" if certificate.problem.period == 2 else ""
    coordinates = _coordinates(f) + both
    if "no_minimizer_near" in certificate:
        shown = f.dimension <= MOST_VARIABLES
        centre = f"({', '.join(map(exactly, witness.centre))})" if shown else r"\mathbf{x}_{0}"
        yield rf"Let $\mathbf{{x}} = {centre}${'' if shown else ', the centre of the certificate'}."
    elif certificate["existence"].status is not Status.PROVED:
        if room is not None:
            yield f"Let $Z = {_sides(room)}$, for the coordinates {coordinates}."
    elif len(witness.centre) > MOST_VARIABLES:
        yield r"Let $X$ be the box that contains $\mathbf{x}^{*}$ according to the certificate."
    elif room is not None:
        yield from _room_and_box("Z", "X", room, certificate.printed, coordinates)
    else:
        yield rf"Let $X = {_enclosing(certificate.printed)}$, for the coordinates {coordinates}."
    inputs = _ball_inputs(certificate)
    if inputs:
        middle = ", ".join(map(exactly, inputs["maximizer"]))
        yield rf"Let $B$ be the closed ball of radius ${exactly(inputs['ball_radius'])}$ around $({middle})$."


def _ball_inputs(certificate: Saved) -> Inputs:
    """Return what says where the ball of the construction is, if it is claimed."""
    claim = next((claim for claim in certificate.all_claims if claim.name == "farthest_point"), None)
    asserted = claim is not None and claim.status is Status.PROVED and "ball_radius" in claim.inputs
    return claim.inputs if claim is not None and asserted else {}


def _room(certificate: Saved) -> list[Side] | None:
    """Return the box in which a point is the only one; None if it is one of a slice, or has too many sides."""
    witness = getattr(certificate, "witness", None)
    if not isinstance(witness, Witness) or witness.slice is not None or len(witness.centre) > MOST_VARIABLES:
        return None
    return [(c - r, c + r) for c, r in zip(witness.centre, witness.radius, strict=True)]


def _coordinates(f: Objective) -> str:
    """Name the variables."""
    return f"$({', '.join(names(f))})$"


def _room_and_box(name: str, around: str, room: Sequence[Side], box: Sequence[Side], whose: str) -> Iterator[str]:
    """Yield the box in which something is the only one of its kind, and the one that contains it.

    What is proved to be the only one in a box is so in a smaller box that contains it: so the former is rounded inward,
    unless it would not contain the latter.
    """
    outer = [tuple(map(Fraction, ends)) for ends in _ends(box)]
    shown = _sides(room)
    for digits in ROOM_DIGITS:
        inner = [(decimal_above(low, digits), decimal_below(high, digits)) for low, high in room]
        pairs = zip(inner, outer, strict=True)
        if all(Fraction(low) <= a and b <= Fraction(high) for (low, high), (a, b) in pairs):
            shown = TIMES.join(f"[{number(low)}, {number(high)}]" for low, high in inner)
            break
    yield f"Let, for the coordinates {whose},"
    rows = [f"{name} ={{}}& {_broken(shown)},", f"{around} ={{}}& {_broken(_enclosing(box))}."]
    yield "\\[\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n\\]"


def _broken(box: str) -> str:
    """Return a product of intervals over as many lines of an alignment as it needs."""
    lines = [""]
    for side in box.split(TIMES):
        if lines[-1] and seen(lines[-1] + side) > LINE:
            lines.append("")
        lines[-1] += TIMES * bool(lines[-1]) + side
    return rf" \\ & \quad {TIMES.strip()} ".join(lines)


def _sides(box: Iterable[Side]) -> str:
    """Return a box exactly."""
    return TIMES.join(f"[{exactly(low)}, {exactly(high)}]" for low, high in box)


def _enclosing(box: Iterable[Side], digits: int = DIGITS) -> str:
    """Return a box rounded outward."""
    return TIMES.join(f"[{number(low)}, {number(high)}]" for low, high in _ends(box, digits))


def _ends(box: Iterable[Side], digits: int = DIGITS) -> list[tuple[str, str]]:
    """Return the ends of a box rounded outward, as decimals."""
    return [(decimal_below(low, digits), decimal_above(high, digits)) for low, high in box]


# ---------------------------------------------------------------------- a census


def _census_items(census: Census) -> Iterator[str]:
    """Yield what a census says of the critical points, and of the hallucinated points of its box."""
    targets = [
        rf"$\mathbf{{c}}_{{{k}}} \in {_of(c.box)}$, a nondegenerate {c.kind}"
        if c.kind is not Kind.DEGENERATE
        else rf"one of any number of them in ${_of(c.box)}$, called $\mathbf{{c}}_{{{k}}}$"
        for k, c in enumerate(census.critical_points, 1)
    ]
    reach = r"critical point of $f$ at distance $\rho$ from a point of $D$"
    if targets:
        yield _titled("Critical points, proved", _listed(f"Every {reach} is one of these", targets))
    else:
        yield _titled("Critical points, proved", f"There is no {reach}.")
    stable = {
        Stability.ATTRACTOR: "; it attracts SAM, for every small enough fixed step",
        Stability.REPELLER: "; it repels SAM, for every fixed step",
        Stability.UNDECIDED: "",
    }
    points = [
        rf"$\mathbf{{x}}_{{{k}}} \in {_of(p.box)}$, with the target $\mathbf{{c}}_{{{p.target + 1}}}$ and "
        rf"$|\nabla f(\mathbf{{x}}_{{{k}}})| \ge {number(decimal_below(p.gradient_norm.lower))}${stable[p.stability]}"
        for k, p in enumerate(census.points, 1)
    ]
    open_places = [*census.excluded, *census.pending]
    what = "hallucinated stationary point" + "s" * (len(points) != 1)
    whole = f"There are exactly {len(points)} {what} in $D$" if points else f"There are no {what} in $D$"
    if open_places:
        whole = f"There are {len(points)} {what} in $D$, and no others but perhaps at the places of the next item"
    yield _titled("Completeness, proved", _listed(whole, points))
    if open_places:
        yield _titled("Open places", _listed("Nothing is claimed", [_place(place) for place in open_places]))


def _of(box: Box) -> str:
    """Return a box that contains something, rounded outward."""
    return _enclosing(((side.lower, side.upper) for side in box), 10)


def _place(place: Unsettled) -> str:
    """Return a place that is open."""
    where = "of $D$" if place.box is None else f"of ${_of(place.box)}$"
    return rf"of points $\mathbf{{x}}$ {where} with $\mathbf{{x}}^{{+}} \in {_of(place.target)}$"


def _listed(words: str, items: Sequence[str]) -> str:
    """Return a sentence, with a list if there is one."""
    if not items:
        return words + "."
    inner = ";\n".join(rf"\item {item}" for item in items)
    return f"{words}:\n\\begin{{itemize}}\n{inner}.\n\\end{{itemize}}"
