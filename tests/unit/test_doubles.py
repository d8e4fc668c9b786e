"""Arrays of doubles in files: exact, in one companion that is as good as the certificate, and refused otherwise."""

import hashlib
import json
import os
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hallucert import doubles, files
from hallucert.check.claim import Claim, Provenance, Status
from hallucert.check.file import save as saving
from hallucert.check.file.files import from_json, load
from hallucert.check.file.save import save, to_json
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective

VALUES = np.array([[0.1, -0.0, 5e-324, -1e308], [1 / 3, 2.0**-1022, 7.0, np.pi]])


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(doubles, "INLINE", 3)


def certificate(values=VALUES):
    """A certificate, of a point that nothing is claimed of, whose function holds an array."""
    builder = ProgramBuilder([(4,)])
    array = builder.array(values)
    program = builder.program([builder.contract("ij,j->i", array, builder.input(0))])
    problem = Problem(ProgramObjective(program, ["w"]), Fraction(2), residual=True)
    return Certificate(problem, None, {}, Provenance("1.0", "arb", "python-flint 0.6", 106))


@pytest.fixture
def path(tmp_path):
    """A saved certificate."""
    certificate().save(tmp_path / "cert.json")
    return tmp_path / "cert.json"


def companion(path):
    (found,) = path.parent.glob(f"{path.name}.*.npy")
    return found


def constant(loaded):
    return next(node.data for node in loaded.objective.program.nodes if node.op == "constant")


def test_doubles_come_back_bit_by_bit(path):
    """Also the smallest, the largest and a negative zero; numpy reads the companion, and saving again is alike."""
    loaded = load(path)
    assert constant(loaded).tobytes() == VALUES.tobytes()
    assert constant(loaded).shape == VALUES.shape and not constant(loaded).flags.writeable
    assert np.load(companion(path), allow_pickle=False).tobytes() == VALUES.tobytes()
    text = path.read_text()
    save(loaded, path)
    assert path.read_text() == text and json.loads(text)["problem"]["objective"]["program"]["nodes"][0][2] == {
        "doubles": [2, 4]
    }


def test_short_arrays_are_text(tmp_path, monkeypatch):
    """Up to the limit there is no companion, and one more number makes one; the file says which."""
    monkeypatch.setattr(doubles, "INLINE", 8)
    certificate().save(tmp_path / "cert.json")
    assert os.listdir(tmp_path) == ["cert.json"] and "doubles" not in json.loads((tmp_path / "cert.json").read_text())
    assert constant(load(tmp_path / "cert.json")).tolist() == VALUES.tolist()
    monkeypatch.setattr(doubles, "INLINE", 7)
    with pytest.raises(CertificateError, match="must be an array"):
        load(tmp_path / "cert.json")


def test_a_replaced_certificate_leaves_nothing_behind(path):
    """The old companion goes with the old certificate, and files of other names stay."""
    other = path.parent / f"cert.json.{'0' * 15}.npy"
    other.touch()
    old = sorted(path.parent.glob("*.npy"))
    certificate(VALUES + 1).save(path)
    assert constant(load(path)).tolist() == (VALUES + 1).tolist()
    now = sorted(path.parent.glob("*.npy"))
    assert len(now) == 2 and other in now and now != old


@pytest.mark.parametrize("at", [0, 1])
def test_a_failure_while_writing_keeps_the_old_certificate(path, monkeypatch, at):
    """Whether the companion or the certificate cannot be written, what was there is still read."""
    calls = []

    def failing(target, old, content, true=files._replace):
        calls.append(target)
        if len(calls) > at:
            raise OSError(28, "No space left on device")
        true(target, old, content)

    monkeypatch.setattr(files, "_replace", failing)
    with pytest.raises(OSError, match="No space"):
        certificate(VALUES + 1).save(path)
    assert constant(load(path)).tolist() == VALUES.tolist()


def test_the_text_of_a_file_is_lines_of_ascii(path, tmp_path):
    """One level is one space, with a companion or without; a new file looks for none that is older."""
    text = path.read_text(encoding="ascii")
    assert text.startswith('{\n "format": "hallucert-certificate",\n') and text.endswith("}\n")
    short = Certificate(Problem(Objective.parse("x**2"), Fraction(1)), None, {}, Provenance("\u00e9", "arb", "1", 53))
    save(short, tmp_path / "short.json")
    text = (tmp_path / "short.json").read_text(encoding="ascii")
    assert text.startswith('{\n "format": "hallucert-certificate",\n') and "\\u00e9" in text


def test_what_is_left_of_older_certificates_is_removed_when_they_are_replaced(path, monkeypatch):
    """All companions with the name of the file but its own, and nothing where there was no certificate before."""
    stray = path.parent / f"cert.json.{'0' * 16}.npy"
    stray.touch()
    certificate().save(path)
    assert sorted(p.name for p in path.parent.glob("*.npy")) == [companion(path).name] != [stray.name]
    path.unlink()
    stray.touch()
    certificate().save(path)
    assert stray.exists()


def test_a_companion_that_goes_away_meanwhile_is_no_error(path, monkeypatch):
    """Another process may have removed it."""
    stray, seen = path.parent / f"cert.json.{'0' * 16}.npy", list(path.parent.iterdir())
    monkeypatch.setattr(type(path), "iterdir", lambda _: iter([*seen, stray]))
    certificate().save(path)
    assert constant(load(path)).tolist() == VALUES.tolist()


def test_arrays_have_a_limit_and_need_a_file(path, tmp_path, monkeypatch):
    """As many doubles as may be read are written; beside a pipe or a folder there is no place for them."""
    monkeypatch.setattr(saving, "MAX_DOUBLES", 8)
    certificate().save(path)
    monkeypatch.setattr(saving, "MAX_DOUBLES", 7)
    with pytest.raises(ArgumentError, match=r"at most 7 in arrays; it was <arrays of 8 doubles>"):
        certificate().save(path)
    monkeypatch.setattr(saving, "MAX_DOUBLES", 8)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArgumentError, match="another one, with the arrays, comes beside it"):
        certificate().save(tmp_path / "pipe")


def test_links_to_certificates_lead_to_their_companions(path, tmp_path):
    """A certificate that a link leads to is read and replaced with its companion where it is."""
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link.json"
    link.symlink_to(path)
    assert constant(load(link)).tolist() == VALUES.tolist()
    certificate(VALUES + 1).save(link)
    assert constant(load(path)).tolist() == (VALUES + 1).tolist() and os.listdir(tmp_path / "folder") == ["link.json"]


def flipped(file, place):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def relinked(file):
    os.rename(file, file.with_name("elsewhere.npy"))
    file.symlink_to("elsewhere.npy")


DAMAGE = {
    "missing": os.unlink,
    "short": lambda file: os.truncate(file, file.stat().st_size - 8),
    "long": lambda file: os.truncate(file, file.stat().st_size + 8),
    "changed": lambda file: flipped(file, -1),
    "other header": lambda file: flipped(file, 20),
    "link": relinked,
    "pipe": lambda file: (os.unlink(file), os.mkfifo(file)),
    "folder": lambda file: (os.unlink(file), os.mkdir(file)),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_companion_that_is_not_the_one_is_refused(path, how):
    """Missing, cut, longer, edited, a link or no file: the error names the field and the file, and nothing hangs."""
    file = companion(path)
    DAMAGE[how](file)
    with pytest.raises(CertificateError, match=file.name) as caught:
        load(path)
    assert caught.value.field == "doubles"


def edited(path, change):
    data = json.loads(path.read_text())
    change(data, data["problem"]["objective"]["program"]["nodes"][0])
    path.write_text(json.dumps(data))


SHAPES = [
    [],
    [3],
    [0, 8],
    [-2, -4],
    ["8"],
    "8",
    None,
    [True, 8],
    [2**27, 2],
    [2**50, 2**50],
    [8],
    [4, 2],
    [1] * 15 + [2, 4],
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_are_lists_of_lengths_that_fit(path, shape):
    """Empty, short, negative, no integers, too large or not that of the node: refused before anything is made of it."""

    def change(data, node):
        node[2] = {"doubles": shape}

    edited(path, change)
    with pytest.raises(CertificateError) as caught:
        load(path)
    assert caught.value.field == ("doubles" if shape not in ([8], [4, 2]) else "digest")


@pytest.mark.parametrize("digest", [None, 1, "", "sha256:" + "0" * 63, "sha256:../" + "0" * 61, "sha256:" + "0" * 64])
def test_the_digest_of_the_companion_is_one(path, digest):
    """Missing, malformed, or that of another file: refused; it leads to no other folder."""

    def change(data, node):
        data.pop("doubles") if digest is None else data.update(doubles=digest)

    edited(path, change)
    with pytest.raises(CertificateError) as caught:
        load(path)
    assert caught.value.field == "doubles"


def forged(path, values, header=None):
    """Put other numbers into the companion, with the digest that they have."""
    content = (header or companion(path).read_bytes()[:128]) + values.tobytes()
    digest = hashlib.sha256(content).hexdigest()
    path.with_name(f"{path.name}.{digest[:16]}.npy").write_bytes(content)
    edited(path, lambda data, node: data.update(doubles=f"sha256:{digest}"))


def test_the_digest_of_the_problem_covers_its_arrays(path):
    """Data that are exchanged together with their own digest are those of another problem."""
    forged(path, VALUES + 1)
    with pytest.raises(CertificateError) as caught:
        load(path)
    assert caught.value.field == "digest"


def test_the_header_is_the_one_that_the_length_determines(path):
    """A header of another type or order is refused though the digest is right: numpy would read other numbers."""
    header = companion(path).read_bytes()[:128]
    forged(path, VALUES, header.replace(b"<f8", b">f8"))
    with pytest.raises(CertificateError, match="has others"):
        load(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_are_finite(path, value):
    """A companion with its right digest is refused if a number is infinite or none."""
    forged(path, np.full(8, value))
    with pytest.raises(CertificateError, match="finite"):
        load(path)


def test_arrays_stand_only_where_arrays_belong(path):
    """In the place of a name, of a number, of the whole file: refused with the field."""
    array = doubles.LongArray(VALUES)
    for key in data_of_a_claim():
        with pytest.raises(CertificateError) as caught:
            from_json({**data_of_a_claim(), key: array})
        assert caught.value.field.startswith(key if key != "doubles" else "(file)")
    for key in ("name", "status", "inputs", "numbers", "reason"):
        data = data_of_a_claim()
        data["claims"][0][key] = array
        with pytest.raises(CertificateError) as caught:
            from_json(data)
        assert caught.value.field.startswith("claims[0]")
    path.write_text('{"doubles": [2, 4]}')
    with pytest.raises(CertificateError):
        load(path)


def data_of_a_claim():
    """A certificate as plain data, with a claim that is open."""
    claim = Claim("existence", Status.UNDECIDED, "?", reason=Reason.PRECISION)
    return to_json(replace(certificate(), claims={"existence": claim}))


def test_arrays_need_a_file(tmp_path):
    """What is no file has no file beside it: a terminal is refused before anything is written."""
    with pytest.raises(ArgumentError, match="path must be a file"):
        certificate().save("/dev/null")


def test_plain_data_is_read_without_a_file():
    """Arrays in memory are read as they are; other kinds, shapes and numbers are refused."""
    data = to_json(certificate())["problem"]["objective"]["program"]["nodes"][0][2]
    assert doubles.read_doubles(data, (2, 4), "here").tolist() == VALUES.tolist()
    for wrong in (VALUES.reshape(4, 2), VALUES.astype(np.longdouble), VALUES.astype(object), VALUES * np.nan):
        with pytest.raises(CertificateError, match="here"):
            doubles.read_doubles(doubles.LongArray(wrong), (2, 4), "here")
