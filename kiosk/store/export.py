"""Taking data out: sessions as CSV or JSON, one session as TCX, all of one member's data as one file.

Every file is written beside its name first, flushed, then named, with a ``.sha256`` that ``sha256sum -c`` reads: a
stick pulled too early holds no half file under a whole name. Sessions are pseudonymous: an identifier, no code, no
name, and no scores unless they are asked for.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import msgspec
from sqlalchemy import Connection, select

from hardware.units import distance_m
from kiosk.store.backup import sync_directory, write_checksum
from kiosk.store.database import SCHEMA
from kiosk.store.kinds import SessionState
from kiosk.store.models import AuditRow, CapRow, ConsentRow, ScreeningRow
from kiosk.store.moment import iso, stamp
from kiosk.store.records import SCORES, Event, Member, Sample, SessionRecord, StoreError
from kiosk.store.repositories import events, members, sessions
from kiosk.store.trouble import RecordError

COLUMNS: Final = (
    "session",
    "member",
    "program",
    "variant",
    "treadmill",
    "started",
    "ended",
    "clock_trusted",
    "state",
    "cause",
    "why",
    "plan_s",
    "walk_s",
    "distance_m",
    "top_kmh",
    "average_kmh",
    "cap_kmh",
    "cap_source",
    "samples",
)


def session_fields(session: SessionRecord, *, health: bool) -> dict[str, object]:
    """One session under the names that exports use; speeds in km/h, times ISO 8601 in UTC."""
    found: dict[str, object] = {
        "session": session.id,
        "member": session.member_id,
        "program": session.program_id,
        "variant": session.variant,
        "treadmill": session.treadmill,
        "started": iso(session.started_ms),
        "ended": None if session.ended_ms is None else iso(session.ended_ms),
        "clock_trusted": session.clock_trusted,
        "state": session.state.value,
        "cause": session.cause,
        "why": session.why,
        "plan_s": session.plan_s,
        "walk_s": session.walk_s,
        "distance_m": round(session.distance_m, 2),
        "top_kmh": session.top_ckmh / 100,
        "average_kmh": session.average_ckmh / 100,
        "cap_kmh": session.cap_ckmh / 100,
        "cap_source": session.cap_source,
        "samples": session.samples,
    }
    if health:
        found |= {name: getattr(session, name) for name in SCORES}
    else:
        del found["why"]  # "pain", "dizzy": health data too
    return found


def sample_fields(sample: Sample) -> dict[str, object]:
    """One sample under the names that exports use."""
    return {
        "t_s": sample.t_s,
        "measured_kmh": None if sample.measured_ckmh is None else sample.measured_ckmh / 100,
        "commanded_kmh": sample.commanded_ckmh / 100,
        "incline_percent": None if sample.incline_dpct is None else sample.incline_dpct / 10,
    }


def sessions_csv(found: Iterable[SessionRecord], *, health: bool = False) -> str:
    """A header and one line a session, comma-separated, CRLF (RFC 4180)."""
    columns = [*COLUMNS, *(SCORES if health else ())]
    if not health:
        columns.remove("why")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for session in found:
        writer.writerow({name: _cell(value) for name, value in session_fields(session, health=health).items()})
    return out.getvalue()


EVENT_COLUMNS: Final = ("event", "session", "at", "kind", "severity", "cause", "state", "speed_kmh", "detail")


def events_csv(found: Iterable[Event]) -> str:
    """The log, one line an event. Kinds that tell of a person's health are left out; nobody is named."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(EVENT_COLUMNS)
    for event in found:
        if event.kind in members.HEALTH_EVENTS:
            continue
        speed = None if event.speed_ckmh is None else event.speed_ckmh / 100
        cells = (
            event.id, event.session_id, iso(event.at_ms), event.kind, event.severity.value, event.cause, event.state,
            speed, event.detail,
        )  # fmt: skip
        writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(value: object) -> object:
    """What a cell shows. Text that a spreadsheet would take for a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n"):
        return f"'{value}"
    return value


def sessions_json(
    connection: Connection, found: Iterable[SessionRecord], *, health: bool = False, samples: bool = False
) -> str:
    """One JSON document; with *samples* each session has its seconds."""
    listed = []
    for session in found:
        fields = session_fields(session, health=health)
        if samples:
            fields["trace"] = [sample_fields(sample) for sample in sessions.samples_of(connection, session.id)]
        listed.append(fields)
    document = {
        "format": "retrowalk sessions",
        "version": 1,
        "schema": SCHEMA,
        "kiosk": sessions.kiosk_id(connection),
        "sessions": listed,
    }
    return _json(document)


def _json(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def member_json(connection: Connection, member: Member, utc_ms: int) -> str:
    """All that is kept of one member, for an access request: who, walks with samples and scores, and the rest."""
    own = sessions.last_of_member(connection, member.id, limit=1_000_000)

    def table(row: type[CapRow | ConsentRow | ScreeningRow]) -> list[dict[str, object]]:
        columns = [column for column in row.__table__.columns if column.name != "member_id"]
        return [
            _readable(dict(found))
            for found in connection.execute(select(*columns).where(row.member_id == member.id)).mappings()
        ]

    audited = connection.execute(
        select(AuditRow.at_ms, AuditRow.action, AuditRow.before, AuditRow.after, AuditRow.reason)
        .where(AuditRow.subject.contains(member.id))
        .order_by(AuditRow.at_ms)
    ).mappings()
    progress = members.progress_of(connection, member.id)
    return _json(
        {
            "format": "retrowalk member",
            "version": 1,
            "made": iso(utc_ms),
            "member": _readable(asdict(member)),
            "sessions": [
                session_fields(session, health=True)
                | {
                    "trace": [sample_fields(sample) for sample in sessions.samples_of(connection, session.id)],
                    "events": [
                        {
                            "at": iso(event.at_ms),
                            "kind": event.kind,
                            "cause": event.cause,
                            "detail": event.detail,
                        }
                        for event in events.last(connection, limit=10_000, session_id=session.id)
                    ],
                }
                for session in own
            ],
            "progress": None if progress is None else _readable(asdict(progress)),
            "own_days": members.own_days(connection, member.id),  # 0 = Monday
            "caps": table(CapRow),
            "consents": table(ConsentRow),
            "screenings": table(ScreeningRow),
            "staff_actions": [_readable(dict(entry)) for entry in audited],
        }
    )


def _readable(fields: dict[str, object]) -> dict[str, object]:
    """Times as text: ``at_ms`` becomes ``at``."""
    return {
        name.removesuffix("_ms") if name.endswith("_ms") else name: iso(value)
        if name.endswith("_ms") and isinstance(value, int)
        else value
        for name, value in fields.items()
    }


_TCX: Final = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
_EXT: Final = "http://www.garmin.com/xmlschemas/ActivityExtension/v2"


def session_tcx(session: SessionRecord, samples: Sequence[Sample]) -> bytes:
    """One session as a Training Center file: one lap, a trackpoint a sample, distance and speed of the belt.

    Sport is "Other": the schema knows running and biking only. Calories, which it demands, are 0: we show none
    (coaching.md section 6). Raises StoreError for a session that is still open.
    """
    if session.state is SessionState.OPEN or session.ended_ms is None:
        raise StoreError("That session is still under way. Export it when it has ended.")
    ET.register_namespace("", _TCX)
    ET.register_namespace("x", _EXT)
    root = ET.Element(f"{{{_TCX}}}TrainingCenterDatabase")
    activity = ET.SubElement(ET.SubElement(root, f"{{{_TCX}}}Activities"), f"{{{_TCX}}}Activity", Sport="Other")

    def put(parent: ET.Element, name: str, text: str, space: str = _TCX) -> ET.Element:
        element = ET.SubElement(parent, f"{{{space}}}{name}")
        element.text = text
        return element

    put(activity, "Id", iso(session.started_ms))
    lap = ET.SubElement(activity, f"{{{_TCX}}}Lap", StartTime=iso(session.started_ms))
    put(lap, "TotalTimeSeconds", f"{(session.ended_ms - session.started_ms) / 1000:.1f}")
    put(lap, "DistanceMeters", f"{session.distance_m:.2f}")
    put(lap, "MaximumSpeed", f"{session.top_ckmh / 360:.3f}")
    put(lap, "Calories", "0")
    put(lap, "Intensity", "Active")
    put(lap, "TriggerMethod", "Manual")
    if samples:
        track = ET.SubElement(lap, f"{{{_TCX}}}Track")
        walked = 0.0
        for index, sample in enumerate(samples):
            speed = sample.measured_ckmh or 0
            point = ET.SubElement(track, f"{{{_TCX}}}Trackpoint")
            put(point, "Time", iso(session.started_ms + round(sample.t_s * 1000)))
            put(point, "DistanceMeters", f"{walked:.2f}")
            extension = ET.SubElement(ET.SubElement(point, f"{{{_TCX}}}Extensions"), f"{{{_EXT}}}TPX")
            put(extension, "Speed", f"{speed / 360:.3f}", _EXT)
            if index + 1 < len(samples):
                walked += distance_m(speed, samples[index + 1].t_s - sample.t_s)
    put(activity, "Notes", f"Retro Walk, backward walking: program {session.program_id} {session.variant}")
    creator = ET.SubElement(activity, f"{{{_TCX}}}Creator")
    creator.set("{http://www.w3.org/2001/XMLSchema-instance}type", "Device_t")
    put(creator, "Name", "Retro Walk")
    put(creator, "UnitId", "0")
    put(creator, "ProductID", "0")
    version = ET.SubElement(creator, f"{{{_TCX}}}Version")
    for name in ("VersionMajor", "VersionMinor", "BuildMajor", "BuildMinor"):
        put(version, name, "0")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root) + b"\n"


def file_name(kind: str, utc_ms: int, ending: str) -> str:
    """A name that sorts by time and that every file system takes."""
    return f"retrowalk-{re.sub('[^a-z0-9-]', '', kind.lower())}-{stamp(utc_ms)}.{ending}"


EXPORTS: Final = "exports"
"""The record's own folder for exports, beside the record."""


def forget(connection: Connection, data: Path, member_id: str) -> int:
    """Remove what was exported of a member into the record's own folder; returns how many files that were.

    The audit knows their names, also of those of a member who was merged into this one. What went onto a stick went
    to a person, and is theirs.
    """
    who, asked = {member_id}, [member_id]
    while asked:
        merged = select(AuditRow.before).where(
            AuditRow.action == "members merged", AuditRow.subject == f"member {asked.pop()}"
        )
        more = {before.removeprefix("member ") for before in connection.scalars(merged)} - who
        who |= more
        asked += more
    named = select(AuditRow.after).where(
        AuditRow.action == "exported", AuditRow.subject.in_([f"member {one}" for one in who])
    )
    gone = 0
    for name in connection.scalars(named):
        file = data / EXPORTS / Path(name).name
        with contextlib.suppress(OSError):
            file.unlink()
            gone += 1
        with contextlib.suppress(OSError):
            file.with_name(f"{file.name}.sha256").unlink()
    return gone


def write(directory: Path, name: str, content: bytes) -> str:
    """Write one export with its checksum; returns the SHA-256. Raises RecordError with a sentence."""
    target = directory / name
    part = directory / f".{name}.part"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        digest = write_checksum(target)
        sync_directory(directory)
    except OSError as error:
        if directory.exists() and not directory.is_dir():
            raise RecordError(f"{directory} is no folder. Name a folder, or where the stick is.") from error
        raise RecordError(f"{target} cannot be written ({error.strerror}). Check the stick and its room.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    return digest
