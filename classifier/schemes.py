"""Schemes: the label that each extent of spread gets under CCS, ACS, TNM or a user's own file."""

from dataclasses import dataclass
from pathlib import Path

from classifier import resources
from classifier.errors import NoteTermsError
from classifier.labels import SPREAD_LABELS, Extent, Label

SPREAD_EXTENTS = tuple(extent for extent in Extent if extent is not Extent.UNSPECIFIED)


@dataclass(frozen=True)
class Scheme:
    """One way of naming extents."""

    name: str
    """`ccs`, `acs`, `tnm`, or the stem of the user's file."""
    source: str
    """Whose definition it is."""
    labels: dict[str, Label | None]
    """The label of each extent; None means no tag."""

    def label(self, extent: str) -> Label | None:
        """Return the label of a spread of this extent, or None where the scheme gives no tag."""
        return self.labels[extent]

    def renamed(self, label: str, extent: object) -> str | None:
        """Return what a label of another scheme is under this one, or None where this one gives no tag.

        Only labels of spread have an extent to go by; an extent that no scheme knows has no label.
        """
        if label not in SPREAD_LABELS or not isinstance(extent, str):
            return label
        renamed = self.labels.get(extent)
        return renamed and str(renamed)


def load_scheme(scheme: "str | Path | Scheme") -> Scheme:
    """Return a scheme by its name, or read one from a TOML file.

    Parameters
    ----------
    scheme : str, Path or Scheme
        `ccs` (default everywhere), `acs`, `tnm`, or the path of a TOML file with the keys `source` and `labels`.

    Raises
    ------
    NoteTermsError
        E202 for a file that is not TOML, E211 for a name that is neither a scheme nor a file, E212 for a file with a
        wrong or missing extent or label.
    """
    if isinstance(scheme, Scheme):
        return scheme
    known = resources.read_toml(resources.RULES / "schemes.toml")
    if str(scheme) in known:
        return _check(str(scheme), known[str(scheme)])
    path = Path(scheme)
    if not path.is_file():
        raise NoteTermsError(
            "E211", f"There is no scheme {str(scheme)!r}.", f"Use {', '.join(known)} or the path of a TOML file."
        )
    return _check(path.stem, resources.read_toml(path))


def _check(name: str, content: dict) -> Scheme:
    labels = content.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    expected = {str(extent) for extent in SPREAD_EXTENTS}
    allowed = sorted(map(str, SPREAD_LABELS))
    wrong = sorted(expected ^ set(labels))
    wrong += sorted(str(value) for value in labels.values() if value not in ["", *allowed])
    if wrong:
        raise NoteTermsError(
            "E212",
            f"Scheme {name!r} has wrong or missing entries: {', '.join(wrong)}.",
            f"Under [labels] give {', '.join(sorted(expected))} each one of {', '.join(allowed)} or ''.",
        )
    return Scheme(
        name, str(content.get("source", "")), {key: Label(value) if value else None for key, value in labels.items()}
    )
