"""Files of sheets and surfaces, which are read, written and checked by the same modules."""
