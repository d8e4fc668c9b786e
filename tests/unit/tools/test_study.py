"""`hallucert study`: the same table after a kill, classes and certificates in it, and typed errors for misuse."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, MissingPackageError
from hallucert.tools.cli import main
from hallucert.tools.study import CONVERGED_CLAIMS as CLAIMS
from hallucert.tools.study import run_study

ARGUMENTS = ["study", "--data", "tiny", "--seeds", "2", "--rho", "5", "--quick", "--json", "--output"]

COMMAND = """
import sys
from hallucert.sam import driver
from hallucert.tools.cli import main
driver.SAVE_SECONDS, driver.CALL_SECONDS = 0.0, 0.002
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study that nobody disturbed; beside it what the command printed."""
    folder = tmp_path_factory.mktemp("study") / "whole"
    with pytest.raises(SystemExit) as end, redirect_stdout(io.StringIO()) as printed:
        main([*ARGUMENTS, str(folder)])
    assert end.value.code == 0
    (folder.parent / "printed.json").write_text(printed.getvalue())
    return folder


@pytest.mark.thorough
def test_a_killed_study_ends_at_the_same_table(whole, tmp_path) -> None:
    """SIGKILL during training and near its end, started again: table, pictures and certificates to the last byte."""

    def start():
        return subprocess.Popen([sys.executable, "-c", COMMAND, *ARGUMENTS, tmp_path], stdout=subprocess.DEVNULL)

    for cells in (1, 2):
        process = start()
        while process.poll() is None and len(list(tmp_path.glob("checkpoints/tiny/*.json"))) < cells:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL
    assert start().wait() == 0
    files = sorted(path.relative_to(whole) for path in whole.glob("tiny/**/*") if path.is_file())
    assert len(files) > 5
    for path in files:
        assert (whole / path).read_bytes() == (tmp_path / path).read_bytes(), path


def test_the_table_and_its_certificates(whole) -> None:
    """Every run has a row; a converged squared-error run has a certificate that the other arithmetic re-proves."""
    summary = json.loads((whole.parent / "printed.json").read_text())["tiny"]
    rows = list(csv.DictReader((whole / "tiny" / "table.csv").read_text().splitlines()))
    assert [(row["seed"], row["arm"]) for row in rows] == [(s, arm) for arm in ("SAM", "switching") for s in "01"]
    assert sum(sum(cell["classes"].values()) for cell in summary["cells"]) == len(rows)
    certified = [row for row in rows if row[CLAIMS[0]]]
    files = list((whole / "tiny" / "certificates").glob("*.json"))
    assert len(files) == len(certified) >= 1
    for row in certified:
        file = whole / "tiny" / "certificates" / f"tiny-rho5-{row['arm']}-{row['seed']}.json"
        assert {name: str(hc.load(file)[name].status) for name in CLAIMS} == {name: row[name] for name in CLAIMS}
        assert hc.verify(file)


@pytest.mark.parametrize(
    ("options", "name"),
    [({"data": ["mnits"]}, "data"), ({"data": "tiny"}, "data"), ({"data": []}, "data"), ({"seeds": 0}, "seeds")],
)
def test_misuse(tmp_path, options, name) -> None:
    """A typed error names the argument, before anything is trained."""
    with pytest.raises(ArgumentError, match=name):
        run_study(tmp_path, **({"data": ["tiny"], "quick": True} | options))


def test_a_bad_radius_leaves_no_folder(tmp_path) -> None:
    """A radius that is no number is named before anything is written."""
    with pytest.raises(ArgumentError, match="rho"):
        run_study(tmp_path / "made", ["tiny"], radii=["2", "abc"], quick=True)
    assert not (tmp_path / "made").exists()


def test_an_unwritable_folder(tmp_path) -> None:
    """A folder that cannot be made is reported at once."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ArgumentError, match="output"):
        run_study(tmp_path / "file" / "folder", ["tiny"], quick=True)


def test_missing_data(tmp_path, monkeypatch) -> None:
    """Without scikit-learn the error says which extra brings it."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingPackageError, match="examples"):
        run_study(tmp_path, ["digits"], quick=True)


def test_missing_torch(tmp_path, monkeypatch) -> None:
    """Without PyTorch the error says which extra brings it, before a folder is made."""
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match="torch"):
        run_study(tmp_path / "made", ["remedies"], quick=True)
    assert not (tmp_path / "made").exists()
