"""Brackets of the radii below which no point is hallucinated."""
