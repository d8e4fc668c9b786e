"""Array programs: straight-line programs over arrays, their derivatives, and what runs them."""
