"""What is exported, read by the libraries of the tools themselves."""

import json

import cassis
import pytest
import spacy
from bioc import brat as bioc_brat
from spacy.tokens import DocBin

from classifier.annotation.formats import brat, docbin, doccano, inception, label_studio, prodigy
from classifier.annotation.notes import LABELS, gold_note

TEXT = "😀 cafe\u0301\r\nLocally advanced breast cancer,\r\nno liver\r\nmetastases 𝟙."


def mark(phrase, label, **facts):
    start = TEXT.index(phrase)
    return {"start": start, "end": start + len(phrase), "label": label, "historical": False, **facts}


NOTE = gold_note(
    "test",
    "note/1 ü",
    TEXT,
    "clinic letter",
    [
        mark("Locally advanced", "LOCAL_SPREAD", extent="stated_local", status="present", score=0.75),
        mark("Locally advanced", "ADVANCED", sense="local", evidence="phrase"),
        mark("liver\r\nmetastases", "DISTANT_SPREAD", extent="distant", status="negated") | {"historical": True},
        mark("breast cancer", "IGNORE"),
    ],
)
PHRASES = sorted((m["label"], m["text"]) for m in NOTE.marks)


def test_spacy_reads_the_docbin(tmp_path):
    docbin.write([NOTE], tmp_path / "notes.spacy")
    (doc,) = DocBin().from_disk(tmp_path / "notes.spacy").get_docs(spacy.blank("en").vocab)
    spans = doc.spans["cancer_terms"]
    assert doc.text == TEXT and sorted((span.label_, span.text) for span in spans) == PHRASES
    (spread,) = [span for span in spans if span.label_ == "DISTANT_SPREAD"]
    assert (spread._.extent, spread._.status, spread._.historical) == ("distant", "negated", True)
    (advanced,) = [span for span in spans if span.label_ == "ADVANCED"]
    assert (advanced._.sense, advanced._.evidence) == ("local", "phrase")


def test_cassis_reads_the_xmi_and_counts_in_utf16(tmp_path):
    inception.write([NOTE], tmp_path / "folder")
    (file,) = (tmp_path / "folder").glob("*.xmi")
    system = cassis.load_typesystem((tmp_path / "folder" / "TypeSystem.xml").read_text(encoding="utf-8"))
    cas = cassis.load_cas_from_xmi(file.read_text(encoding="utf-8"), typesystem=system)
    terms = cas.select(inception.LAYER)
    assert cas.sofa_string == TEXT
    assert sorted((term.label, term.get_covered_text()) for term in terms) == PHRASES
    (spread,) = [term for term in terms if term.label == "DISTANT_SPREAD"]
    assert (spread.extent, spread.status, spread.historical) == ("distant", "negated", True)
    units = len(TEXT[: TEXT.index("liver")].encode("utf-16-le")) // 2
    assert f'begin="{units}"' in file.read_text(encoding="utf-8") and units == TEXT.index("liver") + 1


def test_bioc_reads_the_standoff(tmp_path):
    brat.write([NOTE], tmp_path / "folder")
    (file,) = (tmp_path / "folder").glob("*.ann")
    text = file.with_suffix(".txt").read_bytes().decode()
    document = bioc_brat.loads(text, file.read_text(encoding="utf-8"))
    assert text == TEXT
    found = {
        entity.type: [TEXT[part.begin : part.end] for part in sorted(entity.locations)] for entity in document.entities
    }
    assert found["DISTANT_SPREAD"] == ["liver", "metastases"] and found["LOCAL_SPREAD"] == ["Locally advanced"]
    assert all(entity.text == " ".join(found[entity.type]) for entity in document.entities)
    facts = {(a.type, *a.attributes) for a in document.attributes}
    assert {("Status", "negated"), ("Historical",), ("Sense", "local"), ("Extent", "stated_local")} <= facts
    configuration = (tmp_path / "folder" / "annotation.conf").read_text()
    assert all(label in configuration.splitlines() for label in LABELS)


def test_the_sdk_of_label_studio_takes_configuration_tasks_and_predictions(tmp_path):
    interface_module = pytest.importorskip(
        "label_studio_sdk.label_interface",
        reason="label-studio-sdk holds numpy back; benchmarks/label_studio.py has it",
    )
    label_studio.write([NOTE], tmp_path / "tasks.json")
    interface = interface_module.LabelInterface((tmp_path / "tasks.xml").read_text(encoding="utf-8"))
    interface.validate()
    (task,) = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert interface.validate_task({"data": task["data"]})
    assert interface.validate_prediction(task["predictions"][0])
    assert not interface.validate_prediction({"result": [task["predictions"][0]["result"][0] | {"from_name": "ner"}]})


def test_label_studio_gets_characters_and_the_lowest_score(tmp_path):
    label_studio.write([NOTE], tmp_path / "tasks.json")
    (task,) = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert task["predictions"][0]["score"] == 0.75
    for result in task["predictions"][0]["result"]:
        value = result["value"]
        assert task["data"]["text"][value["start"] : value["end"]] == value["text"]


def test_prodigy_gets_tokens_that_its_spans_are_made_of(tmp_path):
    prodigy.write([NOTE], tmp_path / "tasks.jsonl")
    task = json.loads((tmp_path / "tasks.jsonl").read_text(encoding="utf-8"))
    tokens = task["tokens"]
    assert task["text"] == TEXT == "".join(token["text"] + " " * token["ws"] for token in tokens)
    for span in task["spans"]:
        assert tokens[span["token_start"]]["start"] == span["start"] and tokens[span["token_end"]]["end"] == span["end"]
    assert {span["label"] for span in task["spans"]} <= set((tmp_path / "tasks.labels.txt").read_text().splitlines())
    assert "DISTANT_SPREAD distant negated historical" in {span["label"] for span in task["spans"]}


def test_doccano_gets_utf16_units_in_ascii(tmp_path):
    doccano.write([NOTE], tmp_path / "notes.jsonl")
    line = json.loads((tmp_path / "notes.jsonl").read_bytes().decode("ascii"))
    units = line["text"].encode("utf-16-le")
    phrases = [
        (label.split()[0], units[2 * start : 2 * end].decode("utf-16-le")) for start, end, label in line["label"]
    ]
    assert sorted(phrases) == PHRASES
