"""Prodigy: JSONL of tasks with tokens and spans; a label says all of its span. Offsets are characters."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy.vocab import Vocab

from classifier.annotation.files import read_lines, write_lines
from classifier.annotation.formats import FormatName, beside
from classifier.annotation.full_labels import joined, parted
from classifier.annotation.notes import IGNORE, GoldNote
from classifier.annotation.readings import Reading, State
from classifier.annotation.shapes import id_of, understood
from classifier.annotation.tokens import cut_doc, span_of
from classifier.batch.writers import replace_file
from classifier.errors import NoteTermsError

_STATES = {"accept": State.DONE, "reject": State.SKIPPED, "ignore": State.SKIPPED, None: State.UNTOUCHED}


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading a task; a task without `answer` was not annotated."""
    for where, task in read_lines(path):
        if isinstance(task, NoteTermsError):
            yield Reading(where, problem=task)
            continue
        reading = Reading(where, text=task.get("text"), annotator=task.get("_annotator_id"))
        with understood(reading, "text, spans, and meta with note_id"):
            reading.note_id = id_of(task["meta"].get("note_id"))
            reading.genre = task["meta"].get("genre")
            reading.state = _STATES[task.get("answer")]
            reading.marks = [
                {**parted(where, span["label"]), "start": span["start"], "end": span["end"]}
                for span in task.get("spans", [])
            ]
        yield reading


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write the tasks, and beside them the labels that they use, one a line, for the option --label."""
    vocab = Vocab()
    labels = {IGNORE}

    def tasks() -> Iterator[dict[str, Any]]:
        for note in notes:
            doc = cut_doc(note, vocab)
            tokens = [
                {"text": t.text, "start": t.idx, "end": t.idx + len(t), "id": t.i, "ws": bool(t.whitespace_)}
                for t in doc
            ]
            spans = []
            for mark in note.marks:
                label = joined(mark)
                labels.add(label)
                found = span_of(doc, mark)
                span = {"start": mark["start"], "end": mark["end"], "label": label}
                span |= {"token_start": found.start, "token_end": found.end - 1}
                spans.append(span if mark.get("score") is None else span | {"score": mark["score"]})
            meta = {"note_id": note.note_id} | ({"genre": note.genre} if note.genre else {})
            yield {"text": note.text, "tokens": tokens, "spans": spans, "meta": meta}

    write_lines(tasks(), path)
    replace_file(beside(path, FormatName.PRODIGY), "".join(f"{label}\n" for label in sorted(labels)).encode())
