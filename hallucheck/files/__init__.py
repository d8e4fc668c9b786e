"""Reading what a stranger wrote."""
