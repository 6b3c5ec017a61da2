import json
from itertools import pairwise

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from classifier import resources
from classifier.span_groups import SECTIONS
from classifier.text.segmentation import load_segment_words, segment
from tests.conftest import CASES

WORDS = load_segment_words(resources.RULES)


def cases(name):
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", cases("segments"), ids=lambda case: case["what"])
def test_sentences(case):
    text = case["text"]
    starts = [*segment(text, WORDS).sentence_starts, len(text)]
    sentences = [text[a:b].strip() for a, b in pairwise(starts)]
    assert sentences == case["sentences"]


@pytest.mark.parametrize("case", cases("sections"), ids=lambda case: case["text"])
def test_sections(case):
    found = segment(case["text"], WORDS).sections
    assert [[section.name, case["text"][section.start : section.end]] for section in found] == case["sections"]


@pytest.mark.parametrize("case", cases("specimens"), ids=lambda case: case["what"])
def test_specimens(case):
    text = case["text"]
    found = segment(text, WORDS).specimens
    specimens = [[text[s.start : s.heading_end].strip(), text[s.heading_end : s.end].strip()] for s in found]
    assert [pair for pair in specimens if len(pair[0].rstrip(".)")) > 1] == case["specimens"]


def test_without_abbreviations_each_full_stop_ends_a_sentence(tmp_path):
    rules = tmp_path / "sections.toml"
    empty = "procedures = []\nparts = []\ncontainers = []\ntitles = []\n"
    rules.write_text(f"[sections]\n[sentences]\nabbreviations = []\nleads_on = []\nanswers = []\n[specimens]\n{empty}")
    assert segment("Seen by Dr. Smith. Well.", load_segment_words(tmp_path)).sentence_starts == [0, 12, 19]


@given(st.text(alphabet="Aa1.,:;\n \t-*•()Plan HISTORY:", max_size=120))
def test_segments_cover_the_text_in_order(text):
    segments = segment(text, WORDS)
    starts = segments.sentence_starts
    assert starts[0] == 0 and starts == sorted(set(starts)) and all(start <= len(text) for start in starts)
    for a, b in pairwise(segments.sections):
        assert a.end == b.start


def test_the_component_works_with_spacys_own_tokenizer():
    nlp = spacy.blank("en")
    nlp.add_pipe("cancer_segments")
    doc = nlp("FAMILY HISTORY: Mother well. Father died.\nPLAN: Scan.")
    assert [sentence.text.strip() for sentence in doc.sents][:2] == ["FAMILY HISTORY: Mother well.", "Father died."]
    assert [section.label_ for section in doc.spans[SECTIONS]] == ["family_history", "plan"]
    again = spacy.blank("en")
    again.add_pipe("cancer_segments").from_bytes(nlp.get_pipe("cancer_segments").to_bytes())
    assert len(list(again("No mets. Well.").sents)) == 2


def test_an_empty_document(nlp):
    assert len(nlp("")) == 0
