"""Rows become record batches: nothing lost, repeated ids set aside."""

from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.batch import notes
from classifier.batch.notes import Row, batches

IDS = st.lists(st.sampled_from([str(number) for number in range(40)]), max_size=120)


@settings(deadline=None)
@given(IDS, st.integers(1, 30))
def test_each_id_stands_once_whatever_the_batches(ids, size):
    before, notes.BATCH_ROWS = notes.BATCH_ROWS, size
    try:
        packed = list(batches(Row(number, name, "Well.") for number, name in enumerate(ids, start=1)))
    finally:
        notes.BATCH_ROWS = before
    rows = [row for batch in packed for row in batch.to_pylist()]
    assert [(row["number"], row["note_id"]) for row in rows] == list(enumerate(ids, start=1))
    seen = set()
    for row in rows:
        assert (row["problem"] is None) == (row["note_id"] not in seen) == (row["text"] is not None)
        seen.add(row["note_id"])


def test_a_row_that_was_set_aside_does_not_take_its_id():
    rows = [Row(1, "a", None, "E124 the row has no text"), Row(2, "a", "Well."), Row(3, "a", "Again.")]
    (batch,) = batches(rows)
    assert [problem and problem[:4] for problem in batch["problem"].to_pylist()] == ["E124", None, "E125"]


def test_half_a_surrogate_pair_becomes_one_character():
    (batch,) = batches([Row(1, "\ud800", "a\udfff😀 mets")])
    assert batch["text"].to_pylist() == ["a\ufffd😀 mets"] and batch["note_id"].to_pylist() == ["\ufffd"]


def test_long_notes_make_short_batches():
    sizes = [batch.num_rows for batch in batches(Row(number, str(number), "x" * 300_000) for number in range(10))]
    assert sizes == [4, 4, 2]
