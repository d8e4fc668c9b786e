"""Paths: what is none is refused by name, and whatever cannot be written is reported under the caller's own path."""

from __future__ import annotations

import errno
import json
import shutil

import pytest

import hallucert as hc
from hallucert.arguments import checked_path
from hallucert.errors import ArgumentError, CheckpointError
from hallucert.files import replacing

WELL = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
BOX = [(-2, 2), (-2, 2)]


@pytest.fixture(scope="module")
def cert():
    """A certificate to save."""
    return hc.certify(WELL, (-0.5, 0), "1.5", precisions=[53])


NO_PATHS = [5, b"a.json", "", "a\0b", "\ud800", object(), ["a"]]


@pytest.mark.parametrize("wrong", NO_PATHS)
def test_what_is_no_path_is_refused_by_name(cert, wrong):
    """Numbers, bytes, nothing, and characters that no path can hold, wherever a path is taken."""
    takers = {
        "path": (hc.load, cert.save),
        "source": (hc.verify,),
        "checkpoint": (
            lambda path: hc.census(WELL, BOX, 1, checkpoint=path),
            lambda path: hc.sam.run_ensemble(WELL, [(-0.5, 0.1)], 1, 0.1, 3, checkpoint=path),
        ),
    }
    for argument, functions in takers.items():
        for function in functions:
            with pytest.raises(ArgumentError, match=f"^{argument} must") as caught:
                function(wrong)
            assert caught.value.argument == argument


def test_none_is_a_path_only_where_it_may_be_left_out(cert):
    """No file to load, verify or save."""
    for function in (hc.load, hc.verify, cert.save):
        with pytest.raises(ArgumentError, match=r"^(path|source) must"):
            function(None)


def test_paths_of_every_kind(tmp_path):
    """Strings, path objects, other alphabets."""
    for path in ("a b.json", tmp_path, "Gl\u00fcck.json"):
        assert str(checked_path(path)) == str(path)


@pytest.mark.parametrize(
    ("made", "name", "error", "number"),
    [
        (None, "nowhere/x.json", FileNotFoundError, errno.ENOENT),
        ("file", "file/x.json", NotADirectoryError, errno.ENOTDIR),
        ("folder/", "folder", IsADirectoryError, errno.EISDIR),
        (None, "x" * 300, OSError, errno.ENAMETOOLONG),
    ],
)
def test_what_cannot_be_saved_is_an_error_about_the_path_of_the_caller(cert, tmp_path, made, name, error, number):
    """The class is the one of the system, the file that of the caller, and nothing is left behind."""
    if made is not None:
        (tmp_path / made).mkdir() if made.endswith("/") else (tmp_path / made).write_text("")
    path = tmp_path / name
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error) as caught:
        cert.save(path)
    assert (caught.value.errno, caught.value.filename, caught.value.filename2) == (number, str(path), None)
    assert ".tmp" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_current_folder_is_no_file(cert, tmp_path, monkeypatch):
    """Nor is "." replaced by a certificate."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IsADirectoryError) as caught:
        cert.save(".")
    assert caught.value.filename == "." and not list(tmp_path.iterdir())


def test_the_longest_names_can_be_written(cert, tmp_path):
    """255 bytes, which leaves no room for the name of a temporary file made of it."""
    path = tmp_path / ("x" * 250 + ".json")
    cert.save(path)
    assert hc.load(path).objective.dimension == 2 and len(list(tmp_path.iterdir())) == 1


def test_errors_of_the_block_are_its_own(tmp_path):
    """What goes wrong while the content is made is not blamed on the path, and the old file stays."""
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(FileNotFoundError) as caught, replacing(path):
        (tmp_path / "other").read_text()
    assert caught.value.filename == str(tmp_path / "other")
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("folder", ["nowhere", "file"])
def test_a_census_says_before_its_work_that_its_checkpoint_cannot_be_written(tmp_path, folder):
    """Not a single task is done before."""
    (tmp_path / "file").write_text("")
    path, done = tmp_path / folder / "census.json", []
    with pytest.raises(CheckpointError, match="cannot be written") as caught:
        hc.census(WELL, BOX, 1, checkpoint=path, progress=lambda *step: done.append(step))
    assert str(path) in str(caught.value) and not done


def test_a_finished_checkpoint_need_not_be_written(tmp_path, monkeypatch):
    """If no task is left, a file that cannot be written to will do."""
    path = tmp_path / "census.json"
    first = hc.census(WELL, BOX, 1, checkpoint=path)
    monkeypatch.setattr("hallucert.files.os.access", lambda *_: False)
    assert hc.census(WELL, BOX, 1, checkpoint=path).counts() == first.counts()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"results": {}}))
    with pytest.raises(CheckpointError, match="Permission denied"):
        hc.census(WELL, BOX, 1, checkpoint=path)


def test_a_checkpoint_that_vanishes_while_a_census_runs(tmp_path):
    """The error is typed and names the file."""
    folder = tmp_path / "kept"
    folder.mkdir()
    with pytest.raises(CheckpointError, match=r"census\.json cannot be written: No such file"):
        hc.census(WELL, BOX, 1, checkpoint=folder / "census.json", progress=lambda *_: shutil.rmtree(folder, True))


def test_an_ensemble_says_before_its_work_that_its_checkpoint_cannot_be_written(tmp_path):
    """A folder cannot be made inside a file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be made or written"):
        hc.sam.run_ensemble(WELL, [(-0.5, 0.1)], 1, 0.1, 3, checkpoint=tmp_path / "file" / "runs")
