"""What attracts SAM, and from where."""
