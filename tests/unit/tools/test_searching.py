"""Claim: the searching commands answer what the functions of their names answer, as words and as data."""

import json
import math
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.tools import cli

WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command line in this process."""
    with pytest.raises(SystemExit) as stop:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


def test_find_names_the_closed_form(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the target (1, 1) there is one hallucinated point at rho = 5/2: x = y = 1 - 5/(2 sqrt 2)."""
    status, out, _ = run(capsys, "find", WELLS, "--rho=2.5", "--target=1,1", "--json")
    (point,) = json.loads(out)["points"]
    assert status == 0
    assert point["x"] == pytest.approx([1 - 2.5 / 2**0.5] * 2)
    assert (point["rho"], point["kind"]) == ("5/2", "minimum")


def test_a_branch_that_is_saved_is_proved(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With --save the branch is certified, and what is written is verified."""
    path = tmp_path / "branch.json"
    words = ["branch", WELLS, "--target=1,1", "--start=0,0", "--rho-max=2"]
    status, out, _ = run(capsys, *words, "--save", path, "--json")
    (found,) = json.loads(out)["found"]
    assert status == 0
    assert found["file"] == str(path)
    assert {claim["status"] for claim in found["claims"]} == {"proved"}
    assert hc.verify(path)
    status, out, _ = run(capsys, *words)
    assert (status, "PROVED" in out) == (0, False)


def test_a_branch_that_is_not_proved_has_status_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without time the target may be proved, but no branch: the file says so, and the status."""
    words = ["branch", WELLS, "--target=1,1", "--start=0,0", "--rho-max=2", "--budget=1e-9", "--save"]
    assert run(capsys, *words, tmp_path / "open.json")[0] == 1


def test_a_sheet_is_followed_from_residuals(capsys: pytest.CaptureFixture[str]) -> None:
    """The ring |x+| = 1 with rho = 3/2 is the circle of radius 1/2, of length pi."""
    status, out, _ = run(capsys, "sheet", "x**2 + y**2 - 1", "--start=-0.5,0.1", "--rho=1.5")
    assert status == 0
    assert "closed curve" in out
    assert "length 3.1" in out


def test_a_sheet_goes_on_from_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With hardly any time a part is saved, with status 1; from its file the curve is proved, with status 0."""
    part, whole = tmp_path / "part.json", tmp_path / "whole.json"
    words = ["sheet", "x**2 + y**2 - 1", "--start=-0.5,0", "--rho=1.5", "--box=-0.6,-0.49,-0.1,0.1"]
    status, out, _ = run(capsys, *words, "--budget=1e-3", "--save", part)
    assert (status, "unfinished" in out) == (1, True)
    status, out, _ = run(capsys, *words, "--save", whole, "--resume", part)
    assert (status, "unfinished" in out) == (0, False)
    assert hc.verify(whole, "arb")


def test_a_branch_goes_on_from_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One branch alone: what was proved of it in no time is taken up; of several none is meant."""
    part, whole = str(tmp_path / "part.json"), str(tmp_path / "whole.json")
    words = ["branch", "(x**2 - 1)**2/4 + y**2/20", "--target=1,0"]
    one = [*words, "--start=-0.5,0"]
    assert run(capsys, *one, "--budget=1e-3", "--save", part)[0] == 1
    assert run(capsys, *one, "--save", whole, "--resume", part)[0] == 0
    assert hc.verify(whole)
    several = ["branch", WELLS, "--target=1,1", "--box=-2,2,-2,2", "--save", str(tmp_path / "b")]
    status, _, error = run(capsys, *several, "--resume", part)
    assert status == 2 and "--resume" in error


def test_radii_are_bracketed(capsys: pytest.CaptureFixture[str]) -> None:
    """The well is convex where x^2 >= 1/3: the safe radius is 1 - 1/sqrt 3; without time, status 1."""
    status, out, _ = run(capsys, "safe-radius", WELLS, "--target=1,1", "--json")
    data = json.loads(out)
    low, high = (double_of(data[end]) for end in ("lower", "upper"))
    assert status == 0
    assert low <= 1 - 3**-0.5 <= high
    status, out, _ = run(capsys, "critical-rho", WELLS, "--target=1,1", "--budget=1e-9", "--json")
    assert status == 1 and json.loads(out)["upper"] is None


def double_of(text: str) -> float:
    """Return the double next to a fraction."""
    over, _, under = text.partition("/")
    return int(over) / int(under or 1)


def test_prevalence_counts_every_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The shares of all classes add up to one."""
    options = ["--rho=2.5", "--step-size=0.01", "--box=-2,2,-2,2", "--runs=20", "--steps=2000", "--json"]
    status, out, _ = run(capsys, "prevalence", WELLS, *options)
    assert status == 0
    assert sum(share["share"] for share in json.loads(out)["shares"]) == pytest.approx(1)


def test_basins_are_proved_saved_and_continued(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Status 1 if less than the goal is proved; with the checkpoint more is, and the file is what the words say."""
    kept, path, well = tmp_path / "kept.json", tmp_path / "basins.json", "(x**2 - 1)**2 / 4 + y**2 / 2"
    words = ["basins", well, "--rho=1.5", "--step-size=0.1", "--box=-0.875,-0.125,-0.25,0.5", "--checkpoint", kept]
    status, out, _ = run(capsys, *words, "--depth=5", "--goal=0.999", "--json")
    part = json.loads(out)
    assert (status, part["file"]) == (1, None)
    assert [claim["status"] for claim in part["claims"]] == ["proved", "proved"]
    status, out, _ = run(capsys, *words, "--depth=5", "--goal=0.3", "--save", path)
    assert status == 0
    found = hc.load(path)
    assert str(found).splitlines()[1:] == out.splitlines()[1:]  # the first is the formula as it was given
    assert float(found.decided) >= part["decided"] > 0.3 and "likely" not in part


def test_basins_with_draws_say_what_is_likely(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Beside what is proved, by the draw of the file, with the seed that is asked for; never rounded up."""
    well, path = "(x**2 - 1)**2 / 4 + y**2 / 2", tmp_path / "basins.json"
    words = ["--rho=1.5", "--step-size=0.1", "--box=-0.875,-0.125,-0.25,0.5", "--depth=4", "--draws=60", "--seed=3"]
    status, out, _ = run(capsys, "basins", well, *words, "--json", "--save", path)
    data, found = json.loads(out), hc.load(path)
    assert found.draw is not None and (status, len(found.draw), found.draw.seed) == (1, 60, 3)
    for name, exact in (
        ("decided", found.decided),
        ("hallucinated", found.hallucinated),
        ("likely", found.likely(*found.single)),
        ("likely_hallucinated", found.likely(*found.minimizers)),
    ):
        assert Fraction(data[name]) <= exact < Fraction(math.nextafter(data[name], 2))
    assert data["decided"] < data["likely"] < 1 and data["hallucinated"] < data["likely_hallucinated"] < data["likely"]


def test_certify_says_how_a_run_ended_that_leads_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    """SAM bounces around the only minimizer of a bowl: status 2, and the message is about the run, not the search."""
    status, _, err = run(capsys, "certify", "x**2 + y**2", "--rho", "1", "--basin", "0.1", "--start=1,2")
    assert status == 2 and "SAM may bounce around a minimizer" in err
    assert "where the run from --start ended (max steps)" in err and "max_steps" not in err
    status, _, err = run(capsys, "certify", "x**2 + y**2", "--rho", "1", "--at=0.5,0.2")
    assert status == 2 and "refine did not converge" in err


def test_a_two_cycle_is_proved_and_saved(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The cycle of ``x**2`` is the one of its closed form, ``|x| = eta a rho/(2 - eta a)`` with ``a = 2``: 1/6."""
    words = ["--start=1,1", "--rho=1/2", "--step-size=1/4", "--save", tmp_path / "cycle.json", "--json"]
    status, out, _ = run(capsys, "two-cycle", "x**2 + y**2/8", *words)
    data = json.loads(out)
    assert (status, data["claims"]["basin"]["status"], data["step_size"]) == (0, "proved", "1/4")
    ends = [abs(v) for v in data["enclosure"][0]]
    assert min(ends) <= 1 / 6 <= max(ends)
    assert hc.load(tmp_path / "cycle.json").kind == "cycle"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["find", WELLS, "--rho=1"], "--at, --target"),
        (["branch", WELLS, "--start=0,0"], "--target"),
        (["branch", WELLS, "--target=1,1"], "--start, --box"),
        (["safe-radius", WELLS], "--target"),
        (["prevalence", WELLS, "--rho=1", "--step-size=0.1"], "--box"),
        (["prevalence", WELLS, "--rho=1", "--step-size=0.1", "--box=2,-2,-2,2"], "--box must be numbers low,high"),
        (["prevalence", WELLS, "--rho=1", "--step-size=0.1", "--box=-2,2,-2,2", "--variant=asam"], "no --scales"),
        (["safe-radius", WELLS, "--target=1,1", "--variant=asam"], "no --scales"),
        (["basins", WELLS, "--rho=1", "--step-size=0.1"], "--box"),
        (["basins", WELLS, "--rho=1", "--step-size=0.1", "--box=-2,2,-2,2", "--goal=2"], "--goal must"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """A command that lacks something, or cannot use it, ends with status 2 and a line that names it."""
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert words in err
