"""The context cues of `rules/context_cues.jsonl`: words that decide the status of a finding, after ConText."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from classifier import resources
from classifier.errors import NoteTermsError
from classifier.matching.patterns import Tokens


class Cue(BaseModel):
    """One kind of cue, with all the wordings that act alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    """Unique name."""
    kind: Literal["negated", "possible", "hypothetical", "family", "historical", "pseudo", "terminator"]
    """The status it gives; or `pseudo`, which only blocks a cue within it; or `terminator`, which ends scopes."""
    direction: Literal["forward", "backward", "both"] | None = None
    """Where the finding stands: after the cue, before it, or either. A terminator with `backward` ends only
    the scopes of cues that stand after the finding."""
    cues: tuple[str, ...] = ()
    """The wordings, in lower case; the pipeline's tokenizer splits them."""
    pattern: Tokens | None = None
    """Or a spaCy Matcher pattern."""
    after: int = 0
    """Tokens at the end of the pattern that are only looked at."""
    scope: int | None = None
    """How many tokens the scope reaches; none: to the end of the sentence."""
    past: Literal["history", "over"] | None = None
    """Puts the finding in the past: `history` as ConText has it, `over` only where it is over or overtaken."""
    labels: tuple[str, ...] = ()
    """Labels of the findings that it speaks of; none: all."""
    holds: bool = False
    """A nearer cue does not end its scope: what follows "if" stays a condition, what is denied of a relative theirs."""
    carries: bool = False
    """Its scope goes on over the items of a list that follows the sentence."""
    asks: bool = False
    """It is a question, which the note may go on to answer."""
    final: bool = False
    """It counts only as the last words of its sentence."""
    ends: tuple[str, ...] = ()
    """Of a terminator: the kinds whose scope it ends; none: all."""
    beside: bool = False
    """Of a terminator: it also ends the scope of a cue that it stands beside."""
    about: str
    """What the cue is for."""
    example: str
    """A sentence in which the finding in double brackets gets its status from this cue."""

    @model_validator(mode="after")
    def _complete(self) -> "Cue":
        if bool(self.cues) == bool(self.pattern):
            raise ValueError("give either cues or a pattern")
        if self.direction is None and self.kind not in ("pseudo", "terminator"):
            raise ValueError("a status has a direction")
        return self


def load_cues(rules: Path) -> list[Cue]:
    """Read the cues of a folder of rules.

    Raises
    ------
    NoteTermsError
        E301 when a line is no cue, E302 when two cues have the same id.
    """
    path = rules / "context_cues.jsonl"
    cues: dict[str, Cue] = {}
    for number, line in resources.read_jsonl(path):
        where = f"{path}, line {number}"
        cue = resources.shaped(Cue, line, where, "E301", "See docs/assertion.md.")
        if cue.id in cues:
            raise NoteTermsError("E302", f"{where}: the id {cue.id!r} is taken.", "Choose another.")
        cues[cue.id] = cue
    return list(cues.values())
