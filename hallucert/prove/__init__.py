"""One theorem a file: hypotheses by enclosures, conclusions as claims."""
