"""Points: existence, and the claims about them."""
