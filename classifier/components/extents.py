"""`cancer_extents`: how far each spread goes, by its site, the primary and their relation; then the scheme's label."""

from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier import attributes, resources
from classifier.components.base import RuleComponent
from classifier.labels import SPREAD_LABELS
from classifier.matching.anatomy import Primary, load_anatomy
from classifier.matching.patterns import load_patterns
from classifier.reading.extent_readings import READERS
from classifier.reading.phrase_sites import NoteSites, PhraseSites
from classifier.schemes import Scheme, load_scheme
from classifier.span_groups import TERMS


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
        Folder with `phrases/*.jsonl`, `vocabulary.toml` and `sites.toml`; default the rules of the package.
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
        note = NoteSites(doc, self.words)
        spans = []
        for span, phrase in zip(doc.spans[TERMS], note.phrases, strict=True):
            stored = attributes.attributes(span)
            primary = self._primary(note, phrase)
            stored["primary"] = primary.id if primary else None
            label = self._label(PhraseSites(phrase, note, primary, self.anatomy), stored)
            if label is None:
                continue
            relabelled = Span(doc, span.start, span.end, label=label, span_id=span.id_)
            attributes.attributes(relabelled).update(stored)
            spans.append(relabelled)
        doc.spans[TERMS] = spans
        return doc

    def _label(self, phrase: PhraseSites, stored: dict[str, Any]) -> str | None:
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

    def _primary(self, note: NoteSites, span: Span) -> Primary | None:
        """The primary named in the phrase, else nearest in its sentence, else most often in the note.

        What is called a carcinoma or a metastasis is of no blood cancer, where the note has another cancer as well.
        """
        names = note.primaries_near(span) + note.primaries_by_weight
        solid = [name for name in names if not self.anatomy.primaries[name].haematological]
        if solid and not self.words["solid"].isdisjoint(token.lower_ for token in span):
            names = solid
        return self.anatomy.primaries[names[0]] if names else None
