"""The page in a browser: what a person sees, hears and does, and what a hostile note cannot do."""

import time

import pytest

from classifier.batch import runner
from classifier.batch.notes import Row, batches
from classifier.report.contents import ReportOptions
from classifier.report.page import page
from tests.conftest import sample_texts

SCRIPT = "<script>document.title = 'pwned'</script>"
HOSTILE = f"</script>{SCRIPT}<img src=//x.invalid onerror=\"document.title='pwned'\">\"'`${{1}}{{{{ 7*7 }}}}"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LOOKS = {"light": {}, "dark": {"color_scheme": "dark"}, "narrow": {"viewport": {"width": 320, "height": 640}}}


class Opened:
    """A page that is open, and whatever it tried."""

    def __init__(self, browser, path, **options):
        context = browser.new_context(**options)
        self.tried = []
        context.on("request", lambda request: self.tried.append(request.url))
        self.page = context.new_page()
        self.page.on("console", lambda message: self.tried.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.tried.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.tried.append(f"dialog: {dialog.message}"))
        self.page.goto(path.as_uri())
        assert self.tried.pop(0) == path.as_uri()

    def shown(self):
        """What the live region says, and the number it begins with."""
        text = self.page.locator("#shown").inner_text()
        return text, int(text.split()[0].replace(",", "")) if text[0].isdigit() else 0

    def pill(self, name):
        self.page.locator("#filters label", has_text=name).locator("input").check()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens pages, and sees at the end that none tried anything."""
    pages = []

    def open_page(html, **options):
        path = tmp_path / f"{len(pages)}.html"
        path.write_text(html, encoding="utf-8")
        pages.append(Opened(browser, path, **options))
        return pages[-1]

    yield open_page
    for each in pages:
        assert each.tried == []
        each.page.context.close()


@pytest.fixture(scope="module")
def samples(gather):
    return page(gather())


def test_filters_narrow_the_list_and_the_live_region_says_so(opened, samples, tagged):
    view = opened(samples)
    tags = [tag for note in tagged for tag in note.tags]
    assert view.shown() == (f"{len(tags)} of {len(tags)} tags", len(tags))
    view.pill("Distant spread")
    distant = [tag for tag in tags if tag.label == "DISTANT_SPREAD"]
    assert view.shown()[1] == len(distant)
    view.pill("Possible")
    view.pill("Hypothetical")
    open_ones = [tag for tag in distant if tag.status in ("possible", "hypothetical")]
    assert view.shown()[1] == len(open_ones)
    view.page.get_by_label("Extent").select_option("distant")
    assert view.shown()[1] == sum(tag.extent == "distant" for tag in open_ones)
    labels = view.page.locator("#list .label").all_inner_texts()
    assert set(labels) == {"Distant spread"} and len(labels) == min(25, view.shown()[1])
    view.page.get_by_role("button", name="Clear").click()
    assert view.shown()[1] == len(tags)
    assert view.page.locator("#shown").get_attribute("role") == "status"


def test_search_finds_words_of_a_sentence_ids_and_rules(opened, samples, tagged):
    view = opened(samples)
    tags = [(tag, context) for note in tagged for tag, context in zip(note.tags, note.contexts, strict=True)]
    for query in ("LIVER", tags[0][0].note_id, "tnm_n0", "of the"):
        view.page.get_by_label("Search").fill(query)
        facts = ("note_id", "cue", "rule", "section", "site", "primary", "extent", "label")
        wanted = 0
        for tag, context in tags:
            parts = [context.before + tag.text + context.after, *(getattr(tag, name) or "" for name in facts)]
            wanted += any(query.lower() in " ".join(part.split()).lower() for part in parts)
        assert view.shown()[1] == wanted > 0, query
    view.page.get_by_label("Search").fill("no such words")
    assert view.shown()[0] == "No tag fits these filters" and view.page.locator("#list li").count() == 0


def test_the_scheme_switch_relabels_and_leaves_out_what_has_no_label(opened, samples, tagged):
    view = opened(samples)
    tags = [tag for note in tagged for tag in note.tags]
    confined = sum(tag.extent == "confined" for tag in tags)
    local = view.page.locator("[data-chart=label] tr[data-name=LOCAL_SPREAD] .number")
    before = int(local.inner_text())
    view.page.get_by_label("Search").fill("regional_nodes")
    assert "Regional spread" in view.page.locator("#list .label").all_inner_texts()
    view.page.get_by_role("radio", name="acs").check()
    assert "Regional spread" not in view.page.locator("#list .label").all_inner_texts()
    assert int(local.inner_text()) > before
    view.page.get_by_role("button", name="Clear").click()
    assert view.shown() == (
        f"{len(tags) - confined} of {len(tags)} tags; {confined} have no label under this scheme",
        len(tags) - confined,
    )
    assert int(view.page.locator("#tag-total").inner_text()) == len(tags) - confined
    assert "American Cancer Society" in view.page.locator("#scheme-source").inner_text()
    view.page.get_by_role("radio", name="ccs").check()
    assert int(local.inner_text()) == before and view.shown()[1] == len(tags)


def test_flagged_notes_show_sentence_reason_and_both_readings(opened, samples, tagged):
    view = opened(samples)
    flagged = [note for note in tagged if note.summary.advanced_ambiguous]
    cards = view.page.locator("#flagged > li")
    assert cards.count() == len(flagged)
    for card, note in zip(cards.all(), flagged, strict=True):
        text = card.inner_text()
        assert note.summary.note_id in text and note.summary.advanced_reason in text
        assert "if locally advanced" in text and "if metastatic" in text
        assert "advanced" in card.locator("mark").first.inner_text().lower()


def test_long_lists_are_shown_page_by_page(opened, samples):
    view = opened(samples)
    pages = view.page.get_by_role("navigation", name="Pages of tags")
    assert pages.get_by_role("button", name="Previous").is_disabled()
    first = view.page.locator("#list li").first.inner_text()
    pages.get_by_role("button", name="Next").click()
    assert "Page 2 of " in pages.inner_text() and view.page.locator("#list li").first.inner_text() != first
    assert view.page.evaluate("document.activeElement.id") == "list"
    view.page.keyboard.press("Tab")
    assert view.page.evaluate("document.activeElement.textContent") == "Previous"
    view.pill("Family")
    assert not pages.is_visible()


def test_a_hostile_note_does_nothing(opened, tmp_path):
    text = f"{HOSTILE} Breast cancer with liver metastases {HOSTILE} \u202egnorw\u202c \u2067 advanced {'x' * 3000}"
    rows = [
        Row(1, HOSTILE * 30, text),
        Row(2, "\u202eevil\u0000", "Advanced lung cancer, \u2066 \u202e seen."),
        Row(3, "e" + "\u0301" * 400, text),
    ]
    path = tmp_path / "report.html"
    runner.run(
        batches(rows), tmp_path / "t.jsonl", "jsonl", report=ReportOptions(path), source=HOSTILE.replace("/", "")
    )
    for width in (1280, 375):
        view = opened(path.read_text(encoding="utf-8"), viewport={"width": width, "height": 800})
        assert view.page.title() == "Cancer terms in 3 notes"
        assert view.page.locator("img, iframe").count() == 0 and view.page.locator("script").count() == 2
        assert "<script>" in view.page.locator("#list .note").first.inner_text()
        assert "\u202e" not in view.page.content()
        assert view.page.evaluate("document.documentElement.scrollWidth") <= width
        tall = max(box["height"] for box in map(lambda card: card.bounding_box(), view.page.locator(".card").all()))
        assert tall < 1600


def test_nothing_that_is_put_in_runs(opened, samples):
    view = opened(samples)
    view.page.evaluate("""() => {
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='document.title = 1'>");
        const script = document.createElement("script");
        script.textContent = "document.title = 1";
        document.body.append(script);
    }""")
    view.page.wait_for_timeout(100)
    assert view.page.title() == "Cancer terms in 100 notes"
    # The policy refused both, and the browser says so.
    refused, view.tried = view.tried, []
    assert sum("Content Security Policy" in message for message in refused) >= 2


def test_the_keyboard_reaches_everything_in_order(opened, samples):
    view = opened(samples)
    describe = """() => { const e = document.activeElement;
        return e.name ? `${e.name}=${e.value}` : e.textContent.trim(); }"""
    # A box or a button of the switch is drawn by what stands beside it.
    outlined = """() => [document.activeElement, document.activeElement.nextElementSibling]
        .some((element) => element && getComputedStyle(element).outlineStyle === "solid")"""
    seen = []
    for _ in range(18):
        view.page.keyboard.press("Tab")
        seen.append(view.page.evaluate(describe))
        assert view.page.evaluate(outlined), seen[-1]
    labels = ["LOCAL_SPREAD", "REGIONAL_SPREAD", "DISTANT_SPREAD", "RECURRENCE", "RELAPSE", "SECOND_CANCER", "ADVANCED"]
    assert seen[:2] == ["Skip to the tags", "scheme=ccs"]
    assert seen[2:9] == [f"label={label}" for label in labels]
    assert seen[9:14] == [f"status={status}" for status in ("present", "negated", "possible", "hypothetical", "family")]
    assert seen[14:18] == ["extent=", "query=", "Clear", "Next"]
    before = view.shown()[1]
    view.page.locator("[name=status]").first.focus()
    view.page.keyboard.press("Space")
    assert view.shown()[1] < before
    view.page.locator("[name=scheme]").first.focus()
    view.page.keyboard.press("ArrowRight")
    assert "no label under this scheme" in view.shown()[0]


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(opened, samples, look, capsys):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    view = opened(samples, bypass_csp=True, **LOOKS[look])
    view.pill("Negated")
    found = axe.run(view.page, options={"runOnly": RULES}).response["violations"]
    findings = [(each["id"], each["impact"], len(each["nodes"])) for each in found]
    with capsys.disabled():
        print(f"\naxe, {look}: {findings or 'no finding'}")
    assert [finding for finding in findings if finding[1] in ("serious", "critical")] == []
    assert view.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dark_and_light_differ(opened, samples):
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened(samples, color_scheme=name).page.evaluate(paper) for name in ("light", "dark"))
    assert light == "rgb(244, 246, 248)" and dark == "rgb(17, 23, 29)"


def test_without_text_the_lists_stand_without_sentences(opened, gather):
    contents = gather(text=False)
    view = opened(page(contents))
    assert view.shown()[1] == contents.tags > 400
    assert view.page.locator(".sentence, mark, .cue").count() == 0
    assert "Text of the notes was left out" in view.page.inner_text("header")


def test_on_paper_there_are_no_controls(opened, samples):
    view = opened(samples)
    view.page.emulate_media(media="print")
    assert not view.page.locator("#filters").is_visible() and view.page.locator("#list li").first.is_visible()


def test_five_thousand_tags_answer_at_once(opened, gather, capsys):
    html = page(gather(times=11))
    size = len(html.encode())
    began = time.monotonic()
    view = opened(html)
    assert view.shown()[1] == 5000
    opening = time.monotonic() - began
    times = view.page.evaluate("""() => {
        const [query, pill] = ["query", "label"].map((name) => document.querySelector(`[name=${name}]`));
        const timed = (act) => {
            // The best of ten: other programs run on the machine. The layout counts.
            return Math.min(...Array.from({ length: 10 }, () => {
                const began = performance.now();
                act();
                document.body.offsetHeight;
                return performance.now() - began;
            }));
        };
        const search = (text) => {
            query.value = text;
            query.dispatchEvent(new Event("input", { bubbles: true }));
        };
        return [
            ...["l", "li", "liver", "no such words", ""].map((text) => timed(() => search(text))),
            timed(() => pill.click()),
            ...["acs", "tnm"].map((name) => timed(() => document.querySelector(`[value=${name}]`).click())),
        ];
    }""")
    with capsys.disabled():
        print(f"\n5,000 tags: {size / 1e6:.2f} MB, open in {opening:.2f} s, slowest filter {max(times):.1f} ms")
    assert size < 5_000_000 and max(times) < 100


def test_samples_are_all_listed(opened, samples, tagged):
    assert len(tagged) == len(sample_texts()) == 100
    assert opened(samples).shown()[1] == sum(len(note.tags) for note in tagged)
