"""docs/research.md: its commands are run as they stand, on the sample notes, with simulated people between them."""

import json
import re
import shlex
import shutil

import pandas as pd

from classifier.annotation.formats import gold, label_studio
from classifier.batch.tables import read_table
from tests.command import run
from tests.conftest import ROOT, SAMPLES

ANNA, BEN = "anna@example.org", "ben@example.org"


def commands():
    """Return the commands of the page, each as a list of words."""
    (block,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "research.md").read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for line in block.splitlines() if line and not line.startswith("#")]


def lines_of(path):
    return [line for _, line in read_table(path)]


def annotate(folder):
    """Write what Label Studio would: Anna's work is the gold of the samples, Ben leaves the predictions as they are."""
    texts = {line["note_id"]: line["text"] for line in lines_of(folder / "next.jsonl")}
    wanted = [line for line in lines_of(SAMPLES / "gold.jsonl") if line["note_id"] in texts]
    (folder / "wanted.jsonl").write_text("".join(json.dumps(line) + "\n" for line in wanted))
    label_studio.write(gold.read_notes(folder / "wanted.jsonl", texts), folder / "corrected.json")
    anna, ben = (
        {task["data"]["note_id"]: task["predictions"][0]["result"] for task in json.loads((folder / name).read_text())}
        for name in ("corrected.json", "tasks.json")
    )
    project = [
        {
            "id": number,
            "data": {"note_id": note_id, "text": text},
            "annotations": [
                {"completed_by": {"email": email}, "result": results[note_id]}
                for email, results in ((ANNA, anna), (BEN, ben))
            ],
        }
        for number, (note_id, text) in enumerate(texts.items(), start=1)
    ]
    (folder / "project.json").write_text(json.dumps(project))


def rule(folder):
    """Decide for Anna throughout."""
    lines = [line | {"ruling": "a"} for line in lines_of(folder / "list.jsonl")]
    assert lines
    (folder / "list.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_the_commands_of_the_page(tmp_path):
    shutil.copy(SAMPLES / "notes.jsonl", tmp_path)
    people = {"export": annotate, "agree": rule}
    digest = None
    done = []
    for program, command, *arguments in commands():
        assert program == "note-terms"
        given = [digest if word == "DIGEST" else word for word in arguments]
        result = run(command, *given, cwd=tmp_path)
        assert result.returncode == 0, (command, result.stderr)
        if command == "train":
            digest = re.search(r"sha256 (\w{64})", result.stdout)[1]
        people.get(command, lambda folder: None)(tmp_path)
        done.append(command)
    assert list(dict.fromkeys(done)) == ["tag", "sample", "export", "import", "agree", "adjudicate", "train"]
    assert done[-1] == "tag"
    scored = run("evaluate", "wanted.jsonl", "gold.jsonl", "--json", cwd=tmp_path)
    assert {json.loads(scored.stdout)[name]["f1"] for name in ("tag", "tag+status", "extent")} == {1.0}
    before, after = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("tags", "better"))
    assert list(after.columns) == list(before.columns) and not after.score.equals(before.score)
