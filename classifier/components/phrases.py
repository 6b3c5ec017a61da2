"""`cancer_phrases`: the phrases that may speak of spread, recurrence, relapse, a second cancer, or "advanced"."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes
from classifier.components.base import RuleComponent
from classifier.labels import Label
from classifier.matching.lexicon import Lexicon, Reading
from classifier.matching.pattern_search import PatternSearch, Search
from classifier.matching.patterns import NOT_CANCER, Anchor, Pattern, anchor, load_patterns
from classifier.reading.fact_reader import CANCER_CLASSES, CANCER_WORDS, FactReader
from classifier.reading.note_facts import NoteFacts
from classifier.reading.sections_of_doc import Sections
from classifier.span_groups import CANCERS, CLUES, PRIMARIES, SECTIONS, SITES, TERMS
from classifier.text.markup import blank_markup
from classifier.text.raw_words import RawWords
from classifier.text.sections import FAMILY_HISTORY, OTHER_SECTION
from classifier.text.words import Words

NAMED_CLASSES = (*CANCER_WORDS, "LESION")
"""Word classes of which one stands in the sentence of a pattern that needs a cancer there."""
_STAGING_WORDS = ("TNM_T", "TNM_N1", "TNM_N0", "TNM_NX", "TNM_M1", "TNM_M0", "TNM_MX")
# A second cancer is known by such words: "another primary". A block covers all that it matched.
_AS_MATCHED = (NOT_CANCER, "SECOND_CANCER")
_EDGES = ("LINK", "DET", "PREP")
_OWNERS = ("METASTASIS", "METS", "RECURRENCE", "LESION")
_GROWTH = ("INVADE", "INVASION", "INVOLVE", "EXTEND")
# So near, in words, before or behind the word, another finding is what relapsed.
_BESIDE, _BEHIND = 8, 3
_PLACES = ("SITE", "STATION", "NODE")


@Language.factory(
    "cancer_phrases",
    requires=["token.is_sent_start"],
    assigns=["doc.spans"],
    default_config={"rules": None, "weak": False},
)
def create_phrases(nlp: Language, name: str, rules: str | None, weak: bool) -> "PhraseFinder":
    """Make the component.

    Parameters
    ----------
    weak : bool, default False
        Keep the phrases that no rule can settle, with `span._.weak`, for the arbiter that comes after.
    rules : str, optional
        Folder with `phrases/*.jsonl`, `vocabulary.toml` and `sites.toml`; default the rules of the package.
    """
    return PhraseFinder(nlp, weak, rules)


class PhraseFinder(RuleComponent):
    """Find the phrases by the patterns of `rules/phrases/`.

    Of overlapping phrases the longest stays; a phrase that a NOT_CANCER pattern overlaps does not. ADVANCED may stand
    over the same words as another label ("locally advanced" is both).
    """

    files = ("phrases/*.jsonl", "vocabulary.toml", "sites.toml")

    def __init__(self, nlp: Language, weak: bool = False, rules: str | Path | None = None) -> None:
        self.weak = weak
        self._nlp = nlp
        super().__init__(rules)

    def compile(self, rules: Path) -> None:
        """Compile the patterns and the words that they speak of."""
        self.lexicon = Lexicon(self._nlp, rules)
        self.facts = FactReader(self.lexicon)
        self.patterns = [pattern for pattern in load_patterns(rules) if self.weak or not pattern.weak]
        # Of patterns that find the same words one stays: of those with one anchor the one that asks for more words.
        rarest_of = {pattern.id: anchor(pattern.pattern, self._commonness) for pattern in self.patterns}
        places = list(dict.fromkeys(rarest_of.values()))
        ranked = sorted(
            self.patterns, key=lambda pattern: (places.index(rarest_of[pattern.id]), -len(pattern.required))
        )
        self._rank = {pattern.id: number for number, pattern in enumerate(ranked)}
        self._phrases, self._blocks = (PatternSearch(self._nlp.vocab, self._commonness) for _ in range(2))
        self._by_key: dict[int, Pattern] = {}
        for pattern in self.patterns:
            self._by_key[self._nlp.vocab.strings.add(pattern.id)] = pattern
            search = self._blocks if pattern.label == NOT_CANCER else self._phrases
            search.add(pattern.id, pattern.pattern, greedy="LONGEST")

    def _commonness(self, place: Anchor) -> float:
        """Return in how many of 100 ordinary notes an anchor may stand, roughly."""
        return self.lexicon.commonness(self.lexicon.terms(place))

    def __call__(self, doc: Doc) -> Doc:
        """Set `doc.spans["cancer_terms"]` and the sites and primaries that the note names."""
        reading = self.lexicon.read(doc)
        if not attributes.of_windows(doc):
            self._facts(doc).keep(doc)
        surroundings = _Surroundings(doc, reading, self.lexicon)
        words = reading.words
        possible = attributes.possible_patterns(doc)
        matches = []
        for number, (first, last) in words.bounds.items():
            said = words.lower[first:last], reading.classes[first:last]
            searches = self._phrases.of(*said) if possible is None else self._phrases.named(possible.get(number, ()))
            if found := self._matches(searches, first, last, reading, surroundings):
                matches += found
                matches += self._matches(self._blocks.of(*said), first, last, reading, surroundings)
        sections = Sections(doc)
        spans = []
        matches.sort(key=lambda match: self._rank[match.pattern.id])
        for match in _resolve(matches, words):
            pattern = match.pattern
            span = reading.span(doc, match.start, match.end, pattern.label)
            span.id_ = pattern.id
            stored = attributes.attributes(span)
            stored["weak"] = match.weak
            stored["extent"] = pattern.extent
            stored["polarity"] = pattern.polarity
            stored["decided_by"] = "rule"
            section = sections.name(span.start)
            stored["section"] = None if section == OTHER_SECTION else section
            spans.append(span)
        doc.spans[TERMS] = spans
        doc.spans[SITES] = [reading.span(doc, start, end, name) for name, start, end in reading.sites]
        doc.spans[PRIMARIES] = [reading.span(doc, start, end, name) for name, start, end in reading.primaries]
        doc.spans[CANCERS] = [
            reading.span(doc, index, index + 1, name)
            for index, name in enumerate(reading.classes)
            if name in CANCER_CLASSES
        ]
        doc.spans[CLUES] = [reading.span(doc, start, end, name) for name, start, end in reading.clues]
        return doc

    def _facts(self, doc: Doc) -> NoteFacts:
        family = [
            range(section.start_char, section.end_char)
            for section in doc.spans.get(SECTIONS, ())
            if section.label_ == FAMILY_HISTORY
        ]
        words = RawWords(blank_markup(doc.text))
        return self.facts.read(words, lambda offset: any(offset in section for section in family))

    def _matches(
        self, searches: Iterable[Search], first: int, last: int, reading: Reading, surroundings: "_Surroundings"
    ) -> list["_Match"]:
        """What some patterns find in the words from first to last."""
        words = reading.words
        sentence = words.doc[first:last]
        matches = []
        for search in searches:
            pattern = self._by_key[search.key]
            for _, start, end in search.matcher(sentence):
                start, end = start + first, end + first
                allowed = surroundings.allow(pattern, start, end)
                # A sentence about something else is left to the model, in the note of a cancer patient.
                left_open = self.weak and pattern.needs == "topic" and surroundings.facts.own_cancer
                place = _trim(words, start + pattern.before, end - pattern.after, pattern)
                if (allowed or left_open) and not _more_than_all(words.doc[slice(*place)]):
                    matches.append(_Match(pattern, *place, pattern.weak or not allowed))
        return matches


@dataclass(frozen=True, slots=True)
class _Match:
    """A pattern's match; offsets are in words."""

    pattern: Pattern
    start: int
    end: int
    weak: bool
    """No rule settles it: the pattern is weak, or what it needs is not there."""


def _more_than_all(span: Span) -> bool:
    """Whether a phrase holds a count of more than all, such as 70/50: a dose or a date."""
    return any(
        span[i].text == "/"
        and span[i - 1].is_digit
        and span[i + 1].is_digit
        and int(span[i - 1].text) > int(span[i + 1].text)
        for i in range(1, len(span) - 1)
    )


def _trim(text: Words, start: int, end: int, pattern: Pattern) -> tuple[int, int]:
    """Take off the conjunctions, articles and prepositions at the edges of a phrase."""
    if pattern.label in _AS_MATCHED:
        return start, end
    words = text.doc
    first, last = text.bounds[text.sentence[start]]
    if end < last and words[end].ent_type_ in _OWNERS:
        # "recurrence in the vault and a lung metastasis": the lung belongs to what follows.
        linked = next(
            (i for i in range(end - 1, start, -1) if words[i].ent_type_ not in (*_PLACES, "MOD", "DET")), start
        )
        if words[linked].ent_type_ == "LINK":
            end = linked
    before = start
    while before > first and words[before - 1].ent_type_ in ("DET", "PREP", "MOD", "SITE") and start - before < 6:
        before -= 1
    if before > first and words[before - 1].ent_type_ in _GROWTH:
        # "Invades the cava, bulky hilar metastases": the cava belongs to what stands before.
        link = next((i for i in range(start, end - 1) if words[i].ent_type_ == "LINK"), None)
        start = start if link is None else link + 1
    # "In-transit" begins with a preposition that is a part of it.
    while start + 1 < end and words[start].ent_type_ in _EDGES and words[start + 1].text != "-":
        start += 1
    while start + 1 < end and words[start].text == "-":
        start += 1
    while start + 1 < end and words[end - 1].ent_type_ in _EDGES:
        end -= 1
    return start, end


def _resolve(matches: list[_Match], words: Words) -> list[_Match]:
    """Of overlapping matches keep the longest, weak ones last; in the order of the text.

    A list of sites that runs on into a longer phrase is cut before it.
    """
    ranked = sorted(matches, key=lambda m: (m.pattern.label != NOT_CANCER, m.weak, m.start - m.end, m.start))
    taken: dict[bool, set[int]] = {True: set(), False: set()}
    blocked: set[int] = set()
    kept = []
    for match in ranked:
        pattern, start, end = match.pattern, match.start, match.end
        if pattern.label == NOT_CANCER:
            blocked.update(range(start, end))
            continue
        layer = taken[pattern.label == "ADVANCED"]
        # A phrase may run over a block, as over a date, but neither begin nor end in one.
        if start in layer or not blocked.isdisjoint((start, end - 1)):
            continue
        free = next((index for index in range(start, end) if index in layer), end)
        if free < end:
            start, end = _trim(words, start, free, pattern)
            while end - start > 1 and words.doc[end - 1].ent_type_ in ("MOD", "ASIDE", *_EDGES):
                end -= 1
            if end - start < 2 or words.doc[end - 1].ent_type_ not in _PLACES:
                continue
        layer.update(range(start, end))
        kept.append(replace(match, start=start, end=end))
    return sorted(kept, key=lambda match: (match.start, match.end))


class _Surroundings:
    """Where in a note a cancer or a staging expression is named; looked up when a pattern asks for it."""

    def __init__(self, doc: Doc, reading: Reading, lexicon: Lexicon) -> None:
        self._doc, self._reading, self._staging_words = doc, reading, lexicon.staging
        self._of_blood = lexicon.anatomy.of_blood
        self.sentence, self.classes = reading.words.sentence, reading.classes

    @cached_property
    def facts(self) -> NoteFacts:
        """What the note says as a whole."""
        return NoteFacts.of(self._doc)

    @cached_property
    def cancer(self) -> set[int]:
        """Sentences in which a cancer is named."""
        return self._sentences_with(*CANCER_WORDS)

    @cached_property
    def lesion(self) -> set[int]:
        """Sentences in which a piece of disease is named."""
        return self._sentences_with("LESION")

    @cached_property
    def risk(self) -> set[int]:
        """Sentences that speak of risks."""
        return self._sentences_with("RISK")

    @cached_property
    def other(self) -> dict[int, int]:
        """Where a sentence first names what may recur or spread and is no cancer, by the number of the sentence."""
        names = ("OTHER_FINDING", "BENIGN")
        return {self.sentence[i]: i for i in reversed(range(len(self.classes))) if self.classes[i] in names}

    @cached_property
    def staging(self) -> dict[int, set[str]]:
        """The classes of the words of staging in each sentence that has any."""
        found: dict[int, set[str]] = {}
        for number, word, name in zip(self.sentence, self._reading.words.lower, self.classes, strict=True):
            if name in _STAGING_WORDS or word in self._staging_words:
                found.setdefault(number, set()).add(name)
        return found

    def _sentences_with(self, *names: str) -> set[int]:
        return {self.sentence[index] for index, name in enumerate(self.classes) if name in names}

    def _relapsed(self, pattern: Pattern, start: int, end: int) -> bool:
        """Whether it is a relapse in the note of a blood cancer, with nothing else beside it that relapses."""
        primary = self.facts.main_primary
        if pattern.label != Label.RELAPSE or primary is None or primary not in self._of_blood:
            return False
        first, last = self._reading.words.bounds[self.sentence[start]]
        beside = self.classes[max(first, start - _BESIDE) : min(last, end + _BEHIND)]
        return "OTHER_FINDING" not in beside

    def _is_topic(self, pattern: Pattern, start: int, end: int) -> bool:
        """Whether nothing else in the sentence recurs or spreads, but for what is listed after it or set against it."""
        other = self.other.get(self.sentence[start])
        before, after = self.classes[max(start - 1, 0) : start], self.classes[end : end + 1]
        listed = pattern.label == Label.RECURRENCE and after == ["LINK"]
        return other is None or (listed and other > end) or ["VERSUS"] in (before, after)

    def allow(self, pattern: Pattern, start: int, end: int) -> bool:
        """Whether what the pattern needs is there."""
        sentence = self.sentence[start]
        match pattern.needs:
            case "sentence":
                return sentence in self.cancer or (sentence in self.lesion and self.facts.own_cancer)
            case "note":
                return self.facts.own_cancer
            case "nodes":
                return self.facts.own_cancer and self.facts.nodes
            case "topic":
                named = sentence in self.cancer or sentence in self.risk or self._relapsed(pattern, start, end)
                return self.facts.own_cancer and (named or self._is_topic(pattern, start, end))
            case "staging":
                return self.facts.own_cancer or bool(self.staging.get(sentence, set()) - {self.classes[end - 1]})
        return True
