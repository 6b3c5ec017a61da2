"""The words of a tag: labels, extents, statuses and senses, each with its definition and source."""

from enum import StrEnum


class Label(StrEnum):
    """What a phrase says about the cancer. The name of a spread depends on the scheme (see `classifier.schemes`)."""

    LOCAL_SPREAD = "LOCAL_SPREAD"
    """Spread no farther than the scheme calls local (CCS, SEER: confined to where it started)."""
    REGIONAL_SPREAD = "REGIONAL_SPREAD"
    """Spread to surrounding tissue, nearby nodes or the same body region (CCS; SEER Summary Stage 2-4)."""
    DISTANT_SPREAD = "DISTANT_SPREAD"
    """Spread to a distant organ or distant nodes, or metastasis with no site (ACS, CCS; SEER Summary Stage 7)."""
    RECURRENCE = "RECURRENCE"
    """The cancer came back after treatment."""
    RELAPSE = "RELAPSE"
    """The note says relapse, or out of remission; the usual word for blood cancers."""
    SECOND_CANCER = "SECOND_CANCER"
    """A new cancer, unrelated to the first (SEER multiple primaries)."""
    ADVANCED = "ADVANCED"
    """A use of "advanced" about a cancer; its sense is local, distant or ambiguous (ACS)."""


SPREAD_LABELS = (Label.LOCAL_SPREAD, Label.REGIONAL_SPREAD, Label.DISTANT_SPREAD)


class Extent(StrEnum):
    """How far a cancer has spread, or where it came back: the fact to which a scheme gives a label."""

    CONFINED = "confined"
    """Said to be only where it started: organ-confined, localised."""
    STATED_LOCAL = "stated_local"
    """The note itself says local spread and no more: local extension, locally advanced."""
    ADJACENT = "adjacent"
    """Grew directly into surrounding tissue or a neighbouring organ (direct extension; AJCC T)."""
    REGIONAL_NODES = "regional_nodes"
    """Nearby lymph nodes, satellite or in-transit deposits (AJCC N1-N3)."""
    REGION = "region"
    """The same body region, farther than adjacent and not nodes; or the note says only regional."""
    SPREAD_NOS = "spread_nos"
    """Spread with neither site nor distance."""
    METASTASIS_NOS = "metastasis_nos"
    """Metastatic, with no site."""
    DISTANT = "distant"
    """A distant organ or distant nodes, seeding, carcinomatosis, malignant effusion, stage IV (AJCC M1)."""
    UNSPECIFIED = "unspecified"
    """Recurrence or relapse: the note does not say where."""


DISTANT_EXTENTS = (Extent.DISTANT, Extent.METASTASIS_NOS, Extent.SPREAD_NOS)
"""The extents that every scheme calls distant."""


class Status(StrEnum):
    """What the note says of the finding, after the ConText algorithm (Harkema et al. 2009)."""

    PRESENT = "present"
    """The patient has it, or had it."""
    NEGATED = "negated"
    """The note says that it is not there."""
    POSSIBLE = "possible"
    """Suspected, or not ruled out."""
    HYPOTHETICAL = "hypothetical"
    """A risk, a plan, a condition, a prognosis, or a search whose result is not given."""
    FAMILY = "family"
    """Someone else's: a relative's, mostly."""


class Sense(StrEnum):
    """What "advanced" means in this note (ACS: "What Are Advanced and Metastatic Cancers?")."""

    LOCAL = "local"
    """Locally advanced: beyond where it started, not distant."""
    DISTANT = "distant"
    """Metastatic."""
    AMBIGUOUS = "ambiguous"
    """The note does not say which."""


class Evidence(StrEnum):
    """Which part of the note settles the sense of "advanced"."""

    PHRASE = "phrase"
    """The phrase itself: locally advanced, advanced metastatic."""
    SENTENCE = "sentence"
    """The same sentence."""
    NOTE = "note"
    """Stage, TNM or metastases of the same cancer elsewhere in the note."""
    NONE = "none"
    """Nothing: the sense is ambiguous."""
