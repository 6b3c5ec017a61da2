import importlib.util
import json
import random
import re

import pytest

from classifier.annotation.annotations import AnnotatedNote
from classifier.training.evaluate import as_json, evaluate
from classifier.training.page import page
from tests.command import one_line, run
from tests.conftest import GOLD


def span(start, end, label="RELAPSE", **more):
    return {"start": start, "end": end, "label": label, "status": "present", "extent": None, "historical": False} | more


def counts(result, name):
    count = result.counts[name]
    return int(count.right), int(count.extra), int(count.missed)


def test_spans_pair_one_to_one_by_overlap_and_label():
    gold = {"n": AnnotatedNote([span(0, 10), span(20, 30), span(40, 50, "RECURRENCE")])}
    found = {"n": AnnotatedNote([span(5, 12), span(8, 9), span(20, 30, status="negated"), span(60, 70)])}
    result = evaluate(gold, found)
    assert counts(result, "tag") == (2, 2, 1)
    assert counts(result, "tag+status") == (1, 3, 2)
    assert counts(result, "label:RECURRENCE") == (0, 0, 1)
    assert result.status_accuracy == 0.5


def test_what_touches_an_ignored_span_is_neither_right_nor_wrong():
    gold = {"n": AnnotatedNote([span(0, 10, "IGNORE")])}
    result = evaluate(gold, {"n": AnnotatedNote([span(5, 12), span(20, 22)])})
    assert counts(result, "tag") == (0, 1, 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([span(0, 10)], [span(0, 10, "IGNORE")]),
        ([span(0, 5), span(5, 10)], [span(0, 10, "IGNORE")]),
        ([span(0, 10)], [span(0, 10, "IGNORE"), span(0, 5)]),
        ([span(0, 10, "IGNORE")], [span(0, 10)]),
        ([span(0, 10, "IGNORE")], [span(5, 20, "IGNORE"), span(15, 20)]),
    ],
)
def test_what_either_side_ignores_counts_for_nothing_in_figures_and_page(wanted, found):
    gold, predicted = {"n": AnnotatedNote(wanted)}, {"n": AnnotatedNote(found)}
    assert counts(evaluate(gold, predicted), "tag") == (0, 0, 0)
    assert not re.search(r"<td[^>]*>\d", page(gold, predicted, {}))


def test_advanced_is_scored_by_mention_sense_and_flag():
    gold = {"n": AnnotatedNote([], [{"start": 0, "end": 8, "sense": "ambiguous"}])}
    found = {"n": AnnotatedNote([], [{"start": 0, "end": 8, "sense": "local"}])}
    result = evaluate(gold, found)
    assert counts(result, "advanced") == (1, 0, 0) and result.sense_right == 0
    assert counts(result, "flag") == (0, 0, 1)
    assert evaluate(gold, gold).sense_right == 1


def test_nothing_against_nothing():
    result = evaluate({}, {})
    assert result.status_accuracy is None
    assert json.loads(as_json(result))["status_accuracy"] is None


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ({"spans": [{"start": 0, "end": 7}]}, ("E506", "label")),
        ({"spans": [{"label": "RELAPSE"}]}, ("E508", "RELAPSE")),
        ({"spans": [span(0, 7, status="maybe")]}, ("E506", "status", "possible")),
        ({"spans": [], "advanced": [{"start": 0, "end": 7, "sense": "both"}]}, ("E506", "sense")),
        ({"spans": [], "advanced": [{"sense": "local"}]}, ("E508", "ADVANCED")),
        ({"spans": [span(0, 9)], "text": "Relapse."}, ("E508", "0-9")),
        ({"spans": [], "text": 7}, ("E141",)),
        ({"start": 0, "end": 7, "label": "RELAPS"}, ("E506", "label")),
    ],
)
def test_a_span_that_cannot_be_scored_is_named(tmp_path, line, parts):
    (tmp_path / "gold.jsonl").write_text(json.dumps({"note_id": "a"} | line))
    one_line(run("evaluate", "gold.jsonl", "gold.jsonl", cwd=tmp_path), 2, "line 1", *parts)


def test_a_use_of_advanced_without_sense_is_scored_as_a_mention(tmp_path):
    line = {"note_id": "a", "spans": [], "advanced": [{"start": 0, "end": 7}]}
    (tmp_path / "gold.jsonl").write_text(json.dumps(line))
    figures = json.loads(run("evaluate", "gold.jsonl", "gold.jsonl", "--json", cwd=tmp_path).stdout)
    assert figures["advanced"]["right"] == 1


def test_notes_to_be_scored_are_read_as_any_export(tmp_path):
    lines = [{"note_id": "a", "spans": [span(0, 7, extent="unspecified")]}, {"note_id": "b", "spans": []}]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "notes.csv").write_text("id,body,genre\na,Relapse of lymphoma.,Letter\nb,,Letter\n")
    given = ("evaluate", "gold.jsonl", "--notes", "notes.csv", "--json", "--html", "page.html")
    one_line(run(*given, cwd=tmp_path), 2, "E101", "--text-column")
    result = run(*given, "--text-column", "body", "--id-column", "id", cwd=tmp_path)
    one_line(result, 1, "row 2 (id b) left out: E124")
    assert json.loads(result.stdout)["tag"]["right"] == 1
    assert 'scope="row">Letter' in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.skipif(not (GOLD.parent / "score.py").exists(), reason="the optional ../shared/score.py is not there")
def test_agrees_with_the_reference_scorer():
    spec = importlib.util.spec_from_file_location("score", GOLD.parent / "score.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    chance = random.Random(0)

    def note():
        labels = ["LOCAL_SPREAD", "REGIONAL_SPREAD", "DISTANT_SPREAD", "RECURRENCE", "IGNORE"]
        spans = []
        for _ in range(chance.randrange(6)):
            start = chance.randrange(60)
            more = {"status": chance.choice(["present", "negated"]), "extent": chance.choice(["distant", "region"])}
            more["historical"] = chance.random() < 0.3
            spans.append(span(start, start + chance.randrange(1, 15), chance.choice(labels), **more))
        uses = [{"start": a, "end": a + 5, "sense": chance.choice(["local", "ambiguous"])} for a in range(0, 20, 10)]
        return {"spans": spans, "advanced": chance.sample(uses, chance.randrange(3))}

    for _ in range(200):
        gold, found = ({str(i): note() for i in range(4)} for _ in range(2))
        expected, _ = reference.score(gold, found)
        ours = json.loads(
            as_json(
                evaluate(
                    *({k: AnnotatedNote(n["spans"], n["advanced"]) for k, n in side.items()} for side in (gold, found))
                )
            )
        )
        for name in ("tag", "tag+status", "extent", *(key for key in expected if key.startswith("label:"))):
            theirs, mine = expected[name], ours[name]
            assert (theirs["tp"], theirs["fp"], theirs["fn"]) == (mine["right"], mine["extra"], mine["missed"])
            assert theirs["f"] == mine["f1"]
        assert expected["status_accuracy"] == ours["status_accuracy"]
        historical = ours.get("historical", {"precision": 0.0, "recall": 0.0, "f1": 0.0})
        assert expected["historical"] == [historical["precision"], historical["recall"], historical["f1"]]
        assert expected["advanced"]["flag_f"] == ours["flag"]["f1"]
        assert expected["advanced"]["mentions_f"] == ours["advanced"]["f1"]
