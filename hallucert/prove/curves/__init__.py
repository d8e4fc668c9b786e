"""Cells along curves, and charts of surfaces."""
