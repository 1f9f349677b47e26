"""What is typed behind --cfg-options: the same text where the config has text, mmengine's reading elsewhere."""

import argparse

import pytest
from mmengine.config import Config, DictAction

from fra_plugin.command.config_options import add_config_options, merge_options, read_value


def merged(*typed, **config):
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    cfg = Config(config)
    merge_options(cfg, parser.parse_args(['--cfg-options', *typed] if typed else []).cfg_options)
    return cfg


@pytest.mark.parametrize(
    'text',
    [
        'my faces',
        ' edges ',
        'Doe, Ann',
        '2024',
        '007',
        '1e5',
        '3.50',
        'true',
        '[a]',
        '(old) faces',
        'a,b',
        "Ann's",
        '',
        'a=b',
        'Zoë',
        '[1,2',
    ],
)
def test_a_string_stays_as_it_was_typed(text):
    assert merged(f'a.b.0.c={text}', a=dict(b=[dict(c='before')])).a.b[0].c == text


def test_names_of_files_are_text_also_where_the_config_has_none():
    cfg = merged('load_from=runs, old/1.pth', 'data.data_root=2024', 'data.ann_file=None', load_from=None, data=dict())
    assert cfg.load_from == 'runs, old/1.pth' and cfg.data.data_root == '2024' and cfg.data.ann_file is None


def test_quotes_around_a_text_are_dropped_and_none_is_none():
    assert merged('a="x y"', a='').a == 'x y'
    assert merged("a='None'", a='').a == 'None' and merged('a=None', a='').a is None


def test_items_of_a_list_of_strings_stay_strings():
    assert merged('a=[left eye, 7,8]', a=['x']).a == ['left eye', '7', '8']
    assert merged('a=(1, two words)', a=None).a == (1, 'two words')


@pytest.mark.parametrize(
    'text',
    ['1', '-2.5', '1e-3', 'inf', 'true', 'False', 'None', '1,2,3', '[a, b, c]', '[(1, 2, 3), [a, b], c]', '(1,)', '[]',
     '()', '[a]', 'a,', '"[1,2]"', 'word', ''],
)  # fmt: skip
def test_everything_else_is_read_as_mmengine_reads_it(text):
    assert repr(read_value(text)) == repr(DictAction._parse_iterable(text))


@pytest.mark.parametrize('text', ['[1,2', '1,2]', '(1,2]', '[(1,2]', 'a,)('])
def test_brackets_that_do_not_match_are_named(text):
    with pytest.raises(ValueError, match='--cfg-options a.b=.*: its brackets do not match'):
        merged(f'a.b={text}')


def test_a_later_option_adds_to_the_former_ones_and_replaces_the_same_key():
    cfg = merged('a=1', 'b=2', '--cfg-options', 'b=3', 'c.d=4')
    assert (cfg.a, cfg.b, cfg.c.d) == (1, 3, 4)
    assert merged().to_dict() == {}


@pytest.mark.parametrize('typed', ['novalue', '=1', 'a..b=1', 'a.=1'])
def test_an_option_without_a_key_is_an_argument_error(typed, capsys):
    with pytest.raises(SystemExit):
        merged(typed)
    assert f'{typed}: expected key=value' in capsys.readouterr().err
