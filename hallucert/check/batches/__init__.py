"""Theorems about mini-batch SAM with a fixed partition of the residuals."""
