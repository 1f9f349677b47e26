"""Outputs are there whole or not at all."""

import os

import pytest

from fra_plugin.files.whole_file import check_folder, check_output, make_folder, whole_file


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


@pytest.mark.parametrize('below', ['a.txt', 'new/a.txt'])
def test_a_place_below_a_file_is_told_in_one_line(tmp_path, below):
    (tmp_path / 'file').touch()
    path = tmp_path / 'file' / below
    for check in (check_output, lambda path: whole_file(path).__enter__(), lambda path: make_folder(path.parent)):
        with pytest.raises(NotADirectoryError, match='file is a file, expected a folder'):
            check(path)
    assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_a_folder_that_is_read_only_is_told(tmp_path, monkeypatch):
    """The test may be run by root, who may write everywhere."""
    monkeypatch.setattr(os, 'access', lambda path, mode: os.fspath(path) != str(tmp_path))
    with pytest.raises(PermissionError, match=f'{tmp_path} is read-only'):
        check_output(tmp_path / 'new' / 'a.txt')
    assert not list(tmp_path.iterdir())


def test_a_check_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_folder('new/folder')
    assert check_output('new/a.txt') == str(tmp_path / 'new/a.txt') and not list(tmp_path.iterdir())
