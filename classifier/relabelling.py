"""Labels of another scheme for tags that are there: lists of tags, and frames of them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from classifier.frames import as_arrow, check_columns, like
from classifier.schemes import Scheme, load_scheme

Tags = TypeVar("Tags")

_READ = ("label", "extent")
_REMEDY = "Give tags as `Classifier.tag` returns them."


def relabel(tags: Tags, scheme: str | Path | Scheme = "ccs") -> Tags:
    """Give tags the labels of another scheme, without a second pass over the text.

    Parameters
    ----------
    tags : list of Tag, pandas or Polars DataFrame, or Arrow Table, RecordBatch or RecordBatchReader
        As `Classifier.tag` or `Classifier.tag_text` returned them; a frame may have columns of its own.
    scheme : str, Path or Scheme, default "ccs"
        See `classifier.schemes.load_scheme`.

    Returns
    -------
    The same kind of object, with the same columns. Only labels of spread change; tags of an extent to which the scheme
    gives no label are left out, so relabel from `ccs` or `tnm`, which keep every extent.

    Raises
    ------
    NoteTermsError
        E101 when a column is missing or there twice, E129 when `tags` is neither a list nor a frame; what
        `load_scheme` raises.
    """
    relabelled: Any = _relabel(tags, load_scheme(scheme))
    return relabelled


def _relabel(tags: Any, scheme: Scheme) -> Any:
    if isinstance(tags, list):
        labels = _labels((tag.label for tag in tags), (tag.extent for tag in tags), scheme)
        return [tag.renamed(label) for tag, label in zip(tags, labels, strict=True) if label is not None]
    if isinstance(tags, pd.DataFrame):
        check_columns(tags.columns, _READ, _REMEDY)
        column = pd.Series(_labels(tags["label"], tags["extent"], scheme), tags.index, tags["label"].dtype)
        return tags.assign(label=column)[column.notna()].reset_index(drop=True)
    if isinstance(tags, pa.RecordBatchReader):
        check_columns(tags.schema.names, _READ, _REMEDY)
        return pa.RecordBatchReader.from_batches(tags.schema, (_relabel(batch, scheme) for batch in tags))
    table = as_arrow(tags)
    check_columns(table.schema.names, _READ, _REMEDY)
    labels = _labels(table["label"].to_pylist(), table["extent"].to_pylist(), scheme)
    place = table.schema.get_field_index("label")
    field = table.schema.field(place)
    renamed = like(tags, table.set_column(place, field, pa.array(labels, field.type)))
    # Polars filters by a mask too, and Arrow does not yet filter the strings of Polars.
    return renamed.filter(np.array([label is not None for label in labels], dtype=bool))


def _labels(labels: Iterable[str], extents: Iterable[Any], scheme: Scheme) -> list[str | None]:
    """Labels of tags under a scheme; None where it gives no tag."""
    return [scheme.renamed(label, extent) for label, extent in zip(labels, extents, strict=True)]
