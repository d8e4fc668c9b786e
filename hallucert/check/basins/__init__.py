"""Basins of attraction in the plane: cells, their images, and what follows from them."""
