"""Intervals of doubles, many at once."""
