"""One hallucinated point: that it exists, and what it is."""
