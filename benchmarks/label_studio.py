"""Send tagged notes through a real Label Studio and back, with corrections, and check that all of it arrives.

python benchmarks/label_studio.py [--venv DIR]

Label Studio is installed once, into an environment of its own (about 1 GB, default in the system's temporary folder),
and runs on the loopback address with a database of its own, which is deleted at the end.
"""

import argparse
import http.cookiejar
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import venv
from contextlib import contextmanager
from pathlib import Path

from command import NOTE_TERMS

VERSION = "1.23.2"
NOTES = Path(__file__).parent.parent / "data" / "samples" / "notes.jsonl"
# What offsets stumble over: an astral character, a combining one, Windows line ends, two labels on the same words.
HARD = {
    "note_id": "hard/1",
    "text": (
        "😀 cafe\u0301\r\nLocally advanced breast cancer \U0001f469\u200d\u2695\ufe0f,\r\n\r\n"
        "no liver metastases.\r\nRelapse? \U0001d7d9 <b>mets</b> & more"
    ),
}
USER, PASSWORD = "annotator@localhost.example", "only-on-loopback-1"
CHECK = """
import json, sys
from label_studio_sdk.label_interface import LabelInterface
interface = LabelInterface(open(sys.argv[1], encoding="utf-8").read())
interface.validate()
for task in json.load(open(sys.argv[2], encoding="utf-8")):
    assert interface.validate_task({"data": task["data"]}), "task"
    for prediction in task["predictions"]:
        assert interface.validate_prediction(prediction), "prediction"
"""


class Server:
    """What this needs of the HTTP interface of Label Studio, with the session of one user."""

    def __init__(self, address: str) -> None:
        """Make a client that keeps cookies."""
        self.address = address
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies)
        )

    def _open(self, path: str, data: bytes | None, kind: str, method: str | None) -> bytes:
        token = {cookie.name: cookie.value for cookie in self._cookies}.get("csrftoken") or ""
        headers = {"Content-Type": kind, "X-CSRFToken": token, "Referer": self.address}
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        with self._opener.open(request, timeout=120) as answer:
            return answer.read()

    def log_in(self) -> None:
        """Log in as the user that the server was started with."""
        self._open("/user/login/", None, "text/html", None)
        token = {cookie.name: cookie.value for cookie in self._cookies}["csrftoken"]
        form = {"email": USER, "password": PASSWORD, "csrfmiddlewaretoken": token}
        self._open("/user/login/", urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded", "POST")

    def ask(self, path: str, content: object = None, method: str | None = None) -> object:
        """Get, or post JSON."""
        data = None if content is None else json.dumps(content).encode()
        answer = self._open(path, data, "application/json", method)
        return json.loads(answer) if answer else None

    def ready(self) -> bool:
        """Whether the server answers."""
        try:
            self._open("/health", None, "application/json", None)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


def installed(folder: Path) -> Path:
    """Return the folder of the commands of an environment with Label Studio."""
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (commands / "label-studio").exists():
        print(f"Installing Label Studio {VERSION} in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([commands / "python", "-m", "pip", "install", "-q", f"label-studio=={VERSION}"], check=True)
    return commands


@contextmanager
def running(commands: Path, folder: Path):
    """Run a server on a free loopback port, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [commands / "label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    command += ["--data-dir", str(folder), "--username", USER, "--password", PASSWORD, "--log-level", "ERROR"]
    quiet = {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **quiet})
        try:
            server = Server(f"http://127.0.0.1:{port}")
            for _ in range(240):
                if server.ready():
                    break
                if process.poll() is not None:
                    raise SystemExit("Label Studio ended: " + (folder / "server.log").read_text()[-2000:])
                time.sleep(1)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)


def note_terms(*arguments: object, expected: int = 0) -> str:
    """Run the command, and return what it says."""
    done = subprocess.run([*NOTE_TERMS, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == expected, done.stderr
    return done.stderr


def read(path: Path) -> dict[str, dict]:
    """Return gold by note."""
    return {line["note_id"]: line for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def annotate(server: Server, project: int) -> tuple[str, str, dict]:
    """Accept the predictions of each task, but correct one and skip one; return these two and the new mark."""
    tasks = server.ask(f"/api/tasks?project={project}&fields=all&page_size=1000")["tasks"]
    skipped = tasks[-1]["data"]["note_id"]
    corrected = next(task for task in tasks if task["data"]["note_id"] == HARD["note_id"])
    start = corrected["data"]["text"].index("Relapse")
    for task in tasks:
        prediction = task["predictions"][0]
        content = {"result": prediction["result"], "parent_prediction": prediction["id"], "lead_time": 1.0}
        if task["data"]["note_id"] == skipped:
            content |= {"result": [], "was_cancelled": True}
        if task is corrected:
            place = {"start": start, "end": start + len("Relapse")}
            shared = {"id": "by_hand", "to_name": "text"}
            content["result"] = [
                {**shared, "from_name": "label", "type": "labels", "value": {**place, "labels": ["IGNORE"]}},
                *(
                    {**result, "value": {**result["value"], "choices": ["possible"]}}
                    if result["from_name"] == "status"
                    else result
                    for result in prediction["result"]
                ),
            ]
        server.ask(f"/api/tasks/{task['id']}/annotations/", content)
    return (
        corrected["data"]["note_id"],
        skipped,
        {"start": start, "end": start + 7, "text": "Relapse", "label": "IGNORE"},
    )


def main() -> None:
    """Send, correct, fetch and compare; print what was checked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--venv", type=Path, default=Path(tempfile.gettempdir()) / f"note-terms-label-studio-{VERSION}")
    commands = installed(parser.parse_args().venv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        notes, tags, tasks = folder / "notes.jsonl", folder / "tags.jsonl", folder / "tasks.json"
        notes.write_text(json.dumps(HARD) + "\n" + NOTES.read_text(encoding="utf-8"), encoding="utf-8")
        note_terms("tag", notes, "-o", tags)
        note_terms("export", tags, "--notes", notes, "--to", "label-studio", "-o", tasks)
        note_terms("import", tasks, "--from", "label-studio", "--predictions", "-o", folder / "sent.jsonl")
        sent = read(folder / "sent.jsonl")
        configuration = tasks.with_suffix(".xml")
        subprocess.run([commands / "python", "-c", CHECK, configuration, tasks], check=True, capture_output=True)
        print(f"label-studio-sdk takes the configuration, {len(sent)} tasks and their predictions")

        with running(commands, folder) as server:
            server.log_in()
            version = server.ask("/api/version")["release"]
            label_config = configuration.read_text(encoding="utf-8")
            project = server.ask("/api/projects", {"title": "note-terms", "label_config": label_config})["id"]
            answer = server.ask(f"/api/projects/{project}/import", json.loads(tasks.read_text(encoding="utf-8")))
            shown = server.ask(f"/api/tasks?project={project}&fields=all&page_size=1000")["tasks"]
            by_note = {task["data"]["note_id"]: task["predictions"][0]["result"] for task in shown}
            expected = {
                task["data"]["note_id"]: task["predictions"][0]["result"] for task in json.loads(tasks.read_text())
            }
            assert by_note == expected, "predictions"
            counts = f"{answer['task_count']} tasks and shows {answer['prediction_count']} predictions"
            print(f"Label Studio {version} took {counts}")
            corrected, skipped, new = annotate(server, project)
            exported = server.ask(f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true")
        (folder / "exported.json").write_text(json.dumps(exported), encoding="utf-8")
        line = note_terms("import", folder / "exported.json", "--from", "label-studio", "-o", folder / "x", expected=2)
        assert "E510" in line and "skipped" in line, line
        given = ("import", folder / "exported.json", "--from", "label-studio", "--notes", notes, "--skip-bad")
        line = note_terms(*given, "-o", folder / "gold.jsonl", expected=1)
        assert line.count("left out: [E510]") == 1, line
        gold = read(folder / "gold.jsonl")

        def facts(note: dict) -> list[dict]:
            return [{k: v for k, v in mark.items() if k != "score"} for mark in (*note["spans"], *note["advanced"])]

        for note_id, note in sent.items():
            if note_id not in (corrected, skipped):
                assert facts(gold[note_id]) == facts(note), note_id
        assert skipped not in gold and set(gold) | {skipped} == set(sent)
        assert new in gold[corrected]["spans"]
        before, after = (
            [mark for mark in facts(side[corrected]) if mark.get("label") != "IGNORE"] for side in (sent, gold)
        )
        assert after == [mark | ({"status": "possible"} if "status" in mark else {}) for mark in before], after
        total = sum(len(facts(note)) for note in gold.values())
        print(
            f"Back: {len(gold)} notes and {total} tags as sent, the corrected note as corrected; the skipped one named"
        )
        print(f"Python {platform.python_version()}")


if __name__ == "__main__":
    main()
