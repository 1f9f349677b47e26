"""Two machines on one: each has a network, a name and a table of names of its own, and a cable lies between them."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from faults.tiny_training import REPO

# In a namespace for mounts and names, which `ip netns exec` and unshare make: nothing of it is seen outside.
ENTER = 'hostname {name} && mount --bind {hosts} /etc/hosts && exec "$@"'


class Node:
    """A machine that trains by tools/dist_train.sh.

    Attributes:
        name: its name in the network.
        log: what all that was started on it has said.
    """

    def __init__(self, rank: int, folder: Path) -> None:
        self.rank = rank
        self.name, self.first = (f'fra{os.getpid()}n{number}' for number in (rank, 0))
        self.log = folder / f'node_{rank}.log'
        self.hosts = folder / 'hosts'
        self.launcher: Optional[subprocess.Popen] = None

    def start(self, *arguments: str, **environment: str) -> None:
        """tools/dist_train.sh with these arguments and settings."""
        variables = dict(
            os.environ,
            PYTHON=sys.executable,
            NNODES='2',
            NODE_RANK=str(self.rank),
            MASTER_ADDR=self.first,
            PORT='29500',
            OMP_NUM_THREADS='1',
            CUDA_VISIBLE_DEVICES='',
            PYTHONPATH=os.pathsep.join([str(REPO), str(REPO / 'tests')]),
            **environment,
        )
        enter = ENTER.format(name=self.name, hosts=self.hosts)
        command = ['ip', 'netns', 'exec', self.name, 'unshare', '--uts', 'sh', '-c', enter, 'sh']
        with open(self.log, 'a') as log:
            self.launcher = subprocess.Popen(
                [*command, 'bash', str(REPO / 'tools/dist_train.sh'), *arguments], stdout=log, stderr=log, env=variables
            )

    def processes(self) -> List[int]:
        """Process ids of all that runs on it."""
        return [int(pid) for pid in run('ip', 'netns', 'pids', self.name).split()]

    def kill(self) -> None:
        """As when its power fails, but for the kernel, which says good-bye to the other side."""
        while self.processes():
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        self.launcher.wait()

    def unplug(self) -> None:
        """As when its power fails: not even the kernel says good-bye."""
        run('ip', '-n', self.name, 'link', 'set', 'eth0', 'down')

    def finish(self, seconds: float) -> int:
        """The launcher's exit code."""
        try:
            return self.launcher.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'still running after {seconds} s:\n{self.log.read_text()}') from None


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def reason_against() -> str:
    """Why there can be no two nodes on this machine; '' if they can."""
    missing = [name for name in ('ip', 'unshare', 'hostname', 'mount') if shutil.which(name) is None]
    if missing:
        return f'no {", ".join(missing)} here (iproute2, util-linux)'
    probe = f'fra{os.getpid()}probe'
    try:
        run('ip', 'netns', 'add', probe)
    except subprocess.CalledProcessError as error:
        return f'no network namespaces here: {error.stderr.strip()}'
    try:
        run(
            'ip',
            'netns',
            'exec',
            probe,
            'unshare',
            '--uts',
            'sh',
            '-c',
            'hostname x && mount --bind /etc/hosts /etc/hosts',
        )
        run('ip', '-n', probe, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1')
    except subprocess.CalledProcessError as error:
        return f'no nodes in network namespaces here: {error.stderr.strip()}'
    finally:
        run('ip', 'netns', 'delete', probe)
    return ''


@contextlib.contextmanager
def two_nodes(folder: Path) -> Iterator[List[Node]]:
    """The nodes, while they are there; all that runs on them is ended in the end."""
    nodes = [Node(rank, folder) for rank in range(2)]
    addresses: Dict[str, str] = {node.name: f'10.99.0.{node.rank + 1}' for node in nodes}
    lines = ['127.0.0.1 localhost', *(f'{address} {name}' for name, address in addresses.items())]
    (folder / 'hosts').write_text('\n'.join(lines) + '\n')
    try:
        for node in nodes:
            run('ip', 'netns', 'add', node.name)
        one, other = (node.name for node in nodes)
        run('ip', '-n', one, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', other)
        for name, address in addresses.items():
            run('ip', '-n', name, 'address', 'add', f'{address}/24', 'dev', 'eth0')
            for device in ('lo', 'eth0'):
                run('ip', '-n', name, 'link', 'set', device, 'up')
        yield nodes
    finally:
        for node in nodes:
            if node.launcher is not None:
                node.kill()
            with contextlib.suppress(subprocess.CalledProcessError):
                run('ip', 'netns', 'delete', node.name)
