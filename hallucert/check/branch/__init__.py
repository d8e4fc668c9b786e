"""Curves of hallucinated points of one target, in the point and the radius."""
