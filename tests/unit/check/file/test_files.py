"""Reading JSON from anyone: what is counted, and what is no text of ours."""

from __future__ import annotations

import pytest

from hallucert.check.file import files
from hallucert.check.file.files import CHECK, KINDS, READ, WRITE, module_of
from hallucert.errors import CertificateError


@pytest.mark.parametrize(
    ("text", "depth"),
    [("", 0), ("1", 0), ("[]", 1), ('{"a": [1]}', 2), ("[[], [[]]]", 3), ("]]]]", 0), ('["[[[[", "]]", []]', 2)],
)
def test_the_depth_of_a_text(text, depth):
    """Of brackets outside of strings, which close what they open."""
    assert files._depth(text) == depth


def test_a_file_is_read_up_to_the_limit(tmp_path, monkeypatch):
    """In parts; as many bytes as the limit are read, one more is refused."""
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    monkeypatch.setattr(files, "PART", 4)
    path = tmp_path / "file"
    for size in (0, 4, 10, 11):
        path.write_bytes(b"0123456789a"[:size])
        if size <= 10:
            assert files._content(path) == b"0123456789"[:size]
        else:
            with pytest.raises(CertificateError, match="10 bytes"):
                files._content(path)


def test_objects_and_numbers():
    """No field is there twice; whole numbers have at most 18 characters, and there are no others."""
    assert files._object([("a", 1), ("b", 2)], []) == {"a": 1, "b": 2} and files._object([("doubles", 1), ("b", 2)], [])
    with pytest.raises(CertificateError, match="twice"):
        files._object([("a", 1), ("a", 1)], [])
    assert files._short_int("9" * 18) == 10**18 - 1
    for refused in (
        lambda: files._short_int("9" * 19),
        lambda: files._no_float("1.5"),
        lambda: files._no_constant("NaN"),
    ):
        with pytest.raises(CertificateError):
            refused()


def test_each_kind_has_its_modules():
    """What reads, writes and checks; a cycle is checked as a point; other names are none."""
    for kind in KINDS:
        for role, name in ((READ, "from_json"), (WRITE, "to_json"), (CHECK, "check")):
            assert hasattr(module_of(kind, role), name)
    assert module_of("cycle", CHECK) is module_of("point", CHECK)
    for kind in ("spot", 5, ["point"], None):
        with pytest.raises(CertificateError) as caught:
            module_of(kind, READ)
        assert caught.value.field == "kind"
    for data in ([], 5, {}):
        with pytest.raises(CertificateError):
            files.from_json(data)


def test_files_of_other_kinds_are_named(tmp_path):
    """A checkpoint says that it is one; anything else is read, and refused for what is wrong in it."""
    path = tmp_path / "file"
    path.write_text('{"work": "census", "parts": {}}')
    with pytest.raises(CertificateError, match="is the checkpoint of a census, no certificate: it is for checkpoint="):
        files.load(path)
    for text, wrong in (('{"a": 1}', "kind"), ("hello", "not JSON"), ("[]", "object"), ("7", "object")):
        path.write_text(text)
        with pytest.raises(CertificateError, match=wrong):
            files.load(path)
    path.write_text('{"format": "hallucert-certificate", "kind": "{\'work\'}", "work": "census"}')
    with pytest.raises(CertificateError, match="kind"):
        files.load(path)


@pytest.mark.parametrize("text", ['{"doubles": "sha256:0", "a": 1}', '{"a": {"doubles": [4]}}', '[{"doubles": [4]}]'])
def test_arrays_without_a_companion_and_companions_without_arrays_are_refused(tmp_path, text):
    """Each is looked for where the other is."""
    (tmp_path / "file").write_text(text)
    with pytest.raises(CertificateError, match="doubles"):
        files.load(tmp_path / "file")
