"""Every pattern, cue and line of evidence does what it says: the examples in `rules/` are the cases."""

import json
import re
import shutil
from collections import Counter

import pytest
import spacy
from spacy.pipeline import EntityRuler

import classifier.tagging
from classifier import resources
from classifier.components.advanced import AdvancedReader
from classifier.errors import NoteTermsError
from classifier.matching.anatomy import load_anatomy
from classifier.matching.cues import load_cues
from classifier.matching.lexicon import Lexicon
from classifier.matching.patterns import NOT_CANCER, anchors, load_patterns
from classifier.reading.extent_readings import READERS
from classifier.reading.fact_reader import CANCER_CLASSES
from classifier.span_groups import TERMS
from tests.conftest import SAMPLES, unmark

PATTERNS = load_patterns(resources.RULES)
CUES = load_cues(resources.RULES)
EVIDENCE = [line for _, line in resources.read_jsonl(resources.RULES / "advanced_evidence.jsonl")]


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p.label != NOT_CANCER], ids=lambda p: p.id)
def test_pattern_finds_its_example(proposals, pattern):
    text, start, end = unmark(pattern.example)
    doc = proposals(text)
    found = {span.id_: span for span in doc.spans[TERMS]}
    assert pattern.id in found, f"found {list(found)}"
    assert found[pattern.id].start_char < end and found[pattern.id].end_char > start


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p.label == NOT_CANCER], ids=lambda p: p.id)
def test_block_leaves_its_example_untagged(nlp, pattern):
    text, start, end = unmark(pattern.example)
    # A cancer beside it, so that only the block can be the reason.
    text += " She has breast cancer."
    doc = nlp(text)
    assert not [span for span in doc.spans[TERMS] if span.start_char < end and span.end_char > start]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p.id)
def test_pattern_has_something_to_be_looked_for_by(pattern):
    assert anchors(pattern.pattern), "without a word or class that must stand there, no text could be skipped"


@pytest.mark.parametrize("cue", [c for c in CUES if c.kind not in ("pseudo", "terminator")], ids=lambda c: c.id)
def test_cue_gives_its_status(finding, cue):
    span = finding(cue.example, *cue.labels[:1])
    if cue.kind == "historical":
        assert span._.historical
    else:
        assert span._.status == cue.kind


@pytest.mark.parametrize("cue", [c for c in CUES if c.labels], ids=lambda c: c.id)
def test_cue_of_some_labels_says_nothing_of_others(proposals, cue):
    text, start, _ = unmark(cue.example)
    doc = proposals(text[:start] + "bone metastasis" + " in 2018.")
    assert doc.spans[TERMS] and not [span for span in doc.spans[TERMS] if span._.historical]


@pytest.mark.parametrize("cue", [c for c in CUES if c.kind in ("pseudo", "terminator")], ids=lambda c: c.id)
def test_pseudo_cues_and_terminators_keep_the_finding_present(finding, cue):
    span = finding(cue.example)
    assert span._.status == "present"


@pytest.mark.parametrize("cue", [c for c in CUES if c.kind in ("pseudo", "terminator")], ids=lambda c: c.id)
def test_without_a_pseudo_cue_or_terminator_its_example_is_read_otherwise(finding_with, tmp_path, cue):
    lines = (resources.RULES / "context_cues.jsonl").read_text(encoding="utf-8").splitlines()
    others = "\n".join(line for line in lines if json.loads(line)["id"] != cue.id)
    (tmp_path / "context_cues.jsonl").write_text(others, encoding="utf-8")
    span = finding_with(tmp_path)(cue.example)
    assert span._.status != "present" or span._.historical


@pytest.mark.parametrize("line", EVIDENCE, ids=lambda line: line["id"])
def test_evidence_alone_settles_its_example(nlp, tmp_path, line):
    others = "\n".join(json.dumps(other) for other in EVIDENCE if other is not line)
    (tmp_path / "advanced_evidence.jsonl").write_text(others, encoding="utf-8")
    text, start, end = unmark(line["example"])
    doc = nlp(text)
    uses = [span for span in doc.spans[TERMS] if span.label_ == "ADVANCED"]
    assert [(use.start_char < end and use.end_char > start, use._.sense) for use in uses] == [(True, line["label"])]
    AdvancedReader(nlp, tmp_path)(doc)
    assert [use._.sense for use in uses] == ["ambiguous"]


@pytest.fixture(scope="module")
def proposals():
    return classifier.tagging.proposals()


@pytest.fixture(scope="module")
def finding_with():
    """Return a reader of the marked finding of a sentence: the component alone in a pipeline of spaCy's own."""

    def make(rules):
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        nlp.add_pipe("cancer_assertion", config={"spans_key": "findings", "rules": str(rules)})

        def read(marked, label="FINDING"):
            text, start, end = unmark(marked)
            doc = nlp.get_pipe("sentencizer")(nlp.make_doc(text))
            doc.spans["findings"] = [doc.char_span(start, end, label=label, alignment_mode="expand")]
            return next(iter(nlp.get_pipe("cancer_assertion")(doc).spans["findings"]))

        return read

    return make


@pytest.fixture(scope="module")
def finding(finding_with):
    return finding_with(resources.RULES)


def test_spacys_entity_ruler_reads_the_patterns():
    ruler = EntityRuler(spacy.blank("en"))
    for path in sorted((resources.RULES / "phrases").glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        ruler.add_patterns(lines)
    assert {entry["id"] for entry in ruler.patterns} == {pattern.id for pattern in PATTERNS}


def test_every_way_of_reading_is_used_and_known():
    assert {pattern.reads for pattern in PATTERNS} - {None} == set(READERS)


def test_every_word_of_a_pattern_is_one_token(nlp):
    # The cues are also read after spaCy's own tokenizer; an ending is one only behind a word.
    notes, own = nlp.tokenizer, spacy.blank("en").tokenizer
    ways = [(PATTERNS, [notes], {"'s", "’s"}), (CUES, [notes, own], {"'s", "’s", "n't", "n’t"})]
    assert not [
        (rule.id, word)
        for rules, tokenizers, endings in ways
        for rule in rules
        for token in rule.pattern or ()
        for word in [*listed(token.get("LOWER")), *listed(token.get("ORTH"))]
        if word not in endings and all(len(split(word)) != 1 for split in tokenizers)
    ]


def test_every_word_class_of_a_pattern_is_known():
    vocabulary = resources.read_toml(resources.RULES / "vocabulary.toml")
    known = {"SITE", "STATION", *vocabulary["words"], *vocabulary["shapes"]}
    named = {(rule.id, name) for rule in PATTERNS for token in rule.pattern for name in listed(token.get("ENT_TYPE"))}
    assert not [(rule, name) for rule, name in named if name not in known]


def listed(condition):
    """Return the words of a condition of a pattern's token, those that it must not be among them."""
    if isinstance(condition, dict):
        return [*condition.get("IN", ()), *condition.get("NOT_IN", ())]
    return [condition] if condition else []


def test_every_id_in_sites_is_defined():
    anatomy = load_anatomy(resources.RULES)
    for primary in anatomy.primaries.values():
        lists = (primary.organ, primary.regional_nodes, primary.neighbours, primary.region, primary.local_recurrence)
        for name in (*(name for names in lists for name in names), *primary.distant_usual):
            assert name in anatomy.sites, f"{primary.id} names {name}"
    assert len(anatomy.primaries) >= 20


def test_no_term_names_two_sites():
    seen = {}
    for site in load_anatomy(resources.RULES).sites.values():
        assert len(site.terms) == len(set(site.terms)), site.id
        for term in site.terms:
            assert term == term.lower()
            assert seen.setdefault(term, site.id) == site.id, term


def lists_of(table, name):
    """Yield each list of words in a table of a rule file, with where it stands."""
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from lists_of(value, f"{name}.{key}")
        elif isinstance(value, list):
            yield f"{name}.{key}", value


@pytest.mark.parametrize("file", ["vocabulary.toml", "sites.toml", "sections.toml"])
def test_no_word_stands_twice_in_a_list(file):
    found = dict(lists_of(resources.read_toml(resources.RULES / file), file))
    assert len(found) > 20
    assert {name: words for name, words in found.items() if len(words) > len(set(words))} == {}


def test_a_wrong_pattern_is_named_with_its_line(tmp_path):
    (tmp_path / "phrases").mkdir()
    (tmp_path / "phrases" / "mine.jsonl").write_text('\n{"id": "x", "label": "NOPE", "pattern": []}\n')
    with pytest.raises(NoteTermsError, match=r"E221.*mine\.jsonl, line 2"):
        load_patterns(tmp_path)


def evidence(**changed):
    line = {"id": "x", "label": "local", "within": "note", "pattern": [{"LOWER": "x"}], "about": "X.", "example": "x"}
    return json.dumps({key: value for key, value in (line | changed).items() if value is not None})


def pattern(*tokens):
    line = {"id": "x", "label": "RELAPSE", "pattern": tokens, "about": "X.", "example": "[[x]]"}
    return json.dumps(line)


CUE = {"id": "x", "kind": "pseudo", "about": "X.", "example": "[[x]]"}


@pytest.mark.parametrize(
    ("component", "file", "text", "problem"),
    [
        ("cancer_phrases", "sites.toml", '[[sites]]\nkind = "organ"', "E224.*sites.0.id: Field required"),
        ("cancer_phrases", "sites.toml", "primaries = []", "E224.*sites: Field required"),
        ("cancer_phrases", "sites.toml", 'sites = []\n[[primaries]]\nid = "x"\norgans = []', "E224.*organs"),
        ("cancer_extents", "sites.toml", "[[sites]]", "E224"),
        ("cancer_phrases", "vocabulary.toml", "[words]\n[shapes]", "E225.*extents: Field required"),
        ("cancer_phrases", "vocabulary.toml", "[words]\n[shapes]\n[extents]", "E225.*extents.imaging"),
        ("cancer_phrases", "vocabulary.toml", '[words]\nNODE = "node"\n', "E225.*words.NODE"),
        ("cancer_segments", "sections.toml", "[specimens]", "E241.*sections: Field required"),
        ("cancer_segments", "sections.toml", "[sections]\n[specimens]", "E241.*sentences: Field required"),
        (
            "cancer_segments",
            "sections.toml",
            "[sections]\n[sentences]\nabbreviations = []\nleads_on = []\nanswers = []\n[specimens]\nparts = []",
            "E241.*specimens.procedures",
        ),
        ("cancer_advanced", "advanced_evidence.jsonl", evidence(within=None), "E231.*line 1: within: Field required"),
        ("cancer_advanced", "advanced_evidence.jsonl", evidence(label="far"), "E231.*label"),
        ("cancer_advanced", "advanced_evidence.jsonl", evidence(pattern=[{"LOW": "x"}]), "E231.*LOW"),
        ("cancer_advanced", "advanced_evidence.jsonl", "[]", "E231.*line 1"),
        ("cancer_phrases", "phrases/mine.jsonl", pattern({"LOW": "x"}), "E221.*line 1: pattern: .*LOW"),
        ("cancer_phrases", "phrases/mine.jsonl", pattern({"LOWER": {"IN": 5}}), "E221.*IN"),
        ("cancer_phrases", "phrases/mine.jsonl", pattern({"LOWER": {"REGEX": "("}}), "E221.*regular expression"),
        ("cancer_phrases", "phrases/mine.jsonl", pattern(), "E221.*pattern"),
        ("cancer_assertion", "context_cues.jsonl", json.dumps(CUE | {"pattern": [{"LOW": "x"}]}), "E301.*LOW"),
    ],
)
def test_what_is_wrong_in_rules_of_ones_own_is_named_with_its_place(tmp_path, component, file, text, problem):
    rules = tmp_path / "rules"
    shutil.copytree(resources.RULES, rules)
    (rules / file).write_text(text)
    with pytest.raises(NoteTermsError, match=problem) as error:
        spacy.blank("en").add_pipe(component, config={"rules": str(rules)})
    assert "\n" not in str(error.value)


def test_two_patterns_of_one_id_are_refused(tmp_path):
    (tmp_path / "phrases").mkdir()
    line = (
        '{"id": "x", "label": "RELAPSE", "pattern": [{"LOWER": "relapse"}], "about": "a", "example": "[[relapse]]"}\n'
    )
    (tmp_path / "phrases" / "mine.jsonl").write_text(line * 2)
    with pytest.raises(NoteTermsError, match=r"E222.*line 2.*'x'"):
        load_patterns(tmp_path)


def test_a_folder_without_patterns_is_refused(tmp_path):
    with pytest.raises(NoteTermsError, match="E223"):
        load_patterns(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "x", "kind": "negated", "cues": ["no"], "about": "a", "example": "No [[x]]."}', "direction"),
        ('{"id": "x", "kind": "pseudo", "about": "a", "example": "No [[x]]."}', "either cues or a pattern"),
        ('{"id": "x", "kind": "maybe", "cues": ["no"], "about": "a", "example": "No [[x]]."}', "Input should be"),
    ],
)
def test_a_wrong_cue_is_named_with_its_line(tmp_path, line, reason):
    (tmp_path / "context_cues.jsonl").write_text(line)
    with pytest.raises(NoteTermsError, match=rf"E301.*line 1.*{reason}"):
        load_cues(tmp_path)


def test_the_shares_of_frequent_words_are_those_counted():
    notes = [json.loads(line) for line in (SAMPLES / "training" / "notes.jsonl").read_text("utf-8").splitlines()]
    texts = [note["text"].lower() for note in notes if note["note_id"][0] in "fj"]
    counts = Counter(word for text in texts for word in set(re.findall(r"[^\W_]+", text)))
    shares = resources.read_toml(resources.RULES / "frequent_words.toml")
    assert shares == {word: round(counts[word] / len(texts), 2) for word in shares}
    lexicon = Lexicon(spacy.blank("en"), resources.RULES)
    of_cancer = {term for name in CANCER_CLASSES for term in lexicon.words_of_class(name)}
    assert {word for word, count in counts.items() if count >= 3} - set(shares) <= of_cancer
