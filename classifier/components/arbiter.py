"""`cancer_arbiter`: a trained model settles what the rules cannot, and gives every tag a calibrated score."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.arbiter_model import ArbiterModel, Judgement, load_model
from classifier.labels import SPREAD_LABELS, Extent, Status
from classifier.reading.features import features
from classifier.schemes import Scheme, load_scheme
from classifier.span_groups import TERMS

WEAK_THRESHOLD = 0.6
"""A phrase that no rule settles is tagged from this probability on that it is a cancer's and its extent right."""
DROP_THRESHOLD = 0.2
"""A phrase that a rule settles is no tag below this probability."""
CHANGE_THRESHOLD = 0.6
"""The model's extent or status stands against an open one of the rules from this probability on."""
OPEN_EXTENTS = (Extent.METASTASIS_NOS,)
"""Extents by which the rules say that they know no site; of others they are sure."""
OPEN_STATUSES = (Status.PRESENT,)
"""Statuses that the model may change, where the rules have no cue."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say of a candidate phrase."""

    weak: bool
    """They do not settle whether it is a tag."""
    extent: str | None
    """Its extent."""
    status: str | None
    """Its status."""
    cued: bool
    """A cue gives its status."""

    @classmethod
    def of(cls, span: Span) -> Self:
        """Return what the rules say of a span."""
        stored = attributes.attributes(span)
        return cls(bool(stored["weak"]), stored["extent"], stored.get("status"), bool(stored.get("cue")))


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided of a candidate phrase."""

    tagged: bool
    """It is a tag."""
    extent: str | None
    """Its extent."""
    status: str | None
    """Its status."""


def by_rules(ruling: Ruling, judgement: Judgement) -> Decision:
    """Decide by the rules alone."""
    return Decision(not ruling.weak, ruling.extent, ruling.status)


def by_model(ruling: Ruling, judgement: Judgement) -> Decision:
    """Decide by the model alone: whatever is likeliest."""
    extent, status = _likeliest(judgement.extents, ruling.extent), _likeliest(judgement.statuses, ruling.status)
    return Decision(judgement.about >= 0.5, extent, status)


def by_both(
    ruling: Ruling,
    judgement: Judgement,
    *,
    threshold: float = WEAK_THRESHOLD,
    drop: float = DROP_THRESHOLD,
    open_extents: Sequence[str] = OPEN_EXTENTS,
    open_statuses: Sequence[str] = OPEN_STATUSES,
) -> Decision:
    """Decide by the rules where they are sure, and by the model where they leave it open.

    Where a sentence names no site, a metastasis of no site is that, whatever is likely; a status that a cue gives
    stays. A phrase of a pattern of which the model has seen none is a tag.
    """
    if ruling.weak:
        extent = _likeliest(judgement.extents, ruling.extent)
        tagged = judgement.about * judgement.extents.get(extent or "", 1.0) >= threshold
    else:
        extent = _settled(ruling.extent, judgement.extents, open_extents if judgement.placed else ())
        tagged = judgement.about >= drop or not judgement.known
    status = _settled(ruling.status, judgement.statuses, () if ruling.cued else open_statuses)
    return Decision(tagged, extent, status)


def _likeliest(probabilities: dict[str, float], otherwise: str | None) -> str | None:
    return max(probabilities, key=lambda name: probabilities[name], default=otherwise)


def _settled(value: str | None, probabilities: dict[str, float], open_values: Sequence[str]) -> str | None:
    best = _likeliest(probabilities, value)
    sure = best is not None and probabilities.get(best, 0.0) >= CHANGE_THRESHOLD
    return best if value in open_values and sure else value


@Language.factory(
    "cancer_arbiter",
    requires=["doc.spans", "span._.extent", "span._.status"],
    assigns=["doc.spans", "span._.extent", "span._.status", "span._.decided_by", "span._.score"],
    default_config={"model": None, "sha256": None, "scheme": "ccs", "threshold": 0.0},
)
def create_arbiter(
    nlp: Language, name: str, model: str | None, sha256: str | None, scheme: str, threshold: float
) -> "Arbiter":
    """Make the component.

    Parameters
    ----------
    model : str, optional
        Path of a model file; default that of the package.
    sha256 : str, optional
        Digest that the file must have; needed for a file of your own.
    scheme : str, default "ccs"
        Labels of the extents (see `classifier.schemes`).
    threshold : float, default 0
        Tags with a lower score are left out.
    """
    opened = load_model(Path(model), sha256) if model else load_model()
    return Arbiter(opened, load_scheme(scheme), threshold)


class Arbiter:
    """Settle the weak phrases, and the extents and statuses that the rules leave open.

    It needs the weak phrases of `cancer_phrases` (`weak=True`) and extents under the scheme `ccs`; it gives the labels
    of its own scheme. What the rules are sure of stays; `span._.decided_by` says who decided, and `span._.score` is the
    calibrated probability that label and extent are right.
    """

    def __init__(self, model: ArbiterModel, scheme: Scheme, threshold: float = 0.0) -> None:
        self.model = model
        self.scheme = scheme
        self.threshold = threshold
        self.decide: Callable[..., Decision] = by_both

    def __call__(self, doc: Doc) -> Doc:
        """Settle the phrases of one Doc."""
        return next(iter(self._settle([doc])))

    def pipe(self, docs: Iterable[Doc], batch_size: int = 128) -> Iterator[Doc]:
        """Settle a stream of Docs, with one call to the model a batch."""
        iterator = iter(docs)
        while batch := list(islice(iterator, batch_size)):
            yield from self._settle(batch)

    def _settle(self, docs: list[Doc]) -> list[Doc]:
        found = [features(doc) if doc.spans.get(TERMS) else [] for doc in docs]
        judgements = self.model.judge([candidate for candidates in found for candidate in candidates])
        rest = iter(judgements)
        spans: list[Span] = []
        kept: list[Judgement] = []
        owners: list[int] = []
        for number, doc in enumerate(docs):
            for span, judgement in zip(list(doc.spans.get(TERMS, ())), rest, strict=False):
                if self._decide(span, judgement):
                    spans.append(span)
                    kept.append(judgement)
                    owners.append(number)
        stored = [attributes.attributes(span) for span in spans]
        scores = self.model.scores(kept, [a["extent"] for a in stored], [a["weak"] for a in stored])
        tagged: dict[int, list[Span]] = {number: [] for number, doc in enumerate(docs) if doc.spans.get(TERMS)}
        for number, span, score in zip(owners, spans, scores.tolist(), strict=True):
            label = self._label(span)
            if label is not None and score >= self.threshold:
                tagged[number].append(_relabelled(span, label, round(score, 4)))
        for number, tags in tagged.items():
            docs[number].spans[TERMS] = tags
        return docs

    def _decide(self, span: Span, judgement: Judgement) -> bool:
        """Store what is decided of a phrase; return whether it is a tag."""
        ruling = Ruling.of(span)
        decided = self.decide(ruling, judgement)
        if decided != by_rules(ruling, judgement):
            attributes.attributes(span).update(extent=decided.extent, status=decided.status, decided_by="model")
        return decided.tagged

    def _label(self, span: Span) -> str | None:
        extent = attributes.attributes(span)["extent"]
        return self.scheme.label(extent) if span.label_ in SPREAD_LABELS else span.label_

    def to_disk(self, path: str | Path, **kwargs: Any) -> None:
        """Write nothing: the model is opened again, with its digest checked, from the path in the config."""

    def from_disk(self, path: str | Path, **kwargs: Any) -> Self:
        """Return the component itself."""
        return self

    def to_bytes(self, **kwargs: Any) -> bytes:
        """Return no bytes: see `to_disk`."""
        return b""

    def from_bytes(self, data: bytes, **kwargs: Any) -> Self:
        """Return the component itself."""
        return self


def _relabelled(span: Span, label: str, score: float) -> Span:
    stored = attributes.attributes(span)
    tag = Span(span.doc, span.start, span.end, label=label, span_id=span.id_)
    attributes.attributes(tag).update(stored, score=score)
    return tag
