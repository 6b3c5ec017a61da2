"""Labels that say all of a mark, for tools whose spans have a label and nothing else.

``DISTANT_SPREAD metastasis_nos negated historical`` is the label, then its facts, in any order.
"""

from classifier.annotation.notes import LABELS, WORDS, Mark, facts_of
from classifier.errors import NoteTermsError


def joined(mark: Mark) -> str:
    """Return the label and the facts of a mark as one label."""
    facts = [mark.get(name) for name in facts_of(mark["label"]) if name != "historical"]
    past = ["historical"] if mark.get("historical") else []
    return " ".join([mark["label"], *filter(None, facts), *past])


def parted(where: str, given: str) -> Mark:
    """Return label and facts of a label that `joined` made, or that an annotator wrote in that way.

    Raises
    ------
    NoteTermsError
        E506 for a word that is not known, or that such a label does not have.
    """
    label, *words = given.split() or [""]
    if label not in LABELS:
        raise NoteTermsError(
            "E506", f"{where} has the label {given!r}.", f"Expected one of {', '.join(LABELS)}, then its facts."
        )
    mark: Mark = {"label": label, "historical": False}
    kinds = {
        word: name for name in facts_of(label) for word in ((name,) if name == "historical" else map(str, WORDS[name]))
    }
    for word in words:
        kind = kinds.get(word)
        if kind is None or mark.get(kind):
            raise NoteTermsError(
                "E506",
                f"{where} has {word!r} in the label {given!r}, which is unknown there, or one too many.",
                f"After {label} may stand {', '.join(kinds) or 'nothing'}.",
            )
        mark[kind] = True if kind == "historical" else word
    return mark
