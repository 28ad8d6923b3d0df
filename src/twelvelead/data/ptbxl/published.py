"""The counts of PTB-XL release 1.0.3, to compare a copy with.

Counted in ptbxl_database.csv and scp_statements.csv of the release: Wagner et al., PTB-XL, a large publicly available
electrocardiography dataset, PhysioNet, doi:10.13026/kfzx-aw45; Scientific Data 2020, 7:154.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """What a part of the data set holds.

    Attributes:
        name: what the part is called.
        folds: that make it.
        records: all of them, what the protocol `keep` scores.
        labelled: those with at least one diagnostic superclass, what the protocol `drop` scores.
        classes: records with each superclass, whatever the likelihood.
    """

    name: str
    folds: tuple[int, ...]
    records: int
    labelled: int
    classes: Mapping[str, int]


PUBLISHED = (
    Published(
        "train", tuple(range(1, 9)), 17418, 17084, {"NORM": 7596, "MI": 4379, "STTC": 4186, "CD": 3907, "HYP": 2119}
    ),
    Published("validation", (9,), 2183, 2146, {"NORM": 955, "MI": 540, "STTC": 528, "CD": 495, "HYP": 268}),
    Published("test", (10,), 2198, 2158, {"NORM": 963, "MI": 550, "STTC": 521, "CD": 496, "HYP": 262}),
    Published(
        "all", tuple(range(1, 11)), 21799, 21388, {"NORM": 9514, "MI": 5469, "STTC": 5235, "CD": 4898, "HYP": 2649}
    ),
)

PATIENTS = 18869
"""In all folds together, none of them in two."""
