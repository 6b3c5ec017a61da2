"""A phrase and what stands around it that decides how far a spread goes: sites, a specimen, a primary, a few words."""

from bisect import bisect_left, bisect_right

from spacy.tokens import Doc, Span

from classifier.matching.anatomy import Anatomy, Primary, Site
from classifier.reading.note_facts import NoteFacts
from classifier.reading.sections_of_doc import Sections
from classifier.span_groups import PRIMARIES, SITES, SPECIMEN_HEADINGS, SPECIMENS, TERMS
from classifier.text.raw_words import words_of
from classifier.text.words import Words

# How far, in tokens, a site that is joined to a phrase may stand before it, and behind it.
_JOIN_BEFORE, _JOIN_AFTER = 12, 4
# How far from a phrase, in tokens, its sentence is read. One without white space may be as long as the note.
_REACH = 500
# In characters: a sentence's first word ends before, if it is one by which it leans on the sentence before.
_FIRST_WORD = 40
# Sites that stand so near to each other, in tokens, are one list.
_LISTED = 3


def leans(sentence: str, words: frozenset[str]) -> bool:
    """Whether a sentence may have its subject in the one before, by its first word."""
    return not words.isdisjoint(words_of(sentence[:_FIRST_WORD])[:1])


class NoteSites:
    """What the whole note tells: its sentences, its sites, and the primary it speaks of most; spans are of words."""

    def __init__(self, doc: Doc, words: dict[str, frozenset[str]]) -> None:
        self.words = words
        of_words = Words(doc)
        self.sentences = of_words.sentence
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
        self.specimen_of_note = facts.specimen
        self._section = Sections(doc)
        self._tokens = of_words.positions
        self.primaries_by_weight = sorted(facts.primaries, key=lambda name: -facts.primaries[name])

    def bounds(self, sentence: int) -> tuple[int, int]:
        """First token of a sentence, and the one after its last."""
        return bisect_left(self.sentences, sentence), bisect_right(self.sentences, sentence)

    def primaries_near(self, span: Span) -> list[str]:
        """The primaries named in the sentence of a phrase, the nearest first."""
        named = self.primaries.get(self.sentences[span.start], [])
        near = [
            (max(mention.start - span.end, span.start - mention.end, 0), name)
            for mention, name in mentions_between(named, span.start - _REACH, span.end + _REACH)
        ]
        return [name for _, name in sorted(near)]

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
        sentences = range(self.sentences[heading.start], self.sentences[heading.end - 1] + 1)
        named = (pair for sentence in sentences for pair in self.sites.get(sentence, []))
        return [name for site, name in named if heading.start <= site.start < heading.end]

    def in_history(self, token: int) -> bool:
        """Whether a token stands in a section that tells what was before."""
        return self._section.name(self._tokens[token]) in self.words["history"]

    def _by_sentence(self, pairs: list[tuple[Span, str]]) -> dict[int, list[tuple[Span, str]]]:
        grouped: dict[int, list[tuple[Span, str]]] = {}
        for span, name in pairs:
            grouped.setdefault(self.sentences[span.start], []).append((span, name))
        return grouped

    def in_other_phrase(self, site: Span, phrase: Span) -> bool:
        """Whether a site belongs to another phrase already."""
        return any(span != phrase for span in self._phrases_at.get(site.start, ()))


def mentions_between(mentions: list[tuple[Span, str]], first: int, last: int) -> list[tuple[Span, str]]:
    """Of mentions in order, those that begin at a token from first to before last."""
    low, high = (bisect_left(mentions, token, key=lambda mention: mention[0].start) for token in (first, last))
    return mentions[low:high]


def last_listed(mentions: list[tuple[Span, str]]) -> list[tuple[Span, str]]:
    """Of mentions in order, the last one and those listed with it."""
    return [(span, name) for span, name in mentions if mentions[-1][0].start - span.end <= _LISTED]


class PhraseSites:
    """A phrase with what decides its extent; `sites` are those that decided."""

    def __init__(self, span: Span, note: NoteSites, primary: Primary | None, anatomy: Anatomy) -> None:
        self.span, self.note, self.primary, self.table = span, note, primary, anatomy.sites
        self.stations = anatomy.stations
        self.organs_of_note = {organ for name in note.primaries_by_weight for organ in anatomy.primaries[name].organ}
        self.sites: list[Site] = []
        self.number = sentence = note.sentences[span.start]
        first, last = note.bounds(sentence)
        self.first, self.last = max(first, span.start - _REACH), min(last, span.end + _REACH)
        self.sites_of_sentence = mentions_between(note.sites.get(sentence, []), self.first, self.last)

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
        joined_with = self.note.words["joined_with"]
        if after and self._joined(self.span.end, after[0][0].start, _JOIN_AFTER) and joined_with.isdisjoint(between):
            return [self.table[after[0][1]]]
        return []

    def last_named(self) -> list[Site]:
        """The site named last before the phrase in its sentence, where a lesion or a needle in it is spoken of."""
        before = [pair for pair in self.sites_of_sentence if pair[0].end <= self.span.start]
        if not before:
            return []
        last, name = before[-1]
        between = {token.lower_ for token in self.span.doc[last.end : self.span.start]}
        apart = self.table[name].kind == "node" or self.note.in_other_phrase(last, self.span)
        if apart and between <= {"or", "and", "/", "nor"}:
            # "No adenopathy or metastasis", "no nodal or metastatic disease": the one is not at the other.
            return []
        # "3/17 nodes positive, no mets": what is denied after a comma is not denied of the nodes alone.
        listed = "," in between and ":" not in between
        denied = self.table[name].kind == "node" and listed and self.note.words["denies"] & between
        return [] if denied or self.note.words["leads_away"] & between else [self.table[name]]

    def examined(self) -> list[Site]:
        """The sites of the specimen that the phrase is about."""
        return [self.table[name] for name in self.note.specimen(self.span.start)]

    def reported(self) -> list[Site]:
        """The site of the one specimen that the note reports on, but not of what was before, or is so in general."""
        specimen = self.note.specimen_of_note
        if specimen is None or self.note.in_history(self.span.start):
            return []
        return [] if self.note.words["in_general"].intersection(self._before(_JOIN_BEFORE)) else [self.table[specimen]]

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
        return [self.table[name] for _, name in last_listed(named)]

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
        joined_with = self.note.words["joined_with"]
        joint = next((place for place, word in enumerate(following) if word in joined_with or word == "as"), None)
        if joint is None or not self.note.words["ends"].isdisjoint(following[:joint]):
            return []
        first = self.span.end + joint + 1
        near = mentions_between(self.sites_of_sentence, first, first + _JOIN_BEFORE)
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
            if word in (",", ";", ".", "and", "or", "but", *self.note.words["joined_with"]):
                return False
            if word.startswith(("metasta", "secondar")):
                return True
        return False
