"""An error of any library becomes a line that says something."""

import json

import pytest
import torch
from mmengine.runner import Runner

from fra_plugin.command.error_text import one_line


def line_of(function, *args):
    try:
        function(*args)
    except Exception as error:
        return one_line(error)
    raise AssertionError('no error')


def test_a_sentence_stays_as_it_is():
    assert one_line(ValueError('a  sentence\nin two lines')) == 'a sentence in two lines'
    assert one_line(KeyError('no such name: x')) == 'no such name: x'


def test_a_key_alone_is_told_with_the_file_and_the_place(tmp_path):
    def read(path):
        with open(path) as file:
            return json.load(file)['images']

    (tmp_path / 'list.json').write_text('{}')
    text = line_of(read, str(tmp_path / 'list.json'))
    assert f"no entry 'images' in {tmp_path / 'list.json'}" in text
    assert 'needed by read() at ' in text and "json.load(file)['images']" in text and '\n' not in text


def test_a_config_without_a_model_says_what_it_lacks():
    text = line_of(Runner.from_cfg, dict(work_dir='.'))
    assert "no entry 'model'" in text and 'from_cfg() at mmengine/runner/runner.py' in text and 'in the config' in text


def test_an_assertion_without_a_word_shows_what_it_asked():
    def check(value):
        if not isinstance(value, str):
            raise AssertionError

    text = line_of(check, 3)
    assert 'AssertionError; needed by check() at ' in text and '(raise AssertionError)' in text


class Broken(torch.utils.data.Dataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return dict(a=1)['label']


@pytest.mark.parametrize('workers', [0, 1])
def test_a_key_that_a_data_worker_misses_is_told_as_in_the_main_process(workers):
    text = line_of(next, iter(torch.utils.data.DataLoader(Broken(), num_workers=workers)))
    assert "no entry 'label'; needed by __getitem__() at " in text and "dict(a=1)['label']" in text
