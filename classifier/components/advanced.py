"""`cancer_advanced`: what each "advanced" means, and whether the note leaves it open."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from spacy.language import Language
from spacy.matcher import Matcher
from spacy.tokens import Doc, Span

from classifier import attributes, resources
from classifier.components.base import RuleComponent
from classifier.labels import DISTANT_EXTENTS, Evidence, Extent, Label, Sense, Status
from classifier.matching.patterns import Anchor, Tokens, anchors
from classifier.span_groups import TERMS
from classifier.text.words import Words

_LOCAL = (Extent.STATED_LOCAL, Extent.ADJACENT, Extent.REGIONAL_NODES, Extent.REGION)


@Language.factory(
    "cancer_advanced",
    requires=["doc.spans", "span._.status", "span._.extent"],
    assigns=["span._.sense", "span._.evidence", "doc._.advanced_ambiguous", "doc._.advanced_reason"],
    default_config={"rules": None},
)
def create_advanced(nlp: Language, name: str, rules: str | None) -> "AdvancedReader":
    """Make the component.

    Parameters
    ----------
    rules : str, optional
        Folder with `advanced_evidence.jsonl`; default the rules of the package.
    """
    return AdvancedReader(nlp, rules)


@dataclass(frozen=True, slots=True)
class _Fact:
    """Something in the note that says how far a cancer has gone."""

    sense: Sense
    """What it makes of "advanced"."""
    within: str
    """`phrase`: settles only an "advanced" that it stands in or beside; `note`: settles all."""
    start: int
    """First word."""
    end: int
    """After the last word."""
    primary: str | None = None
    """The cancer it is about, if known."""
    family: bool = False
    """It is about a relative's cancer."""


class _Evidence(BaseModel):
    """A line of `advanced_evidence.jsonl`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    """Unique name."""
    label: Sense
    """What it makes of "advanced"."""
    within: Literal["phrase", "note"]
    """What it settles: only the phrase that it stands in, or the note."""
    pattern: Tokens
    """A spaCy Matcher pattern."""
    about: str
    """What it is for."""
    example: str
    """A text in which "advanced", in double brackets, has its sense from it."""


class AdvancedReader(RuleComponent):
    """Set `span._.sense` and `span._.evidence` of each ADVANCED span, and say why a note is ambiguous.

    Some mean metastatic by "advanced", others locally advanced (ACS, "What Are Advanced and Metastatic Cancers?").
    The phrase decides before its sentence, and the sentence before the note. A metastasis that is negated or only
    possible settles nothing.
    """

    files = ("advanced_evidence.jsonl",)

    def __init__(self, nlp: Language, rules: str | Path | None = None) -> None:
        self._nlp = nlp
        super().__init__(rules)

    def compile(self, rules: Path) -> None:
        """Compile the evidence; E231 when a line is none."""
        self._matcher = Matcher(self._nlp.vocab)
        self._evidence = {}
        self.anchors: list[list[Anchor]] = []
        path = rules / "advanced_evidence.jsonl"
        for number, line in resources.read_jsonl(path):
            read = resources.shaped(_Evidence, line, f"{path}, line {number}", "E231", "See docs/rules.md.")
            if read.within == "note":
                self.anchors.append(anchors(read.pattern))
            self._evidence[read.id] = (read.label, read.within)
            self._matcher.add(read.id, [read.pattern])

    def __call__(self, doc: Doc) -> Doc:
        """Settle each "advanced" of a Doc."""
        spans = [span for span in doc.spans.get(TERMS, ()) if span.label_ == Label.ADVANCED]
        if not spans:
            return doc
        words = Words(doc)
        facts = _Facts(self._facts(doc, words), words.sentence)
        open_spans = []
        for span in spans:
            sense, evidence = _settle(span, words, facts)
            stored = attributes.attributes(span)
            stored["sense"], stored["evidence"] = str(sense), str(evidence)
            if sense is Sense.AMBIGUOUS:
                open_spans.append(span)
        if open_spans:
            attributes.set_advanced_reason(doc, _reason(open_spans, len(spans), doc))
        return doc

    def _facts(self, doc: Doc, words: Words) -> list[_Fact]:
        facts = []
        for key, start, end in self._matcher(words.doc):
            if not words.within_sentence(start, end):
                continue
            sense, within = self._evidence[doc.vocab.strings[key]]
            facts.append(_Fact(sense, within, start, end))
        for span in doc.spans[TERMS]:
            if span.label_ == Label.ADVANCED or span._.status not in (Status.PRESENT, Status.FAMILY):
                continue
            family = span._.status == Status.FAMILY
            start, end = words.span(span).start, words.span(span).end
            if span._.extent in DISTANT_EXTENTS and span.label_ != Label.RECURRENCE:
                facts.append(_Fact(Sense.DISTANT, "note", start, end, span._.primary, family))
            elif span._.extent in _LOCAL:
                facts.append(_Fact(Sense.LOCAL, "note", start, end, span._.primary, family))
        return facts


class _Facts:
    """What the facts of a note say: at each word, in each sentence, and of each cancer."""

    def __init__(self, facts: list[_Fact], sentences: list[int]) -> None:
        self.at: dict[int, set[Sense]] = {}
        self.in_sentence: dict[int, set[Sense]] = {}
        self.of_cancer: dict[str | None, set[Sense]] = {}
        for fact in facts:
            self.at.setdefault(fact.start, set()).add(fact.sense)
            if fact.within == "note":
                self.in_sentence.setdefault(sentences[fact.start], set()).add(fact.sense)
                if not fact.family:
                    self.of_cancer.setdefault(fact.primary, set()).add(fact.sense)

    def of(self, primary: str | None) -> set[Sense]:
        """What is said of a cancer; a fact of no cancer in particular is about each."""
        known = self.of_cancer if primary is None else (primary, None)
        return set().union(*(self.of_cancer.get(name, ()) for name in known))


def _settle(span: Span, words: Words, facts: _Facts) -> tuple[Sense, Evidence]:
    """The phrase decides before the sentence, the sentence before the note; distant before local within each."""
    phrase = words.span(span)
    inside = set().union(*(facts.at.get(word, ()) for word in range(phrase.start, phrase.end)))
    for sense in (Sense.LOCAL, Sense.DISTANT):
        if sense in inside:
            return sense, Evidence.PHRASE
    in_sentence = facts.in_sentence.get(words.sentence[phrase.start], ())
    in_note = () if span._.status == Status.FAMILY else facts.of(span._.primary)
    for said, evidence in ((in_sentence, Evidence.SENTENCE), (in_note, Evidence.NOTE)):
        for sense in (Sense.DISTANT, Sense.LOCAL):
            if sense in said:
                return sense, evidence
    return Sense.AMBIGUOUS, Evidence.NONE


def _reason(open_spans: list[Span], uses: int, doc: Doc) -> str:
    """Say for a person which use is open, why, and what would settle it. Offsets, not the words of the note."""
    where = ", ".join(str(attributes.offset(doc, span.start_char)) for span in open_spans)
    many = len(open_spans) > 1
    unsettled = {
        span._.status
        for span in doc.spans[TERMS]
        if span._.extent in DISTANT_EXTENTS and span.label_ == Label.DISTANT_SPREAD
    } - {Status.PRESENT}
    beside = (
        f"metastasis is mentioned only as {' or '.join(sorted(unsettled))}"
        if unsettled
        else "no metastasis is affirmed"
    )
    return (
        f'{len(open_spans)} of {uses} uses of "advanced" (at {"characters" if many else "character"} {where}) '
        f"{'do' if many else 'does'} not say whether locally advanced or metastatic is meant: {beside}, and no stage, "
        "TNM category or extent of the same cancer settles it. A stage group, an M category or the sites would."
    )
