"""The HTTP service: an ECG's bytes in, an answer out; recordings kept, read, signed and audited."""

from importlib.util import find_spec

from twelvelead.errors import MissingExtra

for _needed in ("fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client"):
    if find_spec(_needed) is None:
        raise MissingExtra("twelvelead serve", "serve")
