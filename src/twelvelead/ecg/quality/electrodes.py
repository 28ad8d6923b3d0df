"""Electrodes that were probably interchanged."""

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.electrodes import ELECTRODES, rewired
from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.fitted import FITTED
from twelvelead.ecg.quality.measures import Measures, shape_features

INTERCHANGES: dict[str, dict[str, str]] = {
    **{f"{a}/{b}": {a: b, b: a} for a, b in (("RA", "LA"), ("RA", "LL"))},
    **{f"V{a}/V{b}": {f"V{a}": f"V{b}", f"V{b}": f"V{a}"} for a, b in ((1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (1, 3))},
    "V1-V6 reversed": dict(zip(ELECTRODES[3:], ELECTRODES[:2:-1], strict=True)),
}
"""Name -> cable -> the electrode on which it is. LA/LL is left out: what it shows is another heart's axis."""

ON_THE_RIGHT_LEG = {"RA/RL": "II", "LA/RL": "III"}
"""An arm's cable on the right leg makes one lead that between the two legs, in which next to nothing is left."""

FLAT_SHARE = 0.15
"""Of the geometric mean of all twelve leads, root mean square of 1 to 40 Hz. In PTB-XL's folds 1-7 lead II has 0.18 at
least, lead III 0.16."""

Array = NDArray[np.float64]


def interchange(measures: Measures) -> Finding | None:
    """The most likely interchange, if any passes its limit.

    Limb leads and chest leads view one heart, so each follows from the other (Kors and van Herpen, Am J
    Cardiol 2001; 88: 396); an interchange breaks the correlations between them (Jekova, Krasteva and Abaecherli,
    Computing in Cardiology 2013). Each has a linear score, fitted by logistic regression of PTB-XL's recordings against
    the same ones with these electrodes interchanged, and a limit. Besides, the recording has to be an ordinary one when
    the electrodes are put back: an interchange that leads from one strange recording to another explains nothing. Of
    several, the one that makes it most ordinary is named. An arm's cable on the right leg is known by a flat lead
    (Batchvarov et al. 2007, doi:10.1093/europace/eum198).
    """
    features = shape_features(measures.covariance)
    sizes = dict(zip(LEADS, np.exp(features[-len(LEADS) :]), strict=True))
    for name, lead in ON_THE_RIGHT_LEG.items():
        if sizes[lead] < FLAT_SHARE:
            return _finding(name, f" (lead {lead} is nearly flat)", float(sizes[lead]))
    table = FITTED["electrodes"]
    scores = features @ table["weights"].T + table["intercepts"]
    passed = {table["names"][which]: float(scores[which]) for which in np.flatnonzero(scores > table["limits"])}
    put_right = {name: float(strangeness(shape_features(put_back(measures.covariance, name)))) for name in passed}
    name = min(put_right, key=lambda each: put_right[each], default="")
    if not name or put_right[name] >= table["ordinary"]:
        return None
    return _finding(name, "", passed[name])


def _finding(name: str, why: str, value: float) -> Finding:
    message = f"electrodes {name} probably interchanged{why}; check their places and record again"
    return Finding("electrodes", "warn", message, {name: value})


def put_back(covariance: Array, name: str) -> Array:
    """[..., 12, 12] of the same recording with the cables of an interchange where they belong."""
    to = through({electrode: cable for cable, electrode in INTERCHANGES[name].items()})
    back: Array = to @ covariance @ to.T
    return back


def through(cables: dict[str, str]) -> Array:
    """[12, 12]: the leads as recorded to the leads with these cables."""
    return rewired(np.eye(len(LEADS), dtype=np.float32), cables).T.astype(np.float64)


def strangeness(features: Array) -> Array:
    """[...] squared Mahalanobis distance of [..., 40] shape features; the last follows from the others."""
    table = FITTED["electrodes"]
    rest = features[..., :-1] - table["mean"]
    distance: Array = np.einsum("...f,fg,...g->...", rest, table["precision"], rest)
    return distance
