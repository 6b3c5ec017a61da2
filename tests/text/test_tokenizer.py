"""The tokenizer: the note comes back from its tokens, long runs of marks among them."""

import json

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.text.tokenizer import NoteTokenizer
from tests.conftest import SAMPLES

TOKENIZER = NoteTokenizer(spacy.blank("en").vocab)
TEXTS = [json.loads(line)["text"] for line in (SAMPLES / "notes.jsonl").read_text(encoding="utf-8").splitlines()]
WORDS = st.sampled_from(["node", "r/o", "s/p", "3.5", "T2N0M0", "pT2cN1", "_", "___", " ", "\n", "é", "😀", ".5", "1."])
RUNS = st.builds(lambda mark, times: mark * times, st.sampled_from([*"(/.-*,", "_(", ").", "-—"]), st.integers(1, 250))


@pytest.mark.parametrize("text", TEXTS)
def test_samples_come_back(text):
    assert TOKENIZER(text).text == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(WORDS, RUNS), max_size=8).map("".join))
def test_cut_runs_have_the_tokens_that_spacy_explains(text):
    doc = TOKENIZER(text)
    assert doc.text == text
    assert [token.text for token in doc if not token.is_space] == [word for _, word in TOKENIZER.explain(text)]


def test_markup_beside_a_cut_run():
    text = "<p>A&amp;" + "(" * 1000 + "<br>b"
    doc = TOKENIZER(text)
    assert doc.text == text and sum(token.text == "(" for token in doc) == 1000
