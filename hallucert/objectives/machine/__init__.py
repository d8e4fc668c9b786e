"""The float machine: formulas as programs for lanes of points, and the arithmetic of compiled code."""
