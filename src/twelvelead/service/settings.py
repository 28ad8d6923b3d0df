"""What a service is told: one TOML file, the environment over it, the command line over both."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from twelvelead.errors import TwelveLeadError
from twelvelead.inference.workers import usable_cores
from twelvelead.ledger import Ledger
from twelvelead.readers.recording import LARGEST_FILE
from twelvelead.reading.languages import ENGLISH
from twelvelead.version import __version__
from twelvelead.weights import DEFAULT

PREFIX = "TWELVELEAD_"
"""Of environment variables: TWELVELEAD_PORT is `port`."""

FILE_VARIABLE = "TWELVELEAD_SETTINGS"
"""Environment variable that names the TOML file."""

_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[?[0-9A-Fa-f:.]+\]?")

LOOPBACK = ("localhost", "127.0.0.1", "::1")

Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(gt=0)]


class Settings(BaseModel):
    """All that a service is told.

    Attributes:
        host, port: where it listens.
        hosts: names by which it may be called (`Host`), beside those of the loopback and `host` itself.
        tls_certificate, tls_key: PEM files; both or neither.
        behind_proxy: addresses of the reverse proxies that alone may call it, and whose X-Forwarded headers count.
        store: folder of what is kept; None for that of the user.
        database: URL of a PostgreSQL database in place of SQLite in the store.
        weights: what may be asked, by name or place; the first answers where a request names none.
        operating_point, error_rate, measure, language: of an answer where a request says nothing.
        workers: processes that answer, one recording at a time each.
        queue: recordings that may wait for a worker; more are refused with 429.
        answer_seconds: that one recording may take.
        body_bytes: of one request; bodies_bytes: of all requests at one time.
        header_seconds, body_seconds: in which a client has to send them.
        drain_seconds: in which answers that were begun end after SIGTERM.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = LOOPBACK[1]
    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    hosts: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    behind_proxy: tuple[str, ...] = ()
    store: Path | None = None
    database: SecretStr | None = None
    weights: Annotated[tuple[str, ...], Field(min_length=1)] = (DEFAULT,)
    operating_point: str = "accuracy"
    error_rate: float = 0.1
    measure: bool = True
    language: str = ENGLISH
    workers: Count = Field(default_factory=usable_cores)
    queue: Count = 64
    answer_seconds: Seconds = 60
    body_bytes: Count = LARGEST_FILE
    bodies_bytes: Count = 4 * LARGEST_FILE
    header_seconds: Seconds = 10
    body_seconds: Seconds = 60
    drain_seconds: Annotated[float, Field(ge=0, le=25)] = 25

    @field_validator("hosts", "behind_proxy", "weights", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("behind_proxy")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_address(each)
            except ValueError:
                raise ValueError(f"{each!r} is no address of a proxy, as in 10.0.0.1") from None
        return value

    @field_validator("hosts")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not _HOST.fullmatch(each):
                raise ValueError(f"{each!r} is no name of a host without port, as in ecg.hospital.example")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key: give both or neither")
        if self.tls_certificate is not None and self.behind_proxy:
            raise ValueError("behind_proxy: TLS ends at the proxy or here; leave out behind_proxy or the TLS files")
        if self.bodies_bytes < self.body_bytes:
            raise ValueError("bodies_bytes: has to be at least body_bytes")
        if not self.local:
            if self.tls_certificate is None and not self.behind_proxy:
                raise ValueError(
                    f"host {self.host} is open to the network: give tls_certificate and tls_key, or name the reverse "
                    "proxies in behind_proxy"
                )
            if not self.hosts:
                raise ValueError(
                    f"host {self.host} is open to the network: give in hosts the names by which clients call it"
                )
        return self

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it, and no proxy stands before it."""
        if self.behind_proxy:
            return False
        return self.host == "localhost" or _is_loopback(self.host)

    @cached_property
    def known_hosts(self) -> frozenset[str]:
        """Names that a `Host` header may have, without port."""
        own = (*LOOPBACK, self.host) if self.local else ()
        return frozenset(name.lower().strip("[]") for name in (*own, *self.hosts))

    def answering(self, weights: Mapping[str, tuple[str, str]]) -> str:
        """All that decides an answer, as JSON: two services with the same text answer alike.

        Args:
            weights: name -> SHA-256 of the weights and of their contract, the default first.
        """
        return json.dumps(
            {
                "product": __version__,
                "weights": list(weights.values()),
                "operating_point": self.operating_point,
                "error_rate": self.error_rate,
                "measure": self.measure,
                "language": self.language,
            }
        )

    def to_toml(self) -> str:
        """As the file would be, secrets masked."""
        lines = []
        for name, value in self.model_dump(mode="json").items():
            if value is not None:
                shown = "**********" if isinstance(getattr(self, name), SecretStr) else value
                lines.append(f"{name} = {json.dumps(shown, ensure_ascii=False)}")
        return "\n".join(lines) + "\n"


def load_settings(file: Path | None = None, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """The settings of a service.

    Args:
        file: TOML; the one that TWELVELEAD_SETTINGS names where none is given.
        environment: of the process.
        given: on the command line; None where not.

    Raises:
        TwelveLeadError: the file cannot be read, or a setting is unknown, impossible or contradicts another.
    """
    named = file or (Path(environment[FILE_VARIABLE]) if environment.get(FILE_VARIABLE) else None)
    values: dict[str, Any] = _from_file(named) if named else {}
    for name in Settings.model_fields:
        if (value := environment.get(PREFIX + name.upper())) is not None:
            values[name] = value
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        setting = ".".join(map(str, fault["loc"]))
        text = fault["msg"].removeprefix("Value error, ")
        where = f"{named}: " if named else ""
        raise TwelveLeadError(f"{where}{f'setting {setting}: ' if setting else ''}{text}") from None


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that the settings name.

    Raises:
        TwelveLeadError: see `Ledger.open`.
    """
    return Ledger.open(settings.store, None if settings.database is None else settings.database.get_secret_value())


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise TwelveLeadError(f"{file}: {error.strerror}; check the path of the settings") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TwelveLeadError(f"{file}: not TOML ({error}); mend it") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
