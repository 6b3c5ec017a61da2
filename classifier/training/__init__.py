"""How good the tags are, by a gold standard."""
