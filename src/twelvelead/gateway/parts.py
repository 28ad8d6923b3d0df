"""What settings are made of: places, secrets, and how a connection is secured."""

import os
import ssl
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from twelvelead.errors import TwelveLeadError

Seconds = Annotated[float, Field(gt=0, le=86400)]
Count = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$")]
AeTitle = Annotated[str, Field(pattern=r"^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?$")]
"""DICOM's AE: 1 to 16 characters without backslash, blanks at the ends without meaning (PS3.5 section 6.2)."""


def _network(text: object) -> object:
    return ip_network(text, strict=False) if isinstance(text, str) else text


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


def _beside(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path.expanduser()


Place = Annotated[Path, AfterValidator(_beside)]
"""A path; a relative one is from the folder of the settings' file."""


class Part(BaseModel):
    """A table of the file: what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Part):
    """Where a secret is: in a variable of the environment, or in a file; never in the settings themselves.

    Attributes:
        env, file: one of them.
    """

    env: str | None = None
    file: Place | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError('give { env = "VARIABLE" } or { file = "PATH" }')
        if not self.read():
            raise ValueError(f"{self.file or self.env}: no secret is there")
        return self

    def read(self) -> str:
        """The secret, as it is there at the moment; empty where there is none."""
        if self.env is not None:
            return os.environ.get(self.env, "")
        assert self.file is not None
        try:
            return self.file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""


class Door(Part):
    """Where others connect to.

    Attributes:
        host, port: where it listens.
        allow_plain: whether others than this machine may connect without TLS; an AE title is no authentication.
        tls_certificate, tls_key: PEM files; both or neither.
        tls_client_ca: PEM file with the authorities of those who may connect: mutual TLS.
    """

    host: str = "127.0.0.1"
    port: Port
    allow_plain: bool = False
    tls_certificate: Place | None = None
    tls_key: Place | None = None
    tls_client_ca: Place | None = None

    @model_validator(mode="after")
    def _secured(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key: give both or neither")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError("tls_client_ca: needs tls_certificate and tls_key too")
        if self.tls_certificate is None and not is_local(self.host) and not self.allow_plain:
            raise ValueError(
                f"host {self.host} is open to the network: give tls_certificate and tls_key, or set allow_plain = true "
                "where the network itself keeps others out"
            )
        return self

    def context(self) -> ssl.SSLContext | None:
        """How TLS is spoken here; None for plain connections.

        Raises:
            TwelveLeadError: the files are not there or are none.
        """
        if self.tls_certificate is None:
            return None
        assert self.tls_key is not None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        _load_certificate(context, self.tls_certificate, self.tls_key)
        if self.tls_client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            _load_authorities(context, self.tls_client_ca)
        return context


class Caller(Part):
    """How another's door is secured.

    Attributes:
        allow_plain: whether what goes to another machine may go without TLS.
        tls_ca: PEM file with the authorities that vouch for the other; those of the system where None.
        tls_certificate, tls_key: PEM files of who we are, where the other asks; both or neither.
    """

    allow_plain: bool = False
    tls_ca: Place | None = None
    tls_certificate: Place | None = None
    tls_key: Place | None = None

    def require(self, host: str, *, tls: bool) -> None:
        """See that nothing is half configured.

        Raises:
            ValueError: it is.
        """
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key: give both or neither")
        if not tls and (self.tls_ca is not None or self.tls_certificate is not None):
            raise ValueError("tls_ca and tls_certificate: mean nothing without TLS")
        if not tls and not is_local(host) and not self.allow_plain:
            raise ValueError(
                f"{host} is another machine: use TLS, or set allow_plain = true where the network itself keeps others "
                "out"
            )

    def context(self) -> ssl.SSLContext:
        """How TLS is spoken to the other, whose certificate and name are verified.

        Raises:
            TwelveLeadError: the files are not there or are none.
        """
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
        if self.tls_ca is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            _load_authorities(context, self.tls_ca)
        if self.tls_certificate is not None:
            assert self.tls_key is not None
            _load_certificate(context, self.tls_certificate, self.tls_key)
        return context


def is_local(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _load_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for file in (certificate, key):
        _require_file(file)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except (OSError, ValueError):
        raise TwelveLeadError(
            f"{certificate} and {key}: no PEM certificate with the key that belongs to it, without a passphrase"
        ) from None


def _load_authorities(context: ssl.SSLContext, file: Path) -> None:
    _require_file(file)
    try:
        context.load_verify_locations(file)
    except (OSError, ValueError):
        raise TwelveLeadError(f"{file}: no PEM certificates of authorities") from None


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise TwelveLeadError(f"{file}: no such file; name one in the settings")


def _no_passphrase() -> str:
    """In place of asking at the terminal."""
    raise ValueError("it has a passphrase")
