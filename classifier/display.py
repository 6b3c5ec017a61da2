"""A note with its tags, in the terminal."""

from rich.console import Group, RenderableType
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
    """Return the note with its tags marked, a line on each, and why its "advanced" is ambiguous.

    The marks can be read without colour: each phrase stands in brackets with its number.
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
    lines = [_line(number, tag) for number, tag in enumerate(tags, start=1)] or [Text("No tags.")]
    parts = [marked, Text(), *lines]
    if advanced_reason:
        parts += [Text(), Text(advanced_reason, style="bold")]
    return Group(*parts)


def _line(number: int, tag: Tag) -> Text:
    """What is known of a tag, in a line."""
    facts = [tag.status + (", historical" if tag.historical else "")]
    facts += [f"{tag.sense} by {tag.evidence}"] if tag.sense else []
    facts += [f"{name} {value}" for name in ("site", "primary", "section", "rule") if (value := getattr(tag, name))]
    facts += [f'cue "{tag.cue}"'] if tag.cue else []
    label = f"{tag.label} {tag.extent}" if tag.extent else tag.label
    line = Text(f"{number:>2}  ")
    line.append(label, style=_style(tag))
    line.append("  " + "; ".join(facts))
    return line


def _style(tag: Tag) -> str:
    colour = _COLOURS[tag.label]
    return f"bold {colour}" if tag.status == "present" and not tag.historical else f"dim {colour}"
