"""Intervals, elementary functions of them, matrices and eigenvalues."""
