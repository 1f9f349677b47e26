"""``--cfg-options KEY=VALUE ...`` of every command: what is typed there becomes entries of a config.

mmengine's own reading takes every blank out of a value, splits it at commas and makes numbers of digits, also where the
value is the name of a folder.
"""

import argparse
import difflib
import inspect
from typing import Any, Dict, List, Mapping

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

# Entries of configs that hold text also where a config leaves them out or has None there.
TEXTS = {
    'ann_file',
    'boxes',
    'cache_dir',
    'checkpoint',
    'classes_from',
    'data_prefix',
    'data_root',
    'experiment_name',
    'image_column',
    'label_column',
    'load_from',
    'out_dir',
    'split',
    'split_column',
    'work_dir',
}
QUOTES = ('"', "'")
# What is read of a config: Runner's arguments, what it asks its config for besides, and what the commands ask for.
READ = {
    *list(inspect.signature(Runner.__init__).parameters)[1:],
    *('runner_type', 'model_wrapper_cfg', 'find_unused_parameters', 'sync_bn', 'compile'),
    *('activation_checkpointing', 'efficient_conv_bn_eval', 'custom_imports', 'tasks'),
} - {'cfg'}
# The entries of those parts that are plain settings: a part with a type refuses what it does not know.
READ_IN = dict(
    env_cfg=('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    auto_scale_lr=('enable', 'base_batch_size'),
)


class KeyValues(argparse.Action):
    """Keeps ``--cfg-options key=value ...`` as text, by key; :func:`merge_options` knows the config and reads it."""

    def __call__(self, parser, namespace, values, option_string=None):
        options = dict(getattr(namespace, self.dest, None) or {})
        for value in values:
            key, equals, text = value.partition('=')
            if not equals or not all(key.split('.')):
                parser.error(f'{option_string} {value}: expected key=value')
            options[key] = text
        setattr(namespace, self.dest, options)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Gives a command the option; its value is a dictionary of texts, empty where nothing is typed."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValues,
        metavar='KEY=VALUE',
        default={},
        help='replaces entries of the config: model.backbone.depth=18 key="[a,b]" key="[(a,b),(c,d)]"',
    )


def merge_options(cfg: Config, options: Mapping[str, str]) -> None:
    """Puts what was typed into a config, see :func:`read_value`.

    Raises:
        ValueError: for a value whose brackets don't match, or a key that nothing reads: a misspelt one, or a variable of
            the config file, such as ``norm_cfg``, of which the parts of the config have copies.
        KeyError, TypeError: for a key that leads past the end of a list, or through something else than dicts and lists.
    """
    values: Dict[str, Any] = {}
    for key, text in options.items():
        _refuse_unread(cfg, key, text)
        present = _present(cfg, key)
        if key.rpartition('.')[2] in TEXTS and not isinstance(present, (list, tuple)):
            present = ''
        try:
            values[key] = read_value(text, present)
        except ValueError as error:
            raise ValueError(f'--cfg-options {key}={text}: {error}') from None
    try:
        cfg.merge_from_dict(values)
    except (KeyError, TypeError) as error:
        typed = ' '.join(f'{key}={text}' for key, text in options.items())
        raise type(error)(f'--cfg-options {typed}: {error.args[0]}') from None


def _refuse_unread(cfg: Config, key: str, text: str) -> None:
    first, *others = key.split('.')
    known = READ
    if first in READ and others:
        first, known = others[0], READ_IN.get(first, others)
    if first in known:
        return
    option = f'--cfg-options {key}={text}'
    if first in cfg and known is READ:
        raise ValueError(
            f'{option}: {first} is a variable of the config file, and changing it now changes nothing; name the entry '
            'that it was used for, such as model.backbone.norm_cfg or train_dataloader.dataset.data_root'
        )
    close = difflib.get_close_matches(first, sorted(known), n=1)
    raise ValueError(f'{option}: nothing reads {first}' + (f'; did you mean {close[0]}?' if close else ''))


def read_value(text: str, present: Any = None) -> Any:
    """The value of a text: a number, True, False, None, a list ``[a,b]`` or ``a,b``, a tuple ``(a,b)``, else a string.

    Where the config has a string, the text stays as it is, with its blanks, commas and digits; None alone still means
    None. Where it has a list of strings, this holds for each of its items. Quotes around the whole text are dropped.

    Args:
        text: what was typed.
        present: what the config has in this place. Defaults to None.

    Raises:
        ValueError: if brackets don't match.
    """
    quoted = len(text) > 1 and text[0] in QUOTES and text[0] == text[-1]
    if quoted:
        text = text[1:-1]
    if isinstance(present, str):
        return None if text == 'None' and not quoted else text
    text = text.strip()
    parts = _parts(text)
    kind = list
    if len(parts) == 1:
        kind = {'[]': list, '()': tuple}.get(text[:1] + text[-1:])
        if kind is None:
            return DictAction._parse_int_float_bool(text)
        parts = _parts(text[1:-1])
    if not parts[-1].strip():  # as in Python, a comma may stand behind the last item
        parts.pop()
    texts = isinstance(present, (list, tuple)) and len(present) and all(isinstance(item, str) for item in present)
    return kind(read_value(part.strip(), '' if texts else None) for part in parts)


def _parts(text: str) -> List[str]:
    """The text between the commas that stand outside of brackets."""
    parts, depth = [''], []
    for letter in text:
        if letter in '([':
            depth.append(letter)
        elif letter in ')]' and (not depth or depth.pop() + letter not in ('()', '[]')):
            raise ValueError('its brackets do not match')
        if letter == ',' and not depth:
            parts.append('')
        else:
            parts[-1] += letter
    if depth:
        raise ValueError('its brackets do not match')
    return parts


def _present(cfg: Config, key: str) -> Any:
    """What a config has under a key such as ``param_scheduler.0.type``; None where there is nothing."""
    value: Any = cfg
    for part in key.split('.'):
        if isinstance(value, (Config, dict)):
            value = value.get(part)
        elif isinstance(value, (list, tuple)) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
