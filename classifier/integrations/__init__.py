"""The classifier inside other systems."""
