"""The words that the rules speak of: what class a token has, and where a site or a primary is named."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span

from classifier import resources
from classifier.words import words_of

LYMPH_NODE = "lymph_node"
"""Id of a lymph node of no named station."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place to which a cancer can spread."""

    id: str
    """Normalised name."""
    kind: str
    """`organ`, `structure`, `node` (a station of lymph nodes) or `cavity` (a surface that is seeded)."""
    terms: tuple[str, ...] = ()
    """Words that name it by themselves."""
    with_node: tuple[str, ...] = ()
    """Words that name this station only beside a word for lymph node."""


@dataclass(frozen=True, slots=True)
class Primary:
    """A kind of cancer, by the organ in which it started."""

    id: str
    """Normalised name."""
    organ: tuple[str, ...] = ()
    """Its own sites: growth within them is no spread."""
    terms: tuple[str, ...] = ()
    """Phrases that name the cancer."""
    organ_terms: tuple[str, ...] = ()
    """Words for the organ that name the cancer beside a word for cancer."""
    clues: tuple[str, ...] = ()
    """Operations and markers that point to it."""
    regional_nodes: tuple[str, ...] = ()
    """Stations that are N by AJCC."""
    neighbours: tuple[str, ...] = ()
    """Sites whose direct invasion is regional spread by direct extension."""
    region: tuple[str, ...] = ()
    """Sites of the same body region, farther than the neighbours and not distant."""
    local_recurrence: tuple[str, ...] = ()
    """Sites at which a recurrence is local."""
    distant_usual: tuple[str, ...] = ()
    """Usual distant sites."""
    haematological: bool = False
    """Lymphoma, leukaemia, myeloma: not called metastatic (CCS)."""
    head_and_neck: bool = False
    """Of the head and neck: stages IVA and IVB are not distant (AJCC)."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The sites and primaries of `sites.toml`, by id."""

    sites: dict[str, Site]
    primaries: dict[str, Primary]


def load_anatomy(rules: Path) -> Anatomy:
    """Read `sites.toml` from a folder of rules."""
    content = resources.read_toml(rules / "sites.toml")
    return Anatomy(
        {LYMPH_NODE: Site(LYMPH_NODE, "node"), **{entry["id"]: Site(**_frozen(entry)) for entry in content["sites"]}},
        {entry["id"]: Primary(**_frozen(entry)) for entry in content["primaries"]},
    )


def _frozen(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


@dataclass(slots=True)
class Reading:
    """A Doc as the rules read it: without white space and markup, each token with its word class as `ent_type`."""

    doc: Doc
    """The words only."""
    positions: np.ndarray
    """Index in the original Doc of each word; shape (words,)."""
    sites: list[tuple[str, int, int]] = field(default_factory=list)
    """Mentions of sites: id, start and end, in words."""
    primaries: list[tuple[str, int, int]] = field(default_factory=list)
    """Mentions of primaries: id, start and end, in words."""
    clues: list[tuple[str, int, int]] = field(default_factory=list)
    """Words that point to a primary: id, start and end, in words."""

    def span(self, original: Doc, start: int, end: int, label: str) -> Span:
        """Return the span of the original Doc over the words from start to end."""
        return Span(original, int(self.positions[start]), int(self.positions[end - 1]) + 1, label=label)


# A token has one class. Where terms overlap, the longer wins; where two have the same words, the earlier kind.
_KINDS = ("primary", "station", "site", "word", "clue")
_BETWEEN_STATION_AND_NODE = {"SITE", "STATION", "LINK", "MOD", "NUMBER", "DET", "PREP", "SENTINEL"}
_REACH = 5


class Lexicon:
    """Finds the terms of `vocabulary.toml` and `sites.toml` in a Doc.

    Parameters
    ----------
    nlp : Language
        Its tokenizer splits the terms as it splits the notes.
    rules : Path
        Folder with the two files.
    """

    def __init__(self, nlp: Language, rules: Path) -> None:
        self.anatomy = load_anatomy(rules)
        vocabulary = resources.read_toml(rules / "vocabulary.toml")
        self.staging = frozenset(vocabulary["extents"]["staging"])
        self._matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        terms: dict[tuple[str, str], set[str]] = {}
        for site in self.anatomy.sites.values():
            terms["site", site.id] = set(site.terms)
            terms["station", site.id] = set(site.with_node) | (set(site.terms) if site.kind == "node" else set())
        for primary in self.anatomy.primaries.values():
            terms["primary", primary.id] = set(primary.terms)
            terms["clue", primary.id] = set(primary.clues)
        for name, words in vocabulary["words"].items():
            terms["word", name] = set(words)
        for (kind, name), words in terms.items():
            variants = {variant for word in words for variant in (word, word.replace("-", " "))}
            self._matcher.add(f"{kind}:{name}", [doc for doc in map(nlp.make_doc, sorted(variants)) if len(doc)])
        self._shapes = [(name, re.compile(shape, re.IGNORECASE)) for name, shape in vocabulary["shapes"].items()]
        self._shape_of: dict[int, str | None] = {}
        self._organs: dict[str, list[str]] = {}
        for primary in self.anatomy.primaries.values():
            for organ in primary.organ:
                self._organs.setdefault(organ, []).append(primary.id)
        self._organ_terms = {
            term: primary.id for primary in reversed(self.anatomy.primaries.values()) for term in primary.organ_terms
        }

    def read(self, doc: Doc) -> Reading:
        """Return the Doc as the rules read it."""
        words, positions = words_of(doc)
        reading = Reading(words, positions)
        classes = self._classes(reading)
        strings = doc.vocab.strings
        array = np.zeros((len(words), 2), dtype="uint64")
        for index, name in enumerate(classes):
            if name:
                array[index] = (strings.add(name), 3)
        words.from_array([ENT_TYPE, ENT_IOB], array)  # type: ignore[arg-type]
        self._name_primaries(reading, classes)
        return reading

    def _classes(self, reading: Reading) -> list[str]:
        """Find the terms, and give each word its class."""
        doc = reading.doc
        classes = [self._shape(token.lower, token.text) or "" for token in doc]
        taken = [False] * len(doc)
        strings = doc.vocab.strings
        found = []
        for key, start, end in self._matcher(doc):
            kind, name = strings[key].split(":", 1)
            found.append((start - end, _KINDS.index(kind), start, end, kind, name))
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
        self._mark_stations(reading, stations, classes)
        reading.sites += [(LYMPH_NODE, i, i + 1) for i, name in enumerate(classes) if name in ("NODE", "ADENOPATHY")]
        reading.sites.sort(key=lambda site: site[1])
        return classes

    def _mark_stations(self, reading: Reading, stations: list[tuple[str, int, int]], classes: list[str]) -> None:
        """A word such as mediastinal is a station of nodes where nodes are named beside it, and else a region."""
        claimed: set[int] = set()
        for name, start, end in stations:
            if claimed & set(range(start, end)) or any(classes[i] == "CANCER" for i in range(start, end)):
                continue
            if not (_reaches_node(classes, end, 1) or _reaches_node(classes, start - 1, -1)):
                continue
            claimed.update(range(start, end))
            classes[start:end] = ["STATION"] * (end - start)
            reading.sites = [site for site in reading.sites if site[2] <= start or site[1] >= end]
            reading.sites.append((name, start, end))

    def _name_primaries(self, reading: Reading, classes: list[str]) -> None:
        """Find the primaries that are named by an organ beside a word for cancer: breast ca, ca of the cervix."""
        doc = reading.doc
        for site in list(reading.sites):
            _, start, end = site
            primary = self._primary_of(site, doc[start:end].text.lower())
            if primary is None:
                continue
            after, before = end, start - 1
            while after < len(classes) and after - end < 3 and classes[after] in ("MOD", "INVADE"):
                after += 1
            while before > 0 and start - before < 4 and classes[before] in ("MOD", "DET"):
                before -= 1
            if after < len(classes) and classes[after] == "CANCER":
                mention = (primary, start, after + 1)
            elif before > 0 and doc[before].lower_ in ("of", "primary") and classes[before - 1] in ("CANCER", "MOD"):
                if classes[before - 1] != "CANCER" and doc[before].lower_ == "of":
                    continue
                mention = (primary, before, end)
            elif classes[start - 1 : start] == ["CANCER"] and doc[start - 1].lower_ in ("ca", "carcinoma", "cancer"):
                mention = (primary, start - 1, end)
            elif after < len(classes) and doc[after].lower_ in ("primary", "primaries"):
                mention = (primary, start, after + 1)
            else:
                continue
            reading.primaries.append(mention)
            reading.sites.remove(site)
        reading.primaries.sort(key=lambda primary: primary[1])

    def _primary_of(self, site: tuple[str, int, int], words: str) -> str | None:
        return self._organ_terms.get(words) or next(iter(self._organs.get(site[0], ())), None)

    def _shape(self, key: int, text: str) -> str | None:
        if key not in self._shape_of:
            self._shape_of[key] = next((name for name, shape in self._shapes if shape.fullmatch(text)), None)
        return self._shape_of[key]


def _class_of(kind: str, name: str) -> str:
    return {"primary": "CANCER", "site": "SITE"}.get(kind, name)


def _reaches_node(classes: list[str], index: int, step: int) -> bool:
    """Whether only qualifiers stand between a word and a word for lymph node."""
    for _ in range(_REACH):
        if not 0 <= index < len(classes):
            return False
        if classes[index] in ("NODE", "ADENOPATHY"):
            return True
        if classes[index] not in _BETWEEN_STATION_AND_NODE:
            return False
        index += step
    return False
