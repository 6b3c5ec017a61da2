"""Which notes are chosen, why, and with what probability."""

import json
import tracemalloc
from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest

from classifier.annotation.sampling import choose, with_texts
from classifier.batch.readers import Row
from classifier.errors import NoteTermsError
from tests.annotation.conftest import span
from tests.command import one_line, run
from tests.conftest import SAMPLES


def tag(note_id, score=0.97, decided_by="rule", label="DISTANT_SPREAD", **more):
    return {"note_id": note_id, **span(10, 20, label, **more), "score": score, "decided_by": decided_by}


def rows(count, copies=1):
    return [Row(number, f"n{number}", "text") for number in range(count)] * copies


@pytest.fixture
def table(tmp_path):
    def write(tags, name="tags.jsonl"):
        path = tmp_path / name
        path.write_text("".join(json.dumps(one) + "\n" for one in tags))
        return path

    return write


PLAIN = [tag(f"n{number}") for number in range(40)]


def test_what_stands_out_is_chosen_with_its_reason(table):
    tags = [
        *PLAIN,
        tag("n50", score=0.55),
        tag("n51", score=0.3),
        tag("n52", decided_by="model"),
        tag("n53", label="RELAPSE", status="family", extent=None),
    ]
    chosen = choose(rows(60), table(tags), 4, random_share=0)
    assert {note_id: choice.stratum for note_id, choice in chosen.items()} == {
        "n50": "uncertain", "n51": "uncertain", "n52": "disputed", "n53": "rare",
    }  # fmt: skip
    assert "0.55" in chosen["n50"].reason and "10-20" in chosen["n50"].reason
    assert "label RELAPSE" in chosen["n53"].reason or "status family" in chosen["n53"].reason
    assert all(choice.inclusion_probability is None for choice in chosen.values())
    # Nothing else stands out: the sure, plain tags are no reason.
    assert len(choose(rows(60), table(tags), 30, random_share=0)) == 4


def test_the_most_uncertain_come_first(table):
    tags = [tag(f"n{number}", score=0.5 + number / 100) for number in range(39)]
    assert set(choose(rows(60), table(tags), 5, random_share=0)) == {f"n{number}" for number in range(5)}


def test_rare_values_take_turns(table):
    tags = [
        *PLAIN * 5,
        *(tag(f"n{number}", status="family") for number in range(40, 55)),
        tag("n59", status="possible"),
    ]
    chosen = choose(rows(60), table(tags), 3, random_share=0)
    assert "n59" in chosen and "status possible" in chosen["n59"].reason and len(chosen) == 3


def test_the_random_share_is_drawn_from_all_notes_alike(table):
    tags = table([*PLAIN, *(tag(f"n{number}", score=0.5) for number in range(40, 50))])
    drawn = Counter()
    for seed in range(400):
        chosen = choose(rows(60), tags, 20, seed=seed, random_share=0.5)
        random = {note_id: choice for note_id, choice in chosen.items() if choice.stratum == "random"}
        assert len(random) == 10 and {choice.inclusion_probability for choice in random.values()} == {10 / 60}
        drawn.update(random.keys())
    # 400 / 6 = 67 times each, with a standard deviation of 7.5: no note is left out or preferred.
    assert len(drawn) == 60 and min(drawn.values()) > 67 - 5 * 7.5 and max(drawn.values()) < 67 + 5 * 7.5


def test_the_same_seed_chooses_the_same_whatever_the_order(table):
    tags = [*PLAIN, *(tag(f"n{number}", score=number / 100) for number in range(40, 50))]
    expected = choose(rows(60), table(tags), 20, seed=3)
    assert choose(rows(60), table(tags), 20, seed=3) == expected
    assert choose(rows(60)[::-1], table(tags[::-1]), 20, seed=3) == expected
    assert choose(rows(60), table(tags), 20, seed=4) != expected


def test_repeated_ids_count_once(table):
    once, twice = (choose(rows(60, copies), table(PLAIN), 12, random_share=1) for copies in (1, 2))
    assert once == twice and {choice.inclusion_probability for choice in once.values()} == {12 / 60}
    written = list(with_texts(rows(60, 2), once))
    assert len(written) == 12
    numbers = [int(note.note_id[1:]) for note in written]
    assert all(a < b for a, b in pairwise(numbers))


def test_notes_without_text_and_excluded_ones_are_not_chosen(table):
    given = [*rows(10), Row(11, "empty", None, "E124 the row has no text"), Row(12, None, None, "E123")]
    chosen = choose(given, table([tag("n1", score=0.5), tag("n2", score=0.5)]), 20, random_share=1, exclude={"n1"})
    assert set(chosen) == {f"n{number}" for number in range(10)} - {"n1"}
    assert {choice.inclusion_probability for choice in chosen.values()} == {1.0}
    with pytest.raises(NoteTermsError, match="E560"):
        choose(rows(1), table([]), 5, exclude={"n0"})


def test_memory_does_not_hold_the_notes(table):
    def stream(count):
        for number in range(count):
            yield Row(number, f"note {number}", "text")

    tags = table(PLAIN)
    tracemalloc.start()
    choose(stream(100_000), tags, 50, random_share=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Ids alone would take 5 MB and more, texts far more.
    assert peak < 4_000_000


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_the_command(tmp_path, kind):
    notes = SAMPLES / "notes.jsonl"
    assert run("tag", notes, "-o", f"tags.{kind}", cwd=tmp_path).returncode == 0
    command = ("sample", notes, "--tags", f"tags.{kind}", "-n", "20", "--seed", "7")
    result = run(*command, "-o", "next.jsonl", cwd=tmp_path)
    one_line(result, 0, "20 notes, 4 random")
    lines = [json.loads(line) for line in (tmp_path / "next.jsonl").read_text(encoding="utf-8").splitlines()]
    given = pd.read_json(notes, lines=True).set_index("note_id")["text"].to_dict()
    assert list(lines[0]) == ["note_id", "text", "reason", "stratum", "inclusion_probability"]
    assert [line["note_id"] for line in lines] == [
        name for name in given if name in {line["note_id"] for line in lines}
    ]
    assert all(line["text"] == given[line["note_id"]] and line["reason"].endswith(".") for line in lines)
    assert run(*command, cwd=tmp_path).stdout == (tmp_path / "next.jsonl").read_text(encoding="utf-8")
    again = run(*command, "-o", "next.jsonl", cwd=tmp_path)
    one_line(again, 2, "E132", "--force")
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps({**line, "spans": []}) + "\n" for line in lines))
    other = run(*command, "--exclude", "gold.jsonl", cwd=tmp_path)
    assert not {json.loads(line)["note_id"] for line in other.stdout.splitlines()} & {line["note_id"] for line in lines}
    # What comes out is an export: it can be tagged.
    assert "20 notes" in run("tag", "next.jsonl", "-o", "tagged.jsonl", cwd=tmp_path).stderr


def test_rules_alone_give_no_scores_and_are_told_of(tmp_path):
    notes = SAMPLES / "notes.jsonl"
    assert run("tag", notes, "-o", "tags.jsonl", "--model", "none", cwd=tmp_path).returncode == 0
    result = run("sample", notes, "--tags", "tags.jsonl", "-n", "100", "-o", "out.jsonl", cwd=tmp_path)
    assert result.returncode == 0 and "uncertain" not in result.stderr and "fewer than asked for" in result.stderr


def test_wrong_use_ends_in_one_line(tmp_path):
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"note_id": "a", "text": "x"}\n')
    (tmp_path / "other.jsonl").write_text(json.dumps(tag("b", score=0.5)) + "\n")
    for name, wrong in {"score": "0.5", "label": ["RELAPSE"], "status": {}}.items():
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(tag("a") | {name: wrong}) + "\n")
    (tmp_path / "gold.jsonl").write_text('{"note_id": "a", "spans": []}\n')
    for arguments, parts in {
        ("-", "--tags", "other.jsonl"): ("E563", "twice"),
        (notes, "--tags", "other.jsonl", "--random-share", "0"): ("E562", "'b'"),
        (notes, "--tags", "gold.jsonl"): ("E561", "line 1"),
        (notes, "--tags", "none.jsonl"): ("E540", "none.jsonl"),
        (notes, "--tags", "score.jsonl"): ("E542", "score.jsonl, line 1"),
        (notes, "--tags", "label.jsonl"): ("E542", "label.jsonl, line 1"),
        (notes, "--tags", "status.jsonl"): ("E542", "status.jsonl, line 1"),
        (notes, "--tags", "other.jsonl", "-o", notes, "--force"): ("E135",),
    }.items():
        result = run("sample", *arguments, "-n", "1", cwd=tmp_path)
        one_line(result, 2, *parts)
        assert not result.stdout


def test_help_of_the_commands(tmp_path):
    for command in ("agree", "adjudicate", "sample"):
        result = run(command, "--help", cwd=tmp_path)
        assert result.returncode == 0 and "Usage" in result.stdout
