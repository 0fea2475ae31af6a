"""The same job as a careful Python program does it: list, get, validate, group, write one Parquet file for each group.

    fold.py --bucket NAME [--prefix PREFIX] [--endpoint URL] [--region NAME]
            [--checkpoint-bucket NAME] [--checkpoint-prefix PREFIX]

Credentials are boto3's: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. One client for all objects, one object at a time: more
threads make it slower, as the work is Python's. Without --checkpoint-bucket nothing is uploaded; the files are written in
memory all the same. Standard output: one line of JSON,

    {"objects", "events", "failed", "filtered", "groups", "requests", "uploaded_bytes",
     "seconds": {"list", "get", "validate", "write", "all"}, "cpu_seconds", "peak_bytes"}

Loading the libraries is not in the times. It remembers nothing: a second run does all of it again.
"""

import argparse
import io
import json
import re
import resource
import time
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Literal, Optional

import boto3
import polars as pl
from botocore.config import Config
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

KEY = re.compile(r"log-(submit|pass-qc|not-pass-qc|delete)-\d{8}(-\d{6}-\d+-.+)?\.json")
MODULES = {"UDS", "FTLD", "LBD", "MDS"}
Action = Literal["submit", "pass-qc", "not-pass-qc", "delete"]
Datatype = Literal[
    "apoe", "biomarker", "dicom", "enrollment", "form", "genetic-availability", "gwas", "imputation", "scan-analysis"
]


class VisitEvent(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    action: Action
    study: str = Field("adrc", min_length=1)
    pipeline_adcid: int = Field(gt=0, lt=2**31)
    project_label: str = Field(min_length=1)
    center_label: str = Field(min_length=1)
    gear_name: str = Field(min_length=1)
    ptid: str = Field(pattern=r"^[!-~]{1,10}$")
    visit_date: str
    visit_number: Optional[str] = None
    datatype: Datatype
    module: Optional[str] = None
    packet: Optional[str] = None
    timestamp: datetime

    @field_validator("visit_date")
    @classmethod
    def real_date(cls, value):
        if date.fromisoformat(value).isoformat() != value:
            raise ValueError("not YYYY-MM-DD")
        return value

    @field_validator("timestamp")
    @classmethod
    def in_utc(cls, value):
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)

    @model_validator(mode="after")
    def module_of_forms(self):
        if (self.module in MODULES) != (self.datatype == "form") or (self.module is not None and self.datatype != "form"):
            raise ValueError("a module is for forms, and each form has one")
        return self


SCHEMA = {name: pl.String for name in VisitEvent.model_fields} | {
    "pipeline_adcid": pl.Int32,
    "timestamp": pl.Datetime("us", "UTC"),
}


def peak_bytes():
    """Of this process alone: getrusage begins with the peak of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)[1]) * 1024


class Stopwatch:
    """Seconds by name, and how often each was measured."""

    def __init__(self):
        self.seconds, self.calls = {}, {}

    def run(self, name, work):
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            self.calls[name] = self.calls.get(name, 0) + 1


def list_keys(client, bucket, prefix, watch):
    pages = iter(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    while (page := watch.run("list", lambda: next(pages, None))) is not None:
        for entry in page.get("Contents", []):
            if KEY.fullmatch(entry["Key"][len(prefix) :]):
                yield entry["Key"]


def write_group(frames, key, options, client, watch):
    buffer = io.BytesIO()
    pl.DataFrame(frames, schema=SCHEMA, orient="row").sort("timestamp").write_parquet(buffer, compression="snappy")
    body = buffer.getvalue()
    if options.checkpoint_bucket is not None:
        watch.run("put", lambda: client.put_object(Bucket=options.checkpoint_bucket, Key=key, Body=body))
    return len(body)


def fold(options, client, watch):
    groups, failed, filtered = {}, 0, 0
    for key in list(list_keys(client, options.bucket, options.prefix, watch)):
        body = watch.run("get", lambda: client.get_object(Bucket=options.bucket, Key=key)["Body"].read())
        try:
            event = watch.run("validate", lambda: VisitEvent.model_validate_json(body))
        except ValidationError:
            failed += 1
            continue
        if event.project_label.startswith("sandbox-"):
            filtered += 1
            continue
        groups.setdefault((event.study, event.datatype), []).append(tuple(event.__dict__.values()))
    uploaded = 0
    for (study, datatype), rows in sorted(groups.items()):
        key = f"{options.checkpoint_prefix}{study}/{datatype}/events.parquet"
        uploaded += watch.run("write", lambda: write_group(rows, key, options, client, watch))
    return groups, failed, filtered, uploaded


def main():
    parser = argparse.ArgumentParser(description="The reference of the checkpoint benchmark.")
    parser.add_argument("--endpoint")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--checkpoint-bucket")
    parser.add_argument("--checkpoint-prefix", default="")
    options = parser.parse_args()
    config = Config(s3={"addressing_style": "path"}, retries={"mode": "standard", "max_attempts": 3})
    client = boto3.client("s3", endpoint_url=options.endpoint, region_name=options.region, config=config)

    watch, start, used = Stopwatch(), time.perf_counter(), time.process_time()
    groups, failed, filtered, uploaded = fold(options, client, watch)
    elapsed, used = time.perf_counter() - start, time.process_time() - used

    events = sum(map(len, groups.values()))
    calls = watch.calls
    print(json.dumps({
        "objects": calls.get("get", 0),
        "events": events,
        "failed": failed,
        "filtered": filtered,
        "groups": len(groups),
        "requests": calls.get("list", 0) - 1 + calls.get("get", 0) + calls.get("put", 0),
        "uploaded_bytes": uploaded if options.checkpoint_bucket is not None else 0,
        "seconds": {name: watch.seconds.get(name, 0.0) for name in ("list", "get", "validate", "write")}
        | {"all": elapsed},
        "cpu_seconds": used,
        "peak_bytes": peak_bytes(),
    }))


if __name__ == "__main__":
    main()
