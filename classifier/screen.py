"""The screen: which sentences of a raw text can matter at all, found before anything is tokenised.

Its regular expressions are derived from the rules, so that no new rule can be missed: a pattern matches only where its
anchor stands (`classifier.matching.patterns.anchor`). They run in RE2, in time linear in any input.
"""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import accumulate, groupby, pairwise
from operator import itemgetter, or_

import numpy as np
import re2
from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.advanced import AdvancedReader
from classifier.components.extents import ExtentReader
from classifier.components.phrases import NAMED_CLASSES, PhraseFinder
from classifier.components.segments import NO_START, Segmenter, set_specimens
from classifier.labels import Label
from classifier.matching.lexicon import Lexicon, Terms
from classifier.matching.patterns import NOT_CANCER, Anchor, Pattern, Step, anchors, runs
from classifier.matching.run_search import Place, Run, RunSearch, make_run
from classifier.matching.word_kinds import Kinds, WordKinds, is_category
from classifier.reading.fact_reader import CANCER_CLASSES
from classifier.reading.note_facts import NoteFacts
from classifier.reading.phrase_sites import leans
from classifier.span_groups import SECTIONS
from classifier.text.markup import blank_markup
from classifier.text.raw_words import RawWords, words_of
from classifier.text.sections import FAMILY_HISTORY
from classifier.text.segmentation import Segmentation
from classifier.text.specimens import Specimen, merged

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
# Words with one blank between them.
_STRETCH = re.compile(r"\S+(?: \S+)*")
_ITEM = re2.compile(r"^[\s\p{Z}]*(?:[-–*•▪●◦]|\w{1,4}\s*[.)])")


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What a pattern needs, as bits: one for each of the things that are looked for."""

    pattern: int
    """Its id, as spaCy numbers it."""
    note: int
    """What must stand in the note."""
    sentence: int
    """What must stand in one sentence."""
    runs: list[Run]
    """What must follow each other in the sentence, the rarest first: where it can stand, a sentence is looked at."""


class Screen:
    """Finds the sentences that the pipeline must read, and makes a Doc of them alone.

    First, something that a pattern needs must stand in the note at all; then all that it needs, by the note's words.
    Where its tokens can follow each other (`classifier.matching.word_kinds`), all that it needs must stand in the
    sentence. Of the rest of the note the stages are read, where "advanced" is to be settled; what the note says as a
    whole is read off its words (`classifier.reading.fact_reader`).

    Parameters
    ----------
    nlp : Language
        The pipeline, with `cancer_segments`, `cancer_phrases`, `cancer_extents` and `cancer_advanced`.
    """

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp
        phrases: PhraseFinder = nlp.get_pipe("cancer_phrases")  # type: ignore[assignment]
        segments: Segmenter = nlp.get_pipe("cancer_segments")  # type: ignore[assignment]
        advanced: AdvancedReader = nlp.get_pipe("cancer_advanced")  # type: ignore[assignment]
        self._segment_words = segments.words
        self._reader = phrases.facts
        extents: ExtentReader = nlp.get_pipe("cancer_extents")  # type: ignore[assignment]
        self._leaning = extents.words["leans"]
        self._parts: dict[str, list[str]] = {}
        self._expressions: dict[str, tuple[tuple[str, str], str]] = {}
        self._tokens: dict[Anchor, str] = {}
        self._lexicon = lexicon = phrases.lexicon
        cancer, nodes = _of_classes(lexicon, *CANCER_CLASSES), _of_classes(lexicon, "NODE")
        named = _of_classes(lexicon, *NAMED_CLASSES)
        self._kinds = kinds = WordKinds(lexicon)
        self._wanted: list[_Wanted] = []
        self._of_advanced: set[int] = set()
        gates = [self._expression(cancer)]
        for pattern in phrases.patterns:
            if pattern.label == NOT_CANCER:
                continue
            ways = runs(pattern.pattern) or [[Step(place, ())] for place in anchors(pattern.pattern)]
            made = [make_run(steps, kinds, lexicon) for steps in sorted(ways, key=self._commonness)]
            found_by = [run for run in made if run]
            sentence = reduce(or_, (kinds.bit(lexicon.terms(place)) for place in anchors(pattern.pattern)), 0)
            sentence |= reduce(or_, (run.needs for run in found_by), 0)
            sentence |= kinds.bit(named) if pattern.needs == "sentence" else 0
            note = sentence
            if pattern.needs in _NEEDS_CANCER:
                note |= kinds.bit(cancer) | (kinds.bit(nodes) if pattern.needs == "nodes" else 0)
            else:
                gates.append(self._rarest(cancer, pattern))
            key = nlp.vocab.strings.add(pattern.id)
            self._wanted.append(_Wanted(key, note, sentence, found_by))
            if pattern.label == Label.ADVANCED:
                self._of_advanced.add(key)
        self._anywhere = [wanted for wanted in self._wanted if not wanted.runs]
        self._wanted = [wanted for wanted in self._wanted if wanted.runs]
        needs = [wanted.note for wanted in self._wanted]
        self._search = RunSearch([wanted.runs[0] for wanted in self._wanted], needs, kinds)
        self._gate = re2.compile("|".join(filter(None, gates)).encode(), _options())
        family = (term for term, name in self._segment_words.sections.items() if name == FAMILY_HISTORY)
        self._family = kinds.bit(Terms(frozenset(family), frozenset()))
        heads = self._segment_words.specimens
        self._of_specimens = kinds.bit(Terms(heads.procedures | heads.parts, frozenset()))
        self._cancer = re2.compile(self._expression(cancer), _options())
        self._of_cancer = kinds.bits_of_parts(cancer)
        single = (word for word in cancer.words if words_of(word) == [word])
        self._sure_of_cancer = kinds.bit(Terms(frozenset(single), frozenset()))
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

    def _written(self, term: str) -> tuple[tuple[str, str], str]:
        """The expression for a term, after the edges that it has."""
        if term not in self._expressions:
            word = _side_by_side(self._split(term))
            self._expressions[term] = _edges(word), word
        return self._expressions[term]

    def _split(self, term: str) -> list[str]:
        if term not in self._parts:
            self._parts[term] = [token.lower_ for token in self._nlp.make_doc(term) if not token.is_space]
        return self._parts[term]

    def doc(self, text: str) -> Doc | None:
        """Return a Doc of the sentences that can matter, ready for `cancer_phrases`; None where none can.

        Sentence starts and sections are set; `classifier.attributes.offset` says where its characters stood.
        """
        plain = blank_markup(text)
        # Bytes are searched faster than text, which RE2 must have as bytes too.
        if not self._gate.search(plain.encode(errors="replace")):
            return None
        words = RawWords(plain)
        kinds = self._kinds.of(words.lower)
        there = self._kinds.bits(kinds) | self._kinds.marks(plain)
        if there & self._of_cancer and not there & self._sure_of_cancer and not self._cancer.search(plain):
            # The bits of a term stand for a word of it, which may stand without the rest.
            there &= ~self._of_cancer
        found = list(self._search.find(kinds, there))
        anywhere = [wanted for wanted in self._anywhere if wanted.note & there == wanted.note]
        if not found and not anywhere:
            return None
        segmentation = Segmentation(plain, self._segment_words)
        possible = self._possible(segmentation, words, kinds, found)
        if anywhere:
            for sentence in pairwise([*segmentation.all().sentence_starts, len(plain)]):
                possible.setdefault(sentence, {}).update(dict.fromkeys(anywhere, True))
        matter = self._promising(words, kinds, possible)
        if not matter:
            return None
        staged: list[tuple[int, int]] = []
        if not all(map(self._of_advanced.isdisjoint, matter.values())):
            staged = _sentences_at(segmentation, (match.span() for match in self._stages.finditer(plain)))
        specimens: list[Specimen] = []
        if there & self._of_specimens:
            specimens = merged(filter(None, (segmentation.specimen(start) for start, _ in sorted(matter))))
        headings = _sentences_at(segmentation, ((specimen.start, specimen.heading_end) for specimen in specimens))
        leaning = (start for start, end in matter if start and leans(plain[start:end], self._leaning))
        subjects = [segmentation.sentence_at(start - 1) for start in leaning]
        sentences = self._with_lists(segmentation, [*matter, *staged, *headings, *subjects])
        doc = self._windows(segmentation, sentences, matter)
        set_specimens(doc, specimens, partial(attributes.place, doc))
        NoteFacts.keep_to_read(doc, lambda: self._facts(words, segmentation, bool(there & self._family)))
        return doc

    def _facts(self, words: RawWords, segmentation: Segmentation, family: bool) -> NoteFacts:
        """What the note says as a whole; `family` is whether a heading of the family history may stand in it."""

        def in_family(offset: int) -> bool:
            section = segmentation.section(offset) if family else None
            return section is not None and section.name == FAMILY_HISTORY

        return self._reader.read(words, in_family)

    def _possible(
        self,
        segmentation: Segmentation,
        words: RawWords,
        kinds: Kinds,
        found: list[tuple[int, Place]],
    ) -> dict[tuple[int, int], dict[_Wanted, bool]]:
        """What may stand in which sentence, with whether its rarest run surely does."""
        possible: dict[tuple[int, int], dict[_Wanted, bool]] = {}
        offsets = words.offsets
        there: dict[tuple[int, int], int] = {}
        for number, place in found:
            wanted = self._wanted[number]
            offset = offsets[place.pivot]
            piece = segmentation.piece_at(offset)
            # A piece is sooner looked at than cut into sentences.
            if piece not in there:
                there[piece] = self._bits(words, kinds, *piece)
            if wanted.sentence & there[piece] != wanted.sentence:
                continue
            sentence = start, end = segmentation.sentence_at(offset)
            stands = place.whole and start <= offsets[place.first] and offsets[place.last] < end
            patterns = possible.setdefault(sentence, {})
            patterns[wanted] = patterns.get(wanted, False) or stands
        return possible

    def _promising(
        self, words: RawWords, kinds: Kinds, possible: dict[tuple[int, int], dict[_Wanted, bool]]
    ) -> dict[tuple[int, int], list[int]]:
        """The sentences in which all stands that patterns need there, with their ids."""
        matter = {}
        for sentence, patterns in possible.items():
            there = self._bits(words, kinds, *sentence)
            within = _within(words, kinds, *sentence)
            standing = [
                wanted.pattern
                for wanted, stands in patterns.items()
                if wanted.sentence & there == wanted.sentence
                and all(self._search.stands(run, within) for run in wanted.runs[1 if stands else 0 :])
            ]
            if standing:
                matter[sentence] = standing
        return matter

    def _bits(self, words: RawWords, kinds: Kinds, start: int, end: int) -> int:
        """What the text between two offsets says."""
        return self._kinds.bits(_within(words, kinds, start, end)) | self._kinds.marks(words.text[start:end])

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
        # White space is a blank at most, so that each token is a word or a mark.
        stretches = [match for window in windows for match in _STRETCH.finditer(plain, *window)]
        ends = accumulate((len(stretch[0]) + 1 for stretch in stretches), initial=0)
        doc = self._nlp.tokenizer(" ".join(stretch[0] for stretch in stretches))
        attributes.set_windows(doc, list(zip(ends, map(re.Match.start, stretches), strict=False)))
        begins = {start for start, _ in windows}
        number = 0
        for _, end in windows:
            while number < len(sentences) and sentences[number][0] < end:
                first, last = sentences[number]
                number += 1
                begins |= {first, last} if last < end else {first}
        numbers = self._mark(doc, sorted(begins), segmentation)
        possible: dict[int, list[int]] = {}
        for (start, _), patterns in matter.items():
            possible.setdefault(numbers[start], []).extend(patterns)
        attributes.set_possible_patterns(doc, possible)
        return doc

    def _mark(self, doc: Doc, begins: list[int], segmentation: Segmentation) -> dict[int, int]:
        """Set sentence starts and sections; `begins` are the offsets of the sentences in the note.

        Returns the number of each sentence, from 1, by its offset in the note.
        """
        tokens = doc.to_array(IDX).tolist()
        indices = [bisect_left(tokens, attributes.place(doc, offset)) for offset in begins]
        starts = np.full((len(doc), 1), NO_START, dtype="uint64")
        starts[[index for index in indices if index < len(doc)]] = 1
        doc.from_array([SENT_START], starts)  # type: ignore[arg-type]
        sections: list[tuple[int, int, str, int]] = []
        numbers: dict[int, int] = {}
        number = 0
        for (first, last), original in zip(pairwise([*indices, len(doc)]), begins, strict=True):
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
        words = {self._written(term) for term in self._lexicon.least(terms) if self._split(term)}
        parts = [
            f"{left}(?:{'|'.join(sorted(word for _, word in same))}){right}"
            for (left, right), same in groupby(sorted(words), key=itemgetter(0))
        ]
        parts += [f"{_left_of(shape)}(?:{shape.strip('^$')}){_BEFORE_CATEGORY}" for shape in sorted(terms.shapes)]
        return "|".join(parts)


def _within(words: RawWords, kinds: Kinds, start: int, end: int) -> Kinds:
    """The kinds of the words between two offsets."""
    return kinds[bisect_left(words.offsets, start) : bisect_left(words.offsets, end)]


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
    left, right = (_EDGE if letter.isalnum() and letter.isascii() else "" for letter in (word[0], word[-1]))
    return left, right


def _left_of(shape: str) -> str:
    """A shape that a category such as N0 has may begin where another category ends."""
    return _AFTER_CATEGORY if is_category(shape) else _EDGE


def _of_classes(lexicon: Lexicon, *names: str) -> Terms:
    return lexicon.terms(Anchor(frozenset(), frozenset(names), frozenset()))


def _beside(cancer: Terms, place: Anchor) -> Anchor | None:
    """What is left to look for of an anchor when the words for cancer are looked for anyhow; None where nothing is."""
    words, classes = place.words - cancer.words, place.classes - set(CANCER_CLASSES)
    return Anchor(words, classes, place.shapes) if words or classes or place.shapes else None
