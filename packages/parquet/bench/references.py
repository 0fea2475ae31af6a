"""The same work by Polars and DuckDB: references.py NAME JOB, where the job is JSON with threads, base, out and events.

append-polars, append-duckdb    new events, a line of JSON each, into a new file beside the rows of an old one, sorted
compact-polars, compact-duckdb  the rows of a file into a new one, sorted

Standard output: {"seconds", "cpuSeconds", "peakBytes", "rows"}; loading the libraries is not in the times.
"""

import json
import re
import resource
import sys
import time
from pathlib import Path

name, job = sys.argv[1], json.loads(sys.argv[2])
base, out, events = job["base"], job["out"], job.get("events")
engine = name.split("-")[1]

if engine == "polars":
    import polars as pl
else:
    import duckdb


def append_polars():
    old = pl.read_parquet(base)
    new = pl.read_ndjson(events, schema=dict(old.schema) | {"timestamp": pl.Int64})
    new = new.with_columns(pl.col("timestamp").cast(old.schema["timestamp"]))
    pl.concat([old, new]).sort("timestamp", maintain_order=True).write_parquet(out, compression="snappy")


def compact_polars():
    pl.read_parquet(base).sort("timestamp", maintain_order=True).write_parquet(out, compression="snappy")


def with_duckdb(query):
    connection = duckdb.connect(config={"threads": job["threads"]})
    connection.execute(f"COPY ({query} ORDER BY timestamp) TO '{out}' (FORMAT parquet, COMPRESSION snappy)")


def append_duckdb():
    old = f"SELECT * FROM read_parquet('{base}')"
    new = f"""
        SELECT * REPLACE (make_timestamptz(timestamp) AS timestamp, CAST(pipeline_adcid AS INTEGER) AS pipeline_adcid)
        FROM read_json('{events}', format = 'newline_delimited', columns = {{
            action: 'VARCHAR', study: 'VARCHAR', pipeline_adcid: 'INTEGER', project_label: 'VARCHAR',
            center_label: 'VARCHAR', gear_name: 'VARCHAR', ptid: 'VARCHAR', visit_date: 'VARCHAR',
            visit_number: 'VARCHAR', datatype: 'VARCHAR', module: 'VARCHAR', packet: 'VARCHAR', timestamp: 'BIGINT'
        }})"""
    with_duckdb(f"SELECT * FROM ({old} UNION ALL {new})")


def compact_duckdb():
    with_duckdb(f"SELECT * FROM read_parquet('{base}')")


def rows_of(path):
    if engine == "polars":
        return pl.scan_parquet(path).select(pl.len()).collect().item()
    return duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchone()[0]


def peak_bytes():
    """Of this process alone: getrusage begins with the peak of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)[1]) * 1024


start, used = time.perf_counter(), time.process_time()
globals()[name.replace("-", "_")]()
seconds, used = time.perf_counter() - start, time.process_time() - used
print(json.dumps({"seconds": seconds, "cpuSeconds": used, "peakBytes": peak_bytes(), "rows": rows_of(out)}))
