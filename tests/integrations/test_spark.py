"""The same tags on Spark, in local mode with two workers."""

import os
import shutil
import sys

import pandas as pd
import pyarrow as pa
import pytest

from classifier.errors import NoteTermsError
from classifier.integrations import spark
from classifier.tags import tags_schema
from tests.conftest import SAMPLES

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'note-terms[spark]'")
pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17, and there is no java")


@pytest.fixture(scope="module")
def session():
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def as_arrow(df):
    return pa.Table.from_pylist([row.asDict() for row in df.collect()], schema=tags_schema())


@pytest.mark.parametrize("scheme", ["ccs", "tnm"])
def test_the_tags_are_those_of_one_machine(session, clf, scheme):
    import classifier

    notes = pd.read_json(SAMPLES / "notes.jsonl", lines=True, dtype=False)[["note_id", "text"]]
    df = session.createDataFrame(notes.rename(columns={"text": "note.body"})).repartition(4)
    tagged = as_arrow(spark.tag(df, text="note.body", scheme=scheme)).sort_by([("note_id", "ascending")])
    alone = classifier.load(scheme).tag(pa.Table.from_pandas(notes)).sort_by([("note_id", "ascending")])
    assert tagged.num_rows and tagged.equals(alone)


def test_the_schema_is_that_of_the_tags_table(session):
    from pyspark.sql.pandas.types import to_arrow_schema

    df = session.createDataFrame([("a", "Well.")], "note_id string, text string")
    schema = to_arrow_schema(spark.tag(df, model="none").schema)
    assert [(field.name, field.type, field.nullable) for field in schema] == [
        (field.name, field.type, field.nullable) for field in tags_schema()
    ]


def test_rows_without_text_or_id_have_no_tags_and_ids_may_repeat(session):
    cancer = "Breast cancer with liver metastases."
    rows = [(1, cancer), (1, cancer), (None, cancer), (2, None), (3, " ")]
    df = session.createDataFrame(rows, "note_id int, text string").coalesce(1)
    assert as_arrow(spark.tag(df, model="none"))["note_id"].to_pylist() == ["1", "1"]


def test_the_classifier_is_loaded_once_a_worker(session):
    df = session.createDataFrame([("a", "Liver metastases.")], "note_id string, text string")
    spread = df.union(df).repartition(4)

    def loads():
        rows = spread.mapInArrow(_loads, "worker long, loads long, uses long").collect()
        return {row.worker: (row.loads, row.uses) for row in rows}

    before = loads()
    for _ in range(4):
        spark.tag(spread, model="none").collect()
    after = loads()
    assert all(count - before.get(worker, (0, 0))[0] <= 1 for worker, (count, _) in after.items())
    assert any(uses > before.get(worker, (0, 0))[1] for worker, (_, uses) in after.items())


def _loads(parts):
    """How often this worker loaded a classifier, and used the same again."""
    from classifier.batch.tagging import _classifier

    info = _classifier.cache_info()
    for _ in parts:
        yield pa.RecordBatch.from_pydict({"worker": [os.getpid()], "loads": [info.misses], "uses": [info.hits]})


def test_a_wrong_column_and_a_wrong_scheme_are_told(session):
    df = session.createDataFrame([("a", "Liver metastases.")], "note_id string, text string")
    with pytest.raises(NoteTermsError, match="E101"):
        spark.tag(df, text="body")
    with pytest.raises(Exception, match="E211"):
        spark.tag(df, scheme="figo").collect()
