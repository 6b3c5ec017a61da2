"""What is read off around a phrase: facts of the note, sites and extents, cues and their scopes, features."""
