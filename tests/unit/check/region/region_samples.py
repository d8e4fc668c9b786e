"""Boxes and points in the plane from which regions are measured."""

from __future__ import annotations

from fractions import Fraction

import hallucert as hc
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point, Problem


def box(*sides):
    """Exact sides."""
    return [(Fraction(low), Fraction(high)) for low, high in sides]


def evidence(ar, formula, x, rho):
    """What a proof starts from at an exact point."""
    f = hc.Objective.parse(formula, ("x", "y"))
    return Evidence(Point(ar, Problem(f, Fraction(rho)), [ar.constant(Fraction(v)) for v in x]), (), 1000)
