"""What the model sees of a candidate phrase: its words, what stands around it, and the vote of its rule."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from spacy.attrs import SENT_START
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.labels import Label, Status
from classifier.reading.note_facts import NoteFacts
from classifier.reading.sections_of_doc import Sections
from classifier.span_groups import CANCERS, CLUES, PRIMARIES, SITES, TERMS
from classifier.text.words import is_word

Features = dict[str, float | str]
"""Named values of one candidate, as `sklearn.feature_extraction.DictVectorizer` takes them."""

# Words to each side that are looked at one by one, and as a bag.
_NEAR, _AROUND = 4, 10
_LONGEST_WORD = 14
_STEM = 5


def features(doc: Doc) -> list[Features]:
    """Return the features of each span of `doc.spans["cancer_terms"]`, in order.

    Parameters
    ----------
    doc : Doc
        With phrases, extents and statuses, weak phrases among them.

    Returns
    -------
    list of dict, length candidates
        Words come from the candidate's sentence alone, and note-level facts from the spans of the other components,
        so that a window of the note gives the same as the whole.
    """
    spans = list(doc.spans[TERMS])
    if not spans:
        return []
    context = _Context(doc)
    return [context.of(span) for span in spans]


class _Context:
    """What the candidates of a note share."""

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.is_word: list[bool] = is_word(doc).tolist()
        self.sentences: list[int] = np.cumsum(doc.to_array(SENT_START) == 1).tolist()
        self.sections = Sections(doc)
        self.classes: dict[int, str] = {}
        for key, name in ((SITES, "SITE"), (PRIMARIES, "PRIMARY"), (CANCERS, "CANCER"), (CLUES, "CLUE")):
            for span in doc.spans.get(key, ()):
                for index in range(span.start, span.end):
                    if self.is_word[index]:
                        self.classes.setdefault(index, name)
        self.reaches: dict[int, dict[str, tuple[int, int]]] = {}
        """In each sentence, the first and the last token of each class."""
        for index, name in sorted(self.classes.items()):
            reach = self.reaches.setdefault(self.sentences[index], {})
            reach[name] = reach.get(name, (index, index))[0], index
        self.facts = NoteFacts.of(doc)
        self.affirmed: Counter[str] = Counter()
        for span in doc.spans[TERMS]:
            stored = attributes.attributes(span)
            if not stored["weak"] and stored.get("status") == Status.PRESENT and span.label_ != Label.ADVANCED:
                self.affirmed[stored["extent"] or span.label_] += 1

    def of(self, span: Span) -> Features:
        """The features of one candidate."""
        stored = attributes.attributes(span)
        sentence = self.sentences[span.start]
        first, last = bisect_left(self.sentences, sentence), bisect_right(self.sentences, sentence)
        # A sentence may be as long as the note: only so much of it is read.
        before = list(islice(self._words(range(span.start - 1, first - 1, -1)), _AROUND))
        within = list(self._words(range(span.start, span.end)))
        after = list(islice(self._words(range(span.end, last)), _AROUND))
        rule = f"{span.id_}{'/weak' if stored['weak'] else ''}"
        found: Features = {
            "rule": rule,
            "label": f"{span.label_}{'/weak' if stored['weak'] else ''}",
            "weak": float(stored["weak"]),
            "extent": f"{stored['extent']}",
            "rule+extent": f"{rule} {stored['extent']}",
            "status": f"{stored.get('status')}",
            "section": f"{self.sections.name(span.start)}",
            "primary": f"{stored['primary']}",
            "sites": float(bool(stored.get("site"))),
            "primaries": float(min(len(self.facts.primaries), 4)),
            "cancers": f"{min(self.facts.cancers.bit_length(), 6)}",
            "rule+cancers": f"{rule} {min(self.facts.cancers.bit_length(), 6)}",
            "rule+section": f"{rule} {self.sections.name(span.start)}",
            "length": float(min(len(within), 8)),
            "first": float(not before),
            "last": float(not after),
            "others": float(min(sum(self.affirmed.values()), 10)) / 10,
        }
        for site in (stored.get("site") or "").split(";"):
            if site:
                found[f"site={site}"] = 1.0
                found[f"site={site} extent={stored['extent']}"] = 1.0
        for extent in self.affirmed:
            found[f"note affirms {extent}"] = 1.0
        for word in within:
            found[f"in {word}"] = 1.0
        found["phrase"] = " ".join(within)[:60]
        for name, words in (("before", before), ("after", after)):
            for place, word in enumerate(words[:_NEAR]):
                found[f"{name}{place} {word}"] = 1.0
            for word in words:
                found[f"{name} {word}"] = 1.0
                found[f"near {word[:_STEM]}"] = 1.0
            found[f"{name} pair"] = " ".join(words[:2])
        for name, (start, end) in self.reaches.get(sentence, {}).items():
            if start < span.start:
                found[f"{name} before"] = 1.0
            if end >= span.end:
                found[f"{name} after"] = 1.0
        for index in range(span.start, span.end):
            if index in self.classes:
                found[f"{self.classes[index]} in"] = 1.0
        return found

    def _words(self, tokens: Iterable[int]) -> Iterator[str]:
        for index in tokens:
            if self.is_word[index]:
                lower = self.doc[index].lower_
                yield "0" if lower.isdigit() else lower[:_LONGEST_WORD]
