"""JSON that Python cannot read ends as any other line that is no JSON, wherever it stands."""

import json

import pytest

from classifier.errors import NoteTermsError
from classifier.matching.cues import load_cues
from tests.command import one_line, run

unreadable = pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' + "9" * 5_000 + "}"], ids=["deep", "digits"])


@unreadable
def test_a_line_of_an_export_is_set_aside_and_the_rest_goes_on(tmp_path, text):
    note = json.dumps({"note_id": "a", "text": "Lung cancer, liver metastases."})
    (tmp_path / "notes.jsonl").write_text(f"{text}\n{note}\n")
    one_line(run("tag", "notes.jsonl", "-o", "tags.jsonl", "--model", "none", cwd=tmp_path), 1, "1 rows set aside")
    (line,) = (tmp_path / "tags.jsonl.errors.jsonl").read_text().splitlines()
    assert json.loads(line)["row"] == 1 and "E122" in line


@unreadable
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("import", "file.jsonl", "--from", "label-studio", "-o", "gold.jsonl"), "E501"),
        (("import", "file.jsonl", "--from", "gold", "-o", "gold.jsonl"), "E501"),
        (("evaluate", "file.jsonl", "file.jsonl"), "E541"),
    ],
)
def test_a_file_is_refused(tmp_path, text, command, code):
    (tmp_path / "file.jsonl").write_text(text)
    one_line(run(*command, cwd=tmp_path), 2, code)


@unreadable
def test_a_file_of_rules_is_refused(tmp_path, text):
    (tmp_path / "context_cues.jsonl").write_text(text)
    with pytest.raises(NoteTermsError, match=r"E203.*line 1"):
        load_cues(tmp_path)
