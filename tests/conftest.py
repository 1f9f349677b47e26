"""Fixtures that several test files share."""
import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture
def real_data():
    """Folder with the real face sets; the test is skipped where it is absent."""
    folder = Path(os.environ.get('FRA_TEST_DATA', REPO.parent / 'shared' / 'data'))
    if not folder.is_dir():
        pytest.skip(f'no real faces under {folder} (set FRA_TEST_DATA to a folder that holds them)')
    return folder
