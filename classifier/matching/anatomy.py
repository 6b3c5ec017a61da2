"""Sites, and primaries with their anatomy, as `sites.toml` has them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic.dataclasses import dataclass as checked_dataclass

from classifier import resources

LYMPH_NODE = "lymph_node"
"""Id of a lymph node of no named station."""
NODE_LEVEL = "node_level"
"""Id of a station that is a number, of the neck, the axilla or the mediastinum."""


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
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
    far: bool = False
    """What grows into it is a metastasis, unless it is a neighbour of the organ of origin."""
    seeded: bool = False
    """A surface which, named as free of a cancer, is free of distant spread."""
    even_of_its_own: bool = False
    """A metastasis in it is one even of a cancer that started in it: "lung metastases" of a lung cancer."""


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
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


@dataclass(frozen=True)
class Anatomy:
    """The sites and primaries of `sites.toml`, by id."""

    sites: dict[str, Site]
    primaries: dict[str, Primary]

    @cached_property
    def of_blood(self) -> frozenset[str]:
        """The ids of the cancers of blood and lymph nodes."""
        return frozenset(name for name, primary in self.primaries.items() if primary.haematological)

    @cached_property
    def stations(self) -> frozenset[str]:
        """The words that name a station of nodes, by themselves or beside a word for lymph node."""
        nodes = [site for site in self.sites.values() if site.kind == "node"]
        return frozenset(term for site in nodes for term in (*site.terms, *site.with_node))


class _SitesFile(BaseModel):
    sites: list[Site]
    primaries: list[Primary]


def load_anatomy(rules: Path) -> Anatomy:
    """Read `sites.toml` from a folder of rules.

    Raises
    ------
    NoteTermsError
        E224 when a site or a primary is none.
    """
    path = rules / "sites.toml"
    remedy = "The comment at the head of rules/sites.toml tells the fields."
    content = resources.shaped(_SitesFile, resources.read_toml(path), str(path), "E224", remedy)
    return Anatomy(
        {LYMPH_NODE: Site(LYMPH_NODE, "node"), **{site.id: site for site in content.sites}},
        {primary.id: primary for primary in content.primaries},
    )
