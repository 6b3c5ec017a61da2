import json

import pytest
from hypothesis import strategies as st

from classifier.annotation.annotators import Annotators

TEXT = "Ca of the breast with mets in the liver 😀 and a relapse; advanced, no spread to bone."
LABELS = ["LOCAL_SPREAD", "DISTANT_SPREAD", "RECURRENCE", "IGNORE", "ADVANCED"]


def span(start, end, label="DISTANT_SPREAD", **more):
    if label == "ADVANCED":
        return {"start": start, "end": end, "label": label, "sense": "local", "evidence": "phrase"} | more
    if label == "IGNORE":
        return {"start": start, "end": end, "label": label} | more
    fields = {"extent": "distant", "status": "present", "historical": False}
    return {"start": start, "end": end, "label": label} | fields | more


def annotators(*files, text=TEXT):
    """Annotators who each give the spans of note after note."""
    notes = {f"n{number}": list(sides) for number, sides in enumerate(zip(*files, strict=True))}
    texts = {} if text is None else dict.fromkeys(notes, text)
    return Annotators([f"{number}.jsonl" for number in range(len(files))], notes, texts, [])


@st.composite
def spans(draw):
    """The spans of one annotator in one note: no two with the same place and label."""
    places = st.tuples(st.integers(0, 70), st.integers(1, 15), st.sampled_from(LABELS))
    found = {}
    for start, length, label in draw(st.lists(places, max_size=6)):
        more = {}
        if label == "ADVANCED":
            more["sense"] = draw(st.sampled_from(["local", "ambiguous"]))
        elif label != "IGNORE":
            more["status"] = draw(st.sampled_from(["present", "negated", "possible"]))
        found[start, start + length, label] = span(start, start + length, label, **more)
    return list(found.values())


def files_of(count):
    """Strategy: the files of so many annotators, of one to four notes."""
    return st.integers(1, 4).flatmap(
        lambda notes: st.lists(st.lists(spans(), min_size=notes, max_size=notes), min_size=count, max_size=count)
    )


@pytest.fixture
def write_gold(tmp_path):
    """Write gold JSONL: `write_gold("a.jsonl", {"n1": [span(…)]})`."""

    def write(name, notes, text=TEXT):
        lines = []
        for note_id, given in notes.items():
            uses = [one for one in given if one["label"] == "ADVANCED"]
            rest = [one for one in given if one["label"] != "ADVANCED"]
            texts = {} if text is None else {"text": text}
            lines.append(json.dumps({"note_id": note_id, **texts, "spans": rest, "advanced": uses}) + "\n")
        path = tmp_path / name
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return write
