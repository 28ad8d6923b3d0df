"""The worklist: which recordings, in which order, with what a line of it shows."""

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, and_, case, func, null, or_, select

from twelvelead.ledger import schema
from twelvelead.ledger.recording import Identity, Page, Patient, Recording, Sort, Wanted

_RECORDING = schema.recordings.c
_IDENTITY = schema.identities.c
_PATIENT = schema.patients.c
_SHOWN = [_RECORDING[each.name] for each in fields(Recording) if each.name in _RECORDING]
_WHO = [_IDENTITY[each.name].label(f"who_{each.name}") for each in fields(Identity)]
_GIVEN = [_PATIENT[each.name].label(f"given_{each.name}") for each in fields(Patient)]


def worklist(owner: str | None, wanted: Wanted, reader: str | None) -> Select[Any]:
    """The query of all recordings of an owner (None: everybody's) that are wanted, without an order."""
    mark = schema.seen.c
    seen = (mark.recording == _RECORDING.id) & (mark.reader == (null() if reader is None else reader))
    query = (
        select(*_SHOWN, *_WHO, *_GIVEN, _IDENTITY.recording.label("identified"), mark.recording.label("seen"))
        .outerjoin(schema.identities, _IDENTITY.recording == _RECORDING.id)
        .outerjoin(schema.patients, _PATIENT.recording == _RECORDING.id)
        .outerjoin(schema.seen, seen)
    )
    if owner is not None:
        query = query.where(_RECORDING.owner == owner)
    if wanted.state is not None:
        query = query.where(_RECORDING.state == wanted.state)
    if wanted.source_sha256 is not None:
        query = query.where(_RECORDING.source_sha256 == wanted.source_sha256)
    if wanted.statement is not None:
        query = query.where(_RECORDING.statements.cast(Text).contains(json.dumps(wanted.statement), autoescape=True))
    if wanted.urgency is not None:
        query = query.where(_RECORDING.urgency >= wanted.urgency)
    if wanted.since is not None:
        query = query.where(_RECORDING.received >= wanted.since)
    if wanted.until is not None:
        query = query.where(_RECORDING.received < wanted.until)
    if wanted.signed is not None:
        query = query.where(_RECORDING.signed.is_not(None) if wanted.signed else _RECORDING.signed.is_(None))
    if wanted.seen is not None:
        query = query.where(mark.recording.is_not(None) if wanted.seen else mark.recording.is_(None))
    if wanted.patient is not None:
        patient, issuer = wanted.patient
        stated, given = (
            and_(who.patient_id == patient, who.issuer.is_not_distinct_from(issuer)) for who in (_IDENTITY, _PATIENT)
        )
        query = query.where(or_(given, and_(_PATIENT.recording.is_(None), stated)))
    return query


def page(connection: Connection, query: Select[Any], sort: Sort, limit: int, offset: int) -> Page:
    """Part of a worklist in its order."""
    total = connection.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    newest = (_RECORDING.received.desc(), _RECORDING.id)
    if sort == "urgency":
        unread = case((_RECORDING.state.in_(("unreadable", "refused")), 0), else_=1)
        query = query.order_by(unread, _RECORDING.urgency.desc(), *newest)
    else:
        query = query.order_by(*newest)
    return Page(tuple(map(recording_of, connection.execute(query.limit(limit).offset(offset)))), total)


def recording_of(row: Row[Any]) -> Recording:
    """The recording of a line of the query."""
    values = dict(row._mapping)
    who, given = (
        {name.removeprefix(prefix): values.pop(name) for name in list(values) if name.startswith(prefix)}
        for prefix in ("who_", "given_")
    )
    identity = None if values.pop("identified") is None else Identity(**who)
    patient = None if given["patient_id"] is None else Patient(**given)
    lists = {name: tuple(values[name]) for name in ("findings", "statements")}
    return Recording(**values | lists | {"seen": values["seen"] is not None, "identity": identity, "patient": patient})
