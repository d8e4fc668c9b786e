"""Where runs end on a manifold of solutions of sums of squares: basins, with momentum or without."""
