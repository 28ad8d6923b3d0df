"""From electrodes to leads: what happens at one electrode reaches every lead that it takes part in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
"""Right arm, left arm, left leg and chest. The tenth, RL, is the amplifier's reference: it is common to all and so in
no lead."""


def _leads_of_electrodes() -> NDArray[np.float64]:
    right, left, foot, *chest = np.eye(len(ELECTRODES))
    terminal = (right + left + foot) / 3
    limb = [left - right, foot - right, foot - left]
    augmented = [right - (left + foot) / 2, left - (right + foot) / 2, foot - (right + left) / 2]
    return np.stack([*limb, *augmented, *(electrode - terminal for electrode in chest)])


LEADS_OF_ELECTRODES = _leads_of_electrodes()
"""[12 leads, 9 electrodes]: potentials to leads (Einthoven 1913; Wilson 1934, the chest leads against the mean of the
three limbs; Goldberger 1942)."""

_POTENTIALS = np.linalg.pinv(LEADS_OF_ELECTRODES)
"""[9, 12]: leads to potentials, up to a constant that is common to all and that no lead shows."""


def at_electrodes(signal: NDArray[np.float32], added: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """A recording with something added at the electrodes; the algebra of the leads still holds.

    Args:
        signal: [..., samples, 12 leads] float32 mV.
        added: [..., samples, 9 electrodes] floating, mV, in the order of `ELECTRODES`.

    Returns:
        [..., samples, 12 leads] float32 mV.
    """
    leads: NDArray[np.float32] = signal + added.astype(np.float32) @ LEADS_OF_ELECTRODES.T.astype(np.float32)
    return leads


def rewired(signal: NDArray[np.float32], cables: dict[str, str]) -> NDArray[np.float32]:
    """What the same heart shows when cables are on other electrodes, Wilson's terminal included.

    The potentials follow from the leads up to a constant that no lead shows; they are connected anew and the leads
    formed again (Krasteva, Jekova, Schmid 2019, doi:10.3390/s19132920). The right leg is taken to have the potential
    of the left one, since next to no current flows in the legs: lead II is flat when RA is on the right leg (Batchvarov
    et al. 2007, doi:10.1093/europace/eum198).

    Args:
        signal: [..., samples, 12 leads] float32 mV.
        cables: cable -> the electrode on which it is, of `ELECTRODES` or RL; the others are where they belong. The
            cable RL is in no lead and need not be named.

    Returns:
        [..., samples, 12 leads] float32 mV.
    """
    places = [cables.get(cable, cable) for cable in ELECTRODES]
    connected = np.eye(len(ELECTRODES))[[ELECTRODES.index("LL" if place == "RL" else place) for place in places]]
    leads: NDArray[np.float32] = signal @ (LEADS_OF_ELECTRODES @ connected @ _POTENTIALS).T.astype(np.float32)
    return leads
