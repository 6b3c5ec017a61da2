"""The command, as a user meets it: exports of each kind, bad input, and what the terminal says."""

import csv
import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier.tags import summary_schema, tags_schema
from tests.command import NOTE_TERMS, NOTES, SECONDS, one_line, process, run, write
from tests.conftest import ROOT, SAMPLES


@pytest.mark.parametrize("kind", ["csv", "tsv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "txt"])
def test_each_kind_of_export_gives_the_same_tags(tmp_path, kind):
    path = write(tmp_path, kind)
    result = run("tag", path, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    tags = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(tag["note_id"], tag["label"]) for tag in tags] == [("007", "DISTANT_SPREAD"), ("b,1", "ADVANCED")]
    assert list(tags[0]) == tags_schema().names
    texts = {note["note_id"]: note["text"] for note in NOTES}
    assert all(texts[tag["note_id"]][tag["start"] : tag["end"]] == tag["text"] for tag in tags)
    assert "3 notes, 2 tags" in result.stderr


def test_standard_input_in_standard_output_out(tmp_path):
    result = process("tag", "-", cwd=tmp_path, stdin="".join(json.dumps(note) + "\n" for note in NOTES))
    assert result.returncode == 0 and len(result.stdout.splitlines()) == 2


def test_tables_out_and_a_summary(tmp_path):
    path = write(tmp_path, "csv")
    for kind in ("csv", "jsonl", "parquet", "csv.gz"):
        assert run("tag", path, "-o", f"tags.{kind}", "--summary", f"s.{kind}", cwd=tmp_path).returncode == 0
    table = pq.read_table(tmp_path / "tags.parquet")
    assert table.schema.equals(tags_schema()) and table.num_rows == 2
    frame = pd.read_csv(tmp_path / "tags.csv", dtype=str, keep_default_na=False)
    assert frame["historical"].tolist() == ["false", "false"] and all(0 < float(score) < 1 for score in frame["score"])
    assert gzip.decompress((tmp_path / "tags.csv.gz").read_bytes()) == (tmp_path / "tags.csv").read_bytes()
    summary = pq.read_table(tmp_path / "s.parquet")
    assert summary.schema.equals(summary_schema())
    rows = {row["note_id"]: row for row in summary.to_pylist()}
    assert list(rows) == ["007", "b,1", "c"]
    assert rows["007"]["distant_spread"] == 1 and rows["007"]["farthest_extent"] == "distant"
    assert rows["b,1"]["advanced_ambiguous"] and "locally advanced or metastatic" in rows["b,1"]["advanced_reason"]
    assert rows["c"]["farthest_extent"] is None and not rows["c"]["advanced_ambiguous"]
    assert not list(tmp_path.glob("*.errors.jsonl")) and not list(tmp_path.glob(".tags*"))


def test_workers_give_the_same_table(tmp_path):
    for jobs in (1, 2):
        result = process("tag", SAMPLES / "notes.jsonl", "-o", f"{jobs}.jsonl", "--jobs", jobs, cwd=tmp_path)
        assert result.returncode == 0
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes() != b""


def test_a_table_is_overwritten_only_with_force(tmp_path):
    path = write(tmp_path, "csv")
    (tmp_path / "tags.csv").write_text("mine")
    one_line(run("tag", path, "-o", "tags.csv", cwd=tmp_path), 2, "E132", "tags.csv exists", "--force")
    assert (tmp_path / "tags.csv").read_text() == "mine"
    assert run("tag", path, "-o", "tags.csv", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "tags.csv").read_text() != "mine"


def test_formulas_are_defused_in_csv(tmp_path):
    path = write(tmp_path, "jsonl", [{"note_id": "=1+1", "text": "Lung cancer, liver metastases."}])
    assert run("tag", path, "-o", "tags.csv", cwd=tmp_path).returncode == 0
    (row,) = csv.DictReader((tmp_path / "tags.csv").open(newline=""))
    assert row["note_id"] == "'=1+1"


def test_rows_that_cannot_be_tagged_are_set_aside(tmp_path):
    lines = [
        json.dumps({"note_id": "a", "text": "Breast cancer, liver metastases."}),
        "{not json",
        json.dumps({"note_id": "b", "text": "  "}),
        json.dumps({"note_id": "a", "text": "Again."}),
        json.dumps({"text": "No id."}),
        json.dumps(["a list"]),
        json.dumps({"note_id": 5, "text": "Colon cancer, lung metastases."}),
    ]
    (tmp_path / "notes.jsonl").write_text("\n".join(lines))
    result = process("tag", "notes.jsonl", "-o", "tags.jsonl", cwd=tmp_path)
    one_line(result, 1, "2 notes, 2 tags", "5 rows set aside", "tags.jsonl.errors.jsonl")
    aside = [json.loads(line) for line in (tmp_path / "tags.jsonl.errors.jsonl").read_text().splitlines()]
    assert [(row["row"], row["reason"].split()[0]) for row in aside] == [
        (2, "E122"), (3, "E124"), (4, "E125"), (5, "E123"), (6, "E122"),
    ]  # fmt: skip
    assert "Again" not in str(aside) and "not json" not in str(aside)
    ids = [json.loads(line)["note_id"] for line in (tmp_path / "tags.jsonl").read_text().splitlines()]
    assert ids == ["a", "5"]
    result = run("tag", "notes.jsonl", cwd=tmp_path)
    assert result.returncode == 1 and "row 3 (id b) set aside: E124" in result.stderr


def test_a_short_csv_row_is_set_aside(tmp_path):
    (tmp_path / "notes.csv").write_text("note_id,text\na\nb,Lung cancer with brain metastases.\n")
    result = run("tag", "notes.csv", "-o", "tags.csv", cwd=tmp_path)
    one_line(result, 1, "1 notes, 1 tags", "1 rows set aside")
    assert '"row": 1, "note_id": null, "reason": "E121' in (tmp_path / "tags.csv.errors.jsonl").read_text()


def test_pieces_of_a_note_are_no_ids(tmp_path):
    (tmp_path / "notes.csv").write_text("note_id,text\na,Zyxwvut has\nliver mets of Zyxwvut\nZyxwvut, well, today\n")
    result = run("tag", "notes.csv", "-o", "tags.csv", cwd=tmp_path)
    one_line(result, 1, "1 notes", "2 rows set aside")
    assert "Zyxwvut" not in (tmp_path / "tags.csv.errors.jsonl").read_text() + result.stderr


@pytest.mark.parametrize("header", ["p1,John Smith has mets to the liver", "p1, mets", "x" * 41, "p1,John Smith"])
def test_a_first_line_that_may_be_of_a_note_is_not_told(tmp_path, header):
    (tmp_path / "notes.csv").write_text(f"{header}\n")
    result = run("tag", "notes.csv", cwd=tmp_path)
    one_line(result, 2, "E101", "'text'", f"columns is {header.count(',') + 1}.", "--text-column", "first line")
    assert header.split(",")[-1].strip() not in result.stderr


def test_of_a_folder_what_cannot_be_read_is_set_aside(tmp_path):
    folder = write(tmp_path, "txt")
    (folder / "a folder.txt").mkdir()
    (folder / "gone.txt").symlink_to("nowhere")
    one_line(run("tag", folder, "-o", "tags.csv", cwd=tmp_path), 1, "3 notes, 2 tags", "1 rows set aside")
    (aside,) = map(json.loads, (tmp_path / "tags.csv.errors.jsonl").read_text().splitlines())
    assert aside["note_id"] == "gone" and aside["reason"].startswith("E120 the file cannot be read")


def test_bytes_that_are_not_utf8_are_read_as_windows_1252(tmp_path):
    (tmp_path / "notes.csv").write_bytes("note_id,text\na,“Café” lung cancer with brain metastases.\n".encode("cp1252"))
    result = run("tag", "notes.csv", cwd=tmp_path)
    assert result.returncode == 0 and "3 bytes are not UTF-8 and were read as Windows-1252" in result.stderr
    (tag,) = map(json.loads, result.stdout.splitlines())
    assert "“Café” lung cancer with brain metastases."[tag["start"] : tag["end"]] == tag["text"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path, encoding):
    (tmp_path / "notes.csv").write_bytes("note_id,text\na,Lung cancer with brain metastases.\n".encode(encoding))
    result = run("tag", "notes.csv", cwd=tmp_path)
    assert result.returncode == 0 and len(result.stdout.splitlines()) == 1


def test_an_export_with_a_header_alone_gives_an_empty_table(tmp_path):
    (tmp_path / "notes.csv").write_text("note_id,text\n")
    assert run("tag", "notes.csv", "-o", "tags.csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "tags.csv").read_text().strip() == ",".join(tags_schema().names)


EMPTY = {
    "empty.csv": b"",
    "empty.parquet": b"",
    "blank.csv": b"\n\n",
    "blank.jsonl": b"\n \n",
    "empty.csv.gz": gzip.compress(b""),
    "empty.jsonl.gz": gzip.compress(b""),
}
WIDE = ("utf-16-le", "utf-16-be", "utf-32", "utf-32-be")


def test_bad_exports_end_in_one_line(tmp_path):
    for name, content in EMPTY.items():
        (tmp_path / name).write_bytes(content)
    for encoding in WIDE:
        (tmp_path / f"{encoding}.csv").write_bytes("note_id,text\na,Well.\n".encode(encoding))
        (tmp_path / f"{encoding}.jsonl").write_bytes('{"note_id": "a", "text": "Well."}\n'.encode(encoding))
    (tmp_path / "other.csv").write_text("id,body\n1,x\n")
    (tmp_path / "other.jsonl").write_text('{"id": 1, "body": "x"}\n')
    (tmp_path / "quote.csv").write_text('note_id,text\na,"never closed\nb,x\n')
    (tmp_path / "notes.xlsx").write_text("x")
    (tmp_path / "nothing").mkdir()
    table = pa.table({"note_id": ["a"], "text": ["Well."], "body": ["Well."]})
    pq.write_table(table.rename_columns(["note_id", "text", "text"]), tmp_path / "twice.parquet")
    (tmp_path / "twice.csv").write_text("note_id,text,text\na,Well.,Well.\n")
    latin = pa.array([b"Caf\xe9"]).cast(pa.string(), safe=False)
    pq.write_table(pa.table({"note_id": ["a"], "text": latin}), tmp_path / "latin.parquet")
    whole = gzip.compress(("note_id,text\n" + "a,Lung cancer.\n" * 5000).encode())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    pd.DataFrame(NOTES).to_parquet(tmp_path / "cut.parquet")
    data = (tmp_path / "cut.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) // 2])
    expected = {
        **dict.fromkeys(EMPTY, ("E114", "is empty")),
        **{f"{encoding}.{kind}": ("E115", "UTF-8") for encoding in WIDE for kind in ("csv", "jsonl")},
        "other.csv": ("E101", "'text'", "id, body", "--text-column"),
        "other.jsonl": ("E101", "id, body"),
        "twice.parquet": ("E101", "'text' twice", "--text-column"),
        "twice.csv": ("E101", "'text' twice"),
        "latin.parquet": ("E112", "Unicode"),
        "quote.csv": ("E113", "row 1"),
        "notes.xlsx": ("E111", ".parquet"),
        "nothing": ("E114", "no .txt"),
        "cut.csv.gz": ("E112", "cut short"),
        "cut.parquet": ("E112", "Parquet"),
        "not-there.csv": ("E110", "does not exist"),
    }
    for name, parts in expected.items():
        result = run("tag", name, "-o", f"{name}.tags.csv", cwd=tmp_path)
        one_line(result, 2, *parts)
        assert not list(tmp_path.glob("*.tags.csv*")), "something was left half-written"


def test_bad_targets_end_in_one_line(tmp_path):
    path = write(tmp_path, "csv")
    one_line(run("tag", path, "-o", "nowhere/tags.csv", cwd=tmp_path), 2, "E133", "nowhere")
    for name in (["tags.xml"], ["tags.parquet.gz"], ["tags.gz", "--format", "parquet"]):
        one_line(run("tag", path, "-o", *name, cwd=tmp_path), 2, "E131", "--format")
    result = run("tag", path, "--summary", "s.txt", cwd=tmp_path)
    one_line(result, 2, "E131", "s.txt", ".parquet.")
    assert "--format" not in result.stderr, "that is about the tags"
    one_line(run("tag", path, "-o", path, "--force", cwd=tmp_path), 2, "E135")
    (tmp_path / "folder").mkdir()
    for summary in ("x.csv", "folder/../x.csv", "x.csv.errors.jsonl"):
        one_line(run("tag", path, "-o", "x.csv", "--summary", summary, cwd=tmp_path), 2, "E136")
    aside = write(tmp_path, "jsonl").rename(tmp_path / "y.csv.errors.jsonl")
    one_line(run("tag", aside, "-o", "y.csv", "--force", cwd=tmp_path), 2, "E135")
    assert aside.exists() and not list(tmp_path.glob("[xy].csv"))
    one_line(run("tag", path, "--format", "parquet", cwd=tmp_path), 2, "E134", "-o")
    one_line(process("tag", path, "--scheme", "figo", cwd=tmp_path), 2, "E211", "ccs, acs, tnm")
    (tmp_path / "none.csv").write_text("note_id,text\n")
    one_line(run("tag", "none.csv", "--scheme", "figo", cwd=tmp_path), 2, "E211")


LONG = "x" * 5000


@pytest.mark.parametrize(
    "arguments", [("tag", LONG), ("tag", "n.csv", "-o", LONG + ".csv"), ("tag", "n.csv", "--scheme", LONG)]
)
def test_names_that_the_system_refuses_end_in_one_line(tmp_path, arguments):
    (tmp_path / "n.csv").write_text("note_id,text\na,Well.\n")
    one_line(run(*arguments, cwd=tmp_path), 2, "E102", LONG, "File name too long")


@pytest.mark.parametrize(
    ("arguments", "code"), [("- <&-", "E110"), ("notes.jsonl >&-", "E139"), ("notes.jsonl --format csv >&-", "E139")]
)
def test_closed_streams_end_in_one_line(tmp_path, arguments, code):
    write(tmp_path, "jsonl")
    command = f"{sys.executable} -c 'from classifier.cli import main; main()' tag --model none {arguments}"
    result = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS)
    one_line(result, 2, code, "closed")


def test_tables_on_standard_output_are_utf8_and_show_replaces_what_cannot_be_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (tmp_path / "notes.jsonl").write_text(json.dumps({"note_id": "é–", "text": "Liver mets – “x”."}))
    tagged = process("tag", "notes.jsonl", "--model", "none", cwd=tmp_path)
    assert json.loads(tagged.stdout)["note_id"] == "é–", tagged.stderr
    shown = process("show", "Liver mets – “x”.", "--model", "none", cwd=tmp_path)
    assert "[Liver mets]1 ? ?x?." in shown.stdout, shown.stderr


def test_ctrl_c_ends_in_one_line_and_leaves_nothing(tmp_path):
    command = [*NOTE_TERMS, "tag", "-", "-o", "tags.jsonl"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    for _ in range(SECONDS * 10):
        if (tmp_path / "tags.jsonl.progress").exists():
            break
        time.sleep(0.1)
    os.kill(running.pid, signal.SIGINT)
    _, stderr = running.communicate(timeout=SECONDS)
    assert (
        running.returncode == 130
        and stderr.strip() == "note-terms: stopped; no table was written. Go on with --resume."
    )
    assert not list(tmp_path.iterdir())


def test_show(tmp_path):
    result = process("show", "Advanced breast cancer, 3/17 nodes positive, no evidence of mets.", cwd=tmp_path)
    assert result.returncode == 0
    for part in ("[3/17 nodes positive]", "REGIONAL_SPREAD regional_nodes", "negated", 'cue "no evidence of"'):
        assert part in " ".join(result.stdout.split())
    assert "No tags." in run("show", "-", cwd=tmp_path, stdin="Well today.").stdout
    reason = run("show", "Advanced breast cancer.", cwd=tmp_path).stdout
    assert "locally advanced or metastatic" in " ".join(reason.split())


def test_the_readme_shows_what_the_command_prints(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, shown = re.search(r"^    \$ note-terms (.+)\n((?:    .+\n|\n)+)", readme, re.MULTILINE).groups()
    result = run(*shlex.split(command), cwd=tmp_path)
    assert result.stdout.strip() == textwrap.dedent(shown).strip()


LATIN = os.fsdecode("“Café” – liver mets".encode("cp1252"))


@pytest.mark.parametrize(("argument", "stdin"), [(LATIN, ""), ("-", LATIN)])
def test_show_reads_bytes_as_tag_does(tmp_path, argument, stdin):
    result = run("show", argument, cwd=tmp_path, stdin=stdin)
    one_line(result, 0, "4 bytes are not UTF-8")
    assert "“Café” – [liver mets]1" in result.stdout


def test_explain(tmp_path):
    result = run("explain", "tnm_n0", cwd=tmp_path)
    assert result.returncode == 0 and "regional_nodes" in result.stdout and "negated" in result.stdout
    assert '"ENT_TYPE": "TNM_N0"' in result.stdout
    one_line(run("explain", "tnm_n00", cwd=tmp_path), 2, "E151", "tnm_n0")
    assert "tnm_n0" in run("explain", cwd=tmp_path).stdout


def test_evaluate(tmp_path):
    gold = SAMPLES / "gold.jsonl"
    result = run("evaluate", gold, gold, cwd=tmp_path)
    assert result.returncode == 0 and "status right in 1.0000" in result.stdout
    figures = json.loads(run("evaluate", gold, gold, "--json", cwd=tmp_path).stdout)
    assert figures["tag"]["f1"] == 1.0 and figures["flag"]["missed"] == 0
    (tmp_path / "wrong.jsonl").write_text('{"a": 1}\n')
    one_line(run("evaluate", gold, "wrong.jsonl", cwd=tmp_path), 2, "E141", "line 1")


def test_help_and_version(tmp_path):
    for command in ((), ("tag",), ("show",), ("explain",), ("evaluate",)):
        result = run(*command, "--help", cwd=tmp_path)
        assert result.returncode == 0 and "Usage" in result.stdout
    for command in ("tag", "export"):
        assert "each also .gz" in " ".join(run(command, "--help", cwd=tmp_path).stdout.replace("│", "").split())
    assert run("--version", cwd=tmp_path).stdout.startswith("note-terms ")


@pytest.mark.parametrize(
    ("script", "heavy"),
    [
        ("import classifier.cli", {"spacy", "pandas", "pyarrow", "sklearn", "scipy"}),
        ("import classifier; classifier.load().tag_text('Brain mets.')", {"pandas", "sklearn", "scipy"}),
    ],
)
def test_what_a_command_does_without_is_not_imported(script, heavy):
    script = f"import sys; {script}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "classifier" in result.stdout and heavy.isdisjoint(result.stdout.split())


def test_evaluate_compares_rules_model_and_both(tmp_path):
    result = run(
        "evaluate", SAMPLES / "gold.jsonl", "--notes", SAMPLES / "notes.jsonl", "--html", "page.html", cwd=tmp_path
    )
    assert result.returncode == 0
    assert all(way in result.stdout for way in ("rules alone", "model alone", "both", "DISTANT_SPREAD"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h2>Genres</h2>" in page and "GP consultation" in page and 'scope="row">RELAPSE' in page
    one_line(run("evaluate", SAMPLES / "gold.jsonl", cwd=tmp_path), 2, "E142", "--notes")
    again = run("evaluate", SAMPLES / "gold.jsonl", SAMPLES / "gold.jsonl", "--html", "page.html", cwd=tmp_path)
    one_line(again, 2, "E132", "--force")


def test_train_makes_a_model_that_tag_opens_by_its_digest(tmp_path):
    result = run("train", SAMPLES, "-o", "mine", cwd=tmp_path)
    assert result.returncode == 0 and "rules alone" in result.stdout and "calibration error" in result.stdout
    digest = result.stdout.split()[-1]
    one_line(run("train", SAMPLES, "-o", "mine", cwd=tmp_path), 2, "E132", "--force")
    path = write(tmp_path, "csv")
    one_line(run("tag", path, "--model", "mine/arbiter.joblib", cwd=tmp_path), 2, "E402", "--sha256")
    tagged = run("tag", path, "--model", "mine/arbiter.joblib", "--sha256", digest, cwd=tmp_path)
    assert '"DISTANT_SPREAD"' in tagged.stdout
    shown = ("show", "Lung cancer, liver metastases.", "--model", "mine/arbiter.joblib")
    one_line(run(*shown, cwd=tmp_path), 2, "E402", "--sha256")
    assert "DISTANT_SPREAD" in run(*shown, "--sha256", digest, cwd=tmp_path).stdout
