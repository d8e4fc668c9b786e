"""Functions of a file as straight-line code, and their derivatives."""
