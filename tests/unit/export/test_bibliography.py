"""Claim: the entry of a certificate names its file by the digest that any program computes of it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.export import bibliography

CERTIFICATES = Path(hc.__file__).parents[1] / "docs" / "certificates"


@pytest.mark.parametrize("name", ["line", "himmelblau-branch", "convex-census", "wide-attracts", "digits-rho10-SAM-2"])
def test_the_digests_are_those_of_the_file_and_its_problem(name):
    """A file that was read and is cited has the digest of the file, and that of its problem."""
    path = CERTIFICATES / f"{name}.json"
    entry = bibliography.entries(hc.load(path)).replace(r"\allowbreak ", "")
    of_file, of_problem = re.findall(r"\\texttt\{([0-9a-f]{64})\}", entry)
    assert of_file == hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"sha256:{of_problem}" == json.loads(path.read_text(encoding="ascii"))["digest"]


def test_there_are_entries_for_what_a_theorem_cites(tmp_path):
    """The certificate, the library and the paper have entries, in groups that are closed."""
    certificate = hc.load(CERTIFICATES / "line.json")
    certificate.export(tmp_path / "line.bib", to="bibtex")
    text = (tmp_path / "line.bib").read_text(encoding="ascii")
    keys = re.findall(r"^@misc\{([^,]+),$", text, re.M)
    cited = set(re.findall(r"\\cite\{([^}]+)\}", certificate.to_latex()))
    assert cited <= set(keys) and len(keys) == len(set(keys)) == 3
    assert text.count("{") == text.count("}")
