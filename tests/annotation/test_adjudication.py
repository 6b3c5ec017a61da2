"""One gold out of two: what each ruling does, and what is said of rulings that do not fit."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings

from classifier.annotation.adjudication import adjudicate
from classifier.annotation.annotators import identity, read_annotators
from classifier.annotation.disagreements import disagreements
from classifier.errors import NoteTermsError
from classifier.training.corpus import read_corpus
from tests.annotation.conftest import annotators, files_of, span
from tests.command import one_line, run

A = [span(0, 2), span(22, 39), span(57, 65, "ADVANCED")]
B = [span(22, 26, status="possible"), span(57, 65, "ADVANCED", sense="distant"), span(70, 76, "IGNORE")]
SECOND = span(22, 26, "SECOND_CANCER", extent=None)


def content(notes):
    """What gold says, note by note."""
    notes = list(notes)
    uses = [[{**use, "label": "ADVANCED"} for use in note["advanced"]] for note in notes]
    return [sorted(identity(one) for one in [*note["spans"], *more]) for note, more in zip(notes, uses, strict=True)]


@pytest.fixture
def ruled(tmp_path, write_gold):
    """Two annotators' gold by rulings: `ruled(ruling, …)`, in the order of the text; the rest of the list is kept."""

    def merge(*rulings, **options):
        both = read_annotators([write_gold("a.jsonl", {"x": A}), write_gold("b.jsonl", {"x": B})])
        lines = [asdict(one) for one in disagreements(both)]
        for line, ruling in zip(lines, rulings, strict=False):
            line["ruling"] = ruling
        (tmp_path / "rulings.jsonl").write_text("\r\n".join(map(json.dumps, lines)))
        (gold,) = adjudicate(both, tmp_path / "rulings.jsonl", **options)
        return content([gold])[0]

    return merge


@pytest.mark.parametrize(
    ("rulings", "expected"),
    [
        (("a", "a", "a", "a"), A),
        (("b", "b", "b", "b"), B),
        (("b.jsonl", "a.jsonl", "b.jsonl", " a "), [A[1], B[1]]),
        (("neither", "neither", "neither", "neither"), []),
        (("both", "both", "a", "both"), [A[0], A[1], B[0], A[2], B[2]]),
        (("a", {"status": "negated", "end": 39, "start": 22}, "b", "b"), [A[0], {**A[1], "status": "negated"}, *B[1:]]),
        (
            ("a", {"label": "RELAPSE", "extent": "unspecified", "status": "present", "end": 26}, "b", "a"),
            [A[0], span(22, 26, "RELAPSE", extent="unspecified"), B[1]],
        ),
        (("a", {"label": "SECOND_CANCER", "status": "present", "end": 26}, "b", "a"), [A[0], SECOND, B[1]]),
        (("a", "a", {"sense": "ambiguous", "evidence": "none"}, "a"), [*A[:2], {**A[2], "sense": "ambiguous"}]),
    ],
)  # fmt: skip
def test_rulings(ruled, rulings, expected):
    assert ruled(*rulings) == sorted(identity(one) for one in expected)


@pytest.mark.parametrize(("undecided", "expected"), [("a", [A[0], A[1], A[2]]), ("b", [A[0], *B]), ("drop", [A[0]])])
def test_what_is_undecided(ruled, undecided, expected):
    assert ruled("a", undecided=undecided) == sorted(identity(one) for one in expected)


@pytest.mark.parametrize(
    ("rulings", "code", "part"),
    [
        ((), "E554", "4 disagreements: note 'x' 0-2, note 'x' 22-39"),
        (("a", "", "b", None), "E554", "2 disagreements"),
        (("c", "a", "a", "a"), "E555", "line 1: 'c'"),
        (("a", 1, "a", "a"), "E555", "line 2: 1"),
        (("a", {"status": "present"}, "a", "a"), "E555", "line 2: the span has no end"),
        (("a", {"start": 22, "end": 26}, "a", "a"), "E555", "line 2: the span has no status"),
        (("a", {"start": 22, "end": 999, "status": "present"}, "a", "a"), "E508", "22-999"),
        (("a", {"place": 22}, "a", "a"), "E555", "'place'"),
        (
            ("a", {"label": "RELAPSE", "status": "present", "end": 26}, "a", "a"),
            "E555",
            "line 2: the span has no extent",
        ),
        (("a", "a", "both", "a"), "E556", "line 3: the note has two spans ADVANCED at 57-65"),
        (({"start": 22, "end": 39}, "a", "a", "a"), "E556", "line 2"),
    ],
)
def test_rulings_that_do_not_do(ruled, rulings, code, part):
    with pytest.raises(NoteTermsError) as error:
        ruled(*rulings)
    assert error.value.code == code and part in str(error.value)


@settings(deadline=None, max_examples=40)
@given(files_of(2))
def test_taking_one_side_gives_that_side_and_dropping_what_both_say(tmp_path_factory, files):
    rulings = tmp_path_factory.mktemp("rulings") / "none.jsonl"
    rulings.write_text("")
    both = annotators(*files)
    for undecided, side in (("a", files[0]), ("b", files[1])):
        gold = content(adjudicate(both, rulings, undecided))
        assert gold == [sorted(map(identity, note)) for note in side]
    for note, *sides in zip(content(adjudicate(both, rulings, "drop")), *files, strict=True):
        assert set(note) == set.intersection(*(set(map(identity, side)) for side in sides))


def test_from_the_list_to_gold_that_train_and_evaluate_read(tmp_path, write_gold):
    write_gold("a.jsonl", {"x": A, "only a": []})
    write_gold("b.jsonl", {"x": B}, text=None)
    assert run("agree", "a.jsonl", "b.jsonl", "--disagreements", "list.jsonl", cwd=tmp_path).returncode == 0
    command = ("adjudicate", "a.jsonl", "b.jsonl", "list.jsonl", "-o", "gold.jsonl")
    undecided = run(*command, cwd=tmp_path)
    assert undecided.returncode == 2 and "E554" in undecided.stderr and not (tmp_path / "gold.jsonl").exists()
    lines = (tmp_path / "list.jsonl").read_text(encoding="utf-8").replace('"ruling": null', '"ruling": "b"')
    (tmp_path / "list.jsonl").write_text(lines, encoding="utf-8")
    result = run(*command, cwd=tmp_path)
    assert result.returncode == 0 and "left out: only a" in result.stderr and "1 notes, 3 spans" in result.stderr
    (note,) = read_corpus([tmp_path / "gold.jsonl"])
    assert [(one["text"], one["label"]) for one in note.spans] == [("mets", "DISTANT_SPREAD"), ("spread", "IGNORE")]
    assert note.advanced == [{"start": 57, "end": 65, "sense": "distant", "evidence": "phrase", "text": "advanced"}]
    evaluated = run("evaluate", "gold.jsonl", "b.jsonl", "--json", cwd=tmp_path)
    assert json.loads(evaluated.stdout)["tag"]["f1"] == 1.0
    one_line(run(*command[:-1], "list.jsonl", cwd=tmp_path), 2, "E135")
    assert "E132" in run(*command, cwd=tmp_path).stderr


def test_a_list_that_is_not_of_these_files(tmp_path, write_gold):
    paths = [write_gold("a.jsonl", {"x": A}), write_gold("b.jsonl", {"x": B})]
    found = disagreements(read_annotators(paths))
    lines = "".join(json.dumps(asdict(one) | {"ruling": "a"}) + "\n" for one in found)
    rulings = tmp_path / "rulings.jsonl"
    for text, expected in {
        lines.replace('"possible"', '"negated"'): ("E552", "1 lines (2)"),
        lines.replace('"b.jsonl"', '"c.jsonl"'): ("E551", "c.jsonl"),
        lines + lines.splitlines()[3]: ("E553", "line 5 is the same disagreement as line 4"),
        lines + '{"note_id": "x"}\n': ("E550", "line 5"),
        lines + "{": ("E541", "line 5"),
    }.items():
        rulings.write_text(text)
        with pytest.raises(NoteTermsError) as error:
            list(adjudicate(read_annotators(paths), rulings))
        assert error.value.code == expected[0] and expected[1] in str(error.value)
    rulings.write_text(lines)
    with pytest.raises(NoteTermsError, match="E551"):
        list(adjudicate(read_annotators(paths[::-1]), rulings))
