"""Branches and sheets."""
