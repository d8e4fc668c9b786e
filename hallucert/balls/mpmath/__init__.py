"""Interval arithmetic in Python's integers, with elementary functions over mpmath's numbers."""
