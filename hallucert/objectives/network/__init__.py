"""Networks of tanh units."""
