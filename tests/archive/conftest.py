"""An object store for archives."""

import os
from uuid import uuid4

import pytest

from swift import PACKAGES, missing, swift
from twelvelead.archive.answering import Answerer


@pytest.fixture(scope="session")
def object_store(tmp_path_factory):
    """A running Swift."""
    if missing():
        pytest.skip(f"no {', '.join(missing())} here: apt-get install {PACKAGES}")
    folder = tmp_path_factory.mktemp("swift")
    try:
        os.setxattr(folder, "user.swift", b"")
    except OSError:
        pytest.skip(
            f"{folder}: a file system without extended attributes, where Swift keeps what it knows of an object"
        )
    with swift(folder) as running:
        yield running


@pytest.fixture
def here():
    """An engine in this process, which starts at once."""

    def answers(inputs, task):
        answerer = Answerer(task)
        for given in inputs:
            yield [answerer.answer(given)]

    return answers


@pytest.fixture
def s3(object_store, monkeypatch):
    """s3(who="owner") -> the object store as that one's file system; and what this process, and those that it starts,
    reach from then on."""
    s3fs = pytest.importorskip("s3fs", reason="the extra [archive] is not installed")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)

    def as_seen_by(who="owner"):
        for name, value in object_store.environment(who).items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()  # it keeps the keys that it has read
        return s3fs.S3FileSystem()

    yield as_seen_by
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def bucket(s3):
    """The URL of a bucket for this test alone."""
    name = f"test-{uuid4().hex}"
    s3().mkdir(name)
    return f"s3://{name}"
