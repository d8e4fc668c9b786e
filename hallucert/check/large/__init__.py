"""Points with many parameters: the claims of points, measured in arrays; in residual form on a slice."""
