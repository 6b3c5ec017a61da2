"""The phrase patterns of `rules/phrases/`: spaCy Matcher patterns, one JSON object a line, as spaCy's EntityRuler reads them."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from classifier import resources
from classifier.errors import NoteTermsError
from classifier.labels import Extent, Status

NOT_CANCER = "NOT_CANCER"
"""Label of a pattern that finds no tag but blocks those that overlap it."""


class Pattern(BaseModel):
    """One phrase pattern."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    """Unique name; the column `rule` of a tag."""
    label: Literal[
        "LOCAL_SPREAD", "REGIONAL_SPREAD", "DISTANT_SPREAD", "RECURRENCE", "RELAPSE", "SECOND_CANCER", "ADVANCED", "NOT_CANCER"
    ]
    """Label under the scheme ccs where `extent` stands."""
    pattern: list[dict[str, Any]]
    """A spaCy Matcher pattern; ENT_TYPE is a word class of `vocabulary.toml`, or SITE or STATION of `sites.toml`."""
    extent: Extent | None = None
    """Extent where no site decides otherwise."""
    reads: (
        Literal[
            "spread", "carcinomatosis", "seeding", "secondary", "effusion", "elsewhere", "stage", "nodes", "satellite",
            "invasion", "involvement", "involving", "free", "regional", "confined", "recurrence",
        ]
        | None
    ) = None
    """How the sites around the phrase change its extent (see `classifier.components.extents`); none: not at all."""
    polarity: Status | None = None
    """Status that the phrase has by itself, such as negated for N0."""
    needs: Literal["sentence", "note", "topic", "staging"] | None = None
    """What must be named for the phrase to count. `sentence`: a cancer in its sentence, or a lesion there and a cancer in
    the note; `note`: a cancer in the note; `topic`: a cancer in the note, and no other finding alone in the sentence;
    `staging`: a cancer or another staging expression in the sentence."""
    after: int = 0
    """Tokens at the end of the match that are only looked at: they are no part of the phrase."""
    about: str
    """What the pattern is for."""
    example: str
    """A text with the phrase that this pattern finds in double brackets."""


def load_patterns(rules: Path) -> list[Pattern]:
    """Read the patterns of a folder of rules, file by file in the order of their names.

    Raises
    ------
    NoteTermsError
        E221 when a line is no pattern, E222 when two patterns have the same id, E223 when there are none.
    """
    patterns: dict[str, Pattern] = {}
    for path in sorted((rules / "phrases").glob("*.jsonl")):
        for number, line in resources.read_jsonl(path):
            try:
                pattern = Pattern(**line)
            except (ValidationError, TypeError) as error:
                reason = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
                where = ".".join(map(str, reason["loc"]))
                raise NoteTermsError(
                    "E221", f"{path}, line {number}: {where}: {reason['msg']}.", "See docs/rules.md for the fields."
                ) from None
            if pattern.id in patterns:
                raise NoteTermsError("E222", f"{path}, line {number}: the id {pattern.id!r} is taken.", "Choose another.")
            patterns[pattern.id] = pattern
    if not patterns:
        raise NoteTermsError("E223", f"{rules} has no phrases/*.jsonl.", "Give a folder in the shape of rules/.")
    return list(patterns.values())
