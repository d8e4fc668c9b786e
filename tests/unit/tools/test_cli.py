"""Claim: the command line says what the API says, ends with the documented status, and keeps stdout clean for JSON."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from hallucert.tools import cli, output

FOUR_WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"
POINT = ["certify", FOUR_WELLS, "--rho", "2.5", "--at=-0.767,-0.767"]


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def call(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            cli.main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Return the file of a certified point of the four-well function, and what was printed."""
    path = tmp_path_factory.mktemp("card") / "point.json"
    with pytest.raises(SystemExit) as stop, redirect_stdout(io.StringIO()) as printed:
        cli.main([*POINT, "--save", str(path)])
    return path, Outcome(int(stop.value.code or 0), printed.getvalue(), "")


@pytest.fixture
def certificate(card: tuple[Path, Outcome], tmp_path: Path) -> Path:
    """Return a copy of the file."""
    return Path(shutil.copy(card[0], tmp_path))


def test_certify_prints_a_card_and_saves(card: tuple[Path, Outcome], certificate: Path) -> None:
    """`certify --save` exits with 0, prints the proved claim, and writes the exact radius 5/2."""
    outcome = card[1]
    assert outcome.status == 0
    assert "hallucinated_minimizer" in outcome.out and "proved" in outcome.out
    assert json.loads(certificate.read_text())["problem"]["rho"] == "5/2"


WELL = ("certify", "(x**2 - 1)**2/4 + y**2/20", "--rho", "1.5")


def test_certify_proves_where_a_run_ends(run: Run) -> None:
    """With a start the point is found by the run, and the run is proved to converge to it; start and step are exact."""
    outcome = run(*WELL, "--basin", "0.5", "--start=-0.9,0.5", "--json")
    (point,) = json.loads(outcome.out)["points"]
    claims = point["claims"]
    assert outcome.status == 0 and claims["basin"]["status"] == claims["converges"]["status"] == "proved"
    assert "x_0 = (-9/10, 1/2) with the fixed step 1/2" in claims["converges"]["statement"]
    assert all(abs(sum(side) / 2 - v) < 1e-9 for side, v in zip(point["enclosure"], (-0.5, 0), strict=True))
    at = run(*WELL, "--basin", "0.5", "--at=-0.5,0", "--start=3,1", "--json")
    claims = json.loads(at.out)["points"][0]["claims"]
    assert claims["basin"]["status"] == "proved" and claims["converges"]["status"] == "undecided"


@pytest.mark.parametrize(
    "options", [("--start=-0.9,0.5",), ("--start=a,b", "--basin", "1"), ("--start=1,1", "--basin=x")]
)
def test_certify_names_malformed_starts_and_steps(run: Run, options: tuple[str, ...]) -> None:
    """A start needs a step, and both are numbers: one line and status 2."""
    outcome = run(*WELL, *options)
    assert outcome.status == 2 and ("--start" in outcome.err or "--basin" in outcome.err)


@pytest.mark.parametrize(
    ("options", "claim"),
    [
        (("--basin=1.8", "--momentum=0.9", WELL[1]), "momentum"),
        (("--weight-decay=1/1000", WELL[1]), "existence"),
        (("--residual=x**2 - 1", "--residual=y**2 - 1", "--batches=0;1"), "existence"),
    ],
)
def test_certify_proves_momentum_weight_decay_and_mini_batches(run: Run, options: tuple[str, ...], claim: str) -> None:
    """Each is asked about the point next to the given one."""
    at = "--at=-0.5,-0.5" if "--batches=0;1" in options else "--at=-0.5,0"
    status, out, _ = run("certify", "--rho=1.5", at, "--json", *options)
    (point,) = json.loads(out)["points"]
    assert (status, point["claims"][claim]["status"]) == (0, "proved")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--at=-0.5,0", "--momentum=0.9", WELL[1]), "--momentum must be given together with --basin"),
        (("--target=1,0", "--weight-decay=1", WELL[1]), "--weight-decay must be given together with --at"),
        (("--at=-0.5,0", "--residual=x", WELL[1]), "--residual must be left out"),
        (("--at=-0.5,-0.5", "--residual=x", "--residual=y", "--batches=a"), "--batches must be numbers of samples"),
    ],
)
def test_certify_names_what_does_not_go_together(run: Run, options: tuple[str, ...], word: str) -> None:
    """Status 2, and a line that says what the option goes with."""
    status, _, err = run("certify", "--rho=1.5", *options)
    assert (status, word in err) == (2, True)


def test_certify_json_is_alone_and_holds_the_closed_form(run: Run) -> None:
    """The JSON encloses -s, s = 5/(2 sqrt(2)) - 1, and the tangential eigenvalue in closed form."""
    outcome = run(*POINT, "--json")
    (point,) = json.loads(outcome.out)["points"]
    s = 2.5 / 2**0.5 - 1
    for low, high in point["enclosure"]:
        assert low <= -s + 1e-15 and -s - 1e-15 <= high
    # theory: J has the eigenvalues 1 and (2s - 1)(s + 1)/(s(1 - s)).
    low, high = point["claims"]["sphere_type"]["numbers"]["smallest_tangential_eigenvalue"]
    assert low <= (2 * s - 1) * (s + 1) / (s * (1 - s)) <= high
    assert point["claims"]["attractor"]["status"] == "proved"


def test_certify_target_finds_all_points_and_numbers_the_files(run: Run, tmp_path: Path) -> None:
    """Beyond the pitchfork the target (1, 1) has three points, in files numbered 1 to 3."""
    # At rho = 2.2, beyond the pitchfork, the diagonal point is flanked by two more: theory, section 10.
    outcome = run("certify", FOUR_WELLS, "--rho", "2.2", "--target", "1,1", "--save", tmp_path / "p.json", "--json")
    points = json.loads(outcome.out)["points"]
    assert len(points) == 3
    assert {Path(point["file"]).name for point in points} == {"p-1.json", "p-2.json", "p-3.json"}
    assert {point["claims"]["attractor"]["status"] for point in points} == {"proved", "refuted"}


def test_certify_from_the_gallery_uses_its_minimizer(run: Run) -> None:
    """The cosine lattice in three dimensions at rho = 4 has an attractor without a point being given."""
    outcome = run("certify", "--gallery", "cosine_lattice", "--dimension", 3, "--rho", 4, "--json")
    assert outcome.status == 0
    points = json.loads(outcome.out)["points"]
    assert any(point["claims"]["attractor"]["status"] == "proved" for point in points)


def test_certify_reports_that_nothing_was_found(run: Run) -> None:
    """For a bowl the status is 1, and the text says that this is no proof of absence."""
    outcome = run("certify", "x**2 + y**2", "--rho", 1, "--target", "0,0")
    assert outcome.status == 1
    assert "not a proof of absence" in " ".join(outcome.out.split())


def test_a_formula_may_begin_with_a_minus_sign(run: Run) -> None:
    """`certify "-1 + ..."` is read as a formula, not as an option."""
    assert run("certify", f"-1 + {FOUR_WELLS}", *POINT[2:], "--json").status == 0


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_verify_passes(run: Run, certificate: Path, backend: str) -> None:
    """Either arithmetic re-proves all claims of a saved file, with status 0, in words and in JSON."""
    outcome = run("verify", certificate, "--backend", backend)
    assert outcome.status == 0
    assert backend in outcome.out
    verdict = json.loads(run("verify", certificate, "--backend", backend, "--json").out)
    assert verdict["passed"] and all(claim["passed"] for claim in verdict["claims"])


def test_verify_fails_with_status_one_on_a_false_claim(run: Run, certificate: Path) -> None:
    """An interval shrunk to its upper end fails that claim alone, with status 1."""
    data = json.loads(certificate.read_text())
    (claim,) = [claim for claim in data["claims"] if claim["name"] == "attractor"]
    claim["numbers"]["smallest_real_part"] = [claim["numbers"]["smallest_real_part"][1]] * 2
    certificate.write_text(json.dumps(data))
    outcome = run("verify", certificate, "--json")
    assert outcome.status == 1
    verdict = json.loads(outcome.out)
    assert not verdict["passed"]
    assert [entry["name"] for entry in verdict["claims"] if not entry["passed"]] == ["attractor"]


@pytest.mark.parametrize("content", [None, "", "{}", "not json", '{"format": "hallucert-certificate", "schema": 99}'])
def test_verify_ends_with_status_two_on_what_is_no_certificate(run: Run, tmp_path: Path, content: str | None) -> None:
    """No file, no JSON or another schema is status 2, one line on stderr and an error in the JSON."""
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    outcome = run("verify", path, "--json")
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1 and outcome.err.startswith("hallucert: certificate field")
    assert set(json.loads(outcome.out)) == {"error"}


def test_census_lists_every_point_and_saves_what_verify_reproves(run: Run, tmp_path: Path) -> None:
    """The four points (+-s, +-s) are listed and re-proved, and a file that lacks one is not."""
    # At rho = 5/2 the point of the four wells with the target (1, 1) is (-s, -s), s = 5/(2 sqrt 2) - 1; and so on.
    path = tmp_path / "census.json"
    arguments = ("census", FOUR_WELLS, "--box=-2,2,-2,2", "--rho", "2.5")
    outcome = run(*arguments, "--save", path, "--json")
    assert outcome.status == 0
    data = json.loads(outcome.out)
    assert data["complete"] and not data["excluded"] and not data["pending"] and data["file"] == str(path)
    s = 2.5 / 2**0.5 - 1
    signs = set()
    for point in data["points"]:
        assert (point["kind"], point["stability"]) == ("minimizer", "attractor")
        assert all(low - 1e-15 <= (s if low > 0 else -s) <= high + 1e-15 for low, high in point["enclosure"])
        signs.add(tuple(low > 0 for low, _ in point["enclosure"]))
    assert len(data["points"]) == len(signs) == 4
    assert "4 hallucinated minimizers (target a minimizer of f), attracting SAM" in run(*arguments).out
    verdict = json.loads(run("verify", path, "--json").out)
    assert verdict["passed"] and {"completeness", "points[3]"} <= {claim["name"] for claim in verdict["claims"]}
    saved = json.loads(path.read_text())
    del saved["points"][0]
    path.write_text(json.dumps(saved))
    outcome = run("verify", path)
    assert outcome.status == 1 and "a point is missing" in outcome.out


def test_census_takes_the_box_of_the_gallery_and_says_what_is_left_open(run: Run) -> None:
    """Himmelblau is searched in its box [-6, 6]^2; without time the status is 1 because of the budget."""
    assert json.loads(run("census", "--gallery", "himmelblau", "--rho", "7/2", "--json").out)["box"] == [[-6, 6]] * 2
    outcome = run("census", "--gallery", "himmelblau", "--rho", "7/2", "--budget", "1e-9", "--json")
    assert outcome.status == 1
    data = json.loads(outcome.out)
    assert not data["complete"] and data["pending"][0]["reason"] == "budget"


def test_diagnose(run: Run) -> None:
    """The hallucinated minimizer at rho = 5/2 is named as one, and the JSON has the step that was given."""
    arguments = ("diagnose", FOUR_WELLS, "--rho", "2.5", "--at=-0.7677669529663689,-0.7677669529663689")
    assert "hallucinated minimizer" in run(*arguments).out
    data = json.loads(run(*arguments, "--step-size", "0.01", "--json").out)
    assert data["kind"] == "hallucinated minimizer"
    assert data["step_size"] == 0.01


def test_gallery(run: Run) -> None:
    """The list has Himmelblau among 14 functions or more, and an entry its minimizers or its variables."""
    assert "himmelblau" in run("gallery").out
    assert len(json.loads(run("gallery", "--json").out)) >= 14
    entry = json.loads(run("gallery", "himmelblau", "--json").out)
    assert entry["minimizers"][0] == ["3", "2"]
    assert json.loads(run("gallery", "rastrigin", "--dimension", 3, "--json").out)["variables"] == ["x1", "x2", "x3"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["certify", FOUR_WELLS, "--at", "1,1"], "--rho"),
        (["certify", FOUR_WELLS, "--rho", "2.5"], "--at"),
        (["certify", FOUR_WELLS, "--rho", "2.5", "--at", "1,1", "--target", "1,1"], "--target"),
        (["certify", "--rho", "2.5", "--at", "1,1"], "FORMULA"),
        (["certify", FOUR_WELLS, "--gallery", "ring", "--rho", "2.5", "--at", "1,1"], "FORMULA"),
        (["certify", FOUR_WELLS, "--rho", "-1", "--at", "0.5,0.5"], "rho"),
        (["certify", FOUR_WELLS, "--rho", "two", "--at", "0.5,0.5"], "rho"),
        (["certify", FOUR_WELLS, "--rho", "1", "--at", "0.5,zero"], "--at"),
        (["certify", FOUR_WELLS, "--rho", "1", "--at", "1"], "--at"),
        (["certify", FOUR_WELLS, "--rho", "1", "--target", "0.5,0.5"], "target"),
        (["certify", "(x**2", "--rho", "1", "--at", "1"], "position"),
        (["certify", "abs(x)", "--rho", "1", "--at", "1"], "abs"),
        (["certify", "--gallery", "nothing", "--rho", "1"], "himmelblau"),
        (["certify", "--gallery", "himmelblau", "--dimension", "3", "--rho", "1"], "dimension"),
        ([*POINT, "--save", "/no/such/folder/point.json"], "--save"),
        ([*POINT, "--backend", "abacus"], "backend"),
        ([*POINT, "--colour", "red"], "colour"),
        (["gallery", "nothing"], "himmelblau"),
        (["prove"], "prove"),
        (["verify"], "FILE"),
        (["diagnose", FOUR_WELLS, "--rho", "1"], "--at"),
        (["census", FOUR_WELLS, "--rho", "1"], "--box"),
        (["census", FOUR_WELLS, "--rho", "1", "--box=-1,1"], "--box"),
        (["census", FOUR_WELLS, "--rho", "1", "--box=1,-1,0,1"], "box"),
        (["census", FOUR_WELLS, "--rho", "1", "--box=0,1,0,1", "--budget=-1"], "budget"),
        (["census", FOUR_WELLS, "--rho", "1", "--box=0,1,0,1", "--save", "/no/such/folder/c.json"], "--save"),
        (["census", "a*b*c*d*e", "--rho", "1", "--box=0,1,0,1,0,1,0,1,0,1"], "variables"),
    ],
)
def test_misuse_is_one_line_on_stderr_and_status_two(run: Run, arguments: list[str], word: str) -> None:
    """What is missing or wrong is named in one line on stderr; stdout stays empty."""
    outcome = run(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1 and outcome.err.startswith("hallucert: ")
    assert word in outcome.err


def test_demo_refuses_a_folder_it_cannot_write_to_before_any_work(run: Run, tmp_path: Path) -> None:
    """A folder below a file is status 2, and one line that names `--output`."""
    (tmp_path / "file").write_text("")
    outcome = run("demo", "--output", tmp_path / "file" / "folder")
    assert outcome.status == 2
    assert outcome.err.count("\n") == 1 and "--output" in outcome.err


def test_demo_proves_draws_and_reproves(run: Run, tmp_path: Path) -> None:
    """Four points are proved, drawn as PNG files, and re-proved from their certificates."""
    folder = tmp_path / "new" / "folder"
    outcome = run("demo", "--output", folder, "--json")
    assert outcome.status == 0
    summary = json.loads(outcome.out)
    assert summary["all_reproved"]
    points = [point for entry in summary["functions"] for point in entry["points"]]
    for point in points:
        assert Path(point["picture"]).read_bytes().startswith(b"\x89PNG")
        assert point["claims"]["hallucinated_minimizer"]["status"] == "proved"
        attracts = "proved" if point["kind"] == "attractor" else "refuted"
        assert point["claims"]["attractor"]["status"] == attracts
        assert point["kind"] == "attractor" or point["claims"]["farthest_point"]["status"] == "proved"
        assert run("verify", point["file"]).status == 0
    assert len(points) == 4
    assert sorted(path.suffix for path in folder.iterdir()) == [".json"] * 4 + [".png"] * 4


def test_verify_in_a_fresh_process_loads_no_search_code(certificate: Path) -> None:
    """`verify` loads no numba, scipy, sympy, matplotlib, autograd, and no search of the package."""
    code = (
        "import sys; from hallucert.tools.cli import main\n"
        "try: main(['verify', sys.argv[1], '--json'])\n"
        "finally: print([m for m in ('numba', 'scipy', 'sympy', 'matplotlib', 'autograd', 'hallucert.find', "
        "'hallucert.sam', 'hallucert.plot') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(certificate)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert json.loads(done.stdout)["passed"]


def test_version_and_help(run: Run) -> None:
    """`--version` is that of the package, and no argument at all prints the help."""
    from hallucert import __version__

    assert run("--version").out == f"hallucert {__version__}\n"
    assert "certify" in run("--help").out
    assert run() == run("--help")


def test_verify_says_of_undecided_claims_that_they_pass_nothing(run: Run, tmp_path: Path) -> None:
    """Of a point whose claims are all undecided (a degenerate target) none passes, nor does the file."""
    path = tmp_path / "open.json"
    text = "(x**2 - 1)**4 + (x**2 - 1)**2*y**4 + y**6"
    assert run("certify", text, "--rho", "1.5", "--at=-0.5,0", "--save", path).status == 1
    verdict = json.loads(run("verify", path, "--json").out)
    assert {claim["status"] for claim in verdict["claims"]} == {"undecided"}
    assert not verdict["passed"] and verdict["asserted"] == 0
    assert {claim["passed"] for claim in verdict["claims"]} == {None}


def test_long_lists_are_cut_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 100 lines a terminal gets 39, how many were left out, and the last; a file gets all."""
    text = "\n".join(map(str, range(100)))
    output.print_lines(text)
    assert capsys.readouterr().out == text + "\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    output.print_lines(text)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:39] == text.splitlines()[:39] and "60 more" in lines[39] and lines[40:] == ["99"]


def test_a_dimension_without_a_name_is_refused(run: Run) -> None:
    """The gallery's list has no dimension: the option is named, with status 2."""
    outcome = run("gallery", "--dimension", 3)
    assert outcome.status == 2 and "--dimension" in outcome.err


def test_export_writes_a_theorem_under_the_name_of_the_certificate(run: Run, certificate: Path, tmp_path: Path) -> None:
    """`export` writes a file that Coq takes for a module, says where, and refuses a file that is not there."""
    stored = certificate.rename(tmp_path / "a-point.json")
    outcome = run("export", stored, "--to", "coq", "--output", tmp_path / "theorems", "--json")
    assert outcome.status == 0
    written = Path(json.loads(outcome.out)["file"])
    assert written == tmp_path / "theorems" / "a_point.v" and "Theorem theorem : statement." in written.read_text()
    for to, ending, begin in (("latex", "tex", "% Exported by hallucert"), ("bibtex", "bib", "@misc{hallucert:point-")):
        assert run("export", stored, "--to", to, "--output", tmp_path / "paper").status == 0
        assert (tmp_path / "paper" / f"a_point.{ending}").read_text().startswith(begin)
    assert run("export", tmp_path / "none.json").status == 2


def test_plot_draws_a_certificate_from_its_file(run: Run, tmp_path: Path) -> None:
    """A census becomes a PDF; three variables, another suffix and a picture of no size are refused, with the option."""
    stored, picture = Path(__file__).parents[3] / "docs" / "certificates", tmp_path / "census.pdf"
    outcome = run("plot", stored / "himmelblau-census-small.json", "--output", picture, "--size=3.4,2.6", "--json")
    assert outcome.status == 0 and json.loads(outcome.out) == {"file": str(picture)}
    assert picture.read_bytes().startswith(b"%PDF")
    for file, options, why in (
        ("bump-attracts.json", ["--output", picture], "kind point, of 3 variables"),
        ("ring-sheet.json", ["--output", tmp_path / "ring.txt"], "--output must"),
        ("ring-sheet.json", ["--output", picture, "--size=0,3"], "--size must"),
    ):
        refused = run("plot", stored / file, *options)
        assert refused.status == 2 and why in refused.err
