import pytest

from twelvelead.data.ptbxl.statements import SUPERCLASSES, read_statements
from twelvelead.errors import Unreadable


def test_tasks_of_a_small_file(folder):
    statements = read_statements(folder / "scp_statements.csv")
    assert statements.codes == ("NDT", "NORM", "IMI", "LVH", "1AVB", "PVC", "SR")
    assert statements.tasks["superclass"] == {
        "NORM": ["NORM"],
        "MI": ["IMI"],
        "STTC": ["NDT"],
        "CD": ["1AVB"],
        "HYP": ["LVH"],
    }
    assert tuple(statements.tasks["superclass"]) == SUPERCLASSES
    assert statements.tasks["form"] == {"NDT": ["NDT"], "PVC": ["PVC"]}
    assert statements.tasks["rhythm"] == {"SR": ["SR"]}
    assert statements.tasks["subclass"]["_AVB"] == ["1AVB"]
    assert len(statements.tasks["all"]) == 7


def test_the_published_file(shared_ptbxl):
    statements = read_statements(shared_ptbxl / "scp_statements.csv")
    sizes = {task: len(classes) for task, classes in statements.tasks.items()}
    assert sizes == {"all": 71, "diagnostic": 44, "subclass": 23, "superclass": 5, "form": 19, "rhythm": 12}
    assert sum(len(of) for of in statements.tasks["superclass"].values()) == 44


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("diagnostic_class,", "class,", "lacks diagnostic_class"),
        ("IMI,inferior", "NORM,inferior", "listed twice"),
        (",,,HYP,LVH", ",,,LVH,LVH", "LVH has the superclass 'LVH'"),
    ],
)
def test_a_wrong_file_is_named(folder, old, new, fault):
    path = folder / "scp_statements.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(Unreadable, match=fault):
        read_statements(path)


def test_no_file_and_an_empty_one(tmp_path):
    path = tmp_path / "scp_statements.csv"
    with pytest.raises(Unreadable, match="cannot be read"):
        read_statements(path)
    path.touch()
    with pytest.raises(Unreadable, match="lacks"):
        read_statements(path)
