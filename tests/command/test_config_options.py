"""What is typed behind --cfg-options: the same text where the config has text, mmengine's reading elsewhere."""

import argparse
import inspect
import re

import pytest
from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from fra_plugin.command.config_options import READ, add_config_options, merge_options, read_value
from fra_plugin.configs import load_config


def merge(cfg, *typed):
    parser = argparse.ArgumentParser()
    add_config_options(parser)
    merge_options(cfg, parser.parse_args(['--cfg-options', *typed] if typed else []).cfg_options)
    return cfg


def merged(*typed, **config):
    """The same below ``model``, in which any key may be."""
    typed = [text if text.startswith('--') else f'model.{text}' for text in typed]
    return merge(Config(dict(model=config)), *typed).model


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
    assert merged('data.data_prefix=a, b', data=dict(data_prefix=dict(img='x'))).data.data_prefix == 'a, b'
    cfg = merged('data.split=1', 'data.boxes=a, b.csv', 'data.classes_from=007', data=dict())
    assert cfg.data == dict(split='1', boxes='a, b.csv', classes_from='007')


@pytest.mark.parametrize('typed', ['a.5.b=1', 'a.-1.b=1', 'c.d=1'])
def test_a_key_that_leads_nowhere_is_named(typed):
    with pytest.raises((KeyError, TypeError), match=f'--cfg-options model.{typed}: '):
        merged(typed, a=[dict(b=0)], c='text')


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
    with pytest.raises(ValueError, match='--cfg-options model.a.b=.*: its brackets do not match'):
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


FRA = 'fra_r50_8xb64'


@pytest.mark.parametrize(
    'typed, told',
    [
        ('train_dataloder.batch_size=2', 'nothing reads train_dataloder; did you mean train_dataloader?'),
        ('randomnes.seed=1', 'nothing reads randomnes; did you mean randomness?'),
        ('loadfrom=a.pth', 'nothing reads loadfrom; did you mean load_from?'),
        ('zzz=1', 'nothing reads zzz'),
        ('env_cfg.cudnn_benchmrk=False', 'nothing reads cudnn_benchmrk; did you mean cudnn_benchmark?'),
        ('auto_scale_lr.base_batchsize=8', 'nothing reads base_batchsize; did you mean base_batch_size?'),
        ('first_view=None', 'first_view is a variable of the config file, and changing it now changes nothing'),
    ],
)
def test_a_key_that_nothing_reads_is_refused(typed, told):
    with pytest.raises(ValueError) as error:
        merge(load_config(FRA), typed)
    assert str(error.value).startswith(f'--cfg-options {typed}: {told}')


def test_what_the_runner_reads_may_be_set_whether_or_not_the_config_has_it():
    cfg = merge(
        load_config(FRA),
        'load_from=a.pth',
        'find_unused_parameters=True',
        'model_wrapper_cfg.type=X',
        'env_cfg.dist_cfg.a=1',
    )
    assert (cfg.load_from, cfg.find_unused_parameters, cfg.model_wrapper_cfg.type) == ('a.pth', True, 'X')
    merge(load_config('faces_frozen'), 'tasks.regions.test=a.json')


def test_every_name_that_the_runner_asks_its_config_for_is_known():
    source = inspect.getsource(Runner)
    asked = set(re.findall(r"(?:self\.|\b)cfg\.get\(\s*'(\w+)'", source)) - {'work_dir'}
    assert len(asked) > 25 and asked <= READ, asked - READ
