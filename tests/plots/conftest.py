import pytest
from matplotlib.figure import Figure


@pytest.fixture
def saved_texts(monkeypatch):
    """The texts of each figure as it is saved."""
    found = []
    save = Figure.savefig

    def spy(self, *args, **kwargs):
        save(self, *args, **kwargs)
        # ticks that lie outside the panel hold no text
        found.append({text.get_text() for text in self.findobj(lambda artist: hasattr(artist, "get_text"))})

    monkeypatch.setattr(Figure, "savefig", spy)
    return found
