"""INCEpTION: a folder with a UIMA CAS XMI file a note and TypeSystem.xml. cassis counts in UTF-16 for us."""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from warnings import catch_warnings

from classifier.annotation.files import file_name, new_folder, note_id_of
from classifier.annotation.notes import FACTS, GoldNote
from classifier.annotation.readings import Reading
from classifier.annotation.shapes import understood
from classifier.errors import NoteTermsError

ENDINGS = (".xmi", ".xml")
LAYER = "webanno.custom.CancerTerm"
"""The layer of the marks; its features are label, extent, status, sense, evidence and historical."""
_TYPES = "TypeSystem.xml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _cassis() -> Any:
    try:
        import cassis
    except ImportError:
        raise NoteTermsError(
            "E500", "INCEpTION's format needs dkpro-cassis.", "pip install 'note-terms[annotation]'."
        ) from None
    return cassis


def written(text: str) -> str:
    """Return a text as XML can hold it: a space for each control character that it cannot."""
    return _NOT_XML.sub(" ", text)


def read(path: Path) -> Iterator[Reading]:
    """Yield one reading an .xmi file.

    A file in a folder that is named after its document, as in a project export, is named after its annotator.
    """
    cassis = _cassis()
    files = sorted(path.rglob("*.xmi"))
    files = [file for file in files if file.is_file()]
    if not files:
        raise NoteTermsError("E501", f"{path} has no .xmi file.", "Give the folder with the documents, unpacked.")
    for file in files:
        document, annotator = file, None
        if file.parent.suffix == ".xmi":
            document, annotator = file.parent, file.stem
        where = str(file.relative_to(path))
        reading = Reading(where, note_id_of(document.stem), annotator=annotator, as_written=written)
        with understood(reading, f"XMI with {_TYPES} beside it, and the layer {LAYER}"):
            reading.text, reading.marks = _content(cassis, where, file)
        yield reading


def _content(cassis: Any, where: str, file: Path) -> tuple[str, list[dict[str, Any]]]:
    types = next((folder / _TYPES for folder in (file.parent, *file.parents) if (folder / _TYPES).is_file()), None)
    if types is None:
        raise NoteTermsError("E501", f"{where} has no {_TYPES} beside it or above it.", "Keep it with the documents.")
    try:
        system = cassis.load_typesystem(BytesIO(types.read_bytes()))
        # cassis warns of each annotation of a type that the type system lacks; only ours matters.
        with catch_warnings(action="ignore"):
            cas = cassis.load_cas_from_xmi(BytesIO(file.read_bytes()), typesystem=system, lenient=True)
    except Exception as error:  # lxml and cassis raise errors of many classes at a damaged file.
        raise NoteTermsError(
            "E501", f"{where} is damaged or no XMI ({type(error).__name__}).", "Export it again."
        ) from None
    if not system.contains_type(LAYER):
        raise NoteTermsError(
            "E514", f"{where} has a {_TYPES} without the layer {LAYER}.", "Annotate in the layer of the export."
        )
    marks = [
        {"start": term.begin, "end": term.end, "label": term.label} | {name: term.get(name) for name in FACTS}
        for term in cas.select(LAYER)
    ]
    return cas.sofa_string or "", marks


def write(notes: Iterable[GoldNote], path: Path) -> None:
    """Write the folder. XMI keeps neither genre nor score, nor control characters (see `written`)."""
    cassis = _cassis()
    with new_folder(path, ENDINGS) as folder:
        system = _type_system(cassis)
        (folder / _TYPES).write_text(system.to_xml(), encoding="utf-8")
        layer = system.get_type(LAYER)
        for note in notes:
            cas = cassis.Cas(system)
            cas.sofa_mime = "text/plain"
            cas.sofa_string = written(note.text)
            for mark in note.marks:
                facts = {name: mark.get(name) for name in FACTS} | {"historical": bool(mark.get("historical"))}
                cas.add(layer(begin=mark["start"], end=mark["end"], label=mark["label"], **facts))
            (folder / file_name(note.note_id, ".xmi")).write_text(cas.to_xmi(), encoding="utf-8")


def _type_system(cassis: Any) -> Any:
    system = cassis.TypeSystem()
    layer = system.create_type(LAYER, supertypeName="uima.tcas.Annotation")
    for name in ("label", *FACTS):
        kind = "uima.cas.Boolean" if name == "historical" else "uima.cas.String"
        system.create_feature(layer, name, kind)
    return system
