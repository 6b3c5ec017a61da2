"""What a note becomes: labels, extents, status, "advanced"; by the public interface."""

import json
import multiprocessing
import pickle
import shutil
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin

import classifier
from classifier.annotation.annotations import read_annotations
from classifier.errors import NoteTermsError
from classifier.labels import SPREAD_LABELS
from classifier.resources import RULES
from classifier.span_groups import TERMS
from classifier.tagging import doc_tags
from classifier.tags import tags_schema
from classifier.training.evaluate import evaluate
from tests.conftest import CASES, GOLD, SAMPLES, needs_gold, unmark


def cases(name):
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def notes():
    return [json.loads(line) for line in (SAMPLES / "notes.jsonl").read_text(encoding="utf-8").splitlines()]


def over(tags, start, end):
    return [tag for tag in tags if tag.start < end and tag.end > start]


@pytest.mark.parametrize("case", cases("extents"), ids=lambda case: case["text"])
def test_extent(clf, case):
    text, start, end = unmark(case["text"])
    (tag,) = over(clf.tag_text(text), start, end)
    assert (tag.label, tag.extent) == (case["label"], case["extent"])
    for column in ("primary", "site"):
        if column in case:
            assert getattr(tag, column) == case[column]


@pytest.mark.parametrize("case", cases("statuses"), ids=lambda case: case["what"])
def test_status(clf, case):
    text, start, end = unmark(case["text"])
    (tag,) = over(clf.tag_text(text), start, end)
    assert tag.status == case["status"]
    assert tag.historical == case.get("historical", tag.historical)


# Each stands in the frames of a status in turn; two in those that ask for two.
FINDINGS = [
    ("liver metastases", "local recurrence"),
    ("bone metastases", "nodal disease"),
    ("recurrent disease", "brain mets"),
]


def framed(frame, findings):
    """Return a note with findings in a frame, and the place of each."""
    text, places = "Colon cancer, treated in 2019.\n\n", []
    for part, finding in zip(frame.split("{}"), [*findings, ""], strict=True):
        text += part
        places.append((len(text), len(text) + len(finding)))
        text += finding if text.strip(" ")[-1] != "\n" else finding.capitalize()
    return text, places[:-1]


@pytest.mark.parametrize("case", cases("frames"), ids=lambda case: case["frame"])
def test_status_in_a_frame(clf, case):
    wanted = case["statuses"]
    singles = [(finding,) for pair in FINDINGS for finding in pair]
    for findings in FINDINGS if len(wanted) == 2 else singles:
        text, places = framed(case["frame"], findings)
        tags = clf.tag_text(text)
        assert [next(iter(over(tags, *place))).status for place in places] == wanted, text


@pytest.mark.parametrize("case", cases("past"), ids=lambda case: case["frame"])
def test_past_in_a_frame(clf, case):
    for finding in ("liver metastases", "brain metastasis", "local recurrence", "lung mets", "nodal disease"):
        text, [place] = framed(case["frame"], [finding])
        assert next(iter(over(clf.tag_text(text), *place))).historical is case["historical"], text


@pytest.mark.parametrize("case", cases("stations"), ids=lambda case: case["primary"])
def test_nodes_are_regional_in_the_drainage_of_the_primary(clf, case):
    for extent in ("regional_nodes", "distant"):
        for station in case[extent]:
            text, start, end = unmark(f"{case['primary']}. CT shows metastatic [[{station} nodes]].")
            (tag,) = over(clf.tag_text(text), start, end)
            assert tag.extent == extent, station


@pytest.mark.parametrize("case", cases("untagged"), ids=lambda case: case["text"])
def test_what_is_no_spread_has_no_tag(clf, case):
    assert clf.tag_text(case["text"]) == []


@pytest.mark.parametrize("case", cases("advanced"), ids=lambda case: case["text"])
def test_advanced(clf, case):
    text, start, end = unmark(case["text"])
    (tag,) = [tag for tag in over(clf.tag_text(text), start, end) if tag.label == "ADVANCED"]
    assert (tag.sense, tag.evidence) == (case["sense"], case["evidence"])
    doc = clf.nlp(text)
    assert doc._.advanced_ambiguous is (case["sense"] == "ambiguous")
    assert (doc._.advanced_reason is not None) is (case["sense"] == "ambiguous")


def test_samples_keep_their_figures(clf, tmp_path):
    tags = clf.tag(pd.DataFrame(notes()))
    tags.to_json(tmp_path / "tags.jsonl", orient="records", lines=True, force_ascii=False)
    result = evaluate(read_annotations(SAMPLES / "gold.jsonl"), read_annotations(tmp_path / "tags.jsonl"))
    assert result.counts["tag"].f1 >= 0.95
    assert result.counts["tag+status"].f1 >= 0.93
    assert result.counts["extent"].f1 >= 0.91
    assert result.counts["advanced"].f1 >= 0.95


@needs_gold
def test_public_notes_keep_their_figures(clf, tmp_path):
    tags = clf.tag(pd.read_json(GOLD / "dev_notes.jsonl", lines=True, dtype=False))
    tags.to_json(tmp_path / "tags.jsonl", orient="records", lines=True, force_ascii=False)
    result = evaluate(read_annotations(GOLD / "dev.jsonl"), read_annotations(tmp_path / "tags.jsonl"))
    assert result.counts["tag"].f1 >= 0.90
    assert result.counts["tag+status"].f1 >= 0.86
    assert result.counts["extent"].f1 >= 0.82


@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_samples_in_letters_of_one_kind_have_the_same_tags(clf, written):
    tagged = same = 0
    for note in notes():
        text, changed = note["text"], written(note["text"])
        if len(changed) == len(text):
            before, after = ({(t.start, t.end, t.label, t.status) for t in clf.tag_text(t)} for t in (text, changed))
            tagged, same = tagged + len(before), same + len(before & after)
    assert tagged > 400 and same >= 0.97 * tagged


@needs_gold
def test_notes_without_cancer_have_hardly_a_tag(clf):
    tags = clf.tag(pd.read_json(GOLD / "general_notes.jsonl", lines=True, dtype=False))
    assert len(tags) <= 6


def test_gold_of_the_samples_matches_their_texts():
    texts = {note["note_id"]: note["text"] for note in notes()}
    gold = [json.loads(line) for line in (SAMPLES / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [note["note_id"] for note in gold] == list(texts) and len(texts) >= 60
    for note in gold:
        for span in note["spans"] + note["advanced"]:
            assert texts[note["note_id"]][span["start"] : span["end"]] == span["text"]


def test_frames_in_frames_out(clf):
    frame = pd.DataFrame({"id": ["b", "a"], "body": ["Breast cancer with liver metastases.", "Well."]}, index=[9, 4])
    tags = clf.tag(frame, text="body", note_id="id")
    assert list(tags.columns) == tags_schema().names
    assert tags["note_id"].tolist() == ["b"]
    table = clf.tag(pa.Table.from_pandas(frame), text="body", note_id="id")
    assert table.schema == tags_schema() and table.to_pandas().equals(tags)


FRAMES = {
    "pandas": pa.Table.to_pandas,
    "table": lambda table: table,
    "batch": lambda table: pa.RecordBatch.from_pylist(table.to_pylist(), table.schema),
    "reader": lambda table: table.to_reader(max_chunksize=1),
    "polars": lambda table: pytest.importorskip("polars").from_arrow(table),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_each_kind_of_frame_comes_out_as_it_went_in(clf, kind):
    table = pa.table({"note_id": [1, 2, 3], "text": ["Breast cancer with liver metastases.", None, "Lung mets 😀"]})
    frame = FRAMES[kind](table)
    tags = clf.tag(frame)
    assert type(tags) is type(frame)
    assert pa.table(tags).to_pylist() == clf.tag(table).to_pylist() != []
    assert len(pa.table(clf.tag(FRAMES[kind](table.slice(0, 0))))) == 0


def columns():
    """Return columns of each library: they speak Arrow, but are no frames."""
    polars = pytest.importorskip("polars")
    texts = pa.array(["Liver mets."])
    note = pa.StructArray.from_arrays([texts, texts], ["note_id", "text"])
    return [pd.Series(texts), polars.Series(texts), polars.Series(note), texts, note, pa.chunked_array([note])]


@pytest.mark.parametrize(
    "ids",
    [
        pd.Series(["1", None, ""], dtype=object),
        pd.Series(["1", float("nan"), pd.NaT], dtype=object),
        pd.Series(["1", None, None], dtype="string"),
        pd.Series([1, None, None], dtype="Int64"),
        pa.array([1, None, None]),
        pa.array(["1", None, ""]),
    ],
    ids=lambda ids: f"{type(ids).__name__} {getattr(ids, 'dtype', '')}",
)
def test_a_row_without_id_has_no_tags(clf, ids):
    columns = {"note_id": ids, "text": ["Lung cancer with liver metastases."] * 3}
    if isinstance(ids, pd.Series):
        frames = [pd.DataFrame(columns)]
    else:
        table = pa.table(columns)
        frames = [table, table.to_batches()[0], table.to_reader(), pytest.importorskip("polars").from_arrow(table)]
    for frame in frames:
        assert pa.table(clf.tag(frame))["note_id"].to_pylist() == ["1"]


@pytest.mark.parametrize("notes", ["a text", ["a list"], {"text": []}, *columns()], ids=lambda notes: str(type(notes)))
def test_what_is_no_frame_is_refused(clf, notes):
    with pytest.raises(NoteTermsError, match="E129"):
        clf.tag(notes)


@pytest.mark.parametrize("kind", FRAMES)
def test_texts_as_bytes_are_refused(clf, kind):
    notes = pa.table({"note_id": ["1", "2"], "text": [None, b"Liver mets."]})
    with pytest.raises(NoteTermsError, match=r"E130.*'text'"):
        clf.tag(FRAMES[kind](notes))


@pytest.mark.parametrize("kind", sorted(FRAMES.keys() - {"polars"}))
@pytest.mark.parametrize("column", ["note_id", "text"])
def test_a_column_that_is_there_twice_is_refused(clf, kind, column):
    notes = pa.table({"note_id": ["1"], "text": ["Liver mets."]})
    with pytest.raises(NoteTermsError, match=f"E101.*2 columns '{column}'"):
        clf.tag(FRAMES[kind](notes.append_column(column, notes[column])))


def test_a_frame_without_notes_gives_an_empty_table(clf):
    tags = clf.tag(pd.DataFrame({"note_id": [], "text": []}))
    assert list(tags.columns) == tags_schema().names and tags.empty


def test_a_missing_column_is_named(clf):
    with pytest.raises(NoteTermsError, match=r"E101.*'text'.*note_id, body"):
        clf.tag(pd.DataFrame({"note_id": [], "body": []}))


def test_text_document_and_frame_agree(clf):
    frame = pd.DataFrame(notes())
    tags = clf.tag(frame)
    one_by_one = [tag for note in notes() for tag in clf.tag_text(note["text"], note["note_id"])]
    assert tags["rule"].tolist() == [tag.rule for tag in one_by_one]
    assert tags["start"].tolist() == [tag.start for tag in one_by_one]


@pytest.mark.parametrize("scheme", ["ccs", "acs", "tnm"])
def test_relabel_is_the_same_as_tagging_under_the_scheme(clf, scheme):
    text = " ".join(note["text"] for note in notes()[:20])
    expected = classifier.load(scheme=scheme).tag_text(text)
    assert classifier.relabel(clf.tag_text(text), scheme) == expected
    frame = pd.DataFrame({"note_id": ["1"], "text": [text]})
    relabelled = classifier.relabel(clf.tag(frame), scheme)
    assert relabelled["label"].tolist() == [tag.label for tag in expected]
    table = classifier.relabel(clf.tag(pa.Table.from_pandas(frame)), scheme)
    assert table["label"].to_pylist() == relabelled["label"].tolist()


@pytest.mark.parametrize("kind", FRAMES)
def test_relabel_takes_each_kind_of_frame_with_columns_of_its_own(clf, kind):
    tagged = clf.tag(pa.table({"note_id": ["1"], "text": ["Breast cancer N1 M1, confined to the breast. Recurrence."]}))
    own = tagged.append_column("batch", pa.array(range(tagged.num_rows)))
    frame = FRAMES[kind](own)
    relabelled = classifier.relabel(frame, "acs")
    assert type(relabelled) is type(frame)
    table = pa.table(relabelled)
    assert table.column_names == own.column_names
    kept = [row for row in own.to_pylist() if row["extent"] != "confined"]
    assert len(kept) < own.num_rows
    assert table.to_pylist() == [
        row | {"label": "LOCAL_SPREAD" if row["extent"] == "regional_nodes" else row["label"]} for row in kept
    ]


@pytest.mark.parametrize(("tags", "error"), [("a text", "E129"), (pa.table({"label": ["RELAPSE"]}), "E101.*'extent'")])
def test_what_is_no_table_of_tags_is_not_relabelled(tags, error):
    with pytest.raises(NoteTermsError, match=error):
        classifier.relabel(tags)


def test_a_scheme_of_ones_own(clf, tmp_path):
    path = tmp_path / "mine.toml"
    extents = ("stated_local", "adjacent", "regional_nodes", "region", "distant", "metastasis_nos", "spread_nos")
    path.write_text('source = "us"\n[labels]\nconfined = ""\n' + "".join(f'{e} = "DISTANT_SPREAD"\n' for e in extents))
    mine = classifier.load(scheme=path)
    labels = {tag.label for tag in mine.tag_text("Breast cancer N1 M1, confined to the breast.")}
    assert labels & set(SPREAD_LABELS) == {"DISTANT_SPREAD"}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"[labels]\nconfined = 'X'\n", "E212"),
        (b"[labels]\nconfined = ['a']\n", "E212"),
        (b"labels = 'x'\n", "E212"),
        (b"= nonsense", "E202"),
        (b"source = 'Caf\xe9'\n", "E202"),
        (b"a = " + b"[" * 100_000, "E202"),
    ],
)
def test_a_wrong_scheme_is_refused(tmp_path, content, error):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(NoteTermsError, match=error):
        classifier.load(scheme=path)


def test_an_unknown_scheme_is_refused():
    with pytest.raises(NoteTermsError, match=r"E211.*ccs, acs, tnm"):
        classifier.load(scheme="figo")


TEXT = (
    "Locally advanced breast cancer, N1 M0. Mother had metastatic ovarian cancer. "
    "?Liver mets. <b>Recurrence</b> in 2019."
)


def test_tags_survive_bytes_and_docbin(nlp):
    doc = nlp(TEXT)
    expected = doc_tags(doc)
    assert {tag.status for tag in expected} >= {"present", "negated", "family", "possible"}
    again = spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes())
    assert doc_tags(again) == expected
    (unpacked,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab)
    assert doc_tags(unpacked) == expected


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_tags_survive_worker_processes(nlp, monkeypatch, start):
    monkeypatch.setattr(spacy.language, "mp", multiprocessing.get_context(start))
    texts = [note["text"] for note in notes()[:8]]
    expected = [doc_tags(doc) for doc in nlp.pipe(texts)]
    assert [doc_tags(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=2)] == expected


def test_the_pipeline_can_be_pickled(nlp):
    texts = [note["text"] for note in notes()]
    expected = [doc_tags(doc) for doc in nlp.pipe(texts)]
    assert [doc_tags(doc) for doc in pickle.loads(pickle.dumps(nlp)).pipe(texts)] == expected


def test_the_pipeline_goes_to_disk_and_back(nlp, tmp_path):
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert doc_tags(again(TEXT)) == doc_tags(nlp(TEXT))
    assert again.to_bytes() and doc_tags(classifier.pipeline().from_bytes(nlp.to_bytes())(TEXT)) == doc_tags(nlp(TEXT))


def test_rules_of_ones_own(tmp_path):
    shutil.copytree(RULES, tmp_path / "rules")
    line = {
        "id": "blorp", "label": "RELAPSE", "extent": "unspecified", "pattern": [{"LOWER": "blorp"}],
        "about": "A made-up word.", "example": "The [[blorp]].",
    }  # fmt: skip
    (tmp_path / "rules" / "phrases" / "mine.jsonl").write_text(json.dumps(line))
    mine = classifier.load(rules=tmp_path / "rules")
    (tag,) = mine.tag_text("A blorp.")
    mine.nlp.to_disk(tmp_path / "pipeline")
    shutil.rmtree(tmp_path / "rules")
    assert doc_tags(spacy.load(tmp_path / "pipeline")("A blorp.")) == [tag]
    assert (tag.rule, tag.label, tag.decided_by, tag.score) == ("blorp", "RELAPSE", "rule", tag.score)
    assert 0 < tag.score < 1


def test_words_of_ones_own_for_a_primary(clf, tmp_path):
    shutil.copytree(RULES, tmp_path / "rules")
    vocabulary = tmp_path / "rules" / "vocabulary.toml"
    text = vocabulary.read_text(encoding="utf-8")
    vocabulary.write_text(text.replace('primary = ["primary"', 'primary = ["blorp", "primary"'), encoding="utf-8")
    mine = classifier.load(rules=tmp_path / "rules", model="none")
    note = "Colon blorp. Liver metastases."
    assert [tag.primary for found in (mine, clf) for tag in found.tag_text(note)] == ["colon", None]


def test_a_folder_that_holds_no_rules_is_refused(tmp_path):
    with pytest.raises(NoteTermsError, match=r"E204.*sections\.toml"):
        classifier.load(rules=tmp_path)


WORDS = st.sampled_from([*(CASES / "words.txt").read_text(encoding="utf-8").split(" "), "\n", "\t", "\x00"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=40).map(" ".join))
def test_offsets_point_at_the_phrase(clf, text):
    doc = clf.nlp(text)
    assert doc.text == text
    for tag in doc_tags(doc):
        assert text[tag.start : tag.end] == tag.text != ""
        assert (tag.label == "ADVANCED") == (tag.sense is not None)
    spans = [(span.start, span.end) for span in doc.spans[TERMS] if span.label_ != "ADVANCED"]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@pytest.mark.parametrize(
    "text",
    [
        "Breast cancer with metastases<br/>to the<b>liver</b> and&nbsp;bone.",
        "{\\rtf1\\ansi Breast cancer with \\b metastases to the\\par liver\\b0 and bone.}",
        "Breast cancer with metastases\r\nto the\tliver and\u200b bone.",
        "Breast\x00 cancer with metastases to the liver and bone.",
    ],
)
def test_markup_does_not_part_a_phrase(clf, text):
    (tag,) = clf.tag_text(text)
    assert tag.site == "liver;bone" and text[tag.start : tag.end] == tag.text


@pytest.mark.parametrize("half", ["\ud800", "\udfff"])
@pytest.mark.parametrize("text", ["Seen {} today, liver mets.", "<b>Liver{} mets</b>, breast cancer. Bone {}mets."])
def test_half_a_surrogate_pair_is_one_character(clf, text, half):
    broken, mended = text.replace("{}", half), text.replace("{}", "\ufffd")
    expected = clf.tag_text(mended, "1\ufffd")
    assert expected and clf.tag_text(broken, f"1{half}") == expected
    assert doc_tags(clf.nlp(broken), "1\ufffd") == expected
    frame = pd.DataFrame({"note_id": ["0", f"1{half}"], "text": ["Well.", broken]}, dtype=object)
    assert clf.tag(frame).equals(clf.tag(frame.assign(text=mended).iloc[1:])) and len(clf.tag(frame)) == len(expected)


def test_a_very_long_note_is_tagged(clf):
    text = "Seen in clinic today, well. \n" * 40_000 + "Breast cancer with liver metastases."
    assert len(text) > 1_000_000
    (tag,) = clf.tag_text(text)
    assert tag.text == "liver metastases"


@pytest.mark.parametrize(
    "unit", ["liver mets, ", "3/17 nodes ", "liver and ", "advanced ", "no evidence of ", "<b>", " "]
)
def test_a_note_of_one_phrase_over_and_over_is_read(clf, unit):
    text = "Breast cancer, " + unit * 3000
    assert all(text[tag.start : tag.end] == tag.text for tag in clf.tag_text(text))


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("Ovarian cancer. First recurrence 2019, treated with carboplatin.", True),
        ("Lymphoma in first relapse, biopsy proven.", False),
        ("Ovarian cancer. Recurrence in the spleen, resected, CR since.", True),
        ("Ovarian cancer. Second recurrence this month, for carboplatin.", False),
        ("Lymphoma that relapsed after R-CHOP, now in second complete remission.", True),
        ("Lymphoma that relapsed after R-CHOP, now on axi-cel.", False),
        ("Melanoma with a single in-transit metastasis, excised clear.", True),
        ("Prostate cancer. At the time of surgery there was extracapsular extension.", True),
    ],
)
def test_what_is_over_is_historical(clf, text, over):
    assert [tag.historical for tag in clf.tag_text(text)] == [over]
