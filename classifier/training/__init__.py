"""The model: how it is trained; and how good tags are, by a gold standard."""
