"""The words that the rules speak of: what class a token has, and where a site or a primary is named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import BaseModel
from spacy.attrs import ENT_IOB, ENT_TYPE
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span

from classifier import resources
from classifier.matching import frequent_words
from classifier.matching.anatomy import LYMPH_NODE, load_anatomy
from classifier.matching.patterns import Anchor
from classifier.text.raw_words import WORD
from classifier.text.words import Words


@dataclass(frozen=True, slots=True)
class Terms:
    """What to look for in a raw text."""

    words: frozenset[str]
    """Words, or several to be found side by side."""
    shapes: frozenset[str] = frozenset()
    """Regular expressions of whole words."""


@dataclass(slots=True)
class Reading:
    """A Doc as the rules read it: the words only, each with its word class as `ent_type`."""

    words: Words
    """The words of the Doc."""
    classes: list[str]
    """Word class of each word; empty where it has none."""
    sites: list[tuple[str, int, int]] = field(default_factory=list)
    """Mentions of sites: id, start and end, in words."""
    primaries: list[tuple[str, int, int]] = field(default_factory=list)
    """Mentions of primaries: id, start and end, in words."""
    clues: list[tuple[str, int, int]] = field(default_factory=list)
    """Words that point to a primary: id, start and end, in words."""

    def span(self, original: Doc, start: int, end: int, label: str) -> Span:
        """Return the span of the original Doc over the words from start to end."""
        positions = self.words.positions
        return Span(original, int(positions[start]), int(positions[end - 1]) + 1, label=label)


KINDS = ("primary", "station", "site", "word", "clue")
"""Kinds of terms. A token has one class: where terms overlap, the longer wins, of the same words the earlier kind."""
_BETWEEN_STATION_AND_NODE = {"SITE", "STATION", "LINK", "MOD", "NUMBER", "DET", "PREP", "SENTINEL"}
_REACH = 5

MOST_KNOWN = 200_000
"""Words of which something is kept; beyond that the memory of a long run would grow."""


class ExtentWords(BaseModel):
    """Words by which extents are read; `vocabulary.toml` says what each list is for."""

    imaging: list[str]
    scan_links: list[str]
    reads_as: list[str]
    leans: list[str]
    leads_away: list[str]
    ends: list[str]
    told: list[str]
    denies: list[str]
    distant: list[str]
    opposite: list[str]
    regional: list[str]
    local: list[str]
    solid: list[str]
    staging: list[str]
    history: list[str]
    in_general: list[str]
    specimen_fields: list[str]
    specimen_titles: list[str]
    specimen_not_sole: list[str]
    joined_with: list[str]


class OrganWords(BaseModel):
    """Words by which an organ beside them is a primary, or is none; `vocabulary.toml` says what each list is for."""

    primary: frozenset[str]
    cancer_before: frozenset[str]
    secondary: frozenset[str]


class _Vocabulary(BaseModel):
    words: dict[str, list[str]]
    extents: ExtentWords
    organs: OrganWords
    shapes: dict[str, re.Pattern[str]]


class Lexicon:
    """Finds the terms of `vocabulary.toml` and `sites.toml` in a Doc.

    Parameters
    ----------
    nlp : Language
        Its tokenizer splits the terms as it splits the notes.
    rules : Path
        Folder with the two files.

    Raises
    ------
    NoteTermsError
        E224 from `load_anatomy`; E225 when `vocabulary.toml` lacks a table, or has what is no word or shape.
    """

    def __init__(self, nlp: Language, rules: Path) -> None:
        self.anatomy = load_anatomy(rules)
        path = rules / "vocabulary.toml"
        remedy = "rules/vocabulary.toml has all that is needed."
        vocabulary = resources.shaped(_Vocabulary, resources.read_toml(path), str(path), "E225", remedy)
        self.staging = frozenset(map(nlp.vocab.strings.add, vocabulary.extents.staging))
        self.extent_words = vocabulary.extents
        self.organ_words = vocabulary.organs
        self._telling: dict[Terms, frozenset[str]] = {}
        self._common: dict[Terms, float] = {}
        self._of_class: dict[str, frozenset[str]] = {}
        self._of_anchor: dict[Anchor, Terms] = {}
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        self._term_of: dict[int, tuple[str, str]] = {}
        terms: dict[tuple[str, str], set[str]] = {}
        for site in self.anatomy.sites.values():
            terms["site", site.id] = set(site.terms)
            terms["station", site.id] = set(site.with_node) | (set(site.terms) if site.kind == "node" else set())
        for primary in self.anatomy.primaries.values():
            terms["primary", primary.id] = set(primary.terms)
            terms["clue", primary.id] = set(primary.clues)
        for name, listed in vocabulary.words.items():
            terms["word", name] = set(listed)
        for (kind, name), words in terms.items():
            variants = {variant for word in words for variant in (word, word.replace("-", " "))}
            self._term_of[nlp.vocab.strings.add(f"{kind}:{name}")] = (kind, name)
            self._matcher.add(f"{kind}:{name}", [doc for doc in map(nlp.make_doc, sorted(variants)) if len(doc)])
        self.shapes = [(name, shape.pattern) for name, shape in vocabulary.shapes.items()]
        self._shapes = [(name, re.compile(shape, re.IGNORECASE)) for name, shape in self.shapes]
        self._terms = terms
        self._cancers = self.words_of_class("CANCER")
        self._shape_of: dict[int, str] = {}
        self._organs: dict[str, list[str]] = {}
        for primary in self.anatomy.primaries.values():
            for organ in primary.organ:
                self._organs.setdefault(organ, []).append(primary.id)
        self._organ_terms = {
            term: primary.id for primary in reversed(self.anatomy.primaries.values()) for term in primary.organ_terms
        }

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Give each term with its kind and what it stands for: a primary, a site, a word class."""
        for (kind, name), words in self._terms.items():
            for text in sorted(words):
                yield kind, name, text

    def words_of_class(self, name: str) -> frozenset[str]:
        """Return the terms that give words a class; of hyphenated ones also the form without hyphen."""
        if name not in self._of_class:
            kinds = {"CANCER": ("primary", "word"), "SITE": ("site",), "STATION": ("station",)}.get(name, ("word",))
            self._of_class[name] = frozenset(
                variant
                for (kind, key), words in self._terms.items()
                if kind in kinds and (kind != "word" or key == name)
                for word in words
                for variant in (word, word.replace("-", " "))
            )
        return self._of_class[name]

    def telling(self, terms: Terms) -> frozenset[str]:
        """Return the words of which one must stand where one of some terms does, and the terms that have no words."""
        if terms not in self._telling:
            self._telling[terms] = frozenset(self._telling_word(term, terms.words) for term in terms.words)
        return self._telling[terms]

    def least(self, terms: Terms) -> list[str]:
        """Return those of some terms of which no word is one by itself: one of them stands where any of them does."""
        return [term for term in terms.words if terms.words.isdisjoint({*WORD.findall(term)} - {term})]

    def _telling_word(self, term: str, terms: frozenset[str]) -> str:
        """The word of a term that tells most: one that is a term by itself, or else stands in the fewest notes."""
        words = WORD.findall(term.lower())
        # A word for cancer tells little unless the term is one: most patterns need a cancer in the note anyhow.
        known = frozenset() if term in self._cancers else self._cancers
        return min(
            words,
            key=lambda word: (word not in terms, word in known, frequent_words.share(word), -len(word)),
            default=term,
        )

    def commonness(self, terms: Terms) -> float:
        """Return in how many of 100 ordinary notes one of some terms may stand, roughly."""
        if terms not in self._common:
            self._common[terms] = frequent_words.commonness(self.telling(terms), terms.shapes)
        return self._common[terms]

    def terms(self, place: Anchor) -> Terms:
        """Return what to look for in a raw text to find an anchor."""
        if place not in self._of_anchor:
            words = {word for name in place.classes for word in self.words_of_class(name)}
            shapes = {shape for name, shape in self.shapes if name in place.classes}
            self._of_anchor[place] = Terms(frozenset(words | place.words), frozenset(shapes | place.shapes))
        return self._of_anchor[place]

    def read(self, doc: Doc) -> Reading:
        """Return the Doc as the rules read it; no term reaches over the end of a sentence."""
        words = Words(doc)
        reading = Reading(words, self._shapes_of(words))
        self._find_terms(reading)
        strings = doc.vocab.strings
        array = np.zeros((len(reading.classes), 2), dtype="uint64")
        for index, name in enumerate(reading.classes):
            if name:
                array[index] = (strings.add(name), 3)
        words.doc.from_array([ENT_TYPE, ENT_IOB], array)  # type: ignore[arg-type]
        self._name_primaries(reading)
        return reading

    def _shapes_of(self, words: Words) -> list[str]:
        """The class of each word that is known by its shape."""
        known = self._shape_of
        if len(known) > MOST_KNOWN:
            known.clear()
        classes = []
        for key in words.lower:
            if key not in known:
                word = words.doc.vocab.strings[key]
                known[key] = next((name for name, shape in self._shapes if shape.fullmatch(word)), "")
            classes.append(known[key])
        return classes

    def _find_terms(self, reading: Reading) -> None:
        """Find the terms, and give each word its class."""
        doc, classes = reading.words.doc, reading.classes
        taken = [False] * len(doc)
        found = []
        for key, start, end in self._matcher(doc):
            if reading.words.within_sentence(start, end):
                kind, name = self._term_of[key]
                found.append((start - end, KINDS.index(kind), start, end, kind, name))
        stations = []
        for _, _, start, end, kind, name in sorted(found):
            if kind == "clue":
                reading.clues.append((name, start, end))
            elif kind == "station":
                stations.append((name, start, end))
            elif not any(taken[start:end]):
                taken[start:end] = [True] * (end - start)
                classes[start:end] = [_class_of(kind, name)] * (end - start)
                if kind == "site":
                    reading.sites.append((name, start, end))
                elif kind == "primary":
                    reading.primaries.append((name, start, end))
        self._mark_stations(reading, stations)
        reading.sites += [(LYMPH_NODE, i, i + 1) for i, name in enumerate(classes) if name in ("NODE", "ADENOPATHY")]
        reading.sites.sort(key=lambda site: site[1])

    def _mark_stations(self, reading: Reading, stations: list[tuple[str, int, int]]) -> None:
        """A word such as mediastinal is a station of nodes where nodes are named beside it, and else a region."""
        classes = reading.classes
        claimed: set[int] = set()
        for name, start, end in stations:
            if claimed & set(range(start, end)) or any(classes[i] == "CANCER" for i in range(start, end)):
                continue
            low, high = reading.words.bounds[reading.words.sentence[start]]
            if not (_reaches_node(classes[end:high]) or _reaches_node(classes[low:start][::-1])):
                continue
            claimed.update(range(start, end))
            classes[start:end] = ["STATION"] * (end - start)
            reading.sites = [site for site in reading.sites if site[2] <= start or site[1] >= end]
            reading.sites.append((name, start, end))

    def _name_primaries(self, reading: Reading) -> None:
        """Find the primaries that are named by an organ beside a word for cancer: breast ca, ca of the cervix."""
        doc, classes, known = reading.words.doc, reading.classes, self.organ_words
        for site in list(reading.sites):
            _, start, end = site
            primary = self.primary_of(site[0], doc[start:end].text.lower())
            if primary is None:
                continue
            low, high = reading.words.bounds[reading.words.sentence[start]]
            if any(token.lower_ in known.secondary for token in doc[max(start - 4, low) : start]):
                continue
            after, before = end, start - 1
            while after < high and after - end < 3 and classes[after] in ("MOD", "INVADE"):
                after += 1
            while before > low and start - before < 4 and classes[before] in ("MOD", "DET"):
                before -= 1
            if after < high and classes[after] == "CANCER":
                mention = (primary, start, after + 1)
            elif before > low and doc[before].lower_ in ("of", "primary") and classes[before - 1] in ("CANCER", "MOD"):
                if classes[before - 1] != "CANCER" and doc[before].lower_ == "of":
                    continue
                mention = (primary, before, end)
            elif start > low and classes[start - 1] == "CANCER" and doc[start - 1].lower_ in known.cancer_before:
                mention = (primary, start - 1, end)
            elif after < high and doc[after].lower_ in known.primary:
                mention = (primary, start, after + 1)
            else:
                continue
            reading.primaries.append(mention)
            reading.sites.remove(site)
        reading.primaries.sort(key=lambda primary: primary[1])

    def primary_of(self, site: str, words: str) -> str | None:
        """Return the primary that starts in a site, which is named by some words."""
        return self._organ_terms.get(words) or next(iter(self._organs.get(site, ())), None)


def _class_of(kind: str, name: str) -> str:
    return {"primary": "CANCER", "site": "SITE"}.get(kind, name)


def _reaches_node(classes: list[str]) -> bool:
    """Whether only qualifiers stand before a word for lymph node."""
    for name in classes[:_REACH]:
        if name in ("NODE", "ADENOPATHY"):
            return True
        if name not in _BETWEEN_STATION_AND_NODE:
            return False
    return False
