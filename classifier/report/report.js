"use strict";
(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const tags = report.tags.map((row) => Object.fromEntries(report.fields.map((name, i) => [name, row[i]])));
  const filters = document.getElementById("filters");
  const number = (n) => n.toLocaleString("en");
  const words = (name) => name[0].toUpperCase() + name.slice(1).toLowerCase().replaceAll("_", " ").replace(" nos", " NOS");
  let scheme = report.schemes[report.scheme];

  // What a person may search for, in lower case; the label depends on the scheme and has a filter.
  for (const tag of tags) {
    const sentence = (tag.pieces ?? []).map(([, text]) => text).join("");
    const facts = [tag.note_id, sentence, tag.cue, tag.rule, tag.section, tag.site, tag.primary, tag.extent, tag.label];
    tag.haystack = facts.filter(Boolean).join("\n").replace(/\s+/g, " ").toLowerCase();
  }

  /** The label under the scheme that is shown; null where the scheme has none. */
  const label = (tag) => (report.spread.includes(tag.label) && tag.extent ? scheme.labels[tag.extent] : tag.label);

  /** An element; a child that is a string becomes text, never markup. */
  function make(kind, attributes, ...children) {
    const element = document.createElement(kind);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  /** Text of a note or its id, which must not turn the direction of what stands around it. */
  const isolated = (text) => make("bdi", {}, text);

  function sentence(tag) {
    if (!tag.pieces) return null;
    const pieces = tag.pieces.map(([kind, text]) =>
      kind === "phrase" ? make("mark", {}, text) : kind === "cue" ? make("em", { class: "cue" }, text) : text,
    );
    return make("p", { class: "sentence", dir: "auto" }, ...pieces);
  }

  function facts(tag) {
    const shown = [
      ["extent", tag.extent && words(tag.extent)],
      ["sense", tag.sense && (tag.evidence === "none" ? tag.sense : `${tag.sense}, by the ${tag.evidence}`)],
      ["cue", tag.cue],
      ["section", tag.section && words(tag.section)],
      ["site", tag.site?.split(";").map(words).join(", ")],
      ["primary", tag.primary && words(tag.primary)],
      ["rule", tag.rule],
      ["decided by", tag.decided_by],
      ["score", tag.score?.toFixed(2)],
      ["characters", `${tag.start}–${tag.end}`],
    ].filter(([, value]) => value);
    return make("dl", { class: "facts" }, ...shown.map(([name, value]) =>
      make("div", {}, make("dt", {}, name), make("dd", {}, isolated(value))),
    ));
  }

  const labelled = (name, text) => make("span", { class: "label", "data-name": name }, text);

  function tagCard(tag) {
    const name = label(tag);
    return make("li", { class: "card", "data-name": name },
      make("div", { class: "head" },
        labelled(name, words(name)),
        make("span", { class: "status" }, tag.status + (tag.historical ? ", historical" : "")),
        make("span", { class: "note" }, "note ", isolated(tag.note_id))),
      sentence(tag),
      facts(tag),
    );
  }

  function flaggedCard(note) {
    const reading = (sense, extent) => {
      const name = scheme.labels[extent];
      return make("li", {}, `if ${sense}: `, name ? labelled(name, words(name)) : "no label");
    };
    return make("li", { class: "card", "data-name": "ADVANCED" },
      make("h3", {}, "Note ", isolated(note.note_id)),
      ...note.tags.flatMap((place) => [sentence(tags[place])]),
      make("p", { class: "reason" }, note.reason),
      make("ul", { class: "readings", "aria-label": "The two readings" },
        reading("locally advanced", "stated_local"), reading("metastatic", "metastasis_nos")),
    );
  }

  /** A list that shows one page of its items at a time. */
  class Pages {
    constructor(id, size, card) {
      this.list = document.getElementById(id);
      this.nav = document.getElementById(`${id}-pages`);
      this.size = size;
      this.card = card;
      this.nav.addEventListener("click", ({ target }) => {
        if (!target.dataset.step) return;
        this.page += Number(target.dataset.step);
        this.draw();
        // The next button is one step of the keyboard away, and the list is read from its start.
        this.list.focus();
      });
    }

    show(items) {
      this.items = items;
      this.page = 0;
      this.draw();
    }

    draw() {
      const last = Math.max(0, Math.ceil(this.items.length / this.size) - 1);
      const start = this.page * this.size;
      this.list.replaceChildren(...this.items.slice(start, start + this.size).map(this.card));
      this.nav.hidden = last === 0;
      this.nav.querySelector(".place").textContent = `Page ${number(this.page + 1)} of ${number(last + 1)}`;
      this.nav.querySelector("[data-step='-1']").disabled = this.page === 0;
      this.nav.querySelector("[data-step='1']").disabled = this.page === last;
    }
  }

  const list = new Pages("list", 25, tagCard);
  const flagged = report.flagged.length ? new Pages("flagged", 10, flaggedCard) : null;

  function filter() {
    const form = new FormData(filters);
    const labels = form.getAll("label");
    const statuses = form.getAll("status");
    const extent = form.get("extent");
    const query = form.get("query").trim().replace(/\s+/g, " ").toLowerCase();
    const found = tags.filter((tag) => {
      const name = label(tag);
      return name
        && (!labels.length || labels.includes(name))
        && (!statuses.length || statuses.includes(tag.status))
        && (!extent || tag.extent === extent)
        && tag.haystack.includes(query);
    });
    list.show(found);
    const unnamed = tags.reduce((sum, tag) => sum + !label(tag), 0);
    document.getElementById("shown").textContent =
      (found.length ? `${number(found.length)} of ${number(tags.length)} tags` : "No tag fits these filters")
      + (unnamed ? `; ${number(unnamed)} have no label under this scheme` : "");
  }

  function drawScheme() {
    document.getElementById("scheme-source").textContent = scheme.source;
    document.getElementById("tag-total").textContent = number(scheme.tags);
    for (const chart of document.querySelectorAll("[data-chart]")) {
      const counts = scheme.charts[chart.dataset.chart];
      const most = Math.max(1, ...Object.values(counts));
      for (const row of chart.querySelectorAll("[data-name]")) {
        const count = counts[row.dataset.name] ?? 0;
        row.querySelector(".number").textContent = number(count);
        row.querySelector(".value").setAttribute("width", `${(100 * count) / most}%`);
      }
    }
    flagged?.show(report.flagged);
    filter();
  }

  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    filters.reset();
    filter();
  });
  for (const radio of document.querySelectorAll("[name=scheme]")) {
    radio.addEventListener("change", () => {
      scheme = report.schemes[radio.value];
      drawScheme();
    });
  }
  // A browser may bring back what was chosen before the page was loaded again.
  const chosen = document.querySelector("[name=scheme]:checked");
  scheme = report.schemes[chosen?.value ?? report.scheme];
  drawScheme();
})();
