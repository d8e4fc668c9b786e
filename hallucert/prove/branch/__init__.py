"""Cells along branches."""
