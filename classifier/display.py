"""A note with its tags, in the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from classifier.tags import Tag

_COLOURS = {
    "LOCAL_SPREAD": "green",
    "REGIONAL_SPREAD": "yellow",
    "DISTANT_SPREAD": "red",
    "RECURRENCE": "magenta",
    "RELAPSE": "bright_magenta",
    "SECOND_CANCER": "cyan",
    "ADVANCED": "bright_blue",
}


def render(text: str, tags: list[Tag], advanced_reason: str | None) -> RenderableType:
    """Return the note with its tags marked, a table of them, and why its "advanced" is ambiguous.

    The marks can be read without colour: each phrase stands in brackets with its number in the table.
    """
    marked = Text()
    position = 0
    for number, tag in enumerate(tags, start=1):
        if tag.start >= position:
            marked.append(text[position : tag.start])
            position = tag.start
        marked.append("[", style="dim")
        marked.append(text[position : tag.end], style=_style(tag))
        marked.append(f"]{number}", style="dim")
        position = max(position, tag.end)
    marked.append(text[position:])
    parts: list[RenderableType] = [marked]
    if tags:
        table = Table("#", "label", "extent or sense", "status", "site", "primary", "cue", "rule", box=None, pad_edge=False)
        for number, tag in enumerate(tags, start=1):
            status = f"{tag.status}, historical" if tag.historical else tag.status
            what = tag.extent or (f"{tag.sense} ({tag.evidence})" if tag.sense else "")
            cells = (str(number), tag.label, what, status, tag.site or "", tag.primary or "", tag.cue or "", tag.rule)
            table.add_row(*map(Text, cells), style=_style(tag))
        parts += [Text(), table]
    else:
        parts += [Text(), Text("No tags.")]
    if advanced_reason:
        parts += [Text(), Text(advanced_reason, style="bold")]
    return Group(*parts)


def _style(tag: Tag) -> str:
    colour = _COLOURS[tag.label]
    return f"bold {colour}" if tag.status == "present" and not tag.historical else f"dim {colour}"
