"""The page as a file: what it holds and leaves out, and that the same tags give the same page."""

import base64
import gc
import hashlib
import json
import re
import tracemalloc
from collections import Counter

import pytest

from classifier.batch import notes, runner
from classifier.batch.notes import Row, batches
from classifier.batch.tagging import Settings
from classifier.labels import Sense
from classifier.report.contents import ReportOptions
from classifier.report.page import page
from classifier.schemes import SPREAD_EXTENTS
from tests.command import one_line, run, write
from tests.conftest import sample_texts

ROWS = [Row(number, name, text) for number, (name, text) in enumerate(sample_texts(), start=1)]
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def data_of(html):
    return json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])


def tags_of(html):
    data = data_of(html)
    return [dict(zip(data["fields"], row, strict=True)) for row in data["tags"]]


def report(rows, folder, name="report", text=True, limit=5000, **options):
    path = folder / f"{name}.html"
    runner.run(batches(rows), folder / f"{name}.jsonl", "jsonl", report=ReportOptions(path, text, limit), **options)
    return path.read_text(encoding="utf-8")


def test_the_numbers_are_those_of_the_tags_table(tmp_path):
    rows = [*ROWS, Row(101, "empty", None, "E124 the row has no text")]
    html = report(rows, tmp_path)
    table = [json.loads(line) for line in (tmp_path / "report.jsonl").read_text(encoding="utf-8").splitlines()]
    charts = data_of(html)["schemes"]["ccs"]["charts"]
    for kind in ("label", "status", "extent"):
        wanted = Counter(tag[kind] for tag in table if tag[kind] is not None)
        assert {name: number for name, number in charts[kind].items() if number} == wanted
    assert sum(charts["section"].values()) == len(table) == data_of(html)["schemes"]["ccs"]["tags"]
    numbers = re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([\d,]+)</dd>", html)
    flagged = {tag["note_id"] for tag in table if tag["sense"] == "ambiguous"}
    assert [number for _, number in numbers] == ["100", "100", str(len(table)), str(len(flagged)), "1"]
    assert {note["note_id"] for note in data_of(html)["flagged"]} == flagged
    assert all("locally advanced or metastatic" in note["reason"] for note in data_of(html)["flagged"])


def test_each_tag_stands_in_its_sentence(tmp_path):
    texts = dict(sample_texts())
    cues = 0
    for tag in tags_of(report(ROWS, tmp_path)):
        text = texts[tag["note_id"]]
        pieces = [piece for _, piece in tag["pieces"]]
        shown = "".join(pieces).removeprefix("… ").removesuffix(" …")
        (phrase,) = (piece for kind, piece in tag["pieces"] if kind == "phrase")
        assert phrase == text[tag["start"] : tag["end"]]
        assert text.find(shown) <= tag["start"] and shown in text
        marked = [piece for kind, piece in tag["pieces"] if kind == "cue"]
        cues += len(marked)
        assert ["".join(piece.split()) for piece in marked] in ([], ["".join((tag["cue"] or "").split())])
    assert cues > 150


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Breast cancer. No fever, no evidence of liver metastases.", ["No fever, no evidence of"]),
        ("Lung cancer. Liver metastases were ruled out.", ["were ruled out"]),
        ("Lung cancer with liver metastases.", []),
    ],
)
def test_the_cue_that_decided_is_marked(tmp_path, text, marked):
    (tag,) = tags_of(report([Row(1, "n", text)], tmp_path))
    assert [piece for kind, piece in tag["pieces"] if kind == "cue"] == marked


def test_a_scheme_without_a_label_for_an_extent_leaves_its_tags_out(tmp_path):
    schemes = data_of(report(ROWS, tmp_path))["schemes"]
    confined = schemes["ccs"]["charts"]["extent"]["confined"]
    assert confined and schemes["acs"]["labels"]["confined"] is None
    assert schemes["acs"]["tags"] == schemes["ccs"]["tags"] - confined == schemes["tnm"]["tags"] - confined
    html = report(ROWS, tmp_path, "acs", settings=Settings(scheme="acs"))
    assert "tagged after acs, which leaves some extents out" in html
    assert data_of(html)["schemes"]["acs"]["charts"] == schemes["acs"]["charts"]


def test_a_scheme_of_ones_own_is_one_of_the_switch_by_its_name_alone(tmp_path):
    own = tmp_path / "clinic.toml"
    labels = "".join(f'{extent} = "DISTANT_SPREAD"\n' for extent in SPREAD_EXTENTS)
    own.write_text(f'source = "Our clinic"\n[labels]\n{labels}', encoding="utf-8")
    html = report(ROWS, tmp_path, settings=Settings(scheme=str(own)))
    assert data_of(html)["scheme"] == "clinic" and list(data_of(html)["schemes"]) == ["ccs", "acs", "tnm", "clinic"]
    assert data_of(html)["schemes"]["clinic"]["charts"]["label"]["LOCAL_SPREAD"] == 0
    assert "Our clinic" in html and str(tmp_path) not in html


def page_of_nothing(folder):
    return report([], folder, "nothing")


def test_an_export_without_notes_gives_a_page(tmp_path):
    html = page_of_nothing(tmp_path)
    assert "Cancer terms in 0 notes" in html and tags_of(html) == []


def test_without_text_no_word_of_a_note_is_left(tmp_path):
    rows = [
        Row(1, "id-1", "Prostate cancer, zebra: there is no sign whatsoever of metastases to the liver."),
        Row(2, "id-2", "She has Advanced Lung Cancer, said Dr Quagga."),
    ]
    with_text, without = report(rows, tmp_path, "with"), report(rows, tmp_path, "without", text=False)
    for words in ("zebra", "metastases to the liver", "Advanced Lung Cancer", "Quagga"):
        assert words in with_text and words.lower() not in without.lower()
    (first, second) = tags_of(without)
    assert (first["note_id"], first["status"], first["site"]) == ("id-1", "negated", "liver")
    assert first["cue"] is None and first["pieces"] is None
    assert second["sense"] == "ambiguous" and data_of(without)["flagged"][0]["note_id"] == "id-2"
    assert "Text of the notes was left out" in without


def test_nothing_of_a_note_can_end_the_data_or_run(tmp_path):
    text = f"Breast cancer {HOSTILE} with liver metastases {HOSTILE} \u202e \u2028 \x00 {{{{ 7*7 }}}} <!--"
    html = report([Row(1, HOSTILE, text)], tmp_path, source=f"/data/{HOSTILE.replace('/', '')}.csv")
    assert html.count("<script") == 2 and html.count("</script>") == 2 and "<img" not in html and "<!--" not in html
    assert not set("\u202e\u2028\x00") & set(html)
    (tag,) = tags_of(html)
    assert tag["note_id"] == HOSTILE and ["phrase", "liver metastases"] in tag["pieces"]


def test_the_policy_lets_only_its_own_style_and_script_in(tmp_path):
    html = page_of_nothing(tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    for kind in ("style", "script"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r'\s(?:style|on\w+|src)="', html) and not re.search(r"https?:", html)


@pytest.mark.parametrize("limit", [40, 500])
def test_beyond_the_limit_all_are_counted_and_a_sample_is_listed(gather, limit):
    contents = gather(times=3, limit=limit)
    html = page(contents)
    listed = tags_of(html)
    assert len(listed) == limit and data_of(html)["schemes"]["ccs"]["tags"] == contents.tags > limit
    ambiguous = sum(tag["sense"] == Sense.AMBIGUOUS for tag in listed)
    assert ambiguous == contents.ambiguous == 18
    assert f"{limit} of {contents.tags:,} tags are listed: all {ambiguous} ambiguous" in html
    # It is the same sample wherever the run was cut into parts, and in the order of the run.
    assert page(gather(times=3, part=7, limit=limit)) == html
    numbers = [entry.number for entry in contents.listed()]
    assert numbers == sorted(set(numbers))


def test_more_ambiguous_uses_than_the_limit_are_sampled_too(gather):
    html = page(gather(times=2, limit=5))
    assert [tag["sense"] for tag in tags_of(html)] == ["ambiguous"] * 5
    assert "5 of 12 ambiguous uses of “advanced”, a random sample" in html and "In 12 notes" in html


def test_memory_does_not_grow_with_the_notes(gather):
    kept = []
    for times in (2, 16):
        tracemalloc.start()
        contents = gather(times=times, limit=20)
        gc.collect()  # Python's own stores of freed tuples are none of ours.
        kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert len(contents.listed()) == 20
    assert kept[1] < 3 * kept[0]


class StopError(Exception):
    pass


def test_the_page_is_the_same_after_a_stop_with_workers_and_without_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "BATCH_ROWS", 10)
    monkeypatch.setattr(runner, "_PART", 2)
    whole = report(ROWS, tmp_path, "whole", source="notes.csv")

    def stopping():
        yield from ROWS[:50]
        raise StopError

    with pytest.raises(StopError):
        report(stopping(), tmp_path, "stopped", source="notes.csv")
    assert not (tmp_path / "stopped.html").exists()
    assert report(ROWS, tmp_path, "stopped", source="notes.csv", resume=True) == whole
    assert report(ROWS, tmp_path, "workers", source="notes.csv", jobs=2) == whole
    alone = tmp_path / "alone.html"
    runner.run(batches(ROWS), None, "jsonl", source="notes.csv", report=ReportOptions(alone))
    assert alone.read_text(encoding="utf-8") == whole


def test_sentences_are_kept_only_for_a_report_that_shows_them(tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "BATCH_ROWS", 10)
    monkeypatch.setattr(runner, "_PART", 2)
    text = b"an invasive mammary carcinoma"

    def kept(name, **options):
        def stopping():
            yield Row(1, "first", "She has an invasive mammary carcinoma with liver metastases.")
            yield from ROWS[:50]
            raise StopError

        with pytest.raises(StopError):
            runner.run(batches(stopping()), tmp_path / name, "jsonl", **options)
        return any(text in file.read_bytes() for file in (tmp_path / f"{name}.progress").iterdir())

    assert not kept("none.jsonl")
    assert not kept("without.jsonl", report=ReportOptions(tmp_path / "r.html", text=False))
    assert kept("with.jsonl", report=ReportOptions(tmp_path / "r.html"))


def test_the_command_writes_the_page(tmp_path):
    path = write(tmp_path, "csv")
    result = run("tag", path, "-o", "tags.csv", "--report", "a page.html", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    html = (tmp_path / "a page.html").read_text(encoding="utf-8")
    assert "Cancer terms in 3 notes" in html and "<bdi>notes.csv</bdi>" in html and str(tmp_path) not in html
    one_line(run("tag", path, "--report", "a page.html", cwd=tmp_path), 2, "E132", "--force")
    stdin = (write(tmp_path, "jsonl")).read_text(encoding="utf-8")
    piped = run("tag", "-", "--report", "a page.html", "--no-text", "--force", cwd=tmp_path, stdin=stdin)
    assert piped.returncode == 0 and len(piped.stdout.splitlines()) == 2
    html = (tmp_path / "a page.html").read_text(encoding="utf-8")
    assert "<bdi>standard input</bdi>" in html and "liver metastases" not in html


def test_wrong_use_ends_in_one_line(tmp_path):
    path = write(tmp_path, "csv")
    one_line(run("tag", path, "--no-text", cwd=tmp_path), 2, "E570", "--report")
    one_line(run("tag", path, "--report", "page.pdf", cwd=tmp_path), 2, "E571", ".html")
    one_line(run("tag", path, "--report", "nowhere/page.html", cwd=tmp_path), 2, "E133", "nowhere")
    same = ("-o", "x.html", "--format", "csv", "--report", "x.html")
    one_line(run("tag", path, *same, cwd=tmp_path), 2, "E136", "report")
