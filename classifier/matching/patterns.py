"""The phrase patterns of `rules/phrases/`: spaCy Matcher patterns in JSONL, as spaCy's EntityRuler reads them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict
from spacy.schemas import validate_token_pattern

from classifier import resources
from classifier.errors import NoteTermsError
from classifier.labels import Extent, Status

NOT_CANCER = "NOT_CANCER"
"""Label of a pattern that finds no tag but blocks those that overlap it."""


def _matchable(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raise a ValueError where spaCy's Matcher could not look for the tokens."""
    if problems := validate_token_pattern(tokens):
        raise ValueError(problems[0])
    for shape in (shape for token in tokens for shape in _shapes(token.get("LOWER"))):
        try:
            re.compile(shape)
        except re.error as error:
            raise ValueError(f"{shape!r} is no regular expression: {error}") from None
    return tokens


Tokens = Annotated[list[dict[str, Any]], AfterValidator(_matchable)]
"""A spaCy Matcher pattern in a file of rules."""


class Pattern(BaseModel):
    """One phrase pattern."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    """Unique name; the column `rule` of a tag."""
    label: Literal[
        "LOCAL_SPREAD",
        "REGIONAL_SPREAD",
        "DISTANT_SPREAD",
        "RECURRENCE",
        "RELAPSE",
        "SECOND_CANCER",
        "ADVANCED",
        "NOT_CANCER",
    ]
    """Label under the scheme ccs where `extent` stands."""
    pattern: Tokens
    """A spaCy Matcher pattern; ENT_TYPE is a word class of `vocabulary.toml`, or SITE or STATION of `sites.toml`."""
    extent: Extent | None = None
    """Extent where no site decides otherwise."""
    reads: (
        Literal[
            "spread",
            "lesion",
            "carcinomatosis",
            "seeding",
            "effusion",
            "elsewhere",
            "stage",
            "nodes",
            "satellite",
            "invasion",
            "involvement",
            "involving",
            "free",
            "specimen",
            "station",
            "nearby",
            "regional",
            "confined",
            "recurrence",
        ]
        | None
    ) = None
    """How sites around the phrase change its extent (see `classifier.reading.extent_readings`); none: not at all."""
    polarity: Status | None = None
    """Status that the phrase has by itself, such as negated for N0."""
    needs: Literal["sentence", "note", "nodes", "topic", "staging"] | None = None
    """What must be named for the phrase to count. `sentence`: a cancer in its sentence, or a lesion there and a
    cancer in the note; `note`: a cancer in the note; `nodes`: a cancer and lymph nodes in the note;
    `topic`: a cancer in the note, and in the sentence no other finding, unless beside a cancer or in a list of risks
    (a relapse, in the note of a blood cancer: none within a few words);
    `staging`: a cancer in the note, or another staging expression in the sentence."""
    weak: bool = False
    """Too loose to tag by itself: only a model can affirm what it finds (see `classifier.components.arbiter`)."""
    before: int = 0
    """Tokens at the start of the match that are only looked at: they are no part of the phrase."""
    after: int = 0
    """The same at its end."""
    about: str
    """What the pattern is for."""
    example: str
    """A text with the phrase that this pattern finds in double brackets."""

    @property
    def required(self) -> list[dict[str, Any]]:
        """The tokens that must be there."""
        return _required(self.pattern)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Words, shapes and word classes of which one must stand in a sentence for a pattern to match there."""

    words: frozenset[str]
    """In lower case."""
    classes: frozenset[str]
    """Word classes."""
    shapes: frozenset[str]
    """Regular expressions of whole tokens, for words in lower case."""


def anchor(tokens: list[dict[str, Any]], commonness: Callable[[Anchor], float]) -> Anchor | None:
    """Return the token of a pattern that tells most: one that must be there, and is rare.

    Parameters
    ----------
    tokens : list of dict
        A Matcher pattern.
    commonness : callable
        In how many of 100 ordinary notes an anchor may stand, roughly.

    Returns
    -------
    Anchor or None
        None where no token of the pattern is bound to words, shapes or classes.
    """
    return min(anchors(tokens), key=commonness, default=None)


def anchors(tokens: list[dict[str, Any]]) -> list[Anchor]:
    """Return what must stand in a sentence for a Matcher pattern to match there: each of these, somewhere."""
    return [place for token in _required(tokens) if (place := _anchor_of(token)) is not None]


@dataclass(frozen=True, slots=True)
class Step:
    """A token that must be there, in a run of them."""

    anchor: Anchor
    """What it must be."""
    between: tuple[Anchor, ...]
    """What may stand between the step before and this one, any number of them."""


def runs(tokens: list[dict[str, Any]]) -> list[list[Step]]:
    """Return the tokens of a Matcher pattern that must be there, in runs that follow each other.

    A run ends where a token may stand that is bound to no words, shapes or classes.
    """
    found: list[list[Step]] = [[]]
    between: list[Anchor] = []
    for token in tokens:
        place = _anchor_of(token)
        if place is None or token.get("OP") == "!":
            found.append([])
            between = []
        elif _required([token]):
            found[-1].append(Step(place, tuple(between)))
            between = [place] if token.get("OP") == "+" else []
        else:
            between.append(place)
    return [run for run in found if len(run) > 1]


def _anchor_of(token: dict[str, Any]) -> Anchor | None:
    written = _values(token.get("ORTH")) + _values(token.get("TEXT"))
    words = _values(token.get("LOWER")) + [word.lower() for word in written]
    classes, shapes = _values(token.get("ENT_TYPE")), _shapes(token.get("LOWER"))
    return Anchor(frozenset(words), frozenset(classes), frozenset(shapes)) if words or classes or shapes else None


def _required(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [token for token in tokens if token.get("OP", "1") in ("1", "+")]


def _values(condition: Any) -> list[str]:
    """The values that a token condition admits; none where it admits what cannot be listed."""
    if isinstance(condition, str):
        return [condition]
    return list(condition.get("IN", ())) if isinstance(condition, dict) else []


def _shapes(condition: Any) -> list[str]:
    return [condition["REGEX"]] if isinstance(condition, dict) and "REGEX" in condition else []


def load_patterns(rules: Path) -> list[Pattern]:
    """Read the patterns of a folder of rules, file by file in the order of their names.

    Raises
    ------
    NoteTermsError
        E221 when a line is no pattern, or one that spaCy cannot look for; E222 when two patterns have the same id;
        E223 when there are none.
    """
    patterns: dict[str, Pattern] = {}
    for path in sorted((rules / "phrases").glob("*.jsonl")):
        for number, line in resources.read_jsonl(path):
            where = f"{path}, line {number}"
            pattern = resources.shaped(Pattern, line, where, "E221", "See docs/rules.md for the fields.")
            if pattern.id in patterns:
                raise NoteTermsError("E222", f"{where}: the id {pattern.id!r} is taken.", "Choose another.")
            patterns[pattern.id] = pattern
    if not patterns:
        raise NoteTermsError("E223", f"{rules} has no phrases/*.jsonl.", "Give a folder in the shape of rules/.")
    return list(patterns.values())
