"""`cancer_assertion`: what the note says of each finding, after the ConText algorithm."""

from pathlib import Path
from typing import Literal

import numpy as np
from spacy.attrs import IS_LOWER, ORTH
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.base import RuleComponent
from classifier.labels import Status
from classifier.matching.cues import Cue
from classifier.reading.corroboration import confirm, overtake
from classifier.reading.cue_scopes import CueFinder, CuesOfDoc, Scope, next_apart
from classifier.reading.sections_of_doc import Sections
from classifier.span_groups import SECTIONS
from classifier.text.sections import FAMILY_HISTORY
from classifier.text.words import Words

_STATUS_KINDS = ("negated", "possible", "hypothetical")


@Language.factory(
    "cancer_assertion",
    requires=["token.is_sent_start"],
    assigns=["span._.status", "span._.historical", "span._.cue"],
    default_config={"spans_key": "ents", "rules": None, "past": "history", "confirm": False},
)
def create_assertion(
    nlp: Language, name: str, spans_key: str, rules: str | None, past: Literal["history", "over"], confirm: bool
) -> "Assertion":
    """Make the component.

    Parameters
    ----------
    spans_key : str, default "ents"
        Key of `doc.spans`, or `ents` for `doc.ents`.
    rules : str, optional
        Folder with `context_cues.jsonl`; default the rules of the package.
    past : str, default "history"
        `history`: a finding is historical as ConText has it, also by "history of". `over`: only where the note says
        that it is over or overtaken, as a cancer does not pass by standing in the history.
    confirm : bool, default False
        What is possible, or is asked, has the status that the note goes on to give it: at the same site
        (`span._.site`), or at any where a question names none. What came back is over where it came back again.
    """
    return Assertion(nlp, spans_key, past, confirm, rules)


class Assertion(RuleComponent):
    """Set `span._.status`, `span._.historical` and `span._.cue` of any spans.

    The algorithm is ConText (Chapman et al. 2001, Harkema et al. 2009): a cue gives its status to the findings in its
    scope, which reaches to the end of the sentence or to a terminator; a pseudo-cue blocks the cues within it. Of
    several cues the nearest decides, one that stands after the finding before one that stands before it, and a
    condition before all. A Doc without sentence starts is read as one sentence.
    """

    files = ("context_cues.jsonl",)

    def __init__(
        self, nlp: Language, spans_key: str, past: str, confirm: bool = False, rules: str | Path | None = None
    ) -> None:
        self.spans_key = spans_key
        self.past = past
        self.confirm = confirm
        self._nlp = nlp
        super().__init__(rules)

    def compile(self, rules: Path) -> None:
        """Compile the cues, split into tokens as the pipeline's tokenizer splits the notes."""
        self._finder = CueFinder(self._nlp, rules)

    def __call__(self, doc: Doc) -> Doc:
        """Decide the status of the spans of a Doc."""
        spans = list(doc.ents) if self.spans_key == "ents" else list(doc.spans.get(self.spans_key, ()))
        if not spans:
            return doc
        # The sentences of `cancer_segments` need no mending.
        words = Words(doc, None if SECTIONS in doc.spans else _mend)
        sections = Sections(doc)
        cues = CuesOfDoc(words, self._finder)
        asked: set[Span] = set()
        places = [tuple(np.searchsorted(words.positions, (span.start, span.end)).tolist()) for span in spans]
        following = next_apart(places, words.doc)
        for span, (start, end) in zip(spans, places, strict=True):
            if start < len(words.positions):
                sentence = words.sentence[start]
                near, carried = cues.near(sentence, start, end), cues.carried_to(sentence)
                scope = Scope(start, max(end, start + 1), near, carried, following[start, end])
                decisive = self._decide(span, scope, sections.name(span.start), words)
                if decisive and decisive.asks:
                    asked.add(span)
        if self.confirm:
            confirm(spans, asked)
            overtake(spans, words)
        return doc

    def _decide(self, span: Span, scope: Scope, section: str | None, words: Words) -> Cue | None:
        """Store the status of a finding; return the cue that it is from."""
        stored = attributes.attributes(span)
        before = [mention for mention in scope.before(_STATUS_KINDS) if _speaks_of(mention.cue, span)]
        after = [mention for mention in scope.after(_STATUS_KINDS) if _speaks_of(mention.cue, span)]
        condition = next((mention for mention in before if mention.cue.holds), None)
        relatives = scope.after(("family",)) + scope.before(("family",))
        relative = next(iter(relatives), None)
        nearest = condition or next(iter(after + before), None)
        status = Status(nearest.cue.kind) if nearest else Status.PRESENT
        # What is denied beside a relative is denied of the patient, unless of a cancer that is the relative's.
        if status is not Status.NEGATED or any(mention.cue.holds for mention in relatives):
            if relative or (section == FAMILY_HISTORY and not scope.speaks_of_patient()):
                status, nearest = Status.FAMILY, relative
            elif section == "risks" and status is not Status.HYPOTHETICAL:
                status, nearest = Status.HYPOTHETICAL, None
        polarity = stored.get("polarity")
        if polarity and status in (Status.PRESENT, Status.POSSIBLE):
            status, nearest = Status(polarity), None
        timed = scope.after(("historical",)) + scope.before(("historical",))
        past = [mention for mention in timed if self._puts_in_past(mention.cue, span)]
        over = nearest is not None and nearest.cue.past == "over"
        in_history = self.past == "history" and section == "past_medical_history" and status is Status.PRESENT
        stored["status"] = str(status)
        stored["historical"] = (bool(past) and status is not Status.NEGATED) or over or in_history
        stored["cue"] = words.text(span.doc, nearest.start, nearest.end) if nearest else None
        return nearest.cue if nearest else None

    def _puts_in_past(self, cue: Cue, span: Span) -> bool:
        return (cue.past == "over" or self.past == "history") and _speaks_of(cue, span)


def _speaks_of(cue: Cue, span: Span) -> bool:
    return not cue.labels or span.label_ in cue.labels


def _mend(starts: np.ndarray, doc: Doc, positions: np.ndarray) -> None:
    """Mend where a splitter that goes by marks alone cuts "?PE" and "p.r.n. pain"."""
    marks, lower = doc.to_array([ORTH, IS_LOWER]).reshape(-1, 2)[positions].T
    question, stop = map(doc.vocab.strings.add, ("?", "."))
    after_mark = (marks[:-1] == question) | ((marks[:-1] == stop) & (lower[1:] == 1))
    for number in np.flatnonzero(after_mark & starts[positions[1:]]).tolist():
        last, index = doc[int(positions[number])], int(positions[number + 1])
        if last.text == ".":
            starts[index] = number == 0 or "." not in doc[int(positions[number - 1])].text
        elif last.i == index - 1 and not last.whitespace_:
            starts[index], starts[last.i] = False, True
