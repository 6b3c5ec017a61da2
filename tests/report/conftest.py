"""A browser for the tests of the page, where there is one."""

import shutil
from dataclasses import replace

import pytest

from classifier.report.contents import Contents, ReportOptions
from tests.conftest import sample_texts

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install -e '.[dev]')")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def tagged(clf):
    """The sample notes, tagged, with the sentences."""
    return list(clf.tag_notes(sample_texts(), contexts=True))


@pytest.fixture(scope="session")
def gather(tagged, tmp_path_factory):
    """Makes the contents of a page of the samples, taken so many times, in parts of so many notes."""

    def make(times=1, part=100, **options):
        contents = Contents(ReportOptions(tmp_path_factory.getbasetemp() / "report.html", **options))
        notes = [(time, note) for time in range(times) for note in tagged]
        for first in range(0, len(notes), part):
            tags, contexts, summaries = [], [], []
            for time, note in notes[first : first + part]:
                tags += [replace(tag, note_id=f"{tag.note_id}-{time}") for tag in note.tags]
                contexts += note.contexts
                summaries.append(replace(note.summary, note_id=f"{note.summary.note_id}-{time}"))
            contents.add(tags, contexts if contents.options.text else [], summaries, 0)
        return contents

    return make
