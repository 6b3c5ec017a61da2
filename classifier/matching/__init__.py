"""What the rules look for, and how it is found: patterns, cues, terms of the lexicon."""
