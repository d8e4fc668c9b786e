"""Linear algebra of searches: eigenvalues of matrices that may not be finite, and what is certain of their signs."""
