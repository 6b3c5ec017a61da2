"""Figures as an HTML page: which label was found for which, and F1 of each genre."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from classifier.annotation.annotations import AnnotatedNote
from classifier.batch.readers import read_rows
from classifier.errors import NoteTermsError
from classifier.labels import Label
from classifier.report.page import base_style
from classifier.training.evaluate import evaluate, pair_counted


def read_genres(notes: str, id_column: str) -> dict[str, str]:
    """Return the genre of each note, where the notes have such a column; takes what `read_rows` does."""
    if Path(notes).is_dir():
        return {}
    try:
        rows = list(read_rows(notes, "genre", id_column, lambda line: None))
    except NoteTermsError as error:
        if error.code == "E101":
            return {}
        raise
    return {row.note_id: row.text or "not given" for row in rows if row.note_id is not None}


def page(gold: dict[str, AnnotatedNote], predicted: dict[str, AnnotatedNote], genre_of: Mapping[str, str]) -> str:
    """Return an HTML page: which label was found for which, and F1 of each genre.

    Parameters
    ----------
    gold, predicted : dict of str to AnnotatedNote
        By note id.
    genre_of : mapping of str to str
        Genre by note id; where it is empty, the genres are left out.
    """
    confusion: dict[tuple[str, str], int] = defaultdict(int)
    for name, note in gold.items():
        pairs, missed, extra = pair_counted(note, predicted.get(name, AnnotatedNote()), lambda a, b: True)
        for a, b in pairs:
            confusion[a["label"], b["label"]] += 1
        for span in missed:
            confusion[span["label"], "none"] += 1
        for span in extra:
            confusion["none", span["label"]] += 1
    names = [str(label) for label in Label if label != Label.ADVANCED] + ["none"]
    genres: dict[str, dict[str, AnnotatedNote]] = defaultdict(dict)
    for name, genre in genre_of.items():
        if name in gold:
            genres[genre][name] = gold[name]
    rows = [
        (
            genre,
            len(part),
            *(round(evaluate(part, predicted).counts[key].f1, 3) for key in ("tag", "tag+status", "extent")),
        )
        for genre, part in sorted(genres.items())
    ]
    most = max(confusion.values(), default=1)
    return _PAGE.render(style=Markup(base_style()), names=names, confusion=confusion, most=most, genres=rows)


_PAGE = Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tags against gold</title><style>
{{ style }}
table { display: block; overflow-x: auto; margin: 1rem 0 }
th, td { background: var(--card); padding: .3rem .6rem; border: 1px solid var(--line); text-align: right }
th[scope=row] { text-align: left }
</style></head><body><main><h1>Tags against gold</h1>
<h2>Which label for which</h2><p>Rows are gold, columns what was found; none is missed or superfluous.</p>
<table><thead><tr><th></th>{% for b in names %}<th scope="col">{{ b }}</th>{% endfor %}</tr></thead><tbody>
{% for a in names %}<tr><th scope="row">{{ a }}</th>{% for b in names %}{% set n = confusion.get((a, b), 0) %}
{% set shade = 0.6 * (n / most) ** 0.5 %}{% set colour = '31,111,139' if a == b else '200,80,40' %}
<td style="background: rgba({{ colour }}, {{ '%.2f' % shade }})">{{ n or '' }}</td>
{% endfor %}</tr>{% endfor %}</tbody></table>
{% if genres %}<h2>Genres</h2><table><thead><tr><th scope="col">genre</th><th scope="col">notes</th>
<th scope="col">tag F1</th><th scope="col">tag+status F1</th><th scope="col">extent F1</th></tr></thead><tbody>
{% for row in genres %}<tr><th scope="row">{{ row[0] }}</th>
{% for value in row[1:] %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>{% endif %}</main></body></html>
""")
