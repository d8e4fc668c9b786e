"""What a function is: its tape, its derivatives, and where it comes from."""
