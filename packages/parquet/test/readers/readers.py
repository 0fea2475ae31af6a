"""Says what Polars, PyArrow and DuckDB find in Parquet files.

Standard input: {"columns": [...], "timestamp": "its column",
                 "files": [{"path": "...", "filters": [{"name": "...", "column": "...", "op": "...", "value": ...}]}]}
with the operations =, >=, <, null and not-null, and timestamps as microseconds since the epoch.

Standard output: {library: {path: {name of a filter, or "all": {"rows": count, "digest": "..."}}}}; an answer that cannot
be given is {"error": "..."}. A digest is the SHA-256 of the rows as lines of JSON, in the order of the file.
"""

import hashlib
import json
import sys
from datetime import datetime, timedelta, timezone

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

request = json.load(sys.stdin)
columns = request["columns"]
timestamp = request["timestamp"]


def moment(micros):
    return EPOCH + timedelta(microseconds=micros)


def with_polars(path, condition):
    frame = pl.scan_parquet(path)
    zone = frame.collect_schema()[timestamp].time_zone
    if condition is not None:
        column, op, value = pl.col(condition["column"]), condition["op"], condition.get("value")
        if condition["column"] == timestamp and value is not None:
            value = pl.lit(value).cast(pl.Datetime("us", zone))
        frame = frame.filter({
            "=": lambda: column == value,
            ">=": lambda: column >= value,
            "<": lambda: column < value,
            "null": lambda: column.is_null(),
            "not-null": lambda: column.is_not_null(),
        }[op]())
    return frame.with_columns(pl.col(timestamp).dt.timestamp("us")).select(columns).collect().rows()


def with_pyarrow(path, condition):
    expression = None
    if condition is not None:
        column, op, value = pc.field(condition["column"]), condition["op"], condition.get("value")
        if condition["column"] == timestamp and value is not None:
            value = pa.scalar(value, pa.int64()).cast(pq.read_schema(path).field(timestamp).type)
        expression = {
            "=": lambda: column == value,
            ">=": lambda: column >= value,
            "<": lambda: column < value,
            "null": lambda: column.is_null(),
            "not-null": lambda: column.is_valid(),
        }[op]()
    table = pq.read_table(path, filters=expression).select(columns)
    micros = table.column(timestamp).cast(pa.int64())
    table = table.set_column(columns.index(timestamp), timestamp, micros)
    return zip(*(column.to_pylist() for column in table.columns))


connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")


def with_duckdb(path, condition):
    selected = ", ".join(f'epoch_us("{name}")' if name == timestamp else f'"{name}"' for name in columns)
    where = ""
    if condition is not None:
        op, value = condition["op"], condition.get("value")
        if value is None:
            value = ""
        elif condition["column"] == timestamp:
            value = f"TIMESTAMPTZ '{moment(value).isoformat()}'"
        else:
            value = "'{}'".format(str(value).replace("'", "''"))
        operation = {"null": "IS NULL", "not-null": "IS NOT NULL"}.get(op, op)
        where = f'WHERE "{condition["column"]}" {operation} {value}'
    return connection.execute(f"SELECT {selected} FROM read_parquet(?) {where}", [path]).fetchall()


def answer(read, path, condition):
    digest, count = hashlib.sha256(), 0
    try:
        for row in read(path, condition):
            digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
    except Exception as error:  # whatever a library throws is its answer
        return {"error": f"{type(error).__name__}: {error}"}
    return {"rows": count, "digest": digest.hexdigest()}


def answers(read, file):
    conditions = [("all", None), *((condition["name"], condition) for condition in file["filters"])]
    return {name: answer(read, file["path"], condition) for name, condition in conditions}


readers = {"Polars": with_polars, "PyArrow": with_pyarrow, "DuckDB": with_duckdb}
json.dump(
    {
        library: {file["path"]: answers(read, file) for file in request["files"]}
        for library, read in readers.items()
    },
    sys.stdout,
)
