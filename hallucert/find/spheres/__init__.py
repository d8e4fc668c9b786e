"""Hallucinated points on a sphere around their target."""
