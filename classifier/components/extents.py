"""`cancer_extents`: how far each spread goes, by its site, the primary and their relation; then the scheme's label."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes, resources
from classifier.components.base import RuleComponent
from classifier.components.phrases import PRIMARIES, SITES, TERMS
from classifier.components.segments import SPECIMEN_HEADINGS, SPECIMENS
from classifier.labels import SPREAD_LABELS, Extent, Label
from classifier.lexicon import LYMPH_NODE, NODE_LEVEL, Anatomy, Primary, Site, load_anatomy
from classifier.note_facts import NoteFacts
from classifier.patterns import load_patterns
from classifier.raw_words import words_of
from classifier.schemes import Scheme, load_scheme
from classifier.words import Words

_OPERATED_SITE = "operated_site"
_ALWAYS_SITES = ("lung", "brain", "liver", "bone")
# How far, in tokens, a site that is joined to a phrase may stand before it, and behind it.
_JOIN_BEFORE, _JOIN_AFTER = 12, 4
# How far from a phrase, in tokens, its sentence is read. One without white space may be as long as the note.
_REACH = 500
# In characters: a sentence's first word ends before, if it is one by which it leans on the sentence before.
_FIRST_WORD = 40
# Sites that stand so near to each other, in tokens, are one list.
_LISTED = 3
# What grows into these comes from a metastasis, unless they are neighbours of the organ of origin.
_FAR = ("bone", "bone_marrow", "spinal_cord")
# Surfaces on which a cancer seeds: named as free of it, they are distant.
_SEEDED = ("omentum", "peritoneum")


@Language.factory(
    "cancer_extents",
    requires=["token.is_sent_start", "doc.spans"],
    assigns=["doc.spans", "span._.extent", "span._.site", "span._.primary"],
    default_config={"rules": None, "scheme": "ccs"},
)
def create_extents(nlp: Language, name: str, rules: str | None, scheme: str) -> "ExtentReader":
    """Make the component.

    Parameters
    ----------
    rules : str, optional
        Folder with `sites.toml` and `phrases/*.jsonl`; default the rules of the package.
    scheme : str, default "ccs"
        `ccs`, `acs`, `tnm` or the path of a TOML file (see `classifier.schemes`).
    """
    return ExtentReader(load_scheme(scheme), rules)


class ExtentReader(RuleComponent):
    """Set `span._.extent`, `span._.site` and `span._.primary`, and the label that the scheme gives to the extent.

    Phrases that turn out to be no spread (growth inside the organ of origin, organs involved by a lymphoma) are left
    out. Regional nodes and neighbouring structures are those of AJCC (8th edition) and SEER Summary Stage 2018, in
    `sites.toml`.
    """

    files = ("phrases/*.jsonl", "vocabulary.toml", "sites.toml")

    def __init__(self, scheme: Scheme, rules: str | Path | None = None) -> None:
        attributes.register()
        self.scheme = scheme
        super().__init__(rules)

    def compile(self, rules: Path) -> None:
        """Read the anatomy, and how each pattern reads it."""
        self.anatomy = load_anatomy(rules)
        self.words = {
            name: frozenset(words) for name, words in resources.read_toml(rules / "vocabulary.toml")["extents"].items()
        }
        self._reads = {pattern.id: pattern.reads for pattern in load_patterns(rules)}

    def __call__(self, doc: Doc) -> Doc:
        """Decide the extents of `doc.spans["cancer_terms"]`."""
        if not doc.spans.get(TERMS):
            return doc
        note = _Note(doc, self.words)
        spans = []
        for span, phrase in zip(doc.spans[TERMS], note.phrases, strict=True):
            stored = attributes.attributes(span)
            primary = self._primary(note, phrase)
            stored["primary"] = primary.id if primary else None
            label = self._label(_Phrase(phrase, note, primary, self.anatomy), stored)
            if label is None:
                continue
            relabelled = Span(doc, span.start, span.end, label=label, span_id=span.id_)
            attributes.attributes(relabelled).update(stored)
            spans.append(relabelled)
        doc.spans[TERMS] = spans
        return doc

    def _label(self, phrase: "_Phrase", stored: dict[str, Any]) -> str | None:
        """Store the extent and site of a phrase; return its label, or None where it is no tag."""
        read = READERS.get(self._reads[phrase.span.id_] or "")
        extent = stored["extent"]
        if read is not None:
            extent = read(phrase, extent)
            if extent is None:
                return None
        stored["extent"] = None if extent is None else str(extent)
        stored["site"] = ";".join(dict.fromkeys(site.id for site in phrase.sites)) or None
        label = phrase.span.label_
        if label in SPREAD_LABELS and extent is not None:
            return self.scheme.label(extent)
        return label

    def _primary(self, note: "_Note", span: Span) -> Primary | None:
        """The primary named in the phrase, else nearest in its sentence, else most often in the note.

        What is called a carcinoma or a metastasis is of no blood cancer, where the note has another cancer as well.
        """
        named = note.primaries.get(int(note.sentences[span.start]), [])
        near = [
            (max(mention.start - span.end, span.start - mention.end, 0), name)
            for mention, name in _between(named, span.start - _REACH, span.end + _REACH)
        ]
        names = [name for _, name in sorted(near)] + note.primaries_by_weight
        solid = [name for name in names if not self.anatomy.primaries[name].haematological]
        if solid and not self.words["solid"].isdisjoint(token.lower_ for token in span):
            names = solid
        return self.anatomy.primaries[names[0]] if names else None


def leans(sentence: str, words: frozenset[str]) -> bool:
    """Whether a sentence may have its subject in the one before, by its first word."""
    return not words.isdisjoint(words_of(sentence[:_FIRST_WORD])[:1])


class _Note:
    """What the whole note tells: its sentences, its sites, and the primary it speaks of most; spans are of words."""

    def __init__(self, doc: Doc, words: dict[str, frozenset[str]]) -> None:
        self.words = words
        of_words = Words(doc)
        self.sentences = np.array(of_words.sentence)
        groups = (TERMS, SITES, PRIMARIES, SPECIMENS, SPECIMEN_HEADINGS)
        spans = {key: list(map(of_words.span, doc.spans.get(key, ()))) for key in groups}
        self.phrases = spans[TERMS]
        self.sites = self._by_sentence([(span, span.label_) for span in spans[SITES]])
        self.primaries = self._by_sentence([(span, span.label_) for span in spans[PRIMARIES]])
        self._phrases_at: dict[int, list[Span]] = {}
        for span in self.phrases:
            for index in range(span.start, span.end):
                self._phrases_at.setdefault(index, []).append(span)
        self.site_tokens = {
            index for pairs in self.sites.values() for span, _ in pairs for index in range(span.start, span.end)
        }
        self._specimens, self._headings = spans[SPECIMENS], spans[SPECIMEN_HEADINGS]
        facts = NoteFacts.of(doc)
        self.primaries_by_weight = sorted(facts.primaries, key=lambda name: -facts.primaries[name])

    def bounds(self, sentence: int) -> tuple[int, int]:
        """First token of a sentence, and the one after its last."""
        first, last = np.searchsorted(self.sentences, (sentence, sentence + 1))
        return int(first), int(last)

    def specimen(self, token: int) -> list[str]:
        """The sites in the heading of the specimen that a token is about: "B. Omentum, biopsy: …"."""
        number = bisect_right(self._specimens, token, key=lambda span: span.start) - 1
        # Another may open and end within one: "C5." in a report.
        while number >= 0 and token >= self._specimens[number].end:
            number -= 1
        if number < 0 or token < self._headings[number].end:
            return []
        heading = self._headings[number]
        # A heading in capitals starts a sentence of its own behind its letter.
        sentences = range(int(self.sentences[heading.start]), int(self.sentences[heading.end - 1]) + 1)
        named = (pair for sentence in sentences for pair in self.sites.get(sentence, []))
        return [name for site, name in named if heading.start <= site.start < heading.end]

    def _by_sentence(self, pairs: list[tuple[Span, str]]) -> dict[int, list[tuple[Span, str]]]:
        grouped: dict[int, list[tuple[Span, str]]] = {}
        for span, name in pairs:
            grouped.setdefault(int(self.sentences[span.start]), []).append((span, name))
        return grouped

    def in_other_phrase(self, site: Span, phrase: Span) -> bool:
        """Whether a site belongs to another phrase already."""
        return any(span != phrase for span in self._phrases_at.get(site.start, ()))


def _between(mentions: list[tuple[Span, str]], first: int, last: int) -> list[tuple[Span, str]]:
    """Of mentions in order, those that begin at a token from first to before last."""
    low, high = (bisect_left(mentions, token, key=lambda mention: mention[0].start) for token in (first, last))
    return mentions[low:high]


class _Phrase:
    """A phrase with what decides its extent; `sites` are those that decided."""

    def __init__(self, span: Span, note: _Note, primary: Primary | None, anatomy: Anatomy) -> None:
        self.span, self.note, self.primary, self.table = span, note, primary, anatomy.sites
        self.stations = anatomy.stations
        self.organs_of_note = {organ for name in note.primaries_by_weight for organ in anatomy.primaries[name].organ}
        self.sites: list[Site] = []
        self.number = sentence = int(note.sentences[span.start])
        first, last = note.bounds(sentence)
        self.first, self.last = max(first, span.start - _REACH), min(last, span.end + _REACH)
        self.sites_of_sentence = _between(note.sites.get(sentence, []), self.first, self.last)

    def sentence(self) -> Span:
        """The sentence that the phrase stands in."""
        first, last = self.note.bounds(self.number)
        return self.span.doc[first:last]

    def inside(self) -> list[Site]:
        """Sites named in the phrase itself."""
        return [
            self.table[name] for site, name in self.sites_of_sentence if self.span.start <= site.start < self.span.end
        ]

    def nearby(self) -> list[Site]:
        """Sites outside the phrase that can be meant: those of a scan in its sentence, or else the one joined to it."""
        same = [pair for pair in self.sites_of_sentence if not self.note.in_other_phrase(pair[0], self.span)]
        before = [pair for pair in same if pair[0].end <= self.span.start]
        scanned = [pair for pair in before if self._scanned(pair[0])]
        if scanned:
            return [self.table[name] for _, name in scanned]
        if before and self._joined(before[-1][0].end, self.span.start, _JOIN_BEFORE):
            last = before[-1][0]
            return [self.table[name] for site, name in before if site == last or site.end == last.start]
        after = [pair for pair in same if pair[0].start >= self.span.end]
        between = [token.lower_ for token in self.span.doc[self.span.end : after[0][0].start]] if after else []
        if after and self._joined(self.span.end, after[0][0].start, _JOIN_AFTER) and "with" not in between:
            return [self.table[after[0][1]]]
        return []

    def last_named(self) -> list[Site]:
        """The site named last before the phrase in its sentence, where a lesion or a needle in it is spoken of."""
        before = [pair for pair in self.sites_of_sentence if pair[0].end <= self.span.start]
        if not before:
            return []
        last, name = before[-1]
        between = {token.lower_ for token in self.span.doc[last.end : self.span.start]}
        if self.note.in_other_phrase(last, self.span) and between <= {"or", "and", "/", "nor"}:
            # "No nodal or metastatic disease": the one is not at the other.
            return []
        # "3/17 nodes positive, no mets": what is denied after a comma is not denied of the nodes alone.
        listed = "," in between and ":" not in between
        apart = self.table[name].kind == "node" and listed and self.note.words["denies"] & between
        return [] if apart or self.note.words["leads_away"] & between else [self.table[name]]

    def examined(self) -> list[Site]:
        """The sites of the specimen that the phrase is about."""
        return [self.table[name] for name in self.note.specimen(self.span.start)]

    def led_by(self) -> list[Site]:
        """The site right before the phrase, with a mark between: "Omentum, no tumour"."""
        before = [pair for pair in self.sites_of_sentence if pair[0].end <= self.span.start]
        between = {token.lower_ for token in self.span.doc[before[-1][0].end : self.span.start]} if before else set()
        return [self.table[before[-1][1]]] if before and between <= {",", ":", "-", "no"} else []

    def led_to(self) -> list[Site]:
        """The site named last in the sentence before, where the phrase has no subject: "Lung nodule. Likely a met."."""
        first, last = self.note.bounds(self.number)
        words, doc = self.note.words["leans"], self.span.doc
        if self.first > first or not leans(doc[first : min(first + _FIRST_WORD, last)].text, words):
            return []
        if not words.issuperset(words_of(doc[first : self.span.start].text)):
            return []
        named = self.note.sites.get(self.number - 1, [])
        return [self.table[name] for site, name in named if named[-1][0].start - site.end <= _LISTED]

    def nodes_before(self) -> list[Site]:
        """The nodes that the phrase is about, where they are named last: "four axillary nodes with sinusoids, …"."""
        named: list[tuple[Span, str]] = []
        for site, name in reversed([pair for pair in self.sites_of_sentence if pair[0].end <= self.span.start]):
            if self.table[name].kind != "node" or (named and named[-1][0].start - site.end > 1):
                break
            named.append((site, name))
        between = {token.text for token in self.span.doc[named[0][0].end : self.span.start]} if named else set()
        return [] if between & {";", "."} else [self.table[name] for _, name in reversed(named)]

    def is_told(self) -> bool:
        """Whether the phrase says all of the finding: "no tumour.", and not "no tumour necrosis"."""
        behind = self.span.doc[self.span.end : self.last]
        return not len(behind) or behind[0].lower_ in self.note.words["told"]

    def came_with(self) -> list[Site]:
        """The sites with which a cancer came back: "recurred in May with lung metastases"."""
        following = [token.lower_ for token in self.span.doc[self.span.end : self.last]][:_JOIN_AFTER]
        joint = next((place for place, word in enumerate(following) if word in ("with", "as")), None)
        if joint is None or not self.note.words["ends"].isdisjoint(following[:joint]):
            return []
        first = self.span.end + joint + 1
        near = _between(self.sites_of_sentence, first, first + _JOIN_BEFORE)
        return [self.table[name] for _, name in near[:1]]

    def _scanned(self, site: Span) -> bool:
        """Whether a scan of the site is spoken of: CT of the chest, abdomen and pelvis; bone scan."""
        doc = self.span.doc
        if site.end < self.last and doc[site.end].lower_ in self.note.words["imaging"]:
            return True
        # "CT head" may be a site itself.
        index = site.end - 1
        while index >= self.first and doc[index].lower_ not in self.note.words["imaging"]:
            if doc[index].lower_ not in self.note.words["scan_links"] and index not in self.note.site_tokens:
                return False
            index -= 1
        return index >= self.first

    def _joined(self, start: int, end: int, reach: int) -> bool:
        """Whether the words between a site and the phrase join them: "node suggestive of …", "bones: no …"."""
        between = [token.lower_ for token in self.span.doc[start:end]]
        if not self.note.words["reads_as"].isdisjoint(between):
            return True
        # What stands before a colon is a heading: "node, right iliac, biopsy: negative for …".
        colon = max((index for index, word in enumerate(between) if word == ":"), default=-1)
        stops = (",", ";", ".", "and", "or", "but", *(("no", "nor") if colon < 0 else ()))
        between = between[colon + 1 :]
        return end - start <= reach and not any(word in stops for word in between)

    def _before(self, tokens: int) -> list[str]:
        """So many tokens before the phrase, in lower case, as far as its sentence reaches."""
        start = self.span.start
        return [token.lower_ for token in self.span.doc[max(start - tokens, self.first) : start]]

    def read_as(self) -> bool:
        """Whether a finding is read as the phrase: "… consistent with [recurrence]"."""
        return not self.note.words["reads_as"].isdisjoint(self._before(3))

    def in_own_organ(self, site: Site) -> bool:
        """Whether a site is the organ in which the cancer started."""
        return self.primary is not None and site.id in self.primary.organ

    def says(self, distance: str) -> bool:
        """Whether the phrase, or the word before it, says a distance: `distant`, `opposite`, `regional` or `local`."""
        words = [*self._before(1), *(token.lower_ for token in self.span)]
        return not self.note.words[distance].isdisjoint(words)

    def of_metastasis(self) -> bool:
        """Whether a metastasis is said to grow: the word stands just before the phrase, with no conjunction between."""
        for word in reversed(self._before(_JOIN_BEFORE)):
            if word in (",", ";", ".", "and", "with", "or", "but"):
                return False
            if word.startswith(("metasta", "secondar")):
                return True
        return False


def _nodes(phrase: _Phrase, sites: Sequence[Site]) -> Extent:
    """Nodes are regional in the primary's own drainage, and distant elsewhere (AJCC N and M)."""
    stations = [site for site in sites if site.kind == "node" and site.id not in (LYMPH_NODE, NODE_LEVEL)]
    if phrase.says("distant"):
        return Extent.DISTANT
    if phrase.primary is None or not stations or not phrase.primary.regional_nodes:
        return Extent.REGIONAL_NODES
    if all(site.id in phrase.primary.regional_nodes for site in stations):
        return Extent.REGIONAL_NODES
    return Extent.DISTANT


def _spread(phrase: _Phrase, default: Extent) -> Extent | None:
    """A metastasis: its site decides."""
    sites = phrase.inside()
    if sites and all(site.id == LYMPH_NODE for site in sites):
        # "Aortocaval node, suspicious for nodal metastasis."
        sites = phrase.nodes_before() or sites
    phrase.sites = sites
    nodes = any(site.kind == "node" for site in sites)
    if phrase.says("distant") or (phrase.says("opposite") and not nodes):
        return Extent.DISTANT
    if not sites and phrase.says("regional"):
        return Extent.REGION
    if not sites:
        # "No spread" after the nodes are named says more than of the nodes; a metastasis is where it was looked for.
        named = phrase.examined() or phrase.last_named() if default == Extent.METASTASIS_NOS else []
        sites = [site for site in phrase.nearby() or named if not phrase.in_own_organ(site)]
    phrase.sites = sites
    return _spread_to(phrase, sites, default)


def _lesion(phrase: _Phrase, default: Extent) -> Extent | None:
    """A metastasis that is named alone: in a sentence without a subject, it is at the site that was named before."""
    extent = _spread(phrase, default)
    if extent is not Extent.METASTASIS_NOS:
        return extent
    phrase.sites = [site for site in phrase.led_to() if not phrase.in_own_organ(site)]
    return _spread_to(phrase, phrase.sites, default)


def _spread_to(phrase: _Phrase, sites: Sequence[Site], default: Extent) -> Extent:
    organs = [site for site in sites if site.kind != "node"]
    nodes = [site for site in sites if site.kind == "node"]
    primary = phrase.primary
    if nodes and not organs:
        return _nodes(phrase, sites)
    if not organs:
        return default
    if nodes and _nodes(phrase, sites) is Extent.REGIONAL_NODES and not _is_list(phrase, organs):
        return Extent.REGIONAL_NODES
    if primary is not None:
        if all(site.id in primary.regional_nodes for site in organs):
            return Extent.REGIONAL_NODES
        if all(site.id in primary.region or site.id in primary.regional_nodes for site in organs):
            return Extent.REGION
        if default is Extent.SPREAD_NOS and all(
            site.id in primary.neighbours and site.kind == "structure" for site in organs
        ):
            return Extent.ADJACENT
        # "Prostate metastasis" of a prostate cancer names the cancer; these organs are sites even of their own cancers.
        if all(phrase.in_own_organ(site) and site.id not in _ALWAYS_SITES for site in organs):
            return default
    return Extent.DISTANT


def _is_list(phrase: _Phrase, organs: Sequence[Site]) -> bool:
    """Whether nodes and organs are listed side by side, rather than the nodes placed in a region."""
    return any(site.kind in ("organ", "cavity") for site in organs) and any(
        token.lower_ in ("and", ",", "/", "&", "+") for token in phrase.span
    )


def _node_phrase(phrase: _Phrase, default: Extent) -> Extent | None:
    if phrase.primary is not None and phrase.primary.haematological:
        return None
    phrase.sites = phrase.inside()
    if all(site.id == LYMPH_NODE for site in phrase.sites):
        # "Lymph node, portal: one node, negative": the specimen's heading says which.
        phrase.sites += [site for site in phrase.examined() if site.kind == "node" and site not in phrase.sites]
    return _nodes(phrase, phrase.sites)


def _stage(phrase: _Phrase, default: Extent) -> Extent | None:
    """Stage IV is distant, but not IVA/IVB of the head and neck, nor beside M0."""
    primary = phrase.primary
    if any(token.lower_.endswith("m0") for token in phrase.sentence()):
        return None
    last = phrase.span[-1].lower_
    if primary is not None and primary.head_and_neck and (last in ("iva", "ivb", "4a", "4b", "a", "b")):
        return None
    return default


def _invasion(phrase: _Phrase, default: Extent) -> Extent | None:
    """Growth is adjacent; that of a metastasis, or into a usual place of metastases, is distant."""
    sites = phrase.inside()
    phrase.sites = sites
    primary = phrase.primary
    if primary is not None and primary.haematological:
        return None
    if not sites:
        return default
    if all(site.kind == "node" for site in sites):
        return _nodes(phrase, sites)
    if phrase.of_metastasis():
        return Extent.DISTANT
    if primary is None:
        return default
    foreign = [site for site in sites if not phrase.in_own_organ(site) or site.id in primary.neighbours]
    if not foreign:
        return None
    if all(site.id in primary.region for site in foreign):
        return Extent.REGION
    if not any(site.id in primary.neighbours for site in foreign) and any(
        site.id in _FAR or site.id in primary.distant_usual for site in foreign
    ):
        return Extent.DISTANT
    return default


def _involving(phrase: _Phrase, default: Extent) -> Extent | None:
    """The verb is used of so much that only a known neighbour or a usual place of metastases counts."""
    primary = phrase.primary
    if primary is None or primary.haematological:
        return None
    known = (*primary.neighbours, *primary.region, *primary.distant_usual, *primary.regional_nodes)
    if not any(site.id in known for site in phrase.inside()):
        return None
    return _involvement(phrase, default)


def _specimen(phrase: _Phrase, default: Extent) -> Extent | None:
    """What was found in a specimen, or not, counts where it is of nodes, or of a cavity or surface that is seeded."""
    if phrase.primary is None or phrase.primary.haematological or not phrase.is_told():
        return None
    phrase.sites = sites = phrase.examined() or phrase.led_by() or phrase.nodes_before()
    if sites and all(site.kind == "node" for site in sites):
        return _nodes(phrase, sites)
    return default if sites and all(site.kind == "cavity" or site.id in _SEEDED for site in sites) else None


def _station(phrase: _Phrase, default: Extent) -> Extent | None:
    """A count is one of nodes where what stands before it can name a station: "tongue 6/12" is a time."""
    span = phrase.span
    named = [(site, name) for site, name in phrase.sites_of_sentence if span.start <= site.start < span.end]
    at_stations = all(name == LYMPH_NODE or site.text.lower() in phrase.stations for site, name in named)
    return _node_phrase(phrase, default) if at_stations else None


def _free(phrase: _Phrase, default: Extent) -> Extent | None:
    """A site that is free counts where it is a neighbour of the organ of origin, or where it would be seeded."""
    phrase.sites = phrase.inside()
    primary = phrase.primary
    if phrase.sites and all(site.id in _SEEDED for site in phrase.sites):
        return Extent.DISTANT
    if primary is None or not any(site.id in primary.neighbours for site in phrase.sites):
        return None
    return default


def _involvement(phrase: _Phrase, default: Extent) -> Extent | None:
    """Involvement of an organ: adjacent if it is a neighbour, distant if it is a usual place of metastases."""
    sites = phrase.inside()
    if all(site.kind == "node" for site in sites):
        return _node_phrase(phrase, Extent.REGIONAL_NODES) if sites else None
    extent = _invasion(phrase, Extent.ADJACENT)
    primary = phrase.primary
    if extent is Extent.ADJACENT and primary is not None:
        foreign = [site for site in sites if site.kind != "node" and not phrase.in_own_organ(site)]
        if any(site.id in primary.distant_usual and site.id not in primary.neighbours for site in foreign):
            return Extent.DISTANT
    return extent


def _elsewhere(phrase: _Phrase, default: Extent) -> Extent | None:
    """A cancer that keeps its primary's name in another organ has spread there."""
    primaries = phrase.note.primaries.get(int(phrase.note.sentences[phrase.span.start]), [])
    named = _between(primaries, phrase.span.start, phrase.span.end)
    sites = [site for site in phrase.inside() if not phrase.in_own_organ(site)]
    primary = phrase.primary
    if not named or primary is None or primary.haematological or not sites:
        return None
    if any(site.id in primary.neighbours or site.id in primary.local_recurrence for site in sites):
        return None
    phrase.sites = sites
    return _spread_to(phrase, sites, default)


def _confined(phrase: _Phrase, default: Extent) -> Extent | None:
    sites = phrase.inside()
    phrase.sites = sites
    if phrase.primary is None or not sites:
        return default
    if phrase.primary.haematological:
        return None
    if any(site.kind == "node" for site in sites):
        return Extent.REGIONAL_NODES
    return default if any(phrase.in_own_organ(site) or site.kind == "structure" for site in sites) else None


def _regional(phrase: _Phrase, default: Extent) -> Extent | None:
    sites = phrase.inside()
    phrase.sites = sites
    return _nodes(phrase, sites) if any(site.kind == "node" for site in sites) else default


def _distant(phrase: _Phrase, default: Extent) -> Extent | None:
    """Seeding, carcinomatosis, malignant effusion: distant wherever they are, but not of a blood cancer."""
    if phrase.primary is not None and phrase.primary.haematological:
        return None
    phrase.sites = phrase.inside()
    return default


def _nearby(phrase: _Phrase, default: Extent) -> Extent | None:
    """Invasion or involvement of what was named before in the sentence: nodes, or a neighbour."""
    before = [pair for pair in phrase.sites_of_sentence if pair[0].end <= phrase.span.start]
    primary = phrase.primary
    if not before or primary is None or primary.haematological:
        return None
    last = before[-1][0]
    phrase.sites = [phrase.table[name] for site, name in before if last.start - site.end <= _LISTED]
    if all(site.kind == "node" for site in phrase.sites):
        return _nodes(phrase, phrase.sites)
    return default if any(site.id in primary.neighbours for site in phrase.sites) else None


def _satellite(phrase: _Phrase, default: Extent) -> Extent | None:
    """A deposit beside the cancer is regional; one on a surface that is seeded is distant."""
    phrase.sites = phrase.inside() or phrase.led_by()
    return Extent.DISTANT if phrase.sites and all(site.id in _SEEDED for site in phrase.sites) else default


def _local_sites(phrase: _Phrase) -> tuple[str, ...]:
    own = phrase.primary.local_recurrence if phrase.primary else ()
    return (*own, *phrase.organs_of_note, _OPERATED_SITE)


def _recurrence_of_blood(phrase: _Phrase, default: Extent) -> Extent | None:
    """A blood cancer is nowhere at home: only the place that the phrase itself names counts, and not its marrow."""
    phrase.sites = [site for site in phrase.inside() if not phrase.in_own_organ(site)]
    if not phrase.sites:
        return default
    if all(site.kind == "node" for site in phrase.sites):
        return Extent.REGIONAL_NODES
    of_another = phrase.span.label_ == Label.RECURRENCE and all(s.id in phrase.organs_of_note for s in phrase.sites)
    return Extent.STATED_LOCAL if of_another else Extent.DISTANT


def _recurrence(phrase: _Phrase, default: Extent) -> Extent | None:
    """Where a cancer came back."""
    sites = phrase.inside()
    if phrase.primary is not None and phrase.primary.haematological:
        return _recurrence_of_blood(phrase, default)
    if not sites and phrase.read_as():
        sites = [site for site in phrase.nearby() if not phrase.in_own_organ(site)]
    if not sites:
        sites = phrase.came_with()
    phrase.sites = sites
    primary = phrase.primary
    if phrase.says("distant"):
        return Extent.DISTANT
    organs = [site for site in sites if site.kind != "node"]
    if primary is not None and sites and all(site.id in primary.regional_nodes for site in sites):
        return Extent.REGIONAL_NODES
    if phrase.says("regional"):
        return Extent.REGION
    if primary is not None:
        far = [
            site
            for site in organs
            if not phrase.in_own_organ(site)
            and site.id not in (*primary.local_recurrence, *primary.neighbours)
            and site.id not in (*phrase.organs_of_note, _OPERATED_SITE)
        ]
    else:
        far = organs
    if any(site.kind in ("organ", "cavity") for site in far) and not phrase.says("local"):
        return Extent.REGION if primary and all(site.id in primary.region for site in far) else Extent.DISTANT
    if phrase.says("local"):
        return Extent.STATED_LOCAL
    if any(site.kind == "node" for site in sites):
        return _nodes(phrase, sites)
    if far:
        return Extent.REGION if primary and all(site.id in primary.region for site in far) else Extent.DISTANT
    if [site for site in organs if primary is None or site.id in _local_sites(phrase)]:
        return Extent.STATED_LOCAL
    if not organs:
        nodes = [
            site for site in phrase.nearby() if site.kind == "node" or (primary and site.id in primary.regional_nodes)
        ]
        if nodes:
            phrase.sites = nodes
            return _nodes(phrase, nodes)
    return default


READERS: dict[str, Callable[[_Phrase, Any], Extent | None]] = {
    "spread": _spread,
    "lesion": _lesion,
    "nodes": _node_phrase,
    "stage": _stage,
    "invasion": _invasion,
    "involvement": _involvement,
    "involving": _involving,
    "free": _free,
    "specimen": _specimen,
    "station": _station,
    "nearby": _nearby,
    "elsewhere": _elsewhere,
    "confined": _confined,
    "regional": _regional,
    "recurrence": _recurrence,
    "effusion": _distant,
    "carcinomatosis": _distant,
    "seeding": _distant,
    "satellite": _satellite,
}
"""How each value of a pattern's `reads` decides; the value None drops the phrase."""
