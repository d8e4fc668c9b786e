"""A certificate from a stranger is hostile until read: each defect is a CertificateError that names the field."""

from __future__ import annotations

import json
import os
import stat

import pytest

import hallucert as hc
from hallucert.check.file import files
from hallucert.errors import CertificateError


@pytest.fixture(scope="module")
def text():
    cert = hc.certify(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [-0.5, 0], "1.5")
    return json.dumps(_to_json(cert))


def _to_json(cert):
    from hallucert.check.file.save import to_json

    return to_json(cert)


def _load(tmp_path, content):
    path = tmp_path / "c.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return hc.load(path)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda t: t[: len(t) // 2], "(file)"),
        (lambda t: "", "(file)"),
        (lambda t: t.replace('"schema": 2', '"schema": 1'), "schema"),
        (lambda t: t.replace('"schema": 2', '"schema": true'), "schema"),
        (lambda t: t.replace('"schema": 2', '"schema": 1.0'), "(file)"),
        (lambda t: t.replace('"schema": 2', '"schema": NaN'), "(file)"),
        (lambda t: t.replace('"schema": 2', '"schema": 1, "schema": 1'), "schema"),
        (lambda t: t.replace('"schema": 2', '"schema": 1' + "0" * 40), "(file)"),
        (lambda t: t.replace('"schema": 2', '"schema": 1, "extra": 1'), "extra"),
        (lambda t: t.replace('"digest"', '"digets"'), "digest"),
        (lambda t: t.replace("sha256:", "sha256:0"), "digest"),
        (lambda t: t.replace('"rho": "3/2"', '"rho": "6/4"'), "digest"),
        (lambda t: t.replace("hallucert-certificate", "certificate"), "format"),
        (lambda t: t.replace('"kind": "point"', '"kind": "spot"'), "kind"),
        (lambda t: t.replace('"kind": "point",', ""), "kind"),
        (lambda t: t.replace('"backend": "arb"', '"backend": "float"'), "provenance.backend"),
        (lambda t: t.replace('"precision": 53', '"precision": 1000000'), "provenance.precision"),
        (lambda t: t.replace('"system": "gradient"', '"system": "residual"'), "witness.system"),
        (lambda t: t.replace('"slice": null', '"slice": []'), "witness.slice"),
        (lambda t: t.replace('"existence"', '"nonstationary"', 1), "claims"),
        (lambda t: t.replace('"existence"', '"magic"', 1), "claims[0].name"),
        (lambda t: t.replace('"proved"', '"certain"', 1), "claims[0].status"),
        (lambda t: t.replace('"reason": null', '"reason": "tie"', 1), "claims[0].reason"),
        (lambda t: "[" * 5000 + "]" * 5000, "(file)"),
        (lambda t: "[]", "(file)"),
        (lambda t: t.replace("proved", "pr\u00f6ved", 1), "(file)"),
    ],
)
def test_each_defect_names_its_field(tmp_path, text, change, field):
    """Truncation, versions, duplicates, extra and missing fields, NaN, floats, nesting: typed, and named."""
    changed = change(text)
    assert changed != text
    with pytest.raises(CertificateError) as caught:
        _load(tmp_path, changed)
    assert field in caught.value.field


@pytest.mark.parametrize(
    "number", ["1e5", "0x10", "Infinity", "-", "01", "2", "1p0", "1p99999", "9" * 6101, "1/2", " 1", "\u0661"]
)
def test_numbers_have_one_spelling(tmp_path, text, number):
    """A dyadic that is not canonical, or absurdly large, is refused, and the field is named."""
    data = json.loads(text)
    data["witness"]["centre"][0] = number
    with pytest.raises(CertificateError) as caught:
        _load(tmp_path, json.dumps(data))
    assert caught.value.field == ("witness.centre[0]" if number.isascii() else "(file)")  # which holds no escapes


def test_reversed_and_missing_intervals(tmp_path, text):
    """A reversed interval and an interval with three ends are refused."""
    for ends in (["1", "-1"], ["1"], ["-1", "0", "1"], "1"):
        data = json.loads(text)
        data["enclosure"][0] = ends
        with pytest.raises(CertificateError) as caught:
            _load(tmp_path, json.dumps(data))
        assert caught.value.field.startswith("enclosure[0]")


def test_wrong_dimensions(tmp_path, text):
    """Centre, radius, preconditioner and enclosure must have the problem's dimension."""
    for key, value in (
        ("centre", ["1"]),
        ("radius", ["1", "1", "1"]),
        ("preconditioner", [["1"]]),
        ("radius", ["0", "1"]),
    ):
        data = json.loads(text)
        data["witness"][key] = value
        with pytest.raises(CertificateError) as caught:
            _load(tmp_path, json.dumps(data))
        assert caught.value.field == f"witness.{key}"


def test_huge_but_legal_exponents_are_harmless(tmp_path, text):
    """A radius of 2**-20000 or a centre of 2**20000 is read, and the proof fails without a crash."""
    for key, value in (("radius", "1p-20000"), ("centre", "1p20000")):
        data = json.loads(text)
        data["witness"][key][0] = value
        assert not hc.verify(_load(tmp_path, json.dumps(data)))


def test_oversized_files_are_refused_before_they_are_parsed(tmp_path, text, monkeypatch):
    """A file above the limit is not parsed."""
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    with pytest.raises(CertificateError, match="larger"):
        _load(tmp_path, text)


def test_save_is_atomic(tmp_path, text, monkeypatch):
    """If writing fails, the old file stays as it was and no temporary file is left."""
    cert = _load(tmp_path, text)
    path = tmp_path / "kept.json"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        cert.save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".tmp")] == []


def test_an_unwritable_path_is_an_oserror(tmp_path, text):
    """Saving into a folder that does not exist fails with the path in the message."""
    with pytest.raises(OSError, match="missing"):
        _load(tmp_path, text).save(tmp_path / "missing" / "c.json")


def test_saved_files_are_readable_by_others(tmp_path, text):
    """The file has ordinary permissions, not those of a temporary file."""
    cert = _load(tmp_path, text)
    cert.save(tmp_path / "d.json")
    assert stat.S_IMODE((tmp_path / "d.json").stat().st_mode) == 0o644
