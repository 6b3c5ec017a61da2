"""The screen: which sentences of a raw text can matter at all, found before anything is tokenised.

Its regular expressions are derived from the rules, so that no new rule can be missed: a pattern matches only where its
anchor stands (`classifier.patterns.anchor`). They run in RE2, in time linear in any input.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby, pairwise
from operator import or_

import numpy as np
import re2
from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.advanced import AdvancedReader
from classifier.components.phrases import NAMED_CLASSES, PhraseFinder
from classifier.components.segments import NO_START, SECTIONS, Segmenter
from classifier.fact_reader import CANCER_CLASSES
from classifier.labels import Label
from classifier.lexicon import Lexicon, Terms
from classifier.markup import blank_markup
from classifier.note_facts import NoteFacts
from classifier.patterns import NOT_CANCER, Anchor, Pattern, Step, anchors, runs
from classifier.raw_words import RawWords, words_of
from classifier.segmentation import FAMILY_HISTORY, Segmentation
from classifier.word_letters import Run, WordLetters, is_category

# What may stand between two tokens of a term: any white space, also of other alphabets; two words need some.
_GAP = r"[\s\p{Z}\x{1c}-\x{1f}\x{85}]"
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
_LENGTH_OF_A_NOTE = 500
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
    found_by: Run
    """Where this stands in the note, its sentence is looked at."""


class Screen:
    """Finds the sentences that the pipeline must read, and makes a Doc of them alone.

    First, something that a pattern needs must stand in the note at all; then all that it needs, by the note's words.
    Where its tokens can follow each other (`classifier.word_letters`), all that it needs must stand in the sentence. Of
    the rest of the note the stages are read, where "advanced" is to be settled; what the note says as a whole is read
    off its words (`classifier.fact_reader`).

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
        self._of_family = {words_of(term)[0] for term, name in self._headings.items() if name == FAMILY_HISTORY}
        self._reader = phrases.facts
        self._parts: dict[str, list[str]] = {}
        self._tokens: dict[Anchor, str] = {}
        self._lexicon = lexicon = phrases.lexicon
        cancer, nodes = _of_classes(lexicon, *CANCER_CLASSES), _of_classes(lexicon, "NODE")
        named = _of_classes(lexicon, *NAMED_CLASSES)
        self._letters = letters = WordLetters(lexicon)
        self._wanted: list[_Wanted] = []
        gates = [self._expression(cancer)]
        for pattern in phrases.patterns:
            if pattern.label == NOT_CANCER:
                continue
            made = [letters.run(steps) for steps in runs(pattern.pattern)]
            sentence = reduce(or_, (letters.bit(lexicon.terms(place)) for place in anchors(pattern.pattern)), 0)
            # A word that is several tokens may be more than its letter says.
            sentence |= reduce(or_, (place for run in made if not run.mixed for place in run.places), 0)
            sentence |= letters.bit(named) if pattern.needs == "sentence" else 0
            note = sentence
            if pattern.needs in _NEEDS_CANCER:
                note |= letters.bit(cancer) | (letters.bit(nodes) if pattern.needs == "nodes" else 0)
            else:
                gates.append(self._rarest(cancer, pattern))
            ways = [[Step(place, ())] for place in anchors(pattern.pattern)] + runs(pattern.pattern)
            found_by = letters.run(min(ways, key=self._commonness, default=[]))
            key = nlp.vocab.strings.add(pattern.id)
            of_advanced = pattern.label == Label.ADVANCED
            self._wanted.append(_Wanted(key, note, sentence, of_advanced, made, found_by))
        self._gate = re2.compile("|".join(filter(None, gates)), _options())
        self._cancer = re2.compile(self._expression(cancer), _options())
        self._of_cancer = letters.bits_of_parts(cancer)
        stages = (min(map(lexicon.terms, places), key=lexicon.commonness) for places in advanced.anchors)
        self._stages = re2.compile("|".join(map(self._expression, stages)), _options())

    def _commonness(self, steps: Sequence[Step]) -> float:
        """In how many of 100 ordinary notes a run may stand, roughly."""
        common = [self._lexicon.commonness(self._lexicon.terms(step.anchor)) for step in steps]
        return 100 * math.prod(min(share, 100) / 100 for share in common) / (_IN_A_RUN if len(steps) > 1 else 1)

    def _rarest(self, cancer: Terms, pattern: Pattern) -> str:
        """The expression for what a pattern needs that tells most: a word, or two in a run; none for a cancer."""
        common = self._lexicon.commonness
        rests = [_beside(cancer, place) for place in anchors(pattern.pattern)]
        if None in rests:
            return ""
        ways = [(common(terms), self._expression(terms)) for terms in map(self._lexicon.terms, filter(None, rests))]
        for left, right in (pair for run in runs(pattern.pattern) for pair in pairwise(run)):
            steps = [Step(_beside(cancer, step.anchor) or step.anchor, step.between) for step in (left, right)]
            ways.append((self._commonness(steps), self._run(steps)))
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
        words = RawWords(plain)
        letters = self._letters.of(words.lower)
        there = self._letters.bits(letters) | self._letters.marks(plain)
        if there & self._of_cancer and not self._cancer.search(plain):
            # The bits of a term stand for a word of it, which may stand without the rest.
            there &= ~self._of_cancer
        live = [wanted for wanted in self._wanted if wanted.note & there == wanted.note]
        joined = "".join(letters).encode()
        found = [(place, wanted) for wanted in live for place in self._places(wanted.found_by, words, joined)]
        if not found:
            return None
        segmentation = Segmentation(plain, self._headings)
        matter = self._promising(segmentation, words, letters, found)
        if not matter:
            return None
        staged: list[tuple[int, int]] = []
        if any(wanted.of_advanced for wanted in live):
            staged = _sentences_at(segmentation, (match.span() for match in self._stages.finditer(plain)))
        doc = self._windows(segmentation, self._with_lists(segmentation, [*matter, *staged]), matter)
        self._facts(words, segmentation).keep(doc)
        return doc

    def _places(self, run: Run, words: RawWords, letters: bytes) -> Iterator[tuple[int, int]]:
        """Start and end of where a run can stand in the note: anywhere, where it needs no word."""
        if not run.places:
            yield 0, len(words.text)
            return
        for first, last in self._letters.find(run, letters):
            yield words.offsets[first], words.offsets[last - 1] + 1

    def _facts(self, words: RawWords, segmentation: Segmentation) -> NoteFacts:
        may_stand = not self._of_family.isdisjoint(words.lower)

        def in_family(offset: int) -> bool:
            section = segmentation.section(offset) if may_stand else None
            return section is not None and section.name == FAMILY_HISTORY

        return self._reader.read(words, in_family)

    def _promising(
        self,
        segmentation: Segmentation,
        words: RawWords,
        letters: list[str],
        found: list[tuple[tuple[int, int], _Wanted]],
    ) -> dict[tuple[int, int], list[int]]:
        """The sentences in which all stands that patterns need there, with their ids; `found` says where to look."""
        plain, offsets = segmentation.plain, words.offsets
        blocks = segmentation.blocks()
        in_block: dict[int, int] = {}

        def bits(start: int, end: int) -> int:
            here = letters[bisect_left(offsets, start) : bisect_left(offsets, end)]
            return self._letters.bits(here) | self._letters.marks(plain[start:end])

        possible: dict[tuple[int, int], dict[int, _Wanted]] = {}
        for (start, end), wanted in found:
            while start < end:
                number = segmentation.block_at(start)
                if number not in in_block:
                    in_block[number] = bits(*blocks[number])
                if wanted.sentence & in_block[number] == wanted.sentence:
                    sentence = segmentation.sentence_at(start)
                    possible.setdefault(sentence, {})[wanted.pattern] = wanted
                    start = sentence[1]
                else:
                    start = blocks[number][1]
        matter = {}
        for (start, end), patterns in possible.items():
            there = bits(start, end)
            standing = [wanted for wanted in patterns.values() if wanted.sentence & there == wanted.sentence]
            if standing:
                joined = "".join(letters[bisect_left(offsets, start) : bisect_left(offsets, end)]).encode()
                standing = [wanted for wanted in standing if all(self._letters.has(run, joined) for run in wanted.runs)]
            if standing:
                matter[start, end] = [wanted.pattern for wanted in standing]
        return matter

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
        tokens = doc.to_array(IDX).tolist()
        indices = [bisect_left(tokens, place) for place, _ in begins]
        starts = np.full((len(doc), 1), NO_START, dtype="uint64")
        starts[[index for index in indices if index < len(doc)]] = 1
        doc.from_array([SENT_START], starts)  # type: ignore[arg-type]
        sections: list[tuple[int, int, str, int]] = []
        numbers: dict[int, int] = {}
        number = 0
        for (first, last), (_, original) in zip(pairwise([*indices, len(doc)]), begins, strict=True):
            numbers[original] = number + 1
            # A sentence without a token has the number of the next.
            number += first < last
            section = segmentation.section(original)
            if section is None or first == last:
                continue
            if sections and sections[-1][3] == section.start and sections[-1][1] == first:
                sections[-1] = (sections[-1][0], last, section.name, section.start)
            else:
                sections.append((first, last, section.name, section.start))
        doc.spans[SECTIONS] = [Span(doc, first, last, label=name) for first, last, name, _ in sections]
        return numbers

    def _expression(self, terms: Terms) -> str:
        """One expression for all: words between edges, and the shapes of categories that are written together.

        A term of several words is not looked for where one of them is a term as well.
        """
        words = {_side_by_side(self._split(term)) for term in self._lexicon.least(terms)}
        parts = [
            f"{left}(?:{'|'.join(sorted(same))}){right}"
            for (left, right), same in groupby(sorted(filter(None, words), key=_edges), key=_edges)
        ]
        parts += [f"{_left_of(shape)}(?:{shape.strip('^$')}){_BEFORE_CATEGORY}" for shape in sorted(terms.shapes)]
        return "|".join(parts)


def _sentences_at(segmentation: Segmentation, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The sentences of a note that stand at some places."""
    found: dict[int, int] = {}
    first = last = 0
    for start, end in places:
        if first <= start and end <= last:
            continue
        while start < end:
            first, last = segmentation.sentence_at(start)
            found[first] = start = last
    return list(found.items())


def _options() -> "re2.Options":
    options = re2.Options()
    options.max_mem, options.never_capture, options.log_errors = _MEMORY, True, False
    options.case_sensitive = False
    return options


def _side_by_side(tokens: list[str]) -> str:
    """One expression for tokens that follow each other."""
    expression = "".join(
        re2.escape(token) + _GAP + ("+" if token[-1].isalnum() and following[0].isalnum() else "*")
        for token, following in pairwise(tokens)
    )
    return expression + "".join(map(re2.escape, tokens[-1:]))


def _edges(word: str) -> tuple[str, str]:
    return _EDGE if word[0].isalnum() and word[0].isascii() else "", _EDGE if word[-1].isalnum() and word[
        -1
    ].isascii() else ""


def _left_of(shape: str) -> str:
    """A shape that a category such as N0 has may begin where another category ends."""
    return _AFTER_CATEGORY if is_category(shape) else _EDGE


def _of_classes(lexicon: Lexicon, *names: str) -> Terms:
    return lexicon.terms(Anchor(frozenset(), frozenset(names), frozenset()))


def _beside(cancer: Terms, place: Anchor) -> Anchor | None:
    """What is left to look for of an anchor when the words for cancer are looked for anyhow; None where nothing is."""
    words, classes = place.words - cancer.words, place.classes - set(CANCER_CLASSES)
    return Anchor(words, classes, place.shapes) if words or classes or place.shapes else None
