"""Faces, a config and a run that nothing happened to."""

import os
import random

import pytest
from faults.tiny_training import Training, draw_faces, write_config


@pytest.fixture(scope='session')
def faces(tmp_path_factory):
    return draw_faces(tmp_path_factory.mktemp('faces') / 'faces')


@pytest.fixture(scope='session')
def config(tmp_path_factory, faces):
    return write_config(tmp_path_factory.mktemp('config') / 'tiny.py', faces)


@pytest.fixture(scope='session')
def undisturbed(tmp_path_factory, config):
    training = Training(config, tmp_path_factory.mktemp('undisturbed') / 'run')
    assert training.finish() == [0], training.output()
    return training


@pytest.fixture
def dice():
    """Random moments; the seed is printed, and FRA_FAULT_SEED repeats it."""
    seed = int(os.environ.get('FRA_FAULT_SEED', random.SystemRandom().randrange(10**6)))
    print(f'FRA_FAULT_SEED={seed}')
    return random.Random(seed)
