"""Outputs are there whole or not at all."""

import pytest

from fra_plugin.files.whole_file import whole_file


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    with whole_file(path) as partial:
        assert partial.endswith('a.txt') and not path.exists()
        with open(partial, 'w') as file:
            file.write('all')
        assert not path.exists()
    assert path.read_text() == 'all'
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_former_file(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('former')
    with pytest.raises(KeyboardInterrupt), whole_file(path) as partial:
        with open(partial, 'w') as file:
            file.write('half')
        raise KeyboardInterrupt
    assert path.read_text() == 'former'
    assert list(tmp_path.iterdir()) == [path]


def test_the_longest_name_that_a_disk_takes_is_written(tmp_path):
    path = tmp_path / f'{"é" * 125}.npz'  # 254 bytes
    with whole_file(path) as partial:
        assert partial.endswith('.npz') and not path.exists()
        with open(partial, 'w') as file:
            file.write('all')
    assert path.read_text() == 'all' and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match='expected a file'), whole_file(tmp_path):
        raise AssertionError('the block must not run')
