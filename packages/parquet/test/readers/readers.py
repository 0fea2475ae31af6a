"""Says what Polars, PyArrow and DuckDB find in Parquet files.

Standard input: {"columns": [...], "timestamp": "its column",
                 "files": [{"path": "...", "filters": [{"name": "...", "column": "...", "op": "...", "value": ...}]}]}
with the operations =, >=, <, null and not-null, and timestamps as microseconds since the epoch.

Standard output: {library: {path: {"rows": count, "digest": "...", "counts": {name of a filter: count}}}}, or {"error": "..."}
in place of what a library could not tell. The digest is the SHA-256 of all rows as lines of JSON, in the order of the file.
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


class Polars:
    def __init__(self, path):
        self.frame = pl.scan_parquet(path)
        self.zone = self.frame.collect_schema()[timestamp].time_zone

    def rows(self):
        return self.frame.with_columns(pl.col(timestamp).dt.timestamp("us")).select(columns).collect().rows()

    def count(self, name, op, value):
        column = pl.col(name)
        if name == timestamp and value is not None:
            value = pl.lit(value).cast(pl.Datetime("us", self.zone))
        condition = {
            "=": lambda: column == value,
            ">=": lambda: column >= value,
            "<": lambda: column < value,
            "null": lambda: column.is_null(),
            "not-null": lambda: column.is_not_null(),
        }[op]()
        return self.frame.filter(condition).select(pl.len()).collect().item()


class PyArrow:
    def __init__(self, path):
        self.path = path
        self.type = pq.read_schema(path).field(timestamp).type

    def rows(self):
        table = pq.read_table(self.path).select(columns)
        micros = table.column(timestamp).cast(pa.int64())
        table = table.set_column(columns.index(timestamp), timestamp, micros)
        return zip(*(column.to_pylist() for column in table.columns))

    def count(self, name, op, value):
        column = pc.field(name)
        if name == timestamp and value is not None:
            value = pa.scalar(value, pa.int64()).cast(self.type)
        condition = {
            "=": lambda: column == value,
            ">=": lambda: column >= value,
            "<": lambda: column < value,
            "null": lambda: column.is_null(),
            "not-null": lambda: column.is_valid(),
        }[op]()
        return pq.read_table(self.path, columns=[name], filters=condition).num_rows


connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")


class DuckDb:
    def __init__(self, path):
        self.path = path

    def rows(self):
        selected = ", ".join(f'epoch_us("{name}")' if name == timestamp else f'"{name}"' for name in columns)
        return connection.execute(f"SELECT {selected} FROM read_parquet(?)", [self.path]).fetchall()

    def count(self, name, op, value):
        if value is None:
            value = ""
        elif name == timestamp:
            value = f"TIMESTAMPTZ '{moment(value).isoformat()}'"
        else:
            value = "'{}'".format(str(value).replace("'", "''"))
        operation = {"null": "IS NULL", "not-null": "IS NOT NULL"}.get(op, op)
        query = f'SELECT count(*) FROM read_parquet(?) WHERE "{name}" {operation} {value}'
        return connection.execute(query, [self.path]).fetchone()[0]


def findings(reader, file):
    try:
        opened = reader(file["path"])
        digest, count = hashlib.sha256(), 0
        for row in opened.rows():
            digest.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
        filters = file["filters"]
        counts = {f["name"]: opened.count(f["column"], f["op"], f.get("value")) for f in filters}
    except Exception as error:  # whatever a library throws is what it finds
        return {"error": f"{type(error).__name__}: {error}"}
    return {"rows": count, "digest": digest.hexdigest(), "counts": counts}


readers = {"Polars": Polars, "PyArrow": PyArrow, "DuckDB": DuckDb}
json.dump(
    {
        library: {file["path"]: findings(reader, file) for file in request["files"]}
        for library, reader in readers.items()
    },
    sys.stdout,
)
