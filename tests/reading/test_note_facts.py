"""What a whole note says of its patient, in `tests/cases/facts.jsonl`, and that it travels with a Doc."""

import json

import pytest
from spacy.tokens import Doc

from classifier.reading.note_facts import NoteFacts
from tests.conftest import CASES

FACTS = [json.loads(line) for line in (CASES / "facts.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", FACTS, ids=lambda case: case["text"][:30])
def test_facts(clf, case):
    facts = NoteFacts.of(clf.nlp(case["text"]))
    assert {name: getattr(facts, name) for name in case if name != "text"} == {
        name: value for name, value in case.items() if name != "text"
    }


def test_facts_survive_serialisation(clf):
    doc = clf.nlp("Colon cancer. Nodes positive.")
    assert NoteFacts.of(Doc(doc.vocab).from_bytes(doc.to_bytes())) == NoteFacts.of(doc)


def test_a_doc_without_facts_says_nothing(clf):
    assert NoteFacts.of(clf.nlp.make_doc("Colon cancer.")) == NoteFacts()
