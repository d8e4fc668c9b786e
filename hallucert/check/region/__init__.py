"""What holds in a whole ball, box or superlevel set."""
