"""Points with many parameters: the claims of points in residual form, measured in arrays on a slice."""
