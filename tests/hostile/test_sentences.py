"""No sentence is part of a file: certificates load and verify whatever the sentences say, and statuses need numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import hallucert as hc
from hallucert.check import claim as claim_module
from hallucert.check.file.files import from_json
from hallucert.errors import CertificateError

CERTIFICATES = sorted((Path(__file__).parents[2] / "docs" / "certificates").glob("*.json"))
SMALL = (
    *("line", "tilted-wells-fold", "double-well-basin", "sphere-piece", "wells-stall", "usam-repels"),
    "wide-attracts",
)


def test_files_hold_no_sentence():
    """The only texts of a file are names, words of the format, numbers, and the names of a function's variables."""
    for path in CERTIFICATES:
        for claim in json.loads(path.read_text()).get("claims", []):
            assert set(claim) == {"name", "status", "inputs", "numbers", "reason"}


@pytest.mark.parametrize("name", SMALL)
def test_reworded_sentences_leave_every_certificate_valid(name, monkeypatch):
    """With every sentence and every question changed, stored files load and are re-proved, and say the new words."""
    path = next(path for path in CERTIFICATES if path.stem == name)
    before = hc.load(path)
    state = claim_module.Theorem.state

    def reworded(self, facts, numbers, inputs):
        stated = state(self, facts, numbers, inputs)
        if isinstance(stated, claim_module.Claim):
            return replace(stated, said=f"In other words: {stated.statement.upper()}")
        return stated

    monkeypatch.setattr(claim_module.Theorem, "state", reworded)
    after = hc.load(path)
    decided = [claim for claim in after.all_claims if claim.reason is None]
    assert decided and all(claim.statement.startswith("In other words: ") for claim in decided)
    assert [claim.status for claim in after.all_claims] == [claim.status for claim in before.all_claims]
    assert hc.verify(path, backend="arb")


@pytest.mark.parametrize("name", SMALL)
def test_a_status_that_the_numbers_do_not_show_is_refused(name):
    """Whoever turns proved into refuted, or the other way round, is refused by the reader already."""
    path = next(path for path in CERTIFICATES if path.stem == name)
    data = json.loads(path.read_text())
    for i, claim in enumerate(data["claims"]):
        if claim["status"] != "undecided" and claim["numbers"]:
            changed = json.loads(path.read_text())
            changed["claims"][i]["status"] = {"proved": "refuted", "refuted": "proved"}[claim["status"]]
            with pytest.raises(CertificateError, match=r"claims\[\d+\].status"):
                from_json(changed)


def test_a_file_of_the_first_version_is_refused_by_its_number():
    """Files with sentences in them have the version 1, which is not read any more."""
    data = json.loads(CERTIFICATES[0].read_text())
    data["schema"] = 1
    with pytest.raises(CertificateError, match="schema: must be 2"):
        from_json(data)


def test_a_sentence_about_other_values_is_refused():
    """A certificate in memory whose claim says more of its target, or of a larger step, than is proved again."""
    cert = hc.load(next(path for path in CERTIFICATES if path.stem == "himmelblau-minimum-attracts"))
    said = cert["attractor"].said
    *about, step, kind = said.about
    for changed in ((*about, step, "saddle"), (*about, 2 * step, kind)):
        claims = {**cert.claims, "attractor": replace(cert["attractor"], said=said._replace(about=changed))}
        assert not hc.verify(replace(cert, claims=claims))
    assert hc.verify(replace(cert, claims={**cert.claims, "attractor": replace(cert["attractor"], said=said)}))
