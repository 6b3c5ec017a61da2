"""Labels of another scheme for tags that are there: lists of tags, and frames of them."""

from pathlib import Path
from typing import TypeVar

import pandas as pd
import pyarrow as pa

from classifier.labels import SPREAD_LABELS
from classifier.schemes import Scheme, load_scheme, relabel_tag
from classifier.tags import Tag, tags_schema

Tags = TypeVar("Tags", list[Tag], pd.DataFrame, pa.Table)


def relabel(tags: Tags, scheme: str | Path | Scheme = "ccs") -> Tags:
    """Give tags the labels of another scheme, without a second pass over the text.

    Parameters
    ----------
    tags : list of Tag, DataFrame or Arrow table
        As `Classifier.tag` or `Classifier.tag_text` returned them.
    scheme : str, Path or Scheme, default "ccs"
        See `classifier.schemes.load_scheme`.

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
