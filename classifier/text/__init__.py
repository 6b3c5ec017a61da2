"""A note as text: its markup, tokens, words, sentences, sections and specimens."""
