"""`note-terms export` and `import` as a user meets them: the way out and back, and what is wrong with a file."""

import json
import shutil
import sys

import pytest

from classifier.annotation.formats import FormatName
from tests.command import one_line, run
from tests.conftest import SAMPLES

NOTES = [
    {"note_id": "007", "text": "Breast cancer with 😀 liver metastases."},
    {"note_id": "=1+1", "text": "Advanced lung cancer, no mets."},
    {"note_id": "c", "text": "Well."},
]


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagged")
    (folder / "notes.jsonl").write_text("".join(json.dumps(note) + "\n" for note in NOTES))
    for kind in ("csv", "jsonl", "parquet", "csv.gz", "jsonl.gz"):
        assert run("tag", "notes.jsonl", "-o", f"tags.{kind}", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def folder(tagged, tmp_path):
    """A folder with a space in its name that holds notes and their tags."""
    return shutil.copytree(tagged, tmp_path / "two words")


def export(folder, form, out, *more):
    return run("export", "tags.csv", "--notes", "notes.jsonl", "--to", form, "-o", out, *more, cwd=folder)


def gold(path):
    return {line["note_id"]: line for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


@pytest.mark.parametrize("form", FormatName)
def test_out_and_back(folder, form):
    result = export(folder, form, "out.x")
    assert result.returncode == 0 and "3 notes, 3 tags" in result.stderr
    one_line(export(folder, form, "out.x"), 2, "E132", "--force")
    assert export(folder, form, "out.x", "--force").returncode == 0
    result = run("import", "out.x", "--from", form, "--predictions", "-o", "gold.jsonl", cwd=folder)
    assert result.returncode == 0, result.stderr
    notes = gold(folder / "gold.jsonl")
    assert {note_id: note["text"] for note_id, note in notes.items()} == {n["note_id"]: n["text"] for n in NOTES}
    (span,) = notes["007"]["spans"]
    assert (span["text"], span["label"], span["extent"], span["status"]) == (
        "liver metastases", "DISTANT_SPREAD", "distant", "present"
    )  # fmt: skip
    (use,) = notes["=1+1"]["advanced"]
    assert (use["sense"], use["evidence"], use["text"]) == ("ambiguous", "none", "Advanced lung cancer")
    assert notes["c"]["spans"] == notes["c"]["advanced"] == []


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_each_kind_of_tags_table_gives_the_same_file(folder, kind):
    for tags in ("tags.csv", f"tags.{kind}"):
        given = ("export", tags, "--notes", "notes.jsonl", "--to", "label-studio", "-o", f"{tags}.json")
        assert run(*given, cwd=folder).returncode == 0
    assert (folder / "tags.csv.json").read_bytes() == (folder / f"tags.{kind}.json").read_bytes()


def test_train_reads_what_import_writes(tmp_path):
    given = ("--notes", SAMPLES / "notes.jsonl")
    assert run("export", SAMPLES / "gold.jsonl", *given, "--to", "brat", "-o", "b", cwd=tmp_path).returncode == 0
    assert run("import", "b", "--from", "brat", *given, "-o", "gold.jsonl", cwd=tmp_path).returncode == 0
    result = run("train", "gold.jsonl", "-o", "model", cwd=tmp_path)
    assert result.returncode == 0 and "sha256" in result.stdout, result.stderr
    scored = run("evaluate", SAMPLES / "gold.jsonl", "gold.jsonl", "--json", cwd=tmp_path)
    assert json.loads(scored.stdout)["extent"]["f1"] == 1.0


def test_bad_exports_end_in_one_line(folder):
    def refused(tags, *parts, to="gold", notes="notes.jsonl", out="x.jsonl"):
        given = ("--notes", notes) if notes else ()
        one_line(run("export", tags, *given, "--to", to, "-o", out, cwd=folder), 2, *parts)

    (folder / "other.jsonl").write_text('{"note_id": "zz", "start": 0, "end": 1, "label": "RELAPSE"}\n')
    (folder / "columns.csv").write_text("id,start\n1,2\n")
    (folder / "number.csv").write_text("note_id,start,end,label\nc,a,2,RELAPSE\n")
    (folder / "text.jsonl").write_text(
        '{"note_id": "c", "start": 0, "end": 4, "text": "Sick", "label": "RELAPSE", "status": "present"}\n'
    )
    (folder / "damaged.parquet").write_bytes(b"PAR1")
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.docx").write_text("x")
    refused("tags.csv", "E504", "--notes", notes=None)
    refused("other.jsonl", "E520", "other.jsonl")
    refused("columns.csv", "E541", "no column")
    refused("number.csv", "E542")
    refused("damaged.parquet", "E541")
    refused("text.jsonl", "E508", "RELAPSE at 0-4")
    refused("nothing.csv", "E540")
    refused("tags.csv", "E135", out="tags.csv")
    refused("tags.csv", "E133", out="nowhere/x.jsonl")
    refused("tags.csv", "E526", "another ending", to="label-studio", out="tasks.xml")
    (folder / "tasks.labels.txt").write_text("mine")
    refused("tags.csv", "E132", "tasks.labels.txt", "--force", to="prodigy", out="tasks.jsonl")
    one_line(export(folder, "brat", "mine", "--force"), 2, "E524", "another folder")
    assert (folder / "mine" / "thesis.docx").exists()


@pytest.mark.parametrize("form", ["brat", "inception"])
@pytest.mark.parametrize(
    ("tags", "out"),
    [
        pytest.param("tags.jsonl", "texts", id="the notes"),
        pytest.param("tags.jsonl", "texts/../texts/out", id="within the notes"),
        pytest.param("tags.jsonl", "above", id="above the notes"),
        pytest.param("texts/tags.jsonl", "texts", id="around the tags"),
    ],
)
def test_a_folder_is_not_made_where_the_sources_stand(tmp_path, form, tags, out):
    (tmp_path / "above" / "texts").mkdir(parents=True)
    (tmp_path / "texts").symlink_to(tmp_path / "above" / "texts")
    (tmp_path / "texts" / "a.txt").write_text("Relapse.")
    (tmp_path / tags).write_text('{"note_id": "a", "start": 0, "end": 7, "label": "RELAPSE", "status": "present"}\n')
    given = ("export", tags, "--notes", "above/texts", "--to", form, "-o", out, "--force")
    one_line(run(*given, cwd=tmp_path), 2, "E135")
    assert (tmp_path / "texts" / "a.txt").read_text() == "Relapse."


def task(number=1, result=(), text="Liver mets.", **annotation):
    data = {"note_id": f"n{number}", "text": text}
    return {"id": number, "data": data, "annotations": [{"completed_by": 1, "result": list(result), **annotation}]}


def result(control, value, kind="choices", identity="a", start=0, end=10):
    return {"id": identity, "from_name": control, "type": kind, "value": {"start": start, "end": end, kind: [value]}}


LABEL = result("label", "DISTANT_SPREAD", "labels")
EXTENT, STATUS = result("extent", "distant"), result("status", "present")
GOOD = [LABEL, EXTENT, STATUS]
BOTH = task(9) | {"annotations": [{"completed_by": person, "result": []} for person in (1, 2)]}
BAD_TASKS = {
    "another configuration": (task(7, [result("ner", "PER", "labels")]), "E514", "task 7", "'ner'", "Expected label"),
    "an unknown label": (task(7, [result("label", "TUMOUR", "labels")]), "E506", "task 7", "'TUMOUR'", "SECOND_CANCER"),
    "an unknown word": (task(7, [LABEL, result("extent", "far"), STATUS]), "E506", "DISTANT_SPREAD at 0-10", "distant"),
    "no status": (task(7, [LABEL, EXTENT]), "E507", "no status", "negated"),
    "no label": (task(7, [STATUS]), "E506", "task 7", "label None"),
    "outside the text": (task(7, GOOD, "Mets."), "E508", "0-10", "5 characters"),
    "places of another version": (task(7, [result("label", "RELAPSE", "labels", start="/div[1]")]), "E508", "task 7"),
    "two labels": (
        task(7, [LABEL | {"value": {**LABEL["value"], "labels": ["RELAPSE", "IGNORE"]}}]),
        "E506",
        "Choose one",
    ),
    "marked twice": (task(7, [*GOOD, *({**r, "id": "b"} for r in GOOD)]), "E509", "twice"),
    "skipped": (task(7, was_cancelled=True), "E510", "skipped"),
    "not annotated": (task(7) | {"annotations": []}, "E510", "not annotated", "--predictions"),
    "several annotators": (BOTH, "E511", "1, 2", "--annotator"),
    "no id": ({"id": 7, "data": {"text": "x"}, "annotations": [{"result": []}]}, "E503", "task 7", "note_id"),
    "no text": ({"id": 7, "data": {"note_id": "a"}, "annotations": [{"result": []}]}, "E504", "task 7", "--notes"),
    "annotations that are no list": (task(7) | {"annotations": 5}, "E514", "task 7", "annotations or predictions"),
    "predictions that are no list": (task(7) | {"predictions": 5}, "E514", "task 7", "annotations or predictions"),
    "another shape": ({"id": 7, "text": "x", "label": []}, "E514", "task 7", "JSON-MIN"),
}


@pytest.mark.parametrize("case", BAD_TASKS)
def test_a_bad_task_is_named_and_the_rest_can_be_imported(tmp_path, case):
    bad, *parts = BAD_TASKS[case]
    (tmp_path / "p.json").write_text(json.dumps([task(1, GOOD), bad, task(2)]))
    given = ("import", "p.json", "--from", "label-studio", "-o", "gold.jsonl")
    one_line(run(*given, cwd=tmp_path), 2, *parts, "--skip-bad")
    assert not (tmp_path / "gold.jsonl").exists()
    done = run(*given, "--skip-bad", cwd=tmp_path)
    assert done.returncode == 1 and all(part in done.stderr for part in parts)
    assert list(gold(tmp_path / "gold.jsonl")) == ["n1", "n2"]


def test_an_annotator_is_chosen_by_name(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps([BOTH, task(1, GOOD)]))
    given = ("import", "p.json", "--from", "label-studio", "-o", "gold.jsonl", "--annotator")
    one_line(run(*given, "ben", cwd=tmp_path), 2, "E512", "'ben'", "1, 2")
    assert run(*given, "2", "--skip-bad", cwd=tmp_path).returncode == 1
    assert list(gold(tmp_path / "gold.jsonl")) == ["n9"]
    assert run(*given, "1", "--force", cwd=tmp_path).returncode == 0


def test_facts_that_a_changed_label_does_not_have_are_left_out(tmp_path):
    relapse = [result("label", "SECOND_CANCER", "labels"), EXTENT, STATUS, result("sense", "local")]
    (tmp_path / "p.json").write_text(json.dumps([task(1, relapse)]))
    assert run("import", "p.json", "--from", "label-studio", "-o", "g.jsonl", cwd=tmp_path).returncode == 0
    (span,) = gold(tmp_path / "g.jsonl")["n1"]["spans"]
    assert "sense" not in span and not span.get("extent") and span["status"] == "present"


def test_an_edited_text_is_refused(folder):
    assert export(folder, "brat", "b").returncode == 0
    (folder / "b" / "007.txt").write_text("Breast cancer with liver metastases.")
    given = ("import", "b", "--from", "brat", "--notes", "notes.jsonl", "-o", "gold.jsonl")
    one_line(run(*given, cwd=folder), 2, "E505", "007.txt", "note 007")
    assert run(*given, "--skip-bad", cwd=folder).returncode == 1
    assert list(gold(folder / "gold.jsonl")) == ["=1+1", "c"]
    one_line(run("import", "b", "--from", "brat", "-o", "x.jsonl", cwd=folder), 2, "E508", "note 007")


BAD_FILES = {
    "label-studio": [("", "E502"), ("[", "E501"), ("{}", "E501"), ("[]", "E515"), ("[1]", "E514")],
    "prodigy": [
        ("", "E502"), ("[]\n", "E501"), ('{"text": "x", "spans": []}', "E514"),
        ('{"text": "x", "meta": {"note_id": 1}, "answer": "reject"}', "E510"),
        (
            '{"text": "x", "meta": {"note_id": 1}, "answer": "accept", '
            '"spans": [{"start": 0, "end": 1, "label": "PER"}]}', "E506"
        ),
    ],
    "doccano": [
        ("", "E502"), ('{"note_id": 1, "text": "x", "label": ["POSITIVE"]}', "E514"),
        ('{"note_id": 1, "text": "x", "label": [[0, 1, "RELAPSE present possible"]]}', "E506"),
        ('{"note_id": 1, "text": "😀", "label": [[0, 1, "RELAPSE present"]]}', "E508"),
        ('{"note_id": 1, "text": "x", "label": []}\n' * 2, "E513"),
    ],
    "docbin": [("", "E501"), ("not a DocBin", "E501")],
    "gold": [("", "E502"), ('{"note_id": 1}', "E514"), ('{"note_id": 1, "spans": []}', "E504")],
    "brat": [("a file", "E501")],
    "inception": [("a file", "E501")],
}  # fmt: skip


@pytest.mark.parametrize(("form", "content", "code"), [(f, *case) for f, cases in BAD_FILES.items() for case in cases])
def test_a_bad_file_ends_in_one_line(tmp_path, form, content, code):
    (tmp_path / "file").write_text(content, encoding="utf-8")
    one_line(run("import", "file", "--from", form, "-o", "gold.jsonl", cwd=tmp_path), 2, code)
    assert not (tmp_path / "gold.jsonl").exists()


def test_doccano_names_annotators_by_their_files(tmp_path):
    (tmp_path / "all").mkdir()
    for name, label in (("ann", "RELAPSE present"), ("ben", "RELAPSE possible")):
        line = {"id": 1, "note_id": "a", "text": "😀 Relapse", "label": [[3, 10, label]], "Comments": []}
        (tmp_path / "all" / f"{name}.jsonl").write_text(json.dumps(line))
    given = ("import", "all", "--from", "doccano", "-o", "gold.jsonl")
    one_line(run(*given, cwd=tmp_path), 2, "E511", "ann, ben", "--annotator")
    assert run(*given, "--annotator", "ben", cwd=tmp_path).returncode == 0
    (span,) = gold(tmp_path / "gold.jsonl")["a"]["spans"]
    assert (span["text"], span["status"]) == ("Relapse", "possible")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("T1\tRELAPSE 0 99\tx\n", "E508"),
        ("T1\tRELAPSE 0 4\tSick\n", "E508"),
        ("T1\tRELAPSE 0 4\tWell\nA1\tCertainty T1 high\n", "E514"),
        ("T1\tRELAPSE 0 4\tWell\nT2\tRELAPSE 4 5\t.\nR1\tBefore Arg1:T1 Arg2:T2\n", "E514"),
        ("T1\tRELAPSE\n", "E514"),
    ],
)
def test_what_brat_wrote_for_another_configuration_is_named(folder, line, code):
    assert export(folder, "brat", "b").returncode == 0
    (folder / "b" / "c.ann").write_text(line)
    one_line(run("import", "b", "--from", "brat", "-o", "gold.jsonl", cwd=folder), 2, code, "c.")


def test_inception_names_annotators_by_their_files_in_a_project_export(folder):
    assert export(folder, "inception", "cas").returncode == 0
    for file in (folder / "cas").glob("*.xmi"):
        document = folder / "project" / "annotation" / file.name
        document.mkdir(parents=True)
        for name in ("ann", "ben"):
            (document / f"{name}.xmi").write_bytes(file.read_bytes())
    (folder / "cas" / "TypeSystem.xml").rename(folder / "project" / "TypeSystem.xml")
    given = ("import", "project", "--from", "inception", "-o", "gold.jsonl")
    one_line(run(*given, cwd=folder), 2, "E511", "ann, ben")
    assert run(*given, "--annotator", "ann", cwd=folder).returncode == 0
    assert len(gold(folder / "gold.jsonl")) == 3
    (folder / "project" / "TypeSystem.xml").unlink()
    one_line(run(*given, "--force", "--annotator", "ann", cwd=folder), 2, "E501", "TypeSystem.xml")


@pytest.mark.filterwarnings("error::UserWarning")
def test_inception_without_the_layer_is_another_configuration(folder):
    assert export(folder, "inception", "cas").returncode == 0
    types = folder / "cas" / "TypeSystem.xml"
    types.write_text(types.read_text(encoding="utf-8").replace("webanno.custom.CancerTerm", "webanno.custom.Drug"))
    given = ("import", "cas", "--from", "inception", "-o", "gold.jsonl")
    one_line(run(*given, cwd=folder), 2, "E514", "TypeSystem.xml without the layer webanno.custom.CancerTerm")


def test_inception_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "cassis", None)
    one_line(export(folder, "inception", "cas"), 2, "E500", "pip install 'note-terms[annotation]'")
    assert not (folder / "cas").exists()


def test_a_row_without_text_is_named_and_the_rest_goes_out(folder):
    with (folder / "notes.jsonl").open("a") as notes:
        notes.write('{"note_id": "d", "text": ""}\n')
    result = export(folder, "gold", "gold.jsonl")
    assert result.returncode == 1 and "(id d) left out: E124" in result.stderr
    assert list(gold(folder / "gold.jsonl")) == [note["note_id"] for note in NOTES]


def test_some_of_the_tagged_notes_go_out(folder):
    (folder / "some.jsonl").write_text("".join(json.dumps(note) + "\n" for note in NOTES[1:]))
    result = run("export", "tags.csv", "--notes", "some.jsonl", "--to", "gold", "-o", "gold.jsonl", cwd=folder)
    assert result.returncode == 0 and "1 tags in tags.csv are of notes that are not in NOTES" in result.stderr
    assert list(gold(folder / "gold.jsonl")) == [note["note_id"] for note in NOTES[1:]]


@pytest.mark.parametrize("form", FormatName)
def test_half_of_a_surrogate_pair_becomes_a_character_that_can_be_written(folder, form):
    (folder / "half.jsonl").write_text('{"note_id": "c", "text": "Well\\ud83d."}\n')
    (folder / "none.jsonl").write_text("")
    given = ("export", "none.jsonl", "--notes", "half.jsonl", "--to", form, "-o", "out.x")
    assert run(*given, cwd=folder).returncode == 0
    back = run("import", "out.x", "--from", form, "--predictions", "-o", "gold.jsonl", cwd=folder)
    assert back.returncode == 0 and gold(folder / "gold.jsonl")["c"]["text"] == "Well\ufffd."


def test_the_notes_are_not_overwritten(folder):
    given = ("import", "tags.csv", "--from", "gold", "--notes", "notes.jsonl", "-o", "notes.jsonl", "--force")
    one_line(run(*given, cwd=folder), 2, "E135")


def test_windows_line_ends_in_what_a_tool_wrote(folder):
    assert export(folder, "doccano", "d.jsonl").returncode == 0
    lines = (folder / "d.jsonl").read_bytes()
    (folder / "d.jsonl").write_bytes(lines.replace(b"\n", b"\r\n"))
    assert run("import", "d.jsonl", "--from", "doccano", "-o", "gold.jsonl", cwd=folder).returncode == 0


def test_help_names_the_tools(tmp_path):
    for command in ("export", "import"):
        result = run(command, "--help", cwd=tmp_path)
        assert result.returncode == 0 and "Usage" in result.stdout and "label-studio" in result.stdout
