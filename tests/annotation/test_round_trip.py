"""What is written in a format is read back the same: properties over generated notes, and all the samples."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.annotation.formats import FormatName, annotation_format, gold
from classifier.annotation.formats.inception import written
from classifier.annotation.notes import LABELS, WORDS, facts_of, gold_note
from classifier.annotation.readings import annotated_notes
from classifier.resources import read_jsonl
from tests.conftest import GOLD, SAMPLES, needs_gold

FORMATS = list(FormatName)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Astral and combining characters, an emoji of several, every kind of line end, and what XML and HTML mean something by.
PIECES = st.sampled_from(
    [*' \t\n\r\u2028\x85\ufeff😀𝟙="', "\r\n", "mets", "e\u0301", "\U0001f469\u200d\u2695\ufe0f", "<b>", "&amp;", "]]>"]
)
TEXTS = st.lists(PIECES | st.characters(exclude_categories=["Cs"]), max_size=25).map("".join)
IDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@st.composite
def notes(draw, texts=TEXTS):
    text = draw(texts)
    places = [place for place, character in enumerate(text) if character.strip()]
    marks = {}
    for _ in range(draw(st.integers(0, 6)) if places else 0):
        start, last = sorted((draw(st.sampled_from(places)), draw(st.sampled_from(places))))
        label = draw(st.sampled_from(LABELS))
        facts = {name: str(draw(st.sampled_from(list(WORDS[name])))) for name in facts_of(label) if name in WORDS}
        if label == "ADVANCED" and draw(st.booleans()):
            del facts["status"]
        mark = {"start": start, "end": last + 1, "label": label, "historical": draw(st.booleans()), **facts}
        marks[start, last, label] = mark
    return gold_note("generated", draw(IDS), text, "", marks.values())


def through(form, written_notes, folder, texts=None):
    path = folder / "out.file"
    if path.is_dir():
        for file in path.iterdir():
            file.unlink()
    annotation_format(form).write(written_notes, path)
    return sorted(annotated_notes(annotation_format(form).read(path), texts, predictions=True), key=lambda n: n.note_id)


@pytest.mark.parametrize("form", FORMATS)
def test_every_note_comes_back_the_same(form, tmp_path):
    @QUICK
    @given(st.lists(notes(), min_size=1, max_size=3, unique_by=lambda note: note.note_id))
    def check(given_notes):
        texts = {note.note_id: note.text for note in given_notes}
        assert through(form, given_notes, tmp_path, texts) == sorted(given_notes, key=lambda note: note.note_id)

    check()


@pytest.mark.parametrize("form", FORMATS)
def test_texts_come_back_without_the_notes(form, tmp_path):
    @QUICK
    @given(notes())
    def check(note):
        (back,) = through(form, [note], tmp_path)
        assert back.text == (written(note.text) if form == FormatName.INCEPTION else note.text)

    check()


def corpus(folder, prefix=""):
    texts = {str(line["note_id"]): line["text"] for _, line in read_jsonl(folder / f"{prefix}notes.jsonl")}
    file = folder / ("dev.jsonl" if prefix else "gold.jsonl")
    return list(annotated_notes(gold.read(file), texts))


@pytest.mark.parametrize("form", FORMATS)
def test_every_sample_comes_back_the_same(form, tmp_path):
    samples = corpus(SAMPLES)
    assert through(form, samples, tmp_path) == sorted(samples, key=lambda note: note.note_id)
    assert sum(len(note.marks) for note in samples) > 500


@needs_gold
@pytest.mark.parametrize("form", FORMATS)
def test_every_public_gold_note_comes_back_the_same(form, tmp_path):
    public = corpus(GOLD, "dev_")
    assert through(form, public, tmp_path) == sorted(public, key=lambda note: note.note_id)
