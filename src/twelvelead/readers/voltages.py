"""A recording as stored becomes an ECG in millivolts: one owner for what is known of scale, unit, rate and leads."""

from collections.abc import Iterator, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from twelvelead.ecg.finding import Finding
from twelvelead.ecg.leads import INVERTED, LEADS, canonical_leads, columns_for, obtainable
from twelvelead.ecg.record import ECG
from twelvelead.errors import Refused
from twelvelead.readers.layout import same
from twelvelead.readers.recording import BLOCK, BadFile, Channel, Recording, Unfit, check_rate
from twelvelead.readers.request import Request
from twelvelead.readers.units import units_per_millivolt


def to_ecg(recording: Recording, request: Request, source: str, sha256: str) -> ECG:
    """A recording in millivolts, with the leads that the wanted ones are taken from; for None all voltages, as stored.

    Args:
        recording: of a reader.
        request: what was asked for.
        source, sha256: of the file.

    Raises:
        BadFile: no channel is a voltage, it is uncalibrated, rate or unit are not stated, or contradict what was asked.
        Unfit: a lead asked for is missing.
    """
    rate = _rate(recording, request.sampling_rate)
    names = canonical_leads([channel.name for channel in recording.channels])
    stored = [
        channel if channel.name == name else channel._replace(name=name)
        for channel, name in zip(recording.channels, names, strict=True)
    ]
    channels = _wanted(stored, request, source)
    lengths = {len(channel.samples) for channel in channels}
    if len(lengths) != 1 or lengths == {0}:
        raise BadFile(f"its leads hold {sorted(lengths)} samples; export the recording again", code="damaged")
    findings = [
        *recording.findings,
        *_two_rates(recording, rate),
        *_off(stored, channels),
        *_overridden(channels, request),
    ]
    return ECG(
        millivolts(channels, request),
        rate,
        tuple([channel.name for channel in channels]),
        recording.age,
        recording.sex,
        source,
        tuple(findings),
        recording.device,
        recording.filters,
        recording.recorded,
        recording.sha256 or sha256,
        recording.identity if request.identify else None,
    )


def _rate(recording: Recording, stated: float | None) -> float:
    found, other = recording.sampling_rate, recording.other_rate
    if found is None and stated is None:
        raise BadFile("states no sampling rate; give it, as in --sampling-rate 500", code="rate-missing")
    if found is None:
        return check_rate(float(stated or 0))
    if other is not None:
        if stated is None:
            raise BadFile(
                f"states two sampling rates, {found:g} and {other:.4g} Hz; find out which is right and give it, as in "
                f"--sampling-rate {found:g}",
                code="ambiguous",
            )
        if not (_alike(stated, found) or _alike(stated, other)):
            raise BadFile(
                f"the file states {found:g} and {other:.4g} Hz, not {stated:g} Hz; give one of these",
                code="contradiction",
            )
        return check_rate(float(stated))
    if stated is not None and stated != found:
        raise BadFile(f"the file states {found:g} Hz, not {stated:g} Hz; leave the rate out", code="contradiction")
    return check_rate(float(found))


def _alike(rate: float, other: float) -> bool:
    return abs(rate - other) <= 0.02 * other


def _two_rates(recording: Recording, taken: float) -> Iterator[Finding]:
    if recording.sampling_rate and recording.other_rate:
        rates = {"stated": float(recording.sampling_rate), "other": float(recording.other_rate)}
        message = "the file states {:g} and {:.4g} Hz; {:g} Hz is taken, as given".format(*rates.values(), taken)
        yield Finding("rate-disagrees", "warn", message, rates)


def _wanted(stored: Sequence[Channel], request: Request, source: str) -> list[Channel]:
    """The channels that the wanted leads are taken from; for None all that are voltages."""
    there = [channel for channel in stored if channel.off is None]
    names = tuple([channel.name for channel in there])
    if request.leads is None:
        places = _voltages(there, names, request.unit)
    else:
        try:
            places = columns_for(request.leads, names, source)
        except Refused as refused:
            said = [f"{channel.name} is {channel.off}" for channel in stored if channel.off is not None]
            if not said:
                raise
            message = f"{str(refused).removeprefix(f'{source}: ')} (the device says: {', '.join(said)})"
            raise Unfit(Finding("missing-leads", "refuse", message)) from None
    for place in places if len(set(names)) < len(names) else ():
        twice = [other for other, name in enumerate(names) if name == names[place] and name in (*LEADS, INVERTED)]
        if len(twice) > 1 and not all(same(there[place], there[other]) for other in twice):
            raise BadFile(
                f"lead {names[place]} is stored more than once, and differently; export it once",
                code="ambiguous",
            )
    return [there[place] for place in dict.fromkeys(places)]


def _voltages(channels: Sequence[Channel], names: tuple[str, ...], unit: str | None) -> list[int]:
    stated = [channel.unit or unit for channel in channels]
    places = [
        place
        for place, name in enumerate(names)
        if name in LEADS or (stated[place] and units_per_millivolt(str(stated[place])))
    ]
    if not places:
        raise BadFile("none of its signals is a voltage; export the ECG leads", code="unsupported")
    return places


def _step(channel: Channel, request: Request) -> float:
    """Millivolts a step."""
    name = channel.name
    if request.scale is not None:
        return request.scale / 1000
    if channel.scale is None:
        raise BadFile(
            f"lead {name} is uncalibrated: the file does not say how large a step is; export it with its calibration, "
            "or give the microvolts of one step by --scale, if the device's manual states them",
            code="uncalibrated",
        )
    unit = channel.unit or request.unit
    if unit is None:
        raise BadFile(f"states no unit for lead {name}; give it, as in --unit uV", code="unit-missing")
    factor = units_per_millivolt(unit)
    if factor is None:
        raise BadFile(f"lead {name} is in {unit[:20]!r}, which is not a voltage; export it again", code="unsupported")
    if request.unit is not None and units_per_millivolt(request.unit) != factor:
        raise BadFile(f"the file states {unit}, not {request.unit}; leave the unit out", code="contradiction")
    if not (isfinite(channel.scale) and isfinite(channel.zero) and channel.scale != 0):
        raise BadFile(f"one step of lead {name} is {channel.scale:g} {unit}; export it again", code="damaged")
    if channel.scale < 0:
        raise BadFile(
            f"one step of lead {name} is {channel.scale:g} {unit}, so that it may be turned round; export it again, or "
            f"give the microvolts of one step, as in --scale {abs(channel.scale) * 1000 / factor:g}",
            code="ambiguous",
        )
    return channel.scale / factor


def millivolts(channels: Sequence[Channel], request: Request) -> NDArray[np.float32]:
    """Stored numbers as voltages.

    Args:
        channels: all of one length.
        request: of which scale and unit count.

    Returns:
        [samples, channels] float32, mV; NaN for what is not finite.

    Raises:
        BadFile: a channel is uncalibrated, no voltage, or contradicts the request.
    """
    steps = np.array([[_step(channel, request)] for channel in channels])
    zeros = np.array([[channel.zero] for channel in channels])
    with np.errstate(over="ignore", divide="ignore"):
        many = (1 / steps).astype(np.float32)
    # as most files have it, 1000 steps a millivolt: single precision rounds as double does, in a fifth of the time
    columns = [channel.samples for channel in channels]
    exact = not zeros.any() and bool((many == 1 / steps).all()) and all(c.dtype == np.int16 for c in columns)
    signal = np.empty((len(columns[0]), len(channels)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(signal), BLOCK):
            # lead by lead: NumPy strings columns together faster than it lays them side by side
            block = np.concatenate([column[start : start + BLOCK] for column in columns]).reshape(len(columns), -1)
            if exact:
                signal[start : start + BLOCK] = np.divide(block, many, dtype=np.float32).T
            else:
                signal[start : start + BLOCK] = ((block - zeros) * steps).T
    if not exact:
        signal[np.isinf(signal)] = np.nan
    return signal


def _off(stored: Sequence[Channel], taken: Sequence[Channel]) -> Iterator[Finding]:
    names = {channel.name for channel in taken}
    off = {channel.name: channel.off for channel in stored if channel.off is not None}
    lost = [lead for lead in off if lead in LEADS and lead not in names]
    if lost:
        said = ", ".join(f"{lead} is {off[lead]}" for lead in lost)
        follows = [lead for lead in lost if lead in obtainable(names)]
        rest = f"; {', '.join(follows)} from the other limb leads" if follows else ""
        yield Finding("lead-off", "warn", f"the device says: {said}{rest}; check the electrodes and record again")


def _overridden(channels: Sequence[Channel], request: Request) -> Iterator[Finding]:
    """Which scales of the file another one was given for."""
    if request.scale is None:
        return
    declared = {
        channel.name: 1000 * channel.scale / factor
        for channel in channels
        if channel.scale is not None and (factor := units_per_millivolt(channel.unit or ""))
    }
    others = {lead: value for lead, value in declared.items() if abs(value - request.scale) > 1e-6 * request.scale}
    if others:
        stated = ", ".join(sorted({f"{value:g}" for value in others.values()}))
        message = f"{request.scale:g} uV a step as given, where the file states {stated}; check which is right"
        yield Finding("scale-overridden", "warn", message, others)
