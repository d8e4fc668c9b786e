"""Surfaces of hallucinated points, covered in floats."""
