"""All branches of a target in a box."""
