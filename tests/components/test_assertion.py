"""The assertion component alone: on any findings, in a pipeline that has nothing else of ours."""

import json
import pickle
import subprocess
import sys

import pytest
import spacy
from spacy.tokens import DocBin, Span

import classifier.tagging  # noqa: F401  registers the components
from tests.conftest import CASES

CASES_OF_SENTENCES = [json.loads(line) for line in (CASES / "assertion.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("cancer_assertion", config={"spans_key": "ents"})
    return nlp


def read(nlp, text, findings):
    doc = nlp.get_pipe("sentencizer")(nlp.make_doc(text))
    spans = [doc.char_span(start, end, label="FINDING", alignment_mode="expand") for start, end in findings]
    doc.set_ents(spans)
    return nlp.get_pipe("cancer_assertion")(doc)


def _param(case):
    marks = pytest.mark.xfail(reason=case["known_failure"], strict=True) if "known_failure" in case else ()
    return pytest.param(case, id=case["text"], marks=marks)


@pytest.mark.parametrize("case", list(map(_param, CASES_OF_SENTENCES)))
def test_sentence(nlp, case):
    doc = read(nlp, case["text"], [finding[:2] for finding in case["findings"]])
    said = [[span._.status, span._.historical] for span in doc.ents]
    assert said == [finding[2:] for finding in case["findings"]]


def test_the_cue_is_kept(nlp):
    doc = read(nlp, "There is no evidence of pneumonia.", [(24, 33)])
    assert doc.ents[0]._.cue == "no evidence of"


def test_status_survives_docbin(nlp):
    doc = read(nlp, "No fever. Cough.", [(3, 8), (10, 15)])
    (again,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab)
    assert [span._.status for span in again.ents] == ["negated", "present"]


def test_it_comes_out_of_a_pickle_in_another_process(nlp, tmp_path):
    doc = nlp.make_doc("No fever.")
    doc.set_ents([Span(doc, 1, 2, label="FINDING")])
    (tmp_path / "component").write_bytes(pickle.dumps((nlp.get_pipe("cancer_assertion"), doc)))
    script = """import pickle, sys
component, doc = pickle.load(open(sys.argv[1], "rb"))
print(component(doc).ents[0]._.status)"""
    command = [sys.executable, "-c", script, str(tmp_path / "component")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "negated\n"


def test_history_of_a_cancer_is_not_over():
    text = "History of liver metastases. S/p resection of brain metastases."
    said = {}
    for past in ("history", "over"):
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        nlp.add_pipe("cancer_assertion", config={"spans_key": "ents", "past": past})
        said[past] = [span._.historical for span in read(nlp, text, [(11, 27), (46, 62)]).ents]
    assert said == {"history": [True, True], "over": [False, True]}


def test_a_doc_without_sentences_is_one_sentence():
    nlp = spacy.blank("en")
    component = nlp.add_pipe("cancer_assertion", config={"spans_key": "mine"})
    doc = nlp.make_doc("No fever")
    doc.spans["mine"] = [Span(doc, 1, 2, label="FINDING")]
    assert component(doc).spans["mine"][0]._.status == "negated"


def test_without_spans_nothing_happens(nlp):
    assert nlp("No fever.").spans.get("cancer_attributes") is None
