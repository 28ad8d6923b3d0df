import pytest


@pytest.fixture(scope="session", autouse=True)
def _traces(shared_traces):
    """See there."""
