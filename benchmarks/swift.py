"""An object store around archives, for their tests and benchmarks: OpenStack Swift with its S3 API, as Debian has it,
with its own ring and configuration in one folder. All on 127.0.0.1, as the user of this process."""

import os
import pwd
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

LOCAL = "127.0.0.1"
PROGRAMS = (
    "swift-proxy-server",
    "swift-account-server",
    "swift-container-server",
    "swift-object-server",
    "memcached",
)
PACKAGES = "swift-proxy swift-account swift-container swift-object memcached"
PYTHON = "/usr/bin/python3"
"""Debian's, which has Swift's modules."""

KEYS = {"owner": ("archive:owner", "owners"), "stranger": ("archive:stranger", "strangers")}
"""Whom it knows: access key and secret key. The owner may do anything; the stranger only what a bucket allows it."""

COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_level = ERROR
"""
PROXY = """
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth bulk slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_archive_owner = owners .admin
user_archive_stranger = strangers
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
STORAGE = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for kind, port in zip(("account", "container", "object"), ports):
    ring = RingBuilder(2, 1, 1)
    ring.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "disk", "weight": 1})
    ring.rebalance()
    ring.get_ring().save(f"{folder}/{kind}.ring.gz")
"""
"""What `swift-ring-builder` does in nine calls."""


class Swift(NamedTuple):
    """A running Swift.

    Attributes:
        url: of its S3 API.
    """

    url: str

    def environment(self, who: str = "owner") -> dict[str, str]:
        """What a client of S3 reads from its environment to reach it.

        Args:
            who: one of `KEYS`.
        """
        access, secret = KEYS[who]
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def missing() -> list[str]:
    """The programs that are not on this machine."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def swift(folder: Path) -> Iterator[Swift]:
    """A Swift that runs while the block does.

    Args:
        folder: empty; receives its configuration and its objects. Its file system has to know extended attributes.

    Raises:
        RuntimeError: one of its programs ends at once, or it does not answer within a minute.
    """
    ports = {name: free_port() for name in ("proxy", "memcached", "account", "container", "object")}
    user = pwd.getpwuid(os.geteuid()).pw_name
    (folder / "disk").mkdir()
    of_kinds = [str(ports[kind]) for kind in ("account", "container", "object")]
    subprocess.run([PYTHON, "-c", RINGS, str(folder), *of_kinds], check=True)
    texts = {kind: STORAGE.format(kind=kind) for kind in ("account", "container", "object")}
    texts["proxy"] = PROXY.format(memcached=ports["memcached"])
    programs = [["memcached", "-l", LOCAL, "-p", str(ports["memcached"]), "-u", user]]
    for kind, text in texts.items():
        configuration = folder / f"{kind}-server.conf"
        configuration.write_text(COMMON.format(port=ports[kind], user=user, folder=folder) + text)
        programs.append([f"swift-{kind}-server", str(configuration)])
    with ExitStack() as running:
        log = running.enter_context((folder / "log").open("wb"))
        started = []
        for program in programs:
            process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            running.callback(process.wait)
            running.callback(process.kill)
            started.append(process)
        end = time.monotonic() + 60
        while not _answers(f"http://{LOCAL}:{ports['proxy']}/healthcheck"):
            if time.monotonic() > end or any(process.poll() is not None for process in started):
                raise RuntimeError(f"Swift does not run:\n{(folder / 'log').read_text(errors='replace')}")
            time.sleep(0.05)
        yield Swift(f"http://{LOCAL}:{ports['proxy']}")


def free_port() -> int:
    """A port of the loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
