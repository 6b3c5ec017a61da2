"""The screen: which sentences of a raw text can matter at all, found before anything is tokenised.

Its regular expressions are derived from the rules, so that no new rule can be missed: a pattern matches only where its
anchor stands (`classifier.patterns.anchor`). They run in RE2, in time linear in any input.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import re2
from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.advanced import AdvancedReader
from classifier.components.phrases import CANCER_CLASSES, PhraseFinder
from classifier.components.segments import NO_START, SECTIONS, Segmenter
from classifier.labels import Label
from classifier.lexicon import MOST_KNOWN, PRIMARY_WORDS, Lexicon, Terms
from classifier.markup import blank_markup
from classifier.patterns import NOT_CANCER, Anchor, Pattern, anchors, neighbours
from classifier.segmentation import Segmentation

# What may stand between two words of a term: any white space, also of other alphabets.
_GAP = r"[\s\p{Z}\x{1c}-\x{1f}\x{85}]*"
# What may stand between two words that are side by side but for marks.
_MARKS = r"[^\pL\pN]*"
# A word ends where RE2 says so, or at an underscore, which the tokenizer splits off.
_EDGE = r"(?:\b|_)"
# Categories are written together (T2N0M0), so that one begins where another ends.
_AFTER_CATEGORY = r"(?:\b|_|[0-4a-dxsoi+])"
_BEFORE_CATEGORY = r"(?:\b|_|[cpyra]{0,3}[nm][0-3xo+])"
_CATEGORIES = ("n0", "n1", "nx", "no", "m0", "m1", "mx", "mo")
# Two words side by side are so many times rarer than the rarer of them.
_SIDE_BY_SIDE = 20
_MEMORY = 1 << 28
_WORD = re.compile(r"[^\W_]+")
_NEEDS_CANCER = ("sentence", "note", "nodes", "topic")
_ITEM = re2.compile(r"^[\s\p{Z}]*(?:[-–*•▪●◦]|\w{1,4}\s*[.)])")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a pattern needs, as bits: one for each of the things that are looked for."""

    note: int
    """What must stand in the note."""
    sentence: int
    """What must stand in one sentence."""
    of_advanced: bool
    """It is about "advanced", which the stages of the note settle."""


class Screen:
    """Finds the sentences that the pipeline must read, and makes a Doc of them alone.

    First, something that a pattern needs must stand in the note at all; then all that it needs, by the note's words;
    then all that its tokens need, in one block of the note and at last in one sentence. Where that holds for any
    pattern, the sentences that name cancers, nodes and stages are read as well, as the phrases are read by them.

    Parameters
    ----------
    nlp : Language
        The pipeline, with `cancer_segments`, `cancer_phrases` and `cancer_advanced`.
    """

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp
        phrases: PhraseFinder = nlp.get_pipe("cancer_phrases")  # type: ignore[assignment]
        segments: Segmenter = nlp.get_pipe("cancer_segments")  # type: ignore[assignment]
        advanced: AdvancedReader = nlp.get_pipe("cancer_advanced")  # type: ignore[assignment]
        self._headings = segments.headings
        lexicon = phrases.lexicon
        cancer, nodes = _of_classes(lexicon, *CANCER_CLASSES), _of_classes(lexicon, "NODE")
        clues = (clue for primary in lexicon.anatomy.primaries.values() for clue in primary.clues)
        facts = _joined([cancer, nodes, Terms(frozenset([*PRIMARY_WORDS, *clues]))])
        stages = _joined(min(map(lexicon.terms, places), key=lexicon.commonness) for places in advanced.anchors)
        looked_for: dict[Terms, int] = {cancer: 0, nodes: 1, facts: 2, stages: 3}
        self._fact, self._stage = 1 << 2, 1 << 3
        self._wanted: list[_Wanted] = []
        gates = [self._expression(cancer)]
        for pattern in phrases.patterns:
            if pattern.label == NOT_CANCER:
                continue
            places = [lexicon.terms(place) for place in anchors(pattern.pattern)]
            sentence = sum({1 << looked_for.setdefault(terms, len(looked_for)) for terms in places})
            note = sentence
            if pattern.needs in _NEEDS_CANCER:
                note |= 1 | (1 << 1 if pattern.needs == "nodes" else 0)
            else:
                gates.append(self._rarest(lexicon, cancer, pattern, places))
            self._wanted.append(_Wanted(note, sentence, pattern.label == Label.ADVANCED))
        self._words = _WordBits(looked_for, lexicon)
        self._gate = re2.compile("|".join(filter(None, gates)), _options())
        self._facts = self._compile(facts)
        self._cancer = self._compile(cancer)
        self._of_cancer = sum(1 << bit for terms, bit in looked_for.items() if _is_part(terms, cancer))

    def _rarest(self, lexicon: Lexicon, cancer: Terms, pattern: Pattern, places: list[Terms]) -> str:
        """The expression for what a pattern needs that tells most: a word, or two side by side; none for a cancer."""
        ways = [(lexicon.commonness(terms), self._expression(terms)) for terms in _without(cancer, places)]
        for pair in neighbours(pattern.pattern):
            left, right = _without(cancer, map(lexicon.terms, pair))
            common = min(lexicon.commonness(left), lexicon.commonness(right)) / _SIDE_BY_SIDE
            sides = self._expression(left), self._expression(right)
            ways.append((common, f"(?:{sides[0]}){_MARKS}(?:{sides[1]})" if all(sides) else ""))
        return min(ways, default=(0.0, r"\S"))[1]

    def doc(self, text: str) -> Doc | None:
        """Return a Doc of the sentences that can matter, ready for `cancer_phrases`; None where none can.

        Sentence starts and sections are set; `classifier.attributes.offset` says where its characters stood.
        """
        plain = blank_markup(text)
        if not self._gate.search(plain):
            return None
        segmentation = Segmentation(plain, self._headings)
        blocks = [(start, end, self._words.of(plain[start:end])) for start, end in segmentation.blocks()]
        if not self._cancer.search(plain):
            # The bits of a term stand for its rarest word, which may stand without the rest of it.
            blocks = [(start, end, bits & ~self._of_cancer) for start, end, bits in blocks]
        there = 0
        for _, _, bits in blocks:
            there |= bits
        live = [wanted for wanted in self._wanted if not wanted.note & ~there]
        if not live:
            return None
        possible = [wanted.sentence for wanted in live]
        stage = self._stage if any(wanted.of_advanced for wanted in live) else 0
        matter: list[tuple[int, int]] = []
        facts: list[tuple[int, int]] = []
        for number, (start, end, bits) in enumerate(blocks):
            promising = any(not wanted & ~bits for wanted in possible)
            if not promising and not self._tells(plain[start:end], bits, stage):
                continue
            for first, last in segmentation.sentences(number):
                sentence = plain[first:last]
                bits = self._words.of(sentence)
                if promising and any(not wanted & ~bits for wanted in possible):
                    matter.append((first, last))
                elif self._tells(sentence, bits, stage):
                    facts.append((first, last))
        if not matter:
            return None
        return self._windows(segmentation, self._with_lists(segmentation, [*matter, *facts]))

    def _tells(self, text: str, bits: int, stage: int) -> bool:
        """Whether a text tells something by which phrases elsewhere in the note are read."""
        return bool(bits & stage) or (bool(bits & self._fact) and self._facts.search(text) is not None)

    @staticmethod
    def _with_lists(segmentation: Segmentation, sentences: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The sentences in order, each item of a list with the items before it and what heads them."""
        found = dict(sentences)
        for start, _ in sentences:
            while start and _ITEM.search(segmentation.plain[start : start + 40]):
                start, end = segmentation.before(start)
                if start in found:
                    break
                found[start] = end
        return sorted(found.items())

    def _windows(self, segmentation: Segmentation, sentences: list[tuple[int, int]]) -> Doc:
        """A Doc of sentences. Each brings along the rest of the chunks it shares with others, to be split alike."""
        plain = segmentation.plain
        windows: list[tuple[int, int]] = []
        for start, end in sentences:
            # A chunk may hold many sentences: each part of it is gone through once.
            reached = windows[-1][1] if windows else 0
            if end <= reached:
                continue
            while start > reached and not plain[start - 1].isspace():
                start -= 1
            while end < len(plain) and not plain[end - 1].isspace() and not plain[end].isspace():
                end += 1
            if windows and start <= windows[-1][1]:
                windows[-1] = windows[-1][0], max(end, windows[-1][1])
            else:
                windows.append((start, end))
        doc = self._nlp.tokenizer("\n".join(plain[start:end] for start, end in windows))
        offsets: list[tuple[int, int]] = []
        begins: dict[int, int] = {}
        position = number = 0
        for start, end in windows:
            offsets.append((position, start))
            begins[position] = start
            while number < len(sentences) and sentences[number][0] < end:
                first, last = sentences[number]
                number += 1
                begins[position + first - start] = first
                if last < end:
                    begins[position + last - start] = last
            position += end - start + 1
        attributes.set_offsets(doc, offsets)
        self._mark(doc, sorted(begins.items()), segmentation)
        return doc

    def _mark(self, doc: Doc, begins: list[tuple[int, int]], segmentation: Segmentation) -> None:
        """Set sentence starts and sections; `begins` pairs each sentence's offset with that in the note."""
        indices = np.searchsorted(doc.to_array(IDX).astype("int64"), [place for place, _ in begins])
        starts = np.full((len(doc), 1), NO_START, dtype="uint64")
        starts[indices[indices < len(doc)]] = 1
        doc.from_array([SENT_START], starts)  # type: ignore[arg-type]
        sections: list[tuple[int, int, str, int]] = []
        bounds = [*indices.tolist(), len(doc)]
        for number, (_, original) in enumerate(begins):
            section = segmentation.section(original)
            first, last = bounds[number], bounds[number + 1]
            if section is None or first >= last:
                continue
            if sections and sections[-1][3] == section.start and sections[-1][1] == first:
                sections[-1] = (sections[-1][0], last, section.name, section.start)
            else:
                sections.append((first, last, section.name, section.start))
        doc.spans[SECTIONS] = [Span(doc, first, last, label=name) for first, last, name, _ in sections]

    def _compile(self, terms: Terms) -> "re2._Regexp":
        return re2.compile(self._expression(terms), _options())

    def _expression(self, terms: Terms) -> str:
        """One expression for all: words between edges, and the shapes of categories that are written together."""
        make = self._nlp.make_doc
        words = {
            _GAP.join(re2.escape(token.lower_) for token in make(term) if not token.is_space) for term in terms.words
        }
        parts = [f"{_left(word)}{word}{_right(word)}" for word in sorted(words) if word]
        parts += [f"{_left_of(shape)}(?:{shape.strip('^$')}){_BEFORE_CATEGORY}" for shape in sorted(terms.shapes)]
        return "|".join(parts)


class _WordBits:
    """Tells by the words of a text which of the things that are looked for can stand in it.

    Of a term its rarest word counts.
    """

    def __init__(self, things: dict[Terms, int], lexicon: Lexicon) -> None:
        self._marks: dict[str, int] = {}
        self._of_word: dict[str, int] = {}
        self._shapes: list[tuple[re.Pattern[str], int]] = []
        for terms, index in things.items():
            for term in terms.words:
                word = lexicon.rarest_word(term)
                if word is not None:
                    self._of_word[word] = self._of_word.get(word, 0) | 1 << index
                else:
                    self._marks[term] = self._marks.get(term, 0) | 1 << index
            self._shapes += [(re.compile(_in_word(shape)), 1 << index) for shape in terms.shapes]
        self._known: dict[str, int] = {}

    def of(self, text: str) -> int:
        """Return the bits of a text."""
        known = self._known
        bits = 0
        for mark, bit in self._marks.items():
            if mark in text:
                bits |= bit
        for word in set(_WORD.findall(text.lower())):
            try:
                bits |= known[word]
            except KeyError:
                bits |= self._learn(word)
        return bits

    def _learn(self, word: str) -> int:
        if len(self._known) > MOST_KNOWN:
            self._known = {}
        bits = self._of_word.get(word, 0)
        for shape, bit in self._shapes:
            if shape.search(word):
                bits |= bit
        self._known[word] = bits
        return bits


def _options() -> "re2.Options":
    options = re2.Options()
    options.max_mem, options.never_capture, options.log_errors = _MEMORY, True, False
    options.case_sensitive = False
    return options


def _left(word: str) -> str:
    return _EDGE if word[0].isalnum() and word[0].isascii() else ""


def _is_category(shape: str) -> bool:
    return any(re.fullmatch(shape, category) for category in _CATEGORIES)


def _left_of(shape: str) -> str:
    """A shape that a category such as N0 has may begin where another category ends."""
    return _AFTER_CATEGORY if _is_category(shape) else _EDGE


def _in_word(shape: str) -> str:
    """The same within a word, in lower case."""
    before = "(?:^|(?<=[0-4a-dxsoi]))" if _is_category(shape) else "^"
    return f"{before}(?:{shape.strip('^$')})(?:$|(?=[cpyra]{{0,3}}[nm][0-3xo]))"


def _right(word: str) -> str:
    return _EDGE if word[-1].isalnum() and word[-1].isascii() else ""


def _of_classes(lexicon: Lexicon, *names: str) -> Terms:
    return lexicon.terms(Anchor(frozenset(), frozenset(names), frozenset()))


def _is_part(terms: Terms, whole: Terms) -> bool:
    return bool(terms.words) and terms.words <= whole.words and not terms.shapes


def _without(cancer: Terms, places: Iterable[Terms]) -> list[Terms]:
    """What is left to look for when the words for cancer are looked for anyhow."""
    return [Terms(terms.words - cancer.words, terms.shapes) for terms in places]


def _joined(parts: Iterable[Terms]) -> Terms:
    parts = list(parts)
    return Terms(
        frozenset().union(*(part.words for part in parts)), frozenset().union(*(part.shapes for part in parts))
    )
