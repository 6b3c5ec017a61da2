"""Annotated notes, to and from the tools that people annotate with."""
