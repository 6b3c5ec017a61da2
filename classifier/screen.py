"""The screen: which sentences of a raw text can matter at all, found before anything is tokenised.

Its regular expressions are derived from the rules, so that no new rule can be missed: a pattern matches only where its
anchor stands (`classifier.patterns.anchor`). They run in RE2, in time linear in any input.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import NamedTuple

import numpy as np
import re2
from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.advanced import AdvancedReader
from classifier.components.phrases import CANCER_CLASSES, NAMED_CLASSES, PhraseFinder
from classifier.components.segments import NO_START, SECTIONS, Segmenter
from classifier.labels import Label
from classifier.lexicon import PRIMARY_WORDS, Lexicon, Terms
from classifier.markup import blank_markup
from classifier.patterns import NOT_CANCER, Anchor, Pattern, Step, anchors, runs
from classifier.segmentation import Segmentation
from classifier.word_bits import Run, Runs, WordBits, is_category, words_of

# What may stand between two words of a term: any white space, also of other alphabets.
_GAP = r"[\s\p{Z}\x{1c}-\x{1f}\x{85}]*"
# What may stand between two words that are side by side but for marks.
_MARKS = r"[^\pL\pN]*"
# A word ends where RE2 says so, or at an underscore, which the tokenizer splits off.
_EDGE = r"(?:\b|_)"
# Categories are written together (T2N0M0), so that one begins where another ends.
_AFTER_CATEGORY = r"(?:\b|_|[0-4a-dxsoi+])"
_BEFORE_CATEGORY = r"(?:\b|_|[cpyra]{0,3}[nm][0-3xo+])"
# Two words stand in a run in so many times fewer notes than they both stand in.
_IN_A_RUN = 3
# An expression longer by so many characters costs about what a word costs that stands in one note more of 100.
_LENGTH_OF_A_NOTE = 1500
_MEMORY = 1 << 28
_NEEDS_CANCER = ("sentence", "note", "nodes", "topic")
_ITEM = re2.compile(r"^[\s\p{Z}]*(?:[-–*•▪●◦]|\w{1,4}\s*[.)])")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a pattern needs, as bits: one for each of the things that are looked for."""

    pattern: int
    """Its id, as spaCy numbers it."""
    note: int
    """What must stand in the note."""
    sentence: int
    """What must stand in one sentence."""
    of_advanced: bool
    """It is about "advanced", which the stages of the note settle."""
    runs: list[Run]
    """What must follow each other in the sentence."""


class _Part(NamedTuple):
    """A part of a note: a block, a piece of it, or a sentence."""

    words: list[str]
    """Its words, as `classifier.word_bits.words_of` gives them."""
    bits: int
    """What can stand in it of all that is looked for."""


class Screen:
    """Finds the sentences that the pipeline must read, and makes a Doc of them alone.

    First, something that a pattern needs must stand in the note at all; then all that it needs, by the note's words;
    then all that its tokens need, in one block of the note, in a piece of it and at last, in a row, in one sentence
    (`classifier.word_bits`). Where that holds for any pattern, the sentences that name cancers, nodes and stages are
    read as well, as the phrases are read by them.

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
        self._parts: dict[str, list[str]] = {}
        self._tokens: dict[Anchor, str] = {}
        self._lexicon = lexicon = phrases.lexicon
        cancer, nodes = _of_classes(lexicon, *CANCER_CLASSES), _of_classes(lexicon, "NODE")
        clues = (clue for primary in lexicon.anatomy.primaries.values() for clue in primary.clues)
        facts = _joined([cancer, nodes, Terms(frozenset([*PRIMARY_WORDS, *clues]))])
        stages = _joined(min(map(lexicon.terms, places), key=lexicon.commonness) for places in advanced.anchors)
        named = _of_classes(lexicon, *NAMED_CLASSES)
        looked_for: dict[Terms, int] = {cancer: 0, nodes: 1, named: 2}
        self._runs = Runs(lexicon)
        self._wanted: list[_Wanted] = []
        gates = [self._expression(cancer)]
        for pattern in phrases.patterns:
            if pattern.label == NOT_CANCER:
                continue
            places = [lexicon.terms(place) for place in anchors(pattern.pattern)]
            sentence = sum({1 << looked_for.setdefault(terms, len(looked_for)) for terms in places})
            sentence |= 1 << looked_for[named] if pattern.needs == "sentence" else 0
            note = sentence
            if pattern.needs in _NEEDS_CANCER:
                note |= 1 | (1 << 1 if pattern.needs == "nodes" else 0)
            else:
                gates.append(self._rarest(cancer, pattern))
            made = [self._runs.run(steps) for steps in runs(pattern.pattern)]
            key = nlp.vocab.strings.add(pattern.id)
            self._wanted.append(_Wanted(key, note, sentence, pattern.label == Label.ADVANCED, made))
        self._words = WordBits(looked_for, lexicon)
        self._gate = re2.compile("|".join(filter(None, gates)), _options())
        self._facts = {staged: self._compile(_joined([facts, stages]) if staged else facts) for staged in (True, False)}
        self._cancer = self._compile(cancer)
        self._of_cancer = sum(1 << bit for terms, bit in looked_for.items() if _is_part(terms, cancer))

    def _rarest(self, cancer: Terms, pattern: Pattern) -> str:
        """The expression for what a pattern needs that tells most: a word, or two in a run; none for a cancer."""
        common = self._lexicon.commonness
        rests = [_beside(cancer, place) for place in anchors(pattern.pattern)]
        if None in rests:
            return ""
        ways = [(common(terms), self._expression(terms)) for terms in map(self._lexicon.terms, filter(None, rests))]
        for left, right in (pair for run in runs(pattern.pattern) for pair in pairwise(run)):
            steps = [Step(_beside(cancer, step.anchor) or step.anchor, step.between) for step in (left, right)]
            both = math.prod(common(self._lexicon.terms(step.anchor)) / 100 for step in steps)
            ways.append((100 * both / _IN_A_RUN, self._run(steps)))
        # A long expression costs time as well: on every note, and on the first ones above all.
        return min(ways, key=lambda way: way[0] + len(way[1]) / _LENGTH_OF_A_NOTE, default=(0.0, r"\S"))[1]

    def _run(self, steps: list[Step]) -> str:
        """One expression for a run: its words, with only marks and what may stand between them."""
        expression = ""
        for step in steps:
            between = "|".join(filter(None, map(self._token, step.between)))
            if expression:
                expression += f"{_MARKS}(?:(?:{between}){_MARKS})*" if between else _MARKS
            expression += f"(?:{self._token(step.anchor)})"
        return expression

    def _token(self, place: Anchor) -> str:
        """The expression for one token that an anchor admits."""
        if place not in self._tokens:
            terms = self._lexicon.terms(place)
            # A token is one word of a term that gives it its class.
            parts = {part for term in terms.words - place.words for part in self._split(term)}
            self._tokens[place] = self._expression(Terms(place.words | parts, terms.shapes))
        return self._tokens[place]

    def _split(self, term: str) -> list[str]:
        if term not in self._parts:
            self._parts[term] = [token.lower_ for token in self._nlp.make_doc(term) if not token.is_space]
        return self._parts[term]

    def doc(self, text: str) -> Doc | None:
        """Return a Doc of the sentences that can matter, ready for `cancer_phrases`; None where none can.

        Sentence starts and sections are set; `classifier.attributes.offset` says where its characters stood.
        """
        plain = blank_markup(text)
        if not self._gate.search(plain):
            return None
        segmentation = Segmentation(plain, self._headings)
        blocks = [self._part(plain, start, end) for start, end in segmentation.blocks()]
        there = reduce(or_, (block.bits for block in blocks))
        if there & self._of_cancer and not self._cancer.search(plain):
            # The bits of a term stand for its rarest word, which may stand without the rest of it.
            there &= ~self._of_cancer
        live = [wanted for wanted in self._wanted if wanted.note & there == wanted.note]
        if not live:
            return None
        matter = {
            sentence: [wanted.pattern for wanted in found]
            for number, block in enumerate(blocks)
            for sentence, found in self._promising(segmentation, number, block, live)
        }
        if not matter:
            return None
        facts = self._facts[any(wanted.of_advanced for wanted in live)]
        telling = _sentences_at(segmentation, (match.span() for match in facts.finditer(plain)))
        return self._windows(segmentation, self._with_lists(segmentation, [*matter, *telling]), matter)

    def _part(self, plain: str, start: int, end: int) -> _Part:
        text = plain[start:end]
        words = words_of(text)
        return _Part(words, self._words.of(text, words))

    def _promising(
        self, segmentation: Segmentation, number: int, block: _Part, live: list[_Wanted]
    ) -> Iterator[tuple[tuple[int, int], list[_Wanted]]]:
        """The sentences of a block in which all stands that some pattern needs there; first looked for in the block."""
        in_block = self._standing(block, live)
        if not in_block:
            return
        plain, pieces = segmentation.plain, segmentation.pieces(number)
        for piece in pieces:
            in_piece = in_block if len(pieces) == 1 else self._standing(self._part(plain, *piece), in_block)
            if in_piece:
                for sentence in segmentation.sentences(number, piece):
                    found = in_piece if sentence == piece else self._standing(self._part(plain, *sentence), in_piece)
                    if found:
                        yield sentence, found

    def _standing(self, part: _Part, wanted: list[_Wanted]) -> list[_Wanted]:
        """Of what patterns need, that which can stand in a part of the note."""
        bits = part.bits
        there = [pattern for pattern in wanted if pattern.sentence & bits == pattern.sentence]
        if there:
            marked = self._runs.read(part.words)
            there = [pattern for pattern in there if all(map(marked.have, pattern.runs))]
        return there

    @staticmethod
    def _with_lists(segmentation: Segmentation, sentences: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The sentences in order, each item of a list with the items before it and what heads them."""
        found = dict(sentences)
        for start, _ in sentences:
            while start and _ITEM.search(segmentation.plain[start : start + 40]):
                start, end = segmentation.sentence_at(start - 1)
                if start in found:
                    break
                found[start] = end
        return sorted(found.items())

    def _windows(
        self, segmentation: Segmentation, sentences: list[tuple[int, int]], matter: dict[tuple[int, int], list[int]]
    ) -> Doc:
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
        numbers = self._mark(doc, sorted(begins.items()), segmentation)
        possible: dict[int, list[int]] = {}
        for (start, _), patterns in matter.items():
            possible.setdefault(numbers[start], []).extend(patterns)
        attributes.set_windows(doc, offsets, possible)
        return doc

    def _mark(self, doc: Doc, begins: list[tuple[int, int]], segmentation: Segmentation) -> dict[int, int]:
        """Set sentence starts and sections; `begins` pairs each sentence's offset with that in the note.

        Returns the number of each sentence, from 1, by its offset in the note.
        """
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
        numbers = np.searchsorted(np.unique(indices), indices) + 1
        return dict(zip((original for _, original in begins), numbers.tolist(), strict=True))

    def _compile(self, terms: Terms) -> "re2._Regexp":
        return re2.compile(self._expression(terms), _options())

    def _expression(self, terms: Terms) -> str:
        """One expression for all: words between edges, and the shapes of categories that are written together."""
        words = {_GAP.join(map(re2.escape, self._split(term))) for term in terms.words}
        parts = [f"{_left(word)}{word}{_right(word)}" for word in sorted(words) if word]
        parts += [f"{_left_of(shape)}(?:{shape.strip('^$')}){_BEFORE_CATEGORY}" for shape in sorted(terms.shapes)]
        return "|".join(parts)


def _sentences_at(segmentation: Segmentation, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The sentences of a note that stand at some places."""
    found: dict[int, int] = {}
    for start, end in places:
        while start < end:
            first, start = segmentation.sentence_at(start)
            found[first] = start
    return list(found.items())


def _options() -> "re2.Options":
    options = re2.Options()
    options.max_mem, options.never_capture, options.log_errors = _MEMORY, True, False
    options.case_sensitive = False
    return options


def _left(word: str) -> str:
    return _EDGE if word[0].isalnum() and word[0].isascii() else ""


def _left_of(shape: str) -> str:
    """A shape that a category such as N0 has may begin where another category ends."""
    return _AFTER_CATEGORY if is_category(shape) else _EDGE


def _right(word: str) -> str:
    return _EDGE if word[-1].isalnum() and word[-1].isascii() else ""


def _of_classes(lexicon: Lexicon, *names: str) -> Terms:
    return lexicon.terms(Anchor(frozenset(), frozenset(names), frozenset()))


def _is_part(terms: Terms, whole: Terms) -> bool:
    return bool(terms.words) and terms.words <= whole.words and not terms.shapes


def _beside(cancer: Terms, place: Anchor) -> Anchor | None:
    """What is left to look for of an anchor when the words for cancer are looked for anyhow; None where nothing is."""
    words, classes = place.words - cancer.words, place.classes - set(CANCER_CLASSES)
    return Anchor(words, classes, place.shapes) if words or classes or place.shapes else None


def _joined(parts: Iterable[Terms]) -> Terms:
    parts = list(parts)
    return Terms(
        frozenset().union(*(part.words for part in parts)), frozenset().union(*(part.shapes for part in parts))
    )
