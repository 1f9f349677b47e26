"""A `python` that has imported torch and OpenMMLab before: real processes without the seconds that this takes.

``warm_python(folder)`` writes an executable ``folder/python``. It hands its arguments, folder, environment and
outputs to a server, which forks a process that runs the script, `-m` module or `-c` code, and ends with its exit
code. This project is not among what the server has imported.
"""

import atexit
import contextlib
import gc
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterator

CLIENT = """#!{python} -IS
import array, json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
server.sendmsg([b'.'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2]))])
server.sendall(json.dumps(dict(words=sys.argv[1:], folder=os.getcwd(), environment=dict(os.environ))).encode())
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(16) or 255))
"""
STAND_INS = Path(__file__).resolve().parent.parent / 'fra_plugin/stand_ins.py'  # without which mmpose may not load
PRELOADED = (
    'torch.distributed.launcher.api',
    'mmengine.runner',
    'mmpretrain.apis',
    'mmpretrain.datasets',
    'mmpretrain.models',
    'mmpose.apis',
    'mmpose.datasets',
    'mmpose.models',
)


@contextlib.contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """The executable, while its server runs."""
    client, address = folder / 'python', str(folder / 'socket')
    client.write_text(CLIENT.format(python=sys.executable, address=address))
    client.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, str(client), address],
        stdout=subprocess.PIPE,
        cwd='/',
        start_new_session=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
    )
    try:
        assert b'ready\n' in iter(server.stdout.readline, b'')  # a package may have a word to say before
        yield client
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        server.stdout.close()


def serve(client: str, address: str) -> list:
    """Answers until it is killed; returns, in the process of a script, the words after `python`."""
    import array
    import importlib
    import json
    import socket

    runpy.run_path(str(STAND_INS))['install']()
    for module in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    from mmengine.config import config

    config.FormatCode = lambda text, **_: (text, True)  # laying out a config's text takes longer than a tiny training
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.write(1, b'ready\n')
    while True:
        connection = listener.accept()[0]
        if os.fork() == 0:
            break
        connection.close()
    listener.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, ancillary, *_ = connection.recvmsg(1, socket.CMSG_SPACE(3 * array.array('i').itemsize))
    request = json.loads(b''.join(iter(lambda: connection.recv(1 << 16), b'')))
    pid = os.fork()
    if pid:
        status = os.waitpid(pid, 0)[1]
        connection.sendall(str(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)).encode())
        os._exit(0)
    connection.close()
    for number, given in enumerate(array.array('i', ancillary[0][2])):
        os.dup2(given, number)
        os.close(given)
    # Not the streams of the server's own outputs, which remember whether those could seek.
    sys.stdout, sys.stderr = (os.fdopen(number, 'w', buffering=1, closefd=False) for number in (1, 2))
    os.chdir(request['folder'])
    os.environ.clear()
    os.environ.update(request['environment'])
    sys.path[1:1] = [path for path in os.environ.get('PYTHONPATH', '').split(os.pathsep) if path]
    sys.executable = client
    return request['words']


def run(words: list) -> None:
    while words[0] in ('-u', '-B'):
        words = words[1:]
    if words[0] == '-m':
        sys.path[0], sys.argv = '', words[1:]
        runpy.run_module(words[1], run_name='__main__', alter_sys=True)
    elif words[0] == '-c':
        sys.path[0], sys.argv = '', ['-c', *words[2:]]
        exec(compile(words[1], '<string>', 'exec'), {'__name__': '__main__'})
    else:
        sys.path[0], sys.argv = os.path.dirname(os.path.realpath(words[0])), list(words)
        runpy.run_path(words[0], run_name='__main__')


def end(error) -> None:
    """As Python ends, without the seconds in which it would take down all that was imported."""
    code = getattr(error, 'code', None) if isinstance(error, SystemExit) else 1 if error else 0
    if error and not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
    elif not isinstance(code, (int, type(None))):
        print(code, file=sys.stderr)
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == '__main__':
    words = serve(*sys.argv[1:])
    try:
        run(words)
    except BaseException as error:
        end(error)
    end(None)
