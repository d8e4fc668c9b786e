"""Curves of hallucinated points, followed in floats."""
