"""Where SAM with a step, with momentum, with weight decay or with batches converges from; two-cycles."""
