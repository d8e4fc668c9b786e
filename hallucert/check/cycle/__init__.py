"""Theorems about cycles of two points under SAM with a fixed step."""
