"""How annotators are compared: through files, the command, and what must hold whatever they say."""

import gzip
import json
import time
from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.metrics import cohen_kappa_score

from classifier.annotation.agreement import MEASURES, OVERALL, ROWS, agreement, as_json
from classifier.annotation.annotations import read_annotations
from classifier.annotation.annotators import read_annotators
from classifier.annotation.disagreements import disagreements
from classifier.errors import NoteTermsError
from classifier.training.evaluate import evaluate
from tests.annotation.conftest import TEXT, annotators, files_of, span
from tests.command import one_line, run
from tests.conftest import SAMPLES


def values(result):
    return {(row, name): result.figures[row][name].value for row in ROWS for name in MEASURES}


def same(first, second, names=MEASURES):
    return all(
        value == pytest.approx(second[row, name], abs=1e-9)
        for (row, name), value in first.items()
        if name in names
    )  # fmt: skip


def test_a_case_counted_by_hand():
    # Of a's four and b's four spans two stand in the same place, and one pair overlaps; RECURRENCE stands alone.
    a = [[span(22, 39), span(48, 55, "RECURRENCE")], [span(22, 26), span(67, 73)]]
    b = [[span(22, 39), span(60, 64)], [span(22, 39), span(67, 73, status="negated")]]
    result = agreement(annotators(a, b))
    figures = result.figures
    assert figures[OVERALL]["f1_exact"].value == pytest.approx(2 * 2 / 8)
    assert figures[OVERALL]["f1_overlapping"].value == pytest.approx(2 * 3 / 8)
    assert figures["RECURRENCE"]["f1_exact"].value == 0.0
    assert figures["DISTANT_SPREAD"]["f1_overlapping"].value == pytest.approx(2 * 3 / 7)
    assert figures["RELAPSE"]["f1_exact"].value is None
    # Three pairs: present-present twice, present-negated once. Of 6 judgements 5 are present:
    # alpha = 1 - (6 - 1)·2 / (36 - 25 - 1) = 0.
    assert figures[OVERALL]["alpha"].value == pytest.approx(0.0)
    assert result.spans[OVERALL] == {"0.jsonl": 4, "1.jsonl": 4} and result.notes == 2


def test_kappa_is_that_of_the_tokens():
    text = "one two three four five six seven eight"
    a, b = [[span(0, 13), span(19, 23, "RECURRENCE")]], [[span(4, 18), span(19, 21, "RECURRENCE")]]
    result = agreement(annotators(a, b, text=text))
    first, second = [1, 1, 1, 0, 2, 0, 0, 0], [0, 1, 1, 1, 2, 0, 0, 0]
    assert result.tokens == 8
    assert result.figures[OVERALL]["kappa"].value == pytest.approx(cohen_kappa_score(first, second))
    assert result.figures["RECURRENCE"]["kappa"].value == 1.0
    assert result.figures["LOCAL_SPREAD"]["kappa"].value is None


def test_what_an_annotator_leaves_open_counts_for_nothing():
    a, b = [[span(3, 5, "IGNORE"), span(22, 26)]], [[span(3, 9), span(22, 26)]]
    for files in ((a, b), (b, a)):
        result = agreement(annotators(*files))
        assert result.figures[OVERALL]["f1_exact"].value == 1.0
        # "of", which a leaves open, is not counted; "the", which b alone has in its span, is.
        assert result.tokens == agreement(annotators(b, b)).tokens - 1


def test_advanced_has_its_own_row_and_its_sense():
    a = [[span(57, 65, "ADVANCED")], [span(57, 65, "ADVANCED", sense="ambiguous")], [span(57, 65, "LOCAL_SPREAD")]]
    b = [[span(57, 65, "ADVANCED")], [span(57, 65, "ADVANCED", sense="distant")], [span(57, 65, "ADVANCED")]]
    figures = agreement(annotators(a, b)).figures
    assert figures["ADVANCED"]["f1_exact"].value == pytest.approx(4 / 5)
    # Four judgements, two the same: 1 - 3·2 / (16 - 4 - 1 - 1) = 0.4.
    assert figures["ADVANCED"]["alpha"].value == pytest.approx(0.4)
    assert figures[OVERALL]["f1_overlapping"].value == 0.0


def test_three_annotators_have_the_mean_over_pairs():
    one, other = [[span(22, 39)]], [[]]
    figures = agreement(annotators(one, one, other)).figures
    assert figures[OVERALL]["f1_exact"].value == pytest.approx(1 / 3)
    assert -1 < figures[OVERALL]["kappa"].value < 1


def test_intervals_hold_the_value_and_need_more_than_one_note():
    a = [[span(22, 39)]] * 30
    b = [[span(22, 39)]] * 20 + [[span(22, 26)]] * 10
    result = agreement(annotators(a, b))
    figure = result.figures[OVERALL]["f1_exact"]
    # 2·20 / 60; the share of 30 notes varies by about ±1.96·sqrt(⅔·⅓ / 30) = 0.17.
    assert figure.value == pytest.approx(2 / 3)
    assert figure.low == pytest.approx(2 / 3 - 0.17, abs=0.03) and figure.high == pytest.approx(2 / 3 + 0.17, abs=0.03)
    assert agreement(annotators(a, b)) == result != agreement(annotators(a, b), seed=1)
    single = agreement(annotators(a[:1], b[:1])).figures[OVERALL]["f1_exact"]
    assert (single.value, single.low, single.high) == (1.0, None, None)
    without = agreement(annotators(a, b), resamples=0).figures[OVERALL]["f1_exact"]
    assert without.value == figure.value and without.low is None


@settings(deadline=None, max_examples=40)
@given(files_of(1))
def test_who_says_the_same_agrees_wholly(files):
    for count in (2, 3):
        same_files = annotators(*files * count)
        assert all(value in (None, pytest.approx(1.0)) for value in values(agreement(same_files, 0)).values())
        assert not list(disagreements(same_files))


@settings(deadline=None, max_examples=40)
@given(files_of(3))
def test_the_order_of_the_annotators_changes_nothing(files):
    expected = values(agreement(annotators(*files), 0))
    places = {(one.note_id, one.kind, one.start, one.end) for one in disagreements(annotators(*files))}
    for order in permutations(files):
        assert same(expected, values(agreement(annotators(*order), 0)))
        found = {(one.note_id, one.kind, one.start, one.end) for one in disagreements(annotators(*order))}
        assert found == places


@settings(deadline=None, max_examples=40)
@given(files_of(2))
def test_notes_that_come_twice_change_nothing(files):
    once, twice = (values(agreement(annotators(*given), 0)) for given in (files, [side * 2 for side in files]))
    # Alpha corrects for the number of judgements, so it alone may move.
    assert same(once, twice, ("f1_exact", "f1_overlapping", "kappa"))


@settings(deadline=None, max_examples=40)
@given(files_of(2))
def test_there_is_no_disagreement_only_where_both_say_the_same(files):
    def content(side):
        return [sorted(json.dumps(one, sort_keys=True) for one in note) for note in side]

    assert (not list(disagreements(annotators(*files)))) == (content(files[0]) == content(files[1]))


def test_overlapping_f1_is_that_of_evaluate(tmp_path):
    tags = tmp_path / "tags.csv"
    assert run("tag", SAMPLES / "notes.jsonl", "-o", tags, cwd=tmp_path).returncode == 0
    gold = SAMPLES / "gold.jsonl"
    counts = evaluate(read_annotations(gold), read_annotations(tags)).counts
    result = run("agree", gold, tags, "--notes", SAMPLES / "notes.jsonl", "--json", cwd=tmp_path)
    assert result.returncode == 0 and not result.stderr, result.stderr
    figures = json.loads(result.stdout)
    assert figures["notes"] == 100 and figures["left_out"] == []
    for row, name in {"RECURRENCE": "label:RECURRENCE", "overall": "tag", "ADVANCED": "advanced"}.items():
        assert figures["figures"][row]["f1_overlapping"]["value"] == round(counts[name].f1, 4)
    assert 0.5 < figures["figures"]["overall"]["kappa"]["value"] < 1


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_each_kind_of_tags_table_is_read_alike(tmp_path, kind):
    notes = [{"note_id": "=1", "text": "Liver mets, no relapse."}, {"note_id": "007", "text": "Advanced breast ca."}]
    pd.DataFrame(notes).to_json(tmp_path / "notes.jsonl", orient="records", lines=True)
    for name in ("plain.jsonl", f"tags.{kind}"):
        assert run("tag", "notes.jsonl", "-o", name, cwd=tmp_path).returncode == 0
    plain, other = (read_annotations(tmp_path / name) for name in ("plain.jsonl", f"tags.{kind}"))
    assert plain == other and set(plain) == {"=1", "007"}


def test_notes_that_some_lack_are_named_and_left_out(tmp_path, write_gold):
    write_gold("a.jsonl", {"x": [span(22, 39)], "y": [], "z": []})
    write_gold("b b.jsonl", {"x": [span(22, 39)], "y": []})
    result = run("agree", "a.jsonl", "b b.jsonl", cwd=tmp_path)
    assert result.returncode == 0 and "1 notes are not in all files and are left out: z" in result.stderr
    assert "2 notes" in result.stdout and "–" in result.stdout and "nan" not in result.stdout


def test_a_tags_table_covers_the_notes_that_are_given(tmp_path, write_gold):
    gold = write_gold("gold.jsonl", {"x": [span(22, 26)], "y": []}, text=None)
    row = {"note_id": "x", "text": "mets", **span(22, 26)}
    (tmp_path / "tags.jsonl").write_text(json.dumps(row) + "\n")
    notes = tmp_path / "notes.jsonl"
    notes.write_text("".join(json.dumps({"note_id": name, "text": TEXT}) + "\r\n" for name in ("x", "y", "w")))
    without = run("agree", gold, "tags.jsonl", cwd=tmp_path)
    assert "left out: y" in without.stderr and "no kappa" in without.stderr
    result = run("agree", gold, "tags.jsonl", "--notes", notes, "--json", cwd=tmp_path)
    assert json.loads(result.stdout)["notes"] == 2 and not result.stderr


def test_the_list_of_disagreements(tmp_path, write_gold):
    more = {"status": "negated", "historical": True}
    a = [span(0, 2), span(22, 39), span(46, 55, "RELAPSE", extent="unspecified"), span(57, 65, "ADVANCED")]
    b = [span(22, 26, **more), span(48, 55, "RECURRENCE", extent="unspecified")]
    b.append(span(57, 65, "ADVANCED", sense="distant"))
    write_gold("a.jsonl", {"x": a})
    write_gold("b.jsonl", {"x": b})
    result = run("agree", "a.jsonl", "b.jsonl", "--disagreements", "d.jsonl", cwd=tmp_path)
    assert result.returncode == 0 and "4 disagreements in d.jsonl" in result.stderr
    found = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(one["kind"], one["also"], one["start"], one["end"]) for one in found] == [
        ("missing", [], 0, 2),
        ("status", ["historical", "boundaries"], 22, 39),
        ("label", ["boundaries"], 46, 55),
        ("sense", [], 57, 65),
    ]
    assert found[0]["annotators"]["b.jsonl"] is None and found[0]["annotators"]["a.jsonl"]["text"] == "Ca"
    assert all(one["ruling"] is None for one in found)
    again = run("agree", "a.jsonl", "b.jsonl", "--disagreements", "d.jsonl", cwd=tmp_path)
    one_line(again, 2, "E132", "--force")
    one_line(run("agree", "a.jsonl", "b.jsonl", "--disagreements", "a.jsonl", "--force", cwd=tmp_path), 2, "E135")


@pytest.mark.parametrize(
    ("second", "code", "part"),
    [
        ([{"note_id": "q", "spans": []}], "E546", "No note"),
        ([{"note_id": "x", "spans": []}, {"note_id": "x", "spans": []}], "E543", "line 2"),
        ([{"note_id": "x", "spans": [span(9, 9)]}], "E508", "9-9"),
        ([{"note_id": "x", "spans": [span(9, 900)]}], "E508", "9-900"),
        ([{"note_id": "x", "spans": [span(0, 2, "SPREAD")]}], "E506", "'SPREAD'"),
        ([{"note_id": "x", "spans": [span(0, 2, status="maybe")]}], "E506", "possible"),
        ([{"note_id": "x", "spans": ["word"]}], "E141", "line 1"),
        ([{"note_id": "x", "spans": [], "text": "secret"}], "E545", "another text"),
        ([{"id": "x"}], "E141", "line 1"),
        (["word"], "E541", "line 1"),
    ],
)
def test_files_that_cannot_be_compared(tmp_path, write_gold, second, code, part):
    first = write_gold("a.jsonl", {"x": []})
    other = tmp_path / "b.jsonl"
    other.write_text("".join(json.dumps(line) + "\n" for line in second))
    with pytest.raises(NoteTermsError) as error:
        read_annotators([first, other])
    assert error.value.code == code and part in str(error.value) and "secret" not in str(error.value)


def test_wrong_use_ends_in_one_line(tmp_path, write_gold):
    write_gold("a.jsonl", {"x": []})
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    (tmp_path / "other_bytes.csv.gz").write_bytes(gzip.compress(b"")[:10] + b"\xff" * 50)
    (tmp_path / "bad.csv").write_text("note_id,start,end,label\nx,first,2,RELAPSE\n")
    (tmp_path / "other.csv").write_text("id,label\n")
    for arguments, parts in {
        ("a.jsonl",): ("E548",),
        ("a.jsonl", "./a.jsonl"): ("E544", "twice"),
        ("a.jsonl", "none.jsonl"): ("E540", "none.jsonl"),
        ("a.jsonl", "cut.parquet"): ("E541", "damaged"),
        ("a.jsonl", "other_bytes.csv.gz"): ("E541", "damaged"),
        ("a.jsonl", "bad.csv"): ("E542", "line 2"),
        ("a.jsonl", "other.csv"): ("E541", "end, note_id, start"),
    }.items():
        one_line(run("agree", *arguments, cwd=tmp_path), 2, *parts)


def test_undefined_figures_are_null():
    figures = json.loads(as_json(agreement(annotators([[]], [[]])), []))["figures"]
    assert all(figure["value"] is None for row in figures.values() for figure in row.values())


def test_a_thousand_notes_and_resamples_take_seconds():
    a = [[span(22, 39), span(46, 55, "RELAPSE")]] * 1000
    b = [[span(22, 39)], [span(22, 26), span(46, 55, "RELAPSE", status="negated")]] * 500
    began = time.monotonic()
    agreement(annotators(a, b))
    assert time.monotonic() - began < 10


def test_files_of_one_name_are_told_apart_by_their_paths(tmp_path, write_gold):
    # A byte order mark and Windows line ends, as a spreadsheet or an editor leaves them, are no part of the content.
    content = write_gold("gold.jsonl", {"x": [span(22, 39)]}).read_bytes().replace(b"\n", b"\r\n")
    for folder in ("anna", "ben"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "gold.jsonl").write_bytes(b"\xef\xbb\xbf" + content)
    result = run("agree", "anna/gold.jsonl", "ben/gold.jsonl", "--json", cwd=tmp_path)
    figures = json.loads(result.stdout)
    assert figures["annotators"] == ["anna/gold.jsonl", "ben/gold.jsonl"]
    assert figures["figures"]["overall"]["f1_exact"]["value"] == 1.0
