"""What schemathesis must know to drive this API: how lines of JSON are written."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    if isinstance(value, (str, bytes)):
        return value.encode() if isinstance(value, str) else value
    return json.dumps(value).encode()
