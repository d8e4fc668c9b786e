"""Programs of arithmetic operations."""
