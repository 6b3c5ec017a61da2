"""The spaCy components, one a file, in the order in which a note passes them."""
