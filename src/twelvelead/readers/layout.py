"""Leads that a file holds in several pieces, or that do not begin at the same time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twelvelead.ecg.finding import short_leads
from twelvelead.ecg.leads import INVERTED, LEADS, canonical_lead, canonical_leads, obtainable
from twelvelead.readers.recording import BRIEF_SECONDS, Channel, Recording, Unfit

_PRINTED_SECONDS = 5.0
"""A printout shows 2.5 or 5 s a lead; pieces this short that do not say when they begin are taken for one."""

_OURS = {*LEADS, INVERTED}


class Piece(NamedTuple):
    """Some leads of a recording.

    Attributes:
        recording: of these leads.
        start: seconds from an origin that all pieces share; None where the file does not say.
    """

    recording: Recording
    start: float | None


def together(pieces: Sequence[Piece]) -> list[Recording]:
    """The recordings that pieces make up: leads of one span stand side by side.

    Raises:
        Unfit: only pieces of different spans have the twelve leads together.
    """
    made: list[list[Piece]] = []
    for piece in pieces:
        piece = piece._replace(recording=aligned(piece.recording))
        home = next((parts for parts in made if _fits(piece, parts)), None)
        if home is None:
            made.append([piece])
        else:
            home.append(piece)
    recordings = [_side_by_side(parts) for parts in made]
    if len(pieces) > 1 and not any(_is_whole(piece.recording) for piece in pieces):
        whole = [parts for parts, recording in zip(made, recordings, strict=True) if _is_whole(recording)]
        printed = [parts for parts in whole if parts[0].start is None and _seconds(parts) <= _PRINTED_SECONDS]
        apart = not whole and len({piece.start for piece in pieces}) > 1 and _is_whole(_side_by_side(pieces))
        if apart or (whole and len(printed) == len(whole)):
            raise Unfit(short_leads(float(np.median([piece.recording.seconds for piece in pieces]))))
    return recordings


def aligned(recording: Recording) -> Recording:
    """The seconds that all leads share, where they do not begin together.

    Raises:
        Unfit: they share next to none.
    """
    rate = recording.sampling_rate or 1.0
    firsts = [round(channel.start * rate) for channel in recording.channels]
    if len(set(firsts)) < 2:
        return recording
    spans = [
        (first, first + len(channel.samples))
        for first, channel in zip(firsts, recording.channels, strict=True)
        if channel.off is None and canonical_lead(channel.name) in _OURS
    ] or [(first, first + len(channel.samples)) for first, channel in zip(firsts, recording.channels, strict=True)]
    begin, end = max(first for first, _ in spans), min(last for _, last in spans)
    shortest = min(last - first for first, last in spans) / rate
    if (end - begin) / rate < min(BRIEF_SECONDS, shortest / 2):
        raise Unfit(short_leads(shortest))
    channels = [
        channel._replace(samples=channel.samples[begin - first : end - first], start=0.0)
        for first, channel in zip(firsts, recording.channels, strict=True)
        if first <= begin and end <= first + len(channel.samples)
    ]
    return recording._replace(channels=channels)


def _fits(piece: Piece, parts: Sequence[Piece]) -> bool:
    """Whether a piece is of the same span as others, and has leads that they lack and none that they hold otherwise."""
    recording, other = piece.recording, parts[0].recording
    rate = recording.sampling_rate
    if (
        rate != other.sampling_rate
        or recording.seconds != other.seconds
        or (piece.start is None) != (parts[0].start is None)
    ):
        return False
    if piece.start is not None and abs(piece.start - (parts[0].start or 0.0)) * (rate or 1.0) > 0.5:
        return False
    held = {canonical_lead(channel.name): channel for part in parts for channel in part.recording.channels}
    names = {canonical_lead(channel.name) for channel in recording.channels}
    return bool((names - held.keys()) & _OURS) and not any(
        not same(channel, held[name])
        for channel in recording.channels
        if (name := canonical_lead(channel.name)) in held
    )


def same(channel: Channel, other: Channel) -> bool:
    """Whether two channels are the same voltages."""
    return (channel.scale, channel.unit, channel.zero, channel.start) == (
        other.scale,
        other.unit,
        other.zero,
        other.start,
    ) and np.array_equal(channel.samples, other.samples, equal_nan=channel.samples.dtype.kind == "f")


def _side_by_side(parts: Sequence[Piece]) -> Recording:
    channels: list[Channel] = []
    for part in parts:
        held = {canonical_lead(channel.name) for channel in channels}
        channels += [channel for channel in part.recording.channels if canonical_lead(channel.name) not in held]
    findings = [finding for part in parts for finding in part.recording.findings]
    once = tuple([finding for place, finding in enumerate(findings) if finding not in findings[:place]])
    return parts[0].recording._replace(channels=channels, findings=once)


def _is_whole(recording: Recording) -> bool:
    return len(obtainable(canonical_leads([channel.name for channel in recording.channels]))) == len(LEADS)


def _seconds(parts: Sequence[Piece]) -> float:
    return parts[0].recording.seconds
