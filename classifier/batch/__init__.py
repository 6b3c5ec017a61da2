"""An export in, tags out: readers, the run, writers."""
