"""Writing certificates as plain data, a module for each kind: no check needs it, and what is wrong is not read."""
