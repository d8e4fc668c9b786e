"""Branch and prune over boxes in lanes."""
