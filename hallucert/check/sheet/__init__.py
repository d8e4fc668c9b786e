"""Curves of hallucinated points at one radius."""
