"""A stamp tells what changed, and is the same only while nothing did."""

import os

import pytest

from fra_plugin.files import stamp
from fra_plugin.files.stamp import Stamp, data_files, label_files, listing, read_stamp


def test_the_same_facts_have_no_difference_after_a_round_trip(tmp_path):
    facts = dict(seed=0, share=0.1, name='a b', none=None, config='a = 1\n' * 99, sizes=(1, 2), deep=dict(a=[1]))
    Stamp(**facts).write(tmp_path / 'new' / 'stamp.json')
    assert Stamp(**facts).difference(read_stamp(tmp_path / 'new' / 'stamp.json')) is None


@pytest.mark.parametrize(
    'now, words',
    [
        (dict(seed=1), 'seed was 0, is 1'),
        (dict(config='a = 1\n' * 98), 'config changed'),
        (dict(name='c'), 'name was a b, is c'),
        (dict(extra=None), 'extra was null, is null'),
        (dict(seed=None, name='c'), 'seed was 0, is null; name was a b, is c'),
        (dict(seed=False), 'seed was 0, is false'),
    ],
)
def test_what_changed_is_named(now, words):
    facts = dict(seed=0, name='a b', config='a = 1\n' * 99)
    assert Stamp(**{**facts, **now}).difference(Stamp(**facts).facts) == words


def test_a_missing_or_broken_stamp_is_never_the_same(tmp_path):
    (tmp_path / 'stamp.json').write_text('{')
    for name in ('none.json', 'stamp.json'):
        assert Stamp().difference(read_stamp(tmp_path / name)) == 'it is not known what it was made from'


@pytest.fixture
def faces(tmp_path):
    """Writes (name, content, time) into a folder; the listing of what is in it."""

    def write(name, *files):
        paths = []
        for file, content, time in files:
            path = tmp_path / name / file
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(content)
            os.utime(path, (time, time))
            paths.append(path)
        return listing(paths)

    return write


def test_a_listing_tells_names_and_contents_and_neither_place_nor_time(faces):
    same = faces('a', ('1.jpg', 'x', 5), ('Ren\udce9.jpg', 'y', 6))
    assert faces('b', ('1.jpg', 'x', 7), ('Ren\udce9.jpg', 'y', 6)) == same
    for number, other in enumerate([('1.jpg', 'xx', 5), ('1.jpg', 'z', 5), ('2.jpg', 'x', 5)]):
        assert faces(f'c{number}', other, ('Ren\udce9.jpg', 'y', 6)) != same


def test_of_what_is_too_much_to_read_a_listing_tells_sizes_and_times(faces, monkeypatch):
    monkeypatch.setattr('fra_plugin.files.stamp.MOST_READ', 1)
    same = faces('a', ('1.jpg', 'x', 5), ('2.jpg', 'y', 6))
    assert faces('b', ('1.jpg', 'x', 5), ('2.jpg', 'y', 6)) == same
    for number, other in enumerate([('1.jpg', 'xx', 5), ('1.jpg', 'x', 7)]):
        assert faces(f'c{number}', other, ('2.jpg', 'y', 6)) != same


def test_the_files_of_data_sets_are_those_in_their_folders(faces, tmp_path):
    for name in ('train/joy', 'val/joy', 'other', '.cache'):
        faces(f'd/{name}', ('1.jpg', 'x', 5), ('._1.jpg', 'x', 5))
    os.mkfifo(tmp_path / 'd/val/joy/2.jpg')
    loaders = [
        dict(dataset=dict(type='RepeatDataset', dataset=dict(data_root=f'{tmp_path}/d', data_prefix=dict(img=part))))
        for part in ('train', 'val')
    ]
    assert list(data_files([*loaders, None])) == [f'{tmp_path}/d/{part}/joy/1.jpg' for part in ('train', 'val')]
    assert len(list(data_files(dict(data_root=f'{tmp_path}/d')))) == 3
    assert list(data_files(dict(data_root=f'{tmp_path}/none', ann_file='a.txt'))) == []


def test_what_comes_out_in_a_folder_of_data_is_no_data(faces, tmp_path):
    faces('d', ('1.jpg', 'x', 5), ('labels.csv', 'y', 5))
    config = dict(data_root=f'{tmp_path}/d')
    before = list(data_files(config)), label_files(config)
    faces('d/out', ('results.json', 'x', 5), ('2.jpg', 'x', 5))
    stamp._tables_in.cache_clear()
    assert (list(data_files(config, tmp_path / 'd/out')), label_files(config, f'{tmp_path}/d/../d/out')) == before
    assert len(list(data_files(config))) == 4 and len(label_files(config)) == 2
