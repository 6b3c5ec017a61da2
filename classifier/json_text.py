"""JSON that somebody else wrote: whatever is wrong with it is one kind of error, which tells nothing of the text."""

import json
from typing import Any


def parse_json(text: str) -> Any:
    """Return what a text of JSON holds.

    Raises
    ------
    ValueError
        Its message says why the text cannot be read.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from None
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        # Python reads no number of more than some thousand digits: it would take time quadratic in their count.
        raise ValueError("a number of too many digits") from None
