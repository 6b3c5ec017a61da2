"""Annotation by people: to their tools and back, how well they agree, one gold of several, what to annotate next."""
