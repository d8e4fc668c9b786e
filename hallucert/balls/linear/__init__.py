"""Matrices of balls: products, inverses, eigenvalues."""
