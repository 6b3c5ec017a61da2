"""The page a batch leaves for people."""
