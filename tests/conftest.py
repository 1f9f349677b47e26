"""Fixtures that several test files share."""

import gc
import logging
import os
import runpy
import sys
from pathlib import Path

import pytest
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

import fra_plugin  # noqa: F401 - before mmpose, which asks for packages that may be absent

REPO = Path(__file__).resolve().parent.parent


def pytest_collection_finish():
    """mmengine collects the garbage for each data set; what was imported need not be looked through every time."""
    gc.freeze()


@pytest.fixture(autouse=True)
def no_runner_left_behind():
    """A Runner leaves behind its scope (in mmpose's, mmpretrain's models are not found), iterations, log and pictures."""
    for kept in (DefaultScope, MessageHub, MMLogger, *kinds_of(Visualizer)):
        kept._instance_dict.clear()
    yield


def kinds_of(kind: type) -> list:
    return [kind] + [found for child in kind.__subclasses__() for found in kinds_of(child)]


@pytest.fixture
def real_data():
    """Folder with the real face sets; the test is skipped where it is absent."""
    folder = Path(os.environ.get('FRA_TEST_DATA', REPO.parent / 'shared' / 'data'))
    if not folder.is_dir():
        pytest.skip(f'no real faces under {folder} (set FRA_TEST_DATA to a folder that holds them)')
    return folder


@pytest.fixture
def run_tool(monkeypatch, capsys):
    """Runs a command of tools/ in this process: exit code, what it printed, and the lines of its errors.

    ``put`` takes the place of names in the command.
    """

    def run(tool, *args, **put):
        MMLogger._instance_dict.clear()  # of a Runner in a test before, which prints to the terminal
        capsys.readouterr()  # what made models have logged
        main = runpy.run_path(str(REPO / 'tools' / tool))['main']
        main.__globals__.update(put)
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err.splitlines()

    return run


@pytest.fixture
def log():
    """What the project's logger says."""
    records = []

    class Handler(logging.Handler):
        def emit(self, record):
            records.append(f'{record.levelname} {record.getMessage()}')

    handler, logger = Handler(), MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.INFO)  # a command that another test ran may have made it quieter
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)
    logger.setLevel(level)
