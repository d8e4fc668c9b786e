"""Surfaces of hallucinated points at one radius."""
