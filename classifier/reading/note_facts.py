"""What a whole note says of its patient: whether of a cancer of their own, of which primary, and of lymph nodes."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from spacy.tokens import Doc

from classifier import attributes


@dataclass(slots=True)
class NoteFacts:
    """What a note says as a whole."""

    own_cancer: bool = False
    """A cancer or its treatment is named outside the family history."""
    nodes: bool = False
    """Lymph nodes are named."""
    cancers: int = 0
    """How many words name a cancer or its treatment."""
    primaries: dict[str, float] = field(default_factory=dict)
    """Weight of each primary outside the family history: its mentions, and its clues by half."""
    specimen: str | None = None
    """Id of the site that a report on a single specimen is about."""

    @property
    def main_primary(self) -> str | None:
        """The primary that the note speaks of most."""
        return max(self.primaries, key=lambda name: self.primaries[name], default=None)

    @classmethod
    def of(cls, doc: Doc) -> "NoteFacts":
        """Return the facts that are kept with a Doc; of a Doc that has none, those of a note that says nothing."""
        kept = attributes.note_facts(doc)
        if not callable(kept):
            return cls(**kept)
        facts: NoteFacts = kept()
        facts.keep(doc)
        return facts

    def keep(self, doc: Doc) -> None:
        """Keep the facts with a Doc."""
        attributes.set_note_facts(doc, asdict(self))

    @staticmethod
    def keep_to_read(doc: Doc, read: "Callable[[], NoteFacts]") -> None:
        """Have the facts read when they are first asked for; until then the Doc cannot be saved."""
        attributes.set_note_facts(doc, read)
