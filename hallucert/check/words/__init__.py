"""Sentences: what was concluded, in words. They load when somebody reads them; a check needs none (see `Sentence`)."""
