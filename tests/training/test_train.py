"""The model: trained again to the same file, opened only by its digest, and bound by what the rules are sure of."""

import json
from io import BytesIO

import joblib
import numpy as np
import pytest

import classifier
from classifier.arbiter_model import MANIFEST, MODEL, ArbiterModel, digest, evidence, load_model
from classifier.errors import NoteTermsError
from classifier.reading.features import features
from classifier.tagging import proposals
from classifier.training.corpus import candidates, read_corpus
from classifier.training.estimators import calibrator, fit
from classifier.training.train import save, train
from tests.conftest import SAMPLES


@pytest.fixture(scope="module")
def trained():
    return train(read_corpus([SAMPLES]), proposals())


def test_the_same_notes_give_the_same_file(trained):
    again = train(read_corpus([SAMPLES]), proposals())
    assert again.data == trained.data and again.manifest["sha256"] == digest(trained.data)


def test_figures_are_of_every_way_to_decide(trained):
    assert {"rules alone", "model alone", "both"} <= set(trained.table)
    assert all(0 < figures.tag <= 1 for figures in trained.table.values())
    assert sum(count for _, _, count in trained.reliability) > 300 and 0 <= trained.brier < 0.25


def test_a_model_of_ones_own_needs_its_digest(trained, tmp_path):
    save(trained, tmp_path)
    path = tmp_path / "arbiter.joblib"
    with pytest.raises(NoteTermsError, match=r"E402.*--sha256"):
        classifier.load(model=path)
    mine = classifier.load(model=path, sha256=trained.manifest["sha256"])
    (tag,) = mine.tag_text("Breast cancer metastatic to the liver.")
    assert tag.label == "DISTANT_SPREAD" and 0.5 < tag.score <= 1
    assert json.loads((tmp_path / "manifest.json").read_text())["candidates"] > 400
    assert (tmp_path / "reliability.svg").read_text().startswith("<svg")


def test_the_package_pins_its_model():
    assert digest(MODEL.read_bytes()) == json.loads(MANIFEST.read_text())["sha256"]


def test_the_model_answers_as_scikit_learn_does():
    found = [candidate for candidate in candidates(proposals(), read_corpus([SAMPLES])) if candidate.features]
    estimators = fit(found)
    probes = [candidate.features for candidate in found[:60]]
    probes += features(proposals()("Breast cancer. Local recurrence in the chest wall, and a relapse in the liver."))
    matrix = estimators.vectorizer.transform(probes)
    judged = ArbiterModel(estimators.parts()).judge(probes)
    asked = {
        "about": lambda judgement, label: {"True": judgement.about},
        "status": lambda judgement, label: judgement.statuses,
        "spread": lambda judgement, label: judgement.extents if "_SPREAD" in label else {},
        "returned": lambda judgement, label: judgement.extents if label.startswith(("RECURRENCE", "RELAPSE")) else {},
    }
    for question, answers in asked.items():
        names = list(map(str, estimators.questions[question].classes_))
        chances = estimators.questions[question].predict_proba(matrix)
        given = [answers(judgement, probe["label"]) for judgement, probe in zip(judged, probes, strict=True)]
        assert any(given)
        for row, answer in zip(chances, given, strict=True):
            assert answer == pytest.approx({name: row[names.index(name)] for name in answer})
    chosen, weak = [None] * len(probes), [False] * len(probes)
    seen = evidence(judged, chosen, weak)
    score = calibrator(seen, np.arange(len(seen)) % 3 > 0)
    scores = ArbiterModel(estimators.parts(score)).scores(judged, chosen, weak)
    assert scores == pytest.approx(score.predict_proba(seen)[:, 1])


def test_a_changed_model_is_not_opened(tmp_path):
    path = tmp_path / "arbiter.joblib"
    path.write_bytes(MODEL.read_bytes() + b" ")
    with pytest.raises(NoteTermsError, match="E402"):
        load_model(path)
    with pytest.raises(NoteTermsError, match=r"E401.*note-terms train"):
        load_model(tmp_path / "none.joblib")


def test_a_file_that_cannot_be_read_names_the_command_that_makes_it(tmp_path):
    path = tmp_path / "arbiter.joblib"
    other = BytesIO()
    joblib.dump({"format": 1}, other)
    for data in (b"not a model", other.getvalue()):
        path.write_bytes(data)
        with pytest.raises(NoteTermsError, match=r"E403.*note-terms train"):
            load_model(path, digest(data))


def test_a_bare_metastasis_stays_without_site():
    (tag,) = classifier.load().tag_text("Breast cancer. No metastatic disease.")
    assert (tag.extent, tag.decided_by) == ("metastasis_nos", "rule")


def test_the_model_affirms_an_advanced_that_no_rule_settles():
    text = (
        "Dear Dr Lee, Diagnosis: ovarian cancer. She asked me whether hers was advanced and I said that I did not know."
    )
    assert not [tag for tag in classifier.load(model="none").tag_text(text) if tag.label == "ADVANCED"]
    (tag,) = [tag for tag in classifier.load().tag_text(text) if tag.label == "ADVANCED"]
    assert (tag.decided_by, tag.sense, tag.rule) == ("model", "ambiguous", "advanced_any")


def test_a_threshold_leaves_out_what_is_less_sure():
    notes = [(note.note_id, note.text) for note in read_corpus([SAMPLES])]
    all_tags = [tag for note in classifier.load().tag_notes(notes) for tag in note.tags]
    sure = [tag for note in classifier.load(threshold=0.9).tag_notes(notes) for tag in note.tags]
    assert 0 < len(sure) < len(all_tags) and min(tag.score for tag in sure) >= 0.9


def test_too_few_notes_are_refused(tmp_path):
    note = {"note_id": "a", "text": "No mets. Breast cancer.", "spans": [], "advanced": []}
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(note))
    with pytest.raises(NoteTermsError, match="E413"):
        train(read_corpus([path]), proposals())


def came_back(note):
    return any(span["label"] in ("RECURRENCE", "RELAPSE") for span in note.spans)


@pytest.mark.parametrize(
    ("chosen", "lacking"),
    [
        pytest.param(lambda n: not came_back(n), "RECURRENCE and RELAPSE", id="no recurrence"),
        pytest.param(lambda n: not came_back(n) or n.note_id == "s04", "RECURRENCE and RELAPSE", id="in one note"),
        pytest.param(lambda n: n.note_id < "s07", "6 notes", id="few notes"),
    ],
)
def test_a_question_without_two_answers_is_refused_by_its_name(chosen, lacking):
    with pytest.raises(NoteTermsError, match=f"E413.*{lacking}"):
        train([note for note in read_corpus([SAMPLES]) if chosen(note)], proposals())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"note_id": "a", "text": "x"}, "E514.*line 1"),
        ({"note_id": "a", "spans": []}, "E504.*line 1"),
        ({"note_id": "a", "text": "x", "spans": [{"start": 0, "end": 2, "label": "RELAPSE"}]}, "E508.*line 1"),
        ({"note_id": "a", "text": "x", "spans": [{"start": 0, "end": 1, "label": "RELAPSE"}]}, "E507.*line 1"),
    ],
)
def test_notes_that_cannot_be_learnt_from_are_named(tmp_path, line, problem):
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(line))
    with pytest.raises(NoteTermsError, match=problem):
        read_corpus([path])


def test_every_phrase_of_gold_is_a_candidate_or_missed():
    notes = read_corpus([SAMPLES])
    found = candidates(proposals(), notes)
    gold = sum(span["label"] != "IGNORE" for note in notes for span in note.spans)
    gold += sum(len(note.advanced) for note in notes)
    assert sum(bool(candidate.right) for candidate in found) == gold
