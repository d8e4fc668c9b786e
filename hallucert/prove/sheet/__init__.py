"""Cells along sheets of one dimension."""
