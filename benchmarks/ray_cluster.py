"""A Ray cluster around archives, for their tests and benchmarks: nodes of one core, processes of this machine, any of
which can be killed. All on 127.0.0.1."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

STORE = 100 << 20
"""Bytes of a node's object store; Ray takes no less than 75 MiB."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else Ray puts an address of the network in the place of the loopback
    "RAY_worker_niceness": "0",  # else whatever else this machine does starves the nodes
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "5",
}
"""A node that is dead is noticed after some seconds, not after half a minute."""

SCRIPT = """
import json, sys
from ray.cluster_utils import Cluster

count, store = map(int, sys.argv[1:])
size = {"num_cpus": 1, "object_store_memory": store}
cluster = Cluster(True, head_node_args={**size, "node_ip_address": "127.0.0.1", "include_dashboard": False})
nodes = [cluster.head_node, *(cluster.add_node(**size) for _ in range(count - 1))]
raylets = [node.all_processes["raylet"][0].process.pid for node in nodes]
print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)
sys.stdin.read()
cluster.shutdown()
"""


class RayCluster(NamedTuple):
    """A running cluster.

    Attributes:
        address: host:port.
        raylets: the process that a node begins with, of each node; the first has the head of the cluster beside it.
    """

    address: str
    raylets: list[int]


@contextmanager
def ray_cluster(folder: Path, nodes: int = 2) -> Iterator[RayCluster]:
    """Nodes of one core each, which run while the block does.

    Args:
        folder: gets what they say.
        nodes: how many.

    Raises:
        RuntimeError: they do not stand up.
    """
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(nodes), str(STORE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | ENVIRONMENT,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = next((line for line in iter(process.stdout.readline, b"") if line.startswith(b'{"address')), None)
        if line is None:
            raise RuntimeError(f"Ray does not run:\n{(folder / 'log').read_text(errors='replace')}")
        yield RayCluster(**json.loads(line))
    finally:
        process.stdin.close()
        process.wait()


def processes_of(raylet: int) -> dict[int, str]:
    """What runs on a node: number of each process -> its command line."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    found = [raylet]
    for number in found:
        found += [child for child, parent in parents.items() if parent == number]
    return {number: commands[number] for number in found if number in commands}


def kill(raylet: int) -> None:
    """End a node and all that runs on it, as a loss of power does."""
    for number in processes_of(raylet):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
