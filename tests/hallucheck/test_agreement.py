"""A sample of mutants and broken files; the programs beside this file make as many as one likes."""

from __future__ import annotations

import broken
import mutants

STRENGTH = ("inputs: ", "witness: ", "enclosure", "number of claims.inputs", "number of witness")
"""Changes after which one checker may succeed where the other does not."""


def test_both_checkers_answer_mutants_alike():
    """Neither accepts what the other does not, but for what is a matter of strength."""
    names = ("line", "usam-repels", "wells-saddle", "wells-stall")
    counts, classes = mutants.run(60, 5, names)
    assert counts["yes", "yes"] > 10 and counts["refused", "refused"] > 10
    for first, second, change in classes:
        assert "yes" not in (first, second) or change.startswith(STRENGTH), classes[first, second, change]


def test_broken_files_are_answered():
    """Whatever the bytes, there is a verdict or a typed error."""
    answers = broken.run(300, 7, ("line", "wells-attract", "wells-stall"))
    assert set(answers) <= {"yes", "no", "refused", "not covered"}
    assert answers["refused"] > 200 and answers["yes"] > 2
