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
WORDS = st.sampled_from(
    ["node", "r/o", "w/", "LN+ve", "-ve", "3.5", "T2N0M0", "pT2cN1", "_", "___", " ", "\n", "é", "😀", ".5", "1."]
)
RUNS = st.builds(lambda mark, times: mark * times, st.sampled_from([*"(/.-*,", "_(", ").", "-—"]), st.integers(1, 250))


@pytest.mark.parametrize("text", TEXTS)
def test_samples_come_back(text):
    assert TOKENIZER(text).text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nodes +ve.", ["Nodes", "+ve", "."]),
        ("(ER -ve, LN+VE)", ["(", "ER", "-ve", ",", "LN", "+VE", ")"]),
        ("T3N1M0 w/ SVI", ["T3", "N1", "M0", "w/", "SVI"]),
        ("pT3aN1bM0, cT2pN0", ["pT3a", "N1b", "M0", ",", "cT2", "pN0"]),
        ("pt3an1bm0 ultimo p1n1", ["pt3a", "n1b", "m0", "ultimo", "p1n1"]),
        ("no. 4-vein", ["no", ".", "4", "-", "vein"]),
    ],
)
def test_what_is_one_word_to_a_reader_is_one_token(text, words):
    assert [token.text for token in TOKENIZER(text)] == words


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
