"""The search for basins of attraction in the plane, in floats."""
