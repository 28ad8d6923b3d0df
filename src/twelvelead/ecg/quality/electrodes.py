"""An arm's cable on the right leg."""

import numpy as np

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import LEADS
from twelvelead.ecg.quality.measures import Measures, sizes

ON_THE_RIGHT_LEG = {"RA/RL": "II", "LA/RL": "III"}
"""It makes one lead that between the two legs, in which next to nothing is left."""

FLAT_SHARE = 0.15
"""Of the geometric mean of all twelve leads, root mean square of 1 to 40 Hz. In PTB-XL's folds 1-7 lead II has 0.18 at
least, lead III 0.16."""


def on_the_right_leg(measures: Measures) -> Finding | None:
    """An arm's cable on the right leg is known by a flat lead (Batchvarov et al. 2007, doi:10.1093/europace/eum198)."""
    size = np.log(sizes(measures.covariance))
    relative = dict(zip(LEADS, np.exp(size - size.mean()).tolist(), strict=True))
    for name, lead in ON_THE_RIGHT_LEG.items():
        if relative[lead] < FLAT_SHARE:
            message = (
                f"electrodes {name} probably interchanged (lead {lead} is nearly flat); check their places and "
                "record again"
            )
            return Finding("electrodes", "warn", message, {name: relative[lead]})
    return None
