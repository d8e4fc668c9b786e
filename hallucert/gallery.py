"""The gallery of known functions: ``hc.gallery.load("himmelblau")``, ``names()``, ``info("himmelblau")``."""

from __future__ import annotations

from hallucert.objectives.gallery import Entry, Point, info, load, names

__all__ = ["Entry", "Point", "info", "load", "names"]
