"""Tag what a clinical note says of a cancer's spread, recurrence, relapse or second cancer.

>>> import classifier
>>> clf = classifier.load()
>>> [tag.label for tag in clf.tag_text("Breast cancer metastatic to the liver.")]
['DISTANT_SPREAD']
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.relabelling import relabel
    from classifier.tagging import Classifier, load, pipeline

__version__ = "0.1.0"
__all__ = ["Classifier", "__version__", "load", "pipeline", "relabel"]

_HOMES = {"Classifier": "tagging", "load": "tagging", "pipeline": "tagging", "relabel": "relabelling"}


def __getattr__(name: str) -> Any:
    """Import what takes long only when something is asked for that needs it: `note-terms --help` does not."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
