"""Annotation by people: how well they agree, one gold out of two annotators, and which notes to annotate next."""
