"""No hallucinated points: below a radius, by convexity, and for the ascent step without normalisation."""
