"""What the screen skips cannot matter: `clf.tag` and `nlp(text)` give the same tags on every text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import classifier
from classifier.tagging import doc_tags
from tests.conftest import CASES, GOLD, SAMPLES, needs_gold


def notes(path):
    return [(row["note_id"], row["text"]) for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())]


def check(clf, pairs):
    for (note_id, text), screened in zip(pairs, clf.tag_notes(pairs), strict=True):
        doc = clf.nlp(text)
        assert screened.tags == doc_tags(doc, note_id)
        assert screened.summary.advanced_reason == doc._.advanced_reason


@pytest.mark.parametrize("folder", [".", "training", "held_out", "ordinary"])
def test_samples(clf, folder):
    check(clf, notes(SAMPLES / folder / "notes.jsonl")[:150])


@needs_gold
def test_public_notes(clf):
    check(clf, notes(GOLD / "dev_notes.jsonl") + notes(GOLD / "general_notes.jsonl")[:200])


WORDS = (CASES / "words.txt").read_text(encoding="utf-8").split()
TEXTS = [text for _, text in notes(SAMPLES / "notes.jsonl")]
MARKS = [
    "\n",
    "\n\n",
    "\r\n",
    ". ",
    ".,",
    ", ",
    "; ",
    ": ",
    "  ",
    "\n- ",
    "\n1. ",
    "\t",
    "\x00",
    "_",
    "?",
    "/",
    "<br>",
    "\u200b",
    " ",
]
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(MARKS),
    st.builds(
        lambda text, start, length: text[start : start + length],
        st.sampled_from(TEXTS),
        st.integers(0, 400),
        st.integers(5, 120),
    ),
    st.text(max_size=4),
)


ANY_TEXT = st.lists(PIECES, max_size=30).map("".join)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_any_text(clf_without_model, text):
    check(clf_without_model, [("n", text)])


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_any_text_with_the_model(clf, text):
    check(clf, [("n", text)])


@pytest.mark.parametrize(
    "text",
    [
        "Colon cancer<br>with new liver metastases<br/>seen on CT.<br>No recurrence &nbsp; of tumour.",
        "<p>Breast cancer.</p>\n<b>Plan:</b> advanced <i>disease</i>, nodes positive.<br>Recurred in the <u>liver</u>.",
    ],
)
def test_markup_changes_no_score(clf, text):
    check(clf, [("n", text)])
    assert clf.tag_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Breast cancer. Knee pain. Two lesions in the liver, 9 and 12 mm. Likely metastases.",
        "Breast cancer. Knee pain. Two lesions in the liver, 9 and 12 mm. Metastatses are likely.",
        "Breast cancer. Two lesions in the liver." + 50 * "-" + " Mets.",
        "Colon cancer.\nA. Teeth\nB. LIVER, WEDGE:\n- Hamartoma. No metastatic carcinoma.\nC. Skin. No metastasis.",
        "Lung cancer.\n11L     16mm     Adequate. Metastatic adenocarcinoma.\n4R     9mm     Adequate. No metastasis.",
    ],
)
def test_what_another_sentence_says(clf_without_model, text):
    check(clf_without_model, [("n", text)])
    assert clf_without_model.tag_text(text)


@pytest.fixture(scope="session")
def clf_without_model():
    return classifier.load(model="none")


def test_text_that_cannot_matter_is_not_tokenised(clf):
    assert clf._screen.doc("The patient was seen for knee pain. Blood pressure 120/80. " * 50) is None


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ([{"LOWER": {"REGEX": "^gl[o0]{2}p$"}}], "Seen today. A gl0op! Home.", "gl0op"),
        ([{"LOWER": "gloop"}, {"LOWER": "a", "OP": "*"}, {"LOWER": "gleep"}], "Gloop, gloop a gleep.", "gloop a gleep"),
        ([{"LOWER": "gloop-gleep"}], "Two gloop-gleep.", None),
        ([{"LOWER": "gloop"}, {"LOWER": "-"}, {"LOWER": "gleep"}], "Two gloop-gleep.", "gloop-gleep"),
        ([{"LOWER": {"IN": ["§", "gloop"]}}, {"LOWER": "1"}], "Seen. Under § 1 today.", "§ 1"),
        ([{"LOWER": "§"}], "Seen. § § Home.", "§"),
        ([{"LOWER": "§"}, {"LOWER": "§"}], "Seen.\n\n§ §\n\nHome.", "§ §"),
        ([{"IS_DIGIT": True, "LENGTH": 7}], "Seen. Number 7654321. Home.", "7654321"),
        ([{"LOWER": "gloop"}, {}, {"LOWER": "gleep"}], "Seen. Gloop or gleep.", "Gloop or gleep"),
    ],
)  # fmt: skip
def test_a_new_rule_is_found_through_the_screen(tmp_path, pattern, text, found):
    import shutil

    from classifier.resources import RULES

    shutil.copytree(RULES, tmp_path / "rules")
    rule = {
        "id": "gloop", "label": "RELAPSE", "extent": "unspecified", "pattern": pattern, "about": "A made-up word.",
        "example": "The [[gloop]].",
    }  # fmt: skip
    (tmp_path / "rules" / "phrases" / "mine.jsonl").write_text(json.dumps(rule))
    clf = classifier.load(rules=tmp_path / "rules", model="none")
    check(clf, [("n", text)])
    assert next((tag.text for tag in clf.tag_text(text) if tag.rule == "gloop"), None) == found


def test_more_kinds_of_words_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("classifier.matching.word_kinds.MOST_KINDS", 30)
    monkeypatch.setattr("classifier.matching.run_search.MOST_KINDS", 30)
    clf = classifier.load(model="none")
    check(clf, notes(SAMPLES / "notes.jsonl")[:40])
    assert len(clf._screen._kinds.said) == 30
