"""Schemes: the label that each extent of spread gets under CCS, ACS, TNM or a user's own file."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa

from classifier import resources
from classifier.errors import NoteTermsError
from classifier.labels import SPREAD_LABELS, Extent, Label
from classifier.tags import Tag, tags_schema

SPREAD_EXTENTS = tuple(extent for extent in Extent if extent is not Extent.UNSPECIFIED)

Tags = TypeVar("Tags", list[Tag], pd.DataFrame, pa.Table)


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


def load_scheme(scheme: "str | Path | Scheme") -> Scheme:
    """Return a scheme by its name, or read one from a TOML file.

    Parameters
    ----------
    scheme : str, Path or Scheme
        `ccs` (default everywhere), `acs`, `tnm`, or the path of a TOML file with the keys `source` and `labels`.

    Raises
    ------
    NoteTermsError
        E211 for a name that is neither a scheme nor a file, E212 for a file with a wrong or missing extent or label.
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
    labels = content.get("labels", {})
    expected = {str(extent) for extent in SPREAD_EXTENTS}
    allowed = {"", *map(str, SPREAD_LABELS)}
    wrong = sorted(expected ^ set(labels)) + sorted(str(value) for value in labels.values() if value not in allowed)
    if wrong:
        raise NoteTermsError(
            "E212",
            f"Scheme {name!r} has wrong or missing entries: {', '.join(wrong)}.",
            f"Under [labels] give {', '.join(sorted(expected))} each one of {', '.join(sorted(allowed - {''}))} or ''.",
        )
    return Scheme(
        name, content.get("source", ""), {key: Label(value) if value else None for key, value in labels.items()}
    )


def relabel(tags: Tags, scheme: str | Path | Scheme = "ccs") -> Tags:
    """Give tags the labels of another scheme, without a second pass over the text.

    Parameters
    ----------
    tags : list of Tag, DataFrame or Arrow table
        As `Classifier.tag` or `Classifier.tag_text` returned them.
    scheme : str, Path or Scheme, default "ccs"
        See `load_scheme`.

    Returns
    -------
    The same kind of object. Only labels of spread change; tags of an extent to which the scheme gives no label are
    left out, so relabel from `ccs` or `tnm`, which keep every extent.
    """
    chosen = load_scheme(scheme)
    if isinstance(tags, pd.DataFrame):
        spread = tags["label"].isin(SPREAD_LABELS)
        labels = tags["label"].where(~spread, tags["extent"].map(chosen.labels))
        return tags.assign(label=labels.astype(tags["label"].dtype))[labels.notna()].reset_index(drop=True)
    if isinstance(tags, pa.Table):
        frame = relabel(tags.to_pandas(), chosen)
        return pa.Table.from_pandas(frame, schema=tags_schema(), preserve_index=False)
    return [renamed for tag in tags if (renamed := relabel_tag(tag, chosen)) is not None]


def relabel_tag(tag: Tag, scheme: Scheme) -> Tag | None:
    """Return the tag under the scheme's label, or None where the scheme gives its extent no tag."""
    if tag.label not in SPREAD_LABELS or tag.extent is None:
        return tag
    label = scheme.label(tag.extent)
    return None if label is None else tag.renamed(label)
