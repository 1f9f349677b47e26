"""mmengine collects garbage at each data set it builds, which takes longer than all the rest of these tests."""

import gc

import pytest


@pytest.fixture(autouse=True, scope='module')
def quick_garbage_collection():
    """What is imported by now is not looked through again."""
    gc.freeze()
    yield
    gc.unfreeze()
