"""Everything that proposes, guides, searches and tries again, until the trusted room says what is proved."""
