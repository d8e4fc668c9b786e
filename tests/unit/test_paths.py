"""Paths: what is none is refused by name, and whatever cannot be written is reported under the caller's own path."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import socket
import stat
import threading

import pytest

import hallucert as hc
from hallucert.arguments import checked_path
from hallucert.errors import ArgumentError, CertificateError, CheckpointError
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


def written(path, content=b"new"):
    with replacing(path) as stream:
        stream.write(content)


def test_links_are_followed_and_stay(tmp_path):
    """Chains of them, into other folders, and to what is not there yet; nothing else is made."""
    (tmp_path / "folder").mkdir()
    for link, to in (("a", "b"), ("b", "folder/c"), ("folder/c", "../d"), ("e", "folder/new")):
        (tmp_path / link).symlink_to(to)
    (tmp_path / "d").write_text("old")
    before = {p for p in tmp_path.rglob("*") if p.is_symlink()}
    written(tmp_path / "a")
    written(tmp_path / "e", b"newer")
    assert (tmp_path / "d").read_text() == "new" and (tmp_path / "folder" / "new").read_text() == "newer"
    assert {p for p in tmp_path.rglob("*") if p.is_symlink()} == before
    assert {p.name for p in tmp_path.rglob("*") if not p.is_symlink()} == {"folder", "d", "new"}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_permissions_are_kept_and_new_files_have_those_of_the_process(tmp_path, mode):
    """A private file stays private; what is new is as open as the umask says."""
    (tmp_path / "old").write_text("old")
    (tmp_path / "old").chmod(mode)
    before = os.umask(0o666 & ~mode)
    try:
        written(tmp_path / "old")
        written(tmp_path / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == mode and (tmp_path / "old").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode & 0o666


def test_what_is_private_is_never_open(tmp_path, monkeypatch):
    """Nor under its temporary name, before it is given the permissions of the old file."""
    (tmp_path / "x").write_text("old")
    (tmp_path / "x").chmod(0o640)
    seen = []
    monkeypatch.setattr("hallucert.files.os.fchmod", lambda handle, mode: seen.append((os.fstat(handle).st_mode, mode)))
    written(tmp_path / "x")
    assert [(stat.S_IMODE(made), mode) for made, mode in seen] == [(0o600, 0o640)]


def test_all_names_of_a_file_stay_its_names(tmp_path):
    """A hard link sees the new content, also if that is shorter."""
    (tmp_path / "a").write_text("old, and longer")
    os.link(tmp_path / "a", tmp_path / "b")
    written(tmp_path / "a")
    assert (tmp_path / "b").read_text() == "new" and (tmp_path / "a").samefile(tmp_path / "b")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_a_file_of_several_names_as_it_is(tmp_path, monkeypatch):
    """Its room is asked for before its content is touched."""
    (tmp_path / "a").write_text("old")
    os.link(tmp_path / "a", tmp_path / "b")

    def full(handle, *_):
        os.write(handle, b"\0" * 9)  # whatever the system has done before it noticed
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("hallucert.files.os.posix_fallocate", lambda handle, *_: full(_at_end(handle)))
    with pytest.raises(OSError, match="No space left") as caught:
        written(tmp_path / "a")
    assert caught.value.filename == str(tmp_path / "a") and (tmp_path / "b").read_text() == "old"


def _at_end(handle):
    os.lseek(handle, 0, os.SEEK_END)
    return handle


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EBUSY])
def test_what_cannot_be_replaced_is_overwritten(tmp_path, monkeypatch, number):
    """In a read-only folder, or mounted by itself, a file that may be written is; the system's own refusal is faked."""
    (tmp_path / "x").write_text("old, and longer")
    inode = (tmp_path / "x").stat().st_ino

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("hallucert.files.os.replace", refuse)
    written(tmp_path / "x")
    assert (tmp_path / "x").read_text() == "new" and (tmp_path / "x").stat().st_ino == inode
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "y"))):
        written(tmp_path / "y")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, where):
    """Whenever the system says so, the error is about the path, and the old content is whole."""
    (tmp_path / "x").write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where == "write":
        monkeypatch.setattr("hallucert.files.os.fdopen", lambda handle, mode: _Full(handle))
    else:
        monkeypatch.setattr(f"hallucert.files.os.{where}", full)
    with pytest.raises(OSError) as caught:
        written(tmp_path / "x")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "x"))
    assert (tmp_path / "x").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


class _Full(io.FileIO):
    """An open file on a full disk."""

    def __init__(self, handle):
        super().__init__(handle, "wb")

    def write(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_pipe_is_written_into(tmp_path, cert):
    """A reader gets the whole certificate, more than a pipe holds at once, and the pipe is still one."""
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    written(tmp_path / "pipe", b"x" * 300_000)
    reader.join(10)
    assert got == [b"x" * 300_000] and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    cert.save(tmp_path / "c.json")
    reader = threading.Thread(target=lambda: got.append(hc.load(tmp_path / "pipe").box))
    reader.start()
    cert.save(tmp_path / "pipe")
    reader.join(10)
    assert got[1] == cert.box


def test_a_pipe_that_nobody_reads_is_an_error_not_a_wait(tmp_path, monkeypatch):
    """It stays a pipe; nor does an error of the block write into it."""
    monkeypatch.setattr("hallucert.files.PATIENCE", 0.02)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="Nobody reads this pipe") as caught:
            written(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode) and len(list(tmp_path.iterdir())) == 2


def test_a_reader_that_leaves_is_an_error_about_the_path(tmp_path):
    """A pipe closed while it is written into."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb"), pytest.raises(BrokenPipeError) as caught:
        written(f"/dev/fd/{writing}")
    assert caught.value.filename == f"/dev/fd/{writing}"


def test_open_files_are_written_where_they_stand(tmp_path):
    """``/dev/stdout`` in a file that the shell has opened: what is there stays, and what follows follows."""
    with (tmp_path / "out").open("wb", buffering=0) as out:
        out.write(b"before, ")
        written(f"/dev/fd/{out.fileno()}")
        out.write(b", after")
    assert (tmp_path / "out").read_text() == "before, new, after" and len(list(tmp_path.iterdir())) == 1
    with (tmp_path / "out").open("rb") as out, pytest.raises(OSError, match=f"/dev/fd/{out.fileno()}"):
        written(f"/dev/fd/{out.fileno()}")
    with pytest.raises(OSError, match="/dev/fd/999"):
        written("/dev/fd/999")


def test_sockets_are_refused_by_name(tmp_path, monkeypatch, cert):
    """They are neither replaced nor written into."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(ArgumentError, match=r"^path must be a file, a pipe or a terminal"):
            cert.save("s")
        assert stat.S_ISSOCK(os.stat("s").st_mode)
        with pytest.raises(CheckpointError, match="it is no file"):
            hc.census(WELL, BOX, 1, checkpoint="s")


def test_a_checkpoint_is_no_pipe(tmp_path):
    """Nobody waits for somebody to write into it; links are followed."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="it is no file"):
        hc.census(WELL, BOX, 1, checkpoint=tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="must be a folder"):
        hc.sam.run_ensemble(WELL, [(-0.5, 0.1)], 1, 0.1, 3, checkpoint=tmp_path / "pipe")
    (tmp_path / "link").symlink_to("census.json")
    hc.census(WELL, BOX, 1, checkpoint=tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "census.json").stat().st_size > 100


def test_the_renaming_is_made_to_last(tmp_path, monkeypatch):
    """The folder is synced after the file, that of the file and not that of a link to it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/x")
    synced = []
    monkeypatch.setattr("hallucert.files.os.fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    written(tmp_path / "link")
    assert synced == [(tmp_path / "real" / "x").stat().st_ino, (tmp_path / "real").stat().st_ino]


def test_one_file_in_the_place_of_another_is_named(tmp_path, cert):
    """A certificate is no checkpoint, nor is one checkpoint the other or a certificate; nobody says remove it."""
    cert.save(tmp_path / "cert.json")
    hc.census(WELL, BOX, 1, checkpoint=tmp_path / "census.json")
    hc.sam.run_ensemble(WELL, [(-0.5, 0.1)], 1, 0.1, 3, checkpoint=tmp_path / "runs")
    cell = next((tmp_path / "runs").iterdir())

    def census(path):
        return hc.census(WELL, BOX, 1, checkpoint=path)

    def ensemble(path):
        return hc.sam.run_ensemble(WELL, [(-0.5, 0.1)], 1, 0.1, 3, checkpoint=path)

    for function, path, error, words in (
        (census, tmp_path / "cert.json", CheckpointError, "it is a certificate; use another"),
        (census, cell, CheckpointError, "it is the checkpoint of an ensemble of runs; use another"),
        (ensemble, tmp_path / "cert.json", CheckpointError, "it is a certificate: use another"),
        (ensemble, tmp_path / "census.json", CheckpointError, "it is the checkpoint of a census: use another"),
        (hc.load, tmp_path / "census.json", CertificateError, "is the checkpoint of a census, no certificate"),
        (hc.verify, tmp_path / "census.json", CertificateError, "is the checkpoint of a census, no certificate"),
        (hc.load, cell, CertificateError, "is the checkpoint of an ensemble of runs, no certificate"),
        (hc.verify, cell, CertificateError, "is the checkpoint of an ensemble of runs, no certificate"),
    ):
        content = path.read_bytes()
        with pytest.raises(error, match=words):
            function(path)
        assert path.read_bytes() == content
