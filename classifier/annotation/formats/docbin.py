"""spaCy DocBin: spans in `doc.spans["cancer_terms"]`, their facts in `span._`, id and genre in `doc.user_data`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.tokens import DocBin, SpanGroup
from spacy.vocab import Vocab

from classifier import attributes
from classifier.annotation.notes import FACTS, GoldNote
from classifier.annotation.readings import Reading
from classifier.annotation.shapes import id_of, understood
from classifier.annotation.tokens import cut_doc, span_of
from classifier.batch.writers import replace_file
from classifier.errors import NoteTermsError
from classifier.span_groups import TERMS


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading a Doc."""
    try:
        docs = list(DocBin(store_user_data=True).from_bytes(path.read_bytes()).get_docs(Vocab()))
    except FileNotFoundError:
        raise NoteTermsError("E501", f"{path} does not exist.", "Give a file that DocBin.to_disk wrote.") from None
    except Exception as error:  # What msgpack and zlib raise at bytes of another kind has no common class.
        raise NoteTermsError(
            "E501", f"{path} is no DocBin ({type(error).__name__}).", "Give a file that DocBin.to_disk wrote."
        ) from None
    for number, doc in enumerate(docs, start=1):
        user_data = doc.user_data
        reading = Reading(
            f"{path.name}, Doc {number}", id_of(user_data.get("note_id")), doc.text, genre=user_data.get("genre")
        )
        with understood(reading, f"spans in doc.spans[{TERMS!r}]"):
            reading.marks = [
                {"start": span.start_char, "end": span.end_char, "label": span.label_}
                | {name: getattr(span._, name) for name in FACTS}
                for span in doc.spans[TERMS]
            ]
        yield reading


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write all notes in one DocBin, readable without this package but for the facts."""
    bin_ = DocBin(store_user_data=True)
    vocab = Vocab()
    for note in notes:
        doc = cut_doc(note, vocab)
        doc.user_data = {"note_id": note.note_id, "genre": note.genre}
        spans = SpanGroup(doc, name=TERMS)
        for mark in note.marks:
            span = span_of(doc, mark)
            attributes.attributes(span).update({name: mark.get(name) for name in FACTS} | {"score": mark.get("score")})
            spans.append(span)
        doc.spans[TERMS] = spans
        bin_.add(doc)
    replace_file(path, bin_.to_bytes())
