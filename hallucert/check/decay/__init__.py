"""Theorems about SAM with weight decay at the clean point."""
