"""How far a spread goes, or where a cancer came back: one function for each value of a pattern's `reads`.

Regional nodes and neighbouring structures are those of AJCC (8th edition) and SEER Summary Stage 2018, in `sites.toml`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from classifier.labels import Extent, Label
from classifier.matching.anatomy import LYMPH_NODE, NODE_LEVEL, Site
from classifier.reading.phrase_sites import PhraseSites, last_listed, mentions_between

_OPERATED_SITE = "operated_site"


def _nodes(phrase: PhraseSites, sites: Sequence[Site]) -> Extent:
    """Nodes are regional in the primary's own drainage, and distant elsewhere (AJCC N and M)."""
    stations = [site for site in sites if site.kind == "node" and site.id not in (LYMPH_NODE, NODE_LEVEL)]
    if phrase.says("distant"):
        return Extent.DISTANT
    if phrase.primary is None or not stations or not phrase.primary.regional_nodes:
        return Extent.REGIONAL_NODES
    if all(site.id in phrase.primary.regional_nodes for site in stations):
        return Extent.REGIONAL_NODES
    return Extent.DISTANT


def _spread(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A metastasis: its site decides."""
    sites = phrase.inside()
    if sites and all(site.id == LYMPH_NODE for site in sites):
        # "Aortocaval node, suspicious for nodal metastasis."
        sites = phrase.nodes_before() or [site for site in phrase.reported() if site.kind == "node"] or sites
    phrase.sites = sites
    nodes = any(site.kind == "node" for site in sites)
    if phrase.says("distant") or (phrase.says("opposite") and not nodes):
        return Extent.DISTANT
    if not sites and phrase.says("regional"):
        return Extent.REGION
    if not sites:
        # "No spread" after the nodes are named says more than of the nodes; a metastasis is where it was looked for.
        named = []
        if default == Extent.METASTASIS_NOS:
            named = phrase.examined() or phrase.last_named() or phrase.reported()
        sites = [site for site in phrase.nearby() or named if not phrase.in_own_organ(site)]
    phrase.sites = sites
    return _spread_to(phrase, sites, default)


def _lesion(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A metastasis that is named alone: in a sentence without a subject, it is at the site that was named before."""
    extent = _spread(phrase, default)
    if extent is not Extent.METASTASIS_NOS:
        return extent
    phrase.sites = [site for site in phrase.led_to() if not phrase.in_own_organ(site)]
    return _spread_to(phrase, phrase.sites, default)


def _spread_to(phrase: PhraseSites, sites: Sequence[Site], default: Extent) -> Extent:
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
        if all(phrase.in_own_organ(site) and not site.even_of_its_own for site in organs):
            return default
    return Extent.DISTANT


def _is_list(phrase: PhraseSites, organs: Sequence[Site]) -> bool:
    """Whether nodes and organs are listed side by side, rather than the nodes placed in a region."""
    return any(site.kind in ("organ", "cavity") for site in organs) and any(
        token.lower_ in ("and", ",", "/", "&", "+") for token in phrase.span
    )


def _node_phrase(phrase: PhraseSites, default: Extent) -> Extent | None:
    if phrase.primary is not None and phrase.primary.haematological:
        return None
    phrase.sites = phrase.inside()
    if all(site.id == LYMPH_NODE for site in phrase.sites):
        # "Lymph node, portal: one node, negative": the specimen's heading says which.
        phrase.sites += [site for site in phrase.examined() if site.kind == "node" and site not in phrase.sites]
    return _nodes(phrase, phrase.sites)


def _stage(phrase: PhraseSites, default: Extent) -> Extent | None:
    """Stage IV is distant, but not IVA/IVB of the head and neck, nor beside M0."""
    primary = phrase.primary
    if any(token.lower_.endswith("m0") for token in phrase.sentence()):
        return None
    last = phrase.span[-1].lower_
    if primary is not None and primary.head_and_neck and (last in ("iva", "ivb", "4a", "4b", "a", "b")):
        return None
    return default


def _invasion(phrase: PhraseSites, default: Extent) -> Extent | None:
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
        site.far or site.id in primary.distant_usual for site in foreign
    ):
        return Extent.DISTANT
    return default


def _involving(phrase: PhraseSites, default: Extent) -> Extent | None:
    """The verb is used of so much that only a known neighbour or a usual place of metastases counts."""
    primary = phrase.primary
    if primary is None or primary.haematological:
        return None
    known = (*primary.neighbours, *primary.region, *primary.distant_usual, *primary.regional_nodes)
    if not any(site.id in known for site in phrase.inside()):
        return None
    return _involvement(phrase, default)


def _specimen(phrase: PhraseSites, default: Extent) -> Extent | None:
    """What was found in a specimen, or not, counts where it is of nodes, or of a cavity or surface that is seeded."""
    if phrase.primary is None or phrase.primary.haematological or not phrase.is_told():
        return None
    phrase.sites = sites = phrase.examined() or phrase.led_by() or phrase.nodes_before() or phrase.reported()
    if sites and all(site.kind == "node" for site in sites):
        return _nodes(phrase, sites)
    return default if sites and all(site.kind == "cavity" or site.seeded for site in sites) else None


def _station(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A count is one of nodes where what stands before it can name a station: "tongue 6/12" is a time."""
    span = phrase.span
    named = [(site, name) for site, name in phrase.sites_of_sentence if span.start <= site.start < span.end]
    at_stations = all(name == LYMPH_NODE or site.text.lower() in phrase.stations for site, name in named)
    return _node_phrase(phrase, default) if at_stations else None


def _free(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A site that is free counts where it is a neighbour of the organ of origin, or where it would be seeded."""
    phrase.sites = phrase.inside()
    primary = phrase.primary
    if phrase.sites and all(site.seeded for site in phrase.sites):
        return Extent.DISTANT
    if primary is None or not any(site.id in primary.neighbours for site in phrase.sites):
        return None
    return default


def _involvement(phrase: PhraseSites, default: Extent) -> Extent | None:
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


def _elsewhere(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A cancer that keeps its primary's name in another organ has spread there."""
    primaries = phrase.note.primaries.get(phrase.number, [])
    named = mentions_between(primaries, phrase.span.start, phrase.span.end)
    sites = [site for site in phrase.inside() if not phrase.in_own_organ(site)]
    primary = phrase.primary
    if not named or primary is None or primary.haematological or not sites:
        return None
    if any(site.id in primary.neighbours or site.id in primary.local_recurrence for site in sites):
        return None
    phrase.sites = sites
    return _spread_to(phrase, sites, default)


def _confined(phrase: PhraseSites, default: Extent) -> Extent | None:
    sites = phrase.inside()
    phrase.sites = sites
    if phrase.primary is None or not sites:
        return default
    if phrase.primary.haematological:
        return None
    if any(site.kind == "node" for site in sites):
        return Extent.REGIONAL_NODES
    return default if any(phrase.in_own_organ(site) or site.kind == "structure" for site in sites) else None


def _regional(phrase: PhraseSites, default: Extent) -> Extent | None:
    sites = phrase.inside()
    phrase.sites = sites
    return _nodes(phrase, sites) if any(site.kind == "node" for site in sites) else default


def _distant(phrase: PhraseSites, default: Extent) -> Extent | None:
    """Seeding, carcinomatosis, malignant effusion: distant wherever they are, but not of a blood cancer."""
    if phrase.primary is not None and phrase.primary.haematological:
        return None
    phrase.sites = phrase.inside()
    return default


def _nearby(phrase: PhraseSites, default: Extent) -> Extent | None:
    """Invasion or involvement of what was named before in the sentence: nodes, or a neighbour."""
    before = [pair for pair in phrase.sites_of_sentence if pair[0].end <= phrase.span.start]
    primary = phrase.primary
    if not before or primary is None or primary.haematological:
        return None
    phrase.sites = [phrase.table[name] for _, name in last_listed(before)]
    if all(site.kind == "node" for site in phrase.sites):
        return _nodes(phrase, phrase.sites)
    return default if any(site.id in primary.neighbours for site in phrase.sites) else None


def _satellite(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A deposit beside the cancer is regional; one on a surface that is seeded, or in a distant organ, is distant."""
    inside = phrase.inside()
    phrase.sites = inside or phrase.led_by()
    usual = phrase.primary.distant_usual if phrase.primary else ()
    organs = [site for site in inside if site.kind == "organ" and site.id in usual and not phrase.in_own_organ(site)]
    far = all(site.seeded or site in organs for site in phrase.sites)
    return Extent.DISTANT if phrase.sites and far else default


def _local_sites(phrase: PhraseSites) -> tuple[str, ...]:
    own = phrase.primary.local_recurrence if phrase.primary else ()
    return (*own, *phrase.organs_of_note, _OPERATED_SITE)


def _recurrence_of_blood(phrase: PhraseSites, default: Extent) -> Extent | None:
    """A blood cancer is nowhere at home: only the place that the phrase itself names counts, and not its marrow."""
    phrase.sites = [site for site in phrase.inside() if not phrase.in_own_organ(site)]
    if not phrase.sites:
        return default
    if all(site.kind == "node" for site in phrase.sites):
        return Extent.REGIONAL_NODES
    of_another = phrase.span.label_ == Label.RECURRENCE and all(s.id in phrase.organs_of_note for s in phrase.sites)
    return Extent.STATED_LOCAL if of_another else Extent.DISTANT


def _recurrence(phrase: PhraseSites, default: Extent) -> Extent | None:
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


READERS: dict[str, Callable[[PhraseSites, Any], Extent | None]] = {
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
