"""Claim: a certificate of any kind is a theorem in LaTeX that says what the certificate says, rounded outward."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.check.census.census import Census
from hallucert.check.claim import Status
from hallucert.check.file.files import KINDS
from hallucert.errors import ArgumentError

CERTIFICATES = sorted((Path(hc.__file__).parents[1] / "docs" / "certificates").glob("*.json"))
FOLDER = CERTIFICATES[0].parent

ENVIRONMENTS = {"theorem", "proof", "enumerate", "itemize", "aligned"}
COMMANDS = re.compile(
    "begin|end|item|emph|cite|texttt|noindent|emergencystretch|mathbb|mathbf|mathrm|mathsf|mathit|nabla|rho|beta|eta|lambda|"
    "alpha|pi|le|ge|ne|mapsto|times|cdot|ldots|in|colon|to|tfrac|frac|sqrt|sum|left|right|quad|exp|log|sin|cos|tanh|"
    "operatorname"
)

DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath,amssymb,amsthm}
\newtheorem{theorem}{Theorem}
\begin{document}
%s
\bibliographystyle{plain}
\bibliography{%s}
\end{document}
"""


def certificate_named(name: str):
    """Return a stored certificate."""
    return hc.load(FOLDER / f"{name}.json")


def require_structure(text: str) -> None:
    """Check braces, dollars, environments and commands of what is not a comment."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert body.isascii() and not re.search(r"(?<!\\)%|&(?!\\?[ \\])", body)
    opened: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", body):
        assert name in ENVIRONMENTS
        if what == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    assert [name for name in re.findall(r"\\([A-Za-z]+)", body) if not COMMANDS.fullmatch(name)] == []
    for paragraph in re.split(r"\\\[|\\\]|\n", body):
        depth, bare = 0, re.sub(r"\\[{}$]", "", paragraph)
        assert bare.count("$") % 2 == 0, paragraph
        for character in bare:
            depth += (character == "{") - (character == "}")
            assert depth >= 0, paragraph
        assert depth == 0, paragraph


@pytest.mark.parametrize("path", CERTIFICATES, ids=lambda path: path.stem)
def test_every_stored_certificate_is_a_theorem(path):
    """Nothing but known commands in closed groups; an item for each claim that is decided, none for another."""
    certificate = hc.load(path)
    text = certificate.to_latex()
    require_structure(text)
    if isinstance(certificate, Census):
        return
    statement, _, rest = text.partition(r"\end{theorem}")
    counted = Counter(str(claim.status) for claim in certificate.all_claims)
    for status in (Status.PROVED, Status.REFUTED):
        assert len(re.findall(rf"^\\item \(\\emph\{{[^}}]*, {status}\}}\)", statement, re.M)) == counted[status]
    assert len(re.findall(r"^\\item", rest, re.M)) == counted[Status.UNDECIDED]


def test_all_kinds_are_stored():
    """What is tested here is every kind of file that there is."""
    assert {hc.load(path).kind for path in CERTIFICATES} == set(KINDS)


def intervals(text: str, letter: str) -> list[tuple[Fraction, Fraction]]:
    """Return the sides of a box that a theorem displays."""
    (line,) = re.findall(rf"^{letter} =\{{\}}& (.*)[,.]", text, re.M)
    return [(Fraction(a), Fraction(b)) for a, b in re.findall(r"\[([-\d.]+), ([-\d.]+)\]", line)]


@pytest.mark.parametrize("name", ["himmelblau-saddle", "bump-attracts", "camel-farthest", "usam-repels"])
def test_boxes_of_existence_are_rounded_to_the_safe_side(name):
    """The point lies in X, rounded outward; Z, where it is the only one, is rounded inward and contains X."""
    certificate = certificate_named(name)
    text, witness = certificate.to_latex(), certificate.witness
    inner, outer = intervals(text, "X"), intervals(text, "Z")
    sides = zip(inner, certificate.box, outer, witness.centre, witness.radius, strict=True)
    for (low, high), (below, above), (a, b), centre, radius in sides:
        assert a <= low <= below <= above <= high <= b
        assert centre - radius <= a < b <= centre + radius
    assert "exactly one $\\mathbf{x} = \\mathbf{x}^{*}$ in the box $Z$" in text and "it lies in $X$" in text


def test_a_box_that_is_hardly_larger_than_its_point_is_exact():
    """Where no rounding inward leaves room for the point, the box stands as the numbers that it is."""
    certificate = certificate_named("himmelblau-saddle")
    low, high = certificate.box[0]
    radius = max(high - certificate.witness.centre[0], certificate.witness.centre[0] - low) + Fraction(1, 2**45)
    witness = replace(certificate.witness, radius=(radius, certificate.witness.radius[1]))
    (line,) = re.findall(r"^Z =\{\}& (.*)", replace(certificate, witness=witness).to_latex(), re.M)
    assert r"\cdot 2^{-" in line


def test_numbers_are_those_of_the_claims():
    """The bounds of the card, which are rounded outward, stand in the theorem."""
    text = certificate_named("bump-attracts").to_latex()
    for bound in (
        r"$|\nabla f(\mathbf{x}^{*})| \ge 6.53905$",
        "real part at least $0.224523$",
        r"$0 < \eta < 5.46322$",
    ):
        assert bound in text
    assert r"\rho = \tfrac{399}{125}" in text
    farthest = certificate_named("camel-farthest").to_latex()
    assert r"$B$ be the closed ball of radius $241248248461883 \cdot 2^{-49}$ around" in farthest


def test_what_is_undecided_is_no_part_of_the_theorem():
    """Questions that are open stand after the proof; a certificate of nothing else is no theorem."""
    certificate = certificate_named("wells-attract")
    claims = {
        name: replace(claim, status=Status.UNDECIDED, said="Does SAM converge to x*?") if name == "attractor" else claim
        for name, claim in certificate.claims.items()
    }
    text = replace(certificate, claims=claims).to_latex()
    statement, _, rest = text.partition(r"\end{proof}")
    assert "Attractor" not in statement and "Does SAM converge to $\\mathbf{x}^{*}$?" in rest
    require_structure(text)
    with pytest.raises(ArgumentError, match="prove or refute something"):
        replace(certificate, claims={"attractor": claims["attractor"]}).to_latex()


def test_a_census_lists_its_points_with_their_targets():
    """All 14 points of Himmelblau's function at 7/2 are listed, each with the number of its target, and no others."""
    text = certificate_named("himmelblau-census").to_latex()
    census = certificate_named("himmelblau-census")
    assert "There are exactly 14 hallucinated stationary points in $D$:" in text
    found = re.findall(
        r"\\mathbf\{x\}_\{(\d+)\} \\in .*?target \$\\mathbf\{c\}_\{(\d+)\}\$.*?(attracts|repels) SAM", text
    )
    words = {"attractor": "attracts", "repeller": "repels"}
    assert found == [(str(k), str(p.target + 1), words[str(p.stability)]) for k, p in enumerate(census.points, 1)]
    assert "There are no hallucinated stationary points in $D$." in certificate_named("convex-census").to_latex()


def test_places_that_a_census_leaves_open_are_no_part_of_completeness():
    """The sentence that there are no other points excepts the places that are listed as open."""
    text = certificate_named("himmelblau-census-small").to_latex()
    census = certificate_named("himmelblau-census-small")
    assert ("no others but perhaps at the places" in text) == bool(census.excluded or census.pending)
    place = hc.check.census.records.Unsettled(None, census.points[0].box, hc.check.census.records.Open.SINGULAR)
    text = replace(census, pending=(place,)).to_latex()
    assert (
        "There are 12 hallucinated stationary points in $D$, and no others but perhaps at the places of the next"
        in text
    )
    assert "exactly" not in text and r"points $\mathbf{x}$ of $D$ with $\mathbf{x}^{+} \in" in text
    require_structure(text)


def test_names_from_a_file_are_no_commands():
    """Variables with names that mean something in LaTeX, or would look like the theorem's own symbols, are numbered."""
    f = hc.Objective.parse("(input**2 - 1)**2/4 + end_**2/20", variables=("input", "end_"))
    text = hc.certify(f, ("-1/2", 0), "3/2").to_latex()
    require_structure(text)
    assert (
        "end\\_" not in text
        and "input" not in text
        and r"f(x_{1}, x_{2}) ={}& \tfrac{1}{4} \, (x_{1}^{2} - 1)^{2}" in text
    )


def test_a_path_and_a_program_that_do_not_fit_are_refused(tmp_path):
    """A theorem for LaTeX goes to .tex, one for Coq to .v, entries to .bib, and there is no fourth program."""
    certificate = certificate_named("line")
    certificate.export(tmp_path / "a line.tex", to="latex")
    assert (tmp_path / "a line.tex").read_text(encoding="ascii") == certificate.to_latex()
    with pytest.raises(ArgumentError, match=r'end in "\.tex"'):
        certificate.export(tmp_path / "line.v", to="latex")
    with pytest.raises(ArgumentError, match="be one of coq, latex, bibtex"):
        certificate.export(tmp_path / "line.lean", to="lean")


def test_a_box_without_a_point_is_given_exactly():
    """Where existence is refuted, the theorem says of a box that it holds no point, and names no point."""
    f = hc.gallery.load("four_well")
    text = hc.certify(f, (-0.5, -0.9), "99/40", radius="1/64").to_latex()
    assert "Existence, refuted" in text and r"there is no $\mathbf{x}$ in the box $Z$ with" in text
    assert r"Let $Z = [-0.515625, -0.484375] \times [" in text and "$X$" not in text
    require_structure(text)


def test_the_iteration_is_that_of_the_method():
    """A certificate of USAM defines its step and its iteration, and names no other method."""
    text = certificate_named("usam-attracts").to_latex()
    assert r"USAM with the step $\eta$ is the iteration" in text and not re.search(r"(?<!U)SAM", text)
    assert "SAM with the step" in certificate_named("himmelblau-census").to_latex()


def test_batches_are_named_and_their_losses_defined():
    """A theorem on mini-batch SAM lists the batches and says what the loss and the ascent step of each are."""
    f = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
    text = hc.certify(f, (-0.49, -0.5), "1.5", batches=1).to_latex()
    require_structure(text)
    assert r"2 batches of residuals: \{0\} with probability 1/2" in text
    assert r"for each batch $b$ of the certificate $f_{b}$ is the loss on it" in text and "is the iteration" not in text
    assert r"$\mathbf{r}_{b}(\mathbf{x} + \rho \nabla f_{b}/|\nabla f_{b}|) = 0$ for every batch $b$" in text


@pytest.mark.latex
def test_all_theorems_compile(tmp_path):
    """pdflatex and BibTeX take a paper of all stored certificates: no error, no citation that is undefined."""
    assert shutil.which("pdflatex"), "it is not there: apt-get install --no-install-recommends texlive-latex-base"
    parts, entries = [], ""
    for path in CERTIFICATES:
        certificate = hc.load(path)
        certificate.export(tmp_path / f"{path.stem}.tex", to="latex")
        certificate.export(tmp_path / f"{path.stem}.bib", to="bibtex")
        parts.append(rf"\input{{{path.stem}}}")
        own = (tmp_path / f"{path.stem}.bib").read_text(encoding="ascii")
        entries += own if not entries else own[: own.index("@misc{hallucert,")]
    (tmp_path / "all.bib").write_text(entries)
    (tmp_path / "paper.tex").write_text(DOCUMENT % ("\n".join(parts), "all"))
    latex = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for command in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout[-3000:]
    assert "undefined" not in done.stdout and "multiply defined" not in done.stdout
    too_wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)]
    assert max(too_wide, default=0) < 60
