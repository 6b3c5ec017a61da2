"""Lone halves of surrogate pairs: JSON and Python can spell them, and no file can hold them."""

import re
from typing import Any

_LONE = re.compile("[\ud800-\udfff]")


def whole(value: Any) -> Any:
    """Return a text with U+FFFD for each lone half of a surrogate pair; what is no text, or has none, as it is."""
    if not isinstance(value, str):
        return value
    # To encode a text is much faster than to search it.
    try:
        value.encode()
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", value)
    return value
