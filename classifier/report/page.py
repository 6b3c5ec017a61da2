"""The page itself: what was gathered, as one HTML file that needs nothing else."""

import base64
import hashlib
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from classifier import __version__
from classifier.labels import SPREAD_LABELS, Extent, Label, Sense, Status
from classifier.report.contents import Contents, ListedTag
from classifier.schemes import Scheme, load_scheme
from classifier.tags import FAR

_HERE = Path(__file__).parent
_SCHEMES = ("ccs", "acs", "tnm")
# The facts of a tag that the script shows, in the order in which it reads them.
_FIELDS = (
    "note_id", "start", "end", "label", "extent", "status", "historical", "sense", "evidence",
    "site", "primary", "cue", "section", "rule", "decided_by", "score",
)  # fmt: skip
_NO_SECTION = "no section"
_MOST_SECTIONS = 9
# Nobody reads a longer id, phrase or cue; a hostile one must not make the page large.
_LONGEST = 300
# Characters that do not show, or that turn the text around them: overrides and embeddings of direction, controls, and
# halves of a pair, which UTF-8 cannot hold.
_HARMFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def page(contents: Contents) -> str:
    """Return the page of a batch.

    Parameters
    ----------
    contents : Contents
        What was gathered in the run.

    Returns
    -------
    str
        HTML with its style, script and data inside. Its content security policy lets nothing else run or load. The
        same tags give the same page.
    """
    schemes = {name: load_scheme(name) for name in _SCHEMES}
    scheme = contents.scheme
    if scheme not in schemes:
        own = load_scheme(scheme)
        scheme = own.name if own.name not in schemes else f"{own.name} (own)"
        schemes[scheme] = own
    sections = _sections(contents)
    figures = {name: _figures(contents, each, sections) for name, each in schemes.items()}
    listed = contents.listed()
    data = {
        "scheme": scheme,
        "schemes": {
            name: {"source": each.source, "labels": each.labels, **figures[name]} for name, each in schemes.items()
        },
        "spread": SPREAD_LABELS,
        "fields": [*_FIELDS, "pieces"],
        "tags": [_row(entry, contents.options.text) for entry in listed],
        "flagged": _flagged(listed),
    }
    style = base_style() + _read("report.css")
    script = _read("report.js")
    template = _environment().get_template("template.html.jinja")
    return template.render(
        contents=contents,
        source="standard input" if contents.source == "-" else _harmless(Path(contents.source).name),
        version=__version__,
        scheme=scheme,
        schemes=schemes,
        figures=figures[scheme],
        choices=_choices(figures),
        listed=len(listed),
        listed_ambiguous=sum(entry.tag.sense == Sense.AMBIGUOUS for entry in listed),
        flagged=len(data["flagged"]),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=Markup(_as_json(data)),
    )


def base_style() -> str:
    """Return the style that all pages of the package share."""
    return _read("base.css")


def words(name: str) -> str:
    """Return a code such as DISTANT_SPREAD as people write it."""
    return name.replace("_", " ").capitalize().replace(" nos", " NOS")


_EXTENTS = (*map(str, FAR), str(Extent.UNSPECIFIED))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["words"] = words
    return environment


def _choices(figures: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """What can be filtered by: the labels, statuses and extents that some tag has under some scheme."""
    charts = [each["charts"] for each in figures.values()]
    return {
        kind: [name for name in charts[0][kind] if any(each[kind][name] for each in charts)]
        for kind in ("label", "status", "extent")
    }


def _sections(contents: Contents) -> list[str]:
    """The sections with the most tags, most first."""
    counts: Counter[str] = Counter()
    for (_, _, _, section), number in contents.counts.items():
        counts[section or _NO_SECTION] += number
    ordered = sorted(counts, key=lambda section: (-counts[section], section))
    return ordered if len(ordered) <= _MOST_SECTIONS + 1 else ordered[:_MOST_SECTIONS]


def _figures(contents: Contents, scheme: Scheme, sections: list[str]) -> dict[str, Any]:
    """How many tags there are under a scheme, and of each kind."""
    charts: dict[str, dict[str, int]] = {
        "label": dict.fromkeys(map(str, Label), 0),
        "status": dict.fromkeys(map(str, Status), 0),
        "extent": dict.fromkeys(_EXTENTS, 0),
        "section": dict.fromkeys(sections, 0),
    }
    tags = 0
    for (label, extent, status, section), number in contents.counts.items():
        shown = scheme.label(extent) if label in SPREAD_LABELS and extent is not None else label
        if shown is None:
            continue
        tags += number
        charts["label"][shown] += number
        charts["status"][status] += number
        if extent is not None:
            charts["extent"][extent] += number
        name = section or _NO_SECTION
        key = name if name in charts["section"] else "all others"
        charts["section"][key] = charts["section"].get(key, 0) + number
    return {"tags": tags, "charts": charts}


def _row(listed: ListedTag, text: bool) -> list[Any]:
    """A tag as the script reads it: the fields in order, then the sentence in pieces."""
    tag = listed.tag
    values = [getattr(tag, name) if text or name != "cue" else None for name in _FIELDS]
    row = [_harmless(value) if isinstance(value, str) else value for value in values]
    row[-1] = None if tag.score is None else round(tag.score, 4)
    return [*row, _pieces(listed) if text else None]


def _pieces(listed: ListedTag) -> list[list[str]]:
    """The sentence as pairs of kind and text; the kinds are `phrase`, `cue` and, for the rest, none."""
    assert listed.context is not None
    before, after = listed.context.before, listed.context.after
    cue = listed.tag.cue
    left, right = _place(cue, before, last=True), _place(cue, after, last=False)
    # The cue that decided is the nearest of its words.
    if left and right:
        left, right = (None, right) if right[0] < len(before) - left[1] else (left, None)
    phrase = ["phrase", listed.tag.text]
    pieces = [*_split(before, left), phrase, *_split(after, right)]
    return [[kind, _harmless(piece)] for kind, piece in pieces if piece]


def _place(cue: str | None, text: str, last: bool) -> tuple[int, int] | None:
    """Where a cue stands in a text that is before or after the phrase."""
    if not cue:
        return None
    pattern = r"\s*".join(map(re.escape, cue.split()))
    found = [match.span() for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", text)]
    return found[-1 if last else 0] if found else None


def _split(text: str, place: tuple[int, int] | None) -> list[list[str]]:
    if place is None:
        return [["", text]]
    start, end = place
    return [["", text[:start]], ["cue", text[start:end]], ["", text[end:]]]


def _flagged(listed: list[ListedTag]) -> list[dict[str, Any]]:
    """The notes whose "advanced" is ambiguous, with the places of the uses among the listed tags."""
    notes: dict[str, dict[str, Any]] = {}
    for place, entry in enumerate(listed):
        if entry.tag.sense == Sense.AMBIGUOUS:
            note = notes.setdefault(
                entry.tag.note_id, {"note_id": _harmless(entry.tag.note_id), "reason": entry.reason, "tags": []}
            )
            note["tags"].append(place)
    return list(notes.values())


def _harmless(text: str) -> str:
    """Return a text that shows what it holds, and does nothing to what stands around it."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return _HARMFUL.sub("�", shown)


def _as_json(data: Any) -> str:
    """JSON that can stand in a script element: no character of it ends the element, or begins another."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
