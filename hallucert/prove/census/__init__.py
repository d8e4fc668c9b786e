"""Taking a census: the search for all hallucinated points of a box, in intervals of doubles."""
