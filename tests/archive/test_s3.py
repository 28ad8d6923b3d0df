"""Archives in an object store: OpenStack Swift, by its S3 API."""

import pytest


def test_what_is_put_is_listed_and_got(s3, bucket):
    files = s3()
    files.pipe_file(f"{bucket}/a/one.hea", b"one")
    files.pipe_file(f"{bucket}/a/b/two.hea", b"two")
    assert files.find(bucket) == [f"{bucket[5:]}/a/b/two.hea", f"{bucket[5:]}/a/one.hea"]
    assert files.cat_file(f"{bucket}/a/b/two.hea") == b"two"
    with pytest.raises(PermissionError):
        s3("stranger").ls(bucket)
