"""All hallucinated points of a box, at one radius."""
