"""Interval arithmetic on mpmath's numbers."""
