"""Readers and writers keep every character; properties over generated texts."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from classifier.batch.notes import Row, batches
from classifier.batch.readers import read_notes
from classifier.batch.runner import run
from classifier.batch.tables import read_tags
from classifier.batch.writers import TableWriter
from classifier.tags import Tag, record_batch, tags_schema

TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), min_size=1, max_size=6
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows_of(path):
    warnings = []
    read = read_notes(str(path), "text", "note_id", warnings.append)
    rows = [(row["note_id"], row["text"]) for batch in read for row in batch.to_pylist()]
    assert warnings == []
    return rows


@QUICK
@given(TEXTS)
def test_csv_keeps_every_character(tmp_path, texts):
    path = tmp_path / "notes.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(["note_id", "text"])
        writer.writerows((str(i), text) for i, text in enumerate(texts))
    assert rows_of(path) == [(str(i), text) for i, text in enumerate(texts)]


@QUICK
@given(TEXTS)
def test_jsonl_keeps_every_character(tmp_path, texts):
    path = tmp_path / "notes.jsonl"
    lines = (json.dumps({"note_id": i, "text": text}) + "\n" for i, text in enumerate(texts))
    path.write_text("".join(lines), encoding="utf-8")
    assert rows_of(path) == [(str(i), text) for i, text in enumerate(texts)]


@QUICK
@given(TEXTS)
def test_parquet_keeps_every_character(tmp_path, texts):
    path = tmp_path / "notes.parquet"
    pq.write_table(pa.table({"note_id": range(len(texts)), "text": texts}), path)
    assert rows_of(path) == [(str(i), text) for i, text in enumerate(texts)]


def tag_of(text):
    facts = ("RELAPSE", None, "present", True, None, None, None, None, text, None, "r", "rule", None)
    return Tag(text, 0, 1, text, *facts)


@QUICK
@given(TEXTS)
def test_tables_keep_every_character(tmp_path, texts):
    tags = [tag_of(text) for text in texts]
    for kind in ("jsonl", "parquet"):
        with TableWriter(tmp_path / f"t.{kind}", kind, tags_schema(), force=True) as table:
            table.write(record_batch(tags, tags_schema()))
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").split("\n")
    assert [json.loads(line)["text"] for line in lines if line] == texts
    assert pq.read_table(tmp_path / "t.parquet")["cue"].to_pylist() == texts


@QUICK
@given(st.lists(st.text("'=+-@\t\ra", min_size=1) | TEXTS.map("".join), min_size=1, max_size=6))
@example(["-5", "'-5", "''-5", "'", "'a"])
def test_a_csv_table_is_read_back_as_it_was_written(tmp_path, texts):
    path = tmp_path / "t.csv"
    with TableWriter(path, "csv", tags_schema(), force=True) as table:
        table.write(record_batch([tag_of(text) for text in texts], tags_schema()))
    rows = [row for _, row in read_tags(path)]
    assert [(row["note_id"], row["text"], row["cue"]) for row in rows] == [(text, text, text) for text in texts]


def test_a_note_that_fails_is_set_aside_and_the_rest_goes_on(tmp_path, monkeypatch):
    from classifier import tagging

    tag_notes = tagging.Classifier.tag_notes

    def fail(self, notes, **options):
        notes = list(notes)
        if "boom" in notes[0][1]:
            raise RuntimeError("secret text of the note")
        return tag_notes(self, notes, **options)

    monkeypatch.setattr(tagging.Classifier, "tag_notes", fail)
    rows = [Row(1, "a", "boom"), Row(2, "b", "Breast cancer with liver metastases.")]
    result = run(batches(rows), tmp_path / "tags.jsonl", "jsonl")
    assert (result.notes, result.tags, result.set_aside) == (1, 1, 1)
    errors = (tmp_path / "tags.jsonl.errors.jsonl").read_text()
    assert "E126 tagging failed with RuntimeError" in errors and "secret" not in errors
