"""What tests of data sets share."""

import logging

import pytest
from mmengine.logging import MMLogger


@pytest.fixture
def log():
    """What the project's logger says."""
    records = []

    class Handler(logging.Handler):
        def emit(self, record):
            records.append(f'{record.levelname} {record.getMessage()}')

    handler, logger = Handler(), MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)
