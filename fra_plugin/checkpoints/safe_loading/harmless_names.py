"""Everything that a weights file may name without being asked about: none of it runs code or touches a file."""

import argparse
import array
import builtins
import collections
import datetime
import decimal
import fractions
import os
import pathlib
import pickle
import re
import time
import types
import uuid
from typing import Any, Dict, Tuple

import numpy
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from torch.torch_version import TorchVersion

from .known_enums import EnumMembers
from .numpy_random import BIT_GENERATORS, bit_generator, generator, random_state, seed_sequence


def latin1_bytes(text: str, encoding: str) -> bytes:
    """How pickle's protocol 2 writes bytes: a call of `_codecs.encode`, of which only this encoding is harmless."""
    if encoding != 'latin1':
        raise pickle.UnpicklingError(f'_codecs.encode to {encoding}')
    return text.encode('latin1')


def time_zone(name: str, from_cache: bool = True) -> datetime.tzinfo:
    """A time zone of the system by its name, such as Europe/London."""
    from zoneinfo import ZoneInfo  # Python 3.9 and later

    if type(name) is not str or not re.fullmatch(r'[A-Za-z0-9_+/-]+', name):
        raise pickle.UnpicklingError(f'the time zone {name!r}')
    return ZoneInfo(name)


def known_attribute(owner: Any, name: str) -> Any:
    """A call of `getattr`, harmless for the four statistics that a HistoryBuffer names, for members of an Enum, and for a
    time zone, which is pickled as a call of a method."""
    if owner is time_zone and name == '_unpickle':
        return time_zone
    if owner is HistoryBuffer and name in ('min', 'max', 'current', 'mean'):
        return getattr(HistoryBuffer, name)
    if isinstance(owner, EnumMembers) and name in owner.owner.__members__:
        return owner.owner.__members__[name]
    raise pickle.UnpicklingError(f'builtins.getattr of {name!r}')


# Read through numpy's own reduction, because the module that holds these was renamed in numpy 2.
_RECONSTRUCT = numpy.empty(0).__reduce__()[0]
_SCALAR = numpy.float64(0).__reduce__()[0]
_FROM_BUFFER = numpy.empty(1).__reduce_ex__(5)[0]

HARMLESS: Dict[Tuple[str, str], Any] = {
    ('collections', 'OrderedDict'): collections.OrderedDict,
    ('collections', 'defaultdict'): collections.defaultdict,
    ('collections', 'Counter'): collections.Counter,  # milestones of MultiStepLR
    ('collections', 'deque'): collections.deque,
    ('argparse', 'Namespace'): argparse.Namespace,  # the options that many projects save beside their weights
    ('types', 'SimpleNamespace'): types.SimpleNamespace,
    ('decimal', 'Decimal'): decimal.Decimal,
    ('fractions', 'Fraction'): fractions.Fraction,
    ('uuid', 'UUID'): uuid.UUID,
    ('time', 'struct_time'): time.struct_time,
    ('zoneinfo', 'ZoneInfo'): time_zone,
    ('array', 'array'): array.array,
    ('_codecs', 'encode'): latin1_bytes,
    ('numpy', 'dtype'): numpy.dtype,
    ('numpy', 'ndarray'): numpy.ndarray,
    ('numpy.random._pickle', '__bit_generator_ctor'): bit_generator,
    ('numpy.random._pickle', '__generator_ctor'): generator,
    ('numpy.random._pickle', '__randomstate_ctor'): random_state,
    ('numpy.random.bit_generator', '__pyx_unpickle_SeedSequence'): seed_sequence,
    ('numpy.random.bit_generator', 'SeedSequence'): numpy.random.SeedSequence,
    ('torch', 'Size'): torch.Size,
    ('torch', 'device'): torch.device,
    ('torch.storage', 'UntypedStorage'): torch.UntypedStorage,
    ('torch.torch_version', 'TorchVersion'): TorchVersion,
    ('torch.serialization', '_get_layout'): torch.serialization._get_layout,
    ('mmengine.logging.history_buffer', 'HistoryBuffer'): HistoryBuffer,
    ('mmengine.config.config', 'ConfigDict'): ConfigDict,
}
for _name in ('date', 'datetime', 'time', 'timedelta', 'timezone'):
    HARMLESS['datetime', _name] = getattr(datetime, _name)
for _module in ('pathlib', 'pathlib._local'):  # the second is Python 3.13's
    for _name in ('PurePath', 'PurePosixPath', 'PureWindowsPath', 'Path'):
        HARMLESS[_module, _name] = getattr(pathlib, _name)
    # A path of the other system can only be a pure one here.
    _native = os.name == 'nt'
    HARMLESS[_module, 'PosixPath'] = pathlib.PurePosixPath if _native else pathlib.PosixPath
    HARMLESS[_module, 'WindowsPath'] = pathlib.WindowsPath if _native else pathlib.PureWindowsPath
for _module in ('numpy.core', 'numpy._core'):
    HARMLESS[f'{_module}.multiarray', '_reconstruct'] = _RECONSTRUCT
    HARMLESS[f'{_module}.multiarray', 'scalar'] = _SCALAR
    HARMLESS[f'{_module}.numeric', '_frombuffer'] = _FROM_BUFFER
for _name in [
    'set',
    'frozenset',
    'bytes',
    'bytearray',
    'complex',
    'slice',
    'range',
    'list',
    'dict',
    'tuple',
    'int',
    'float',
    'str',
    'bool',
    'object',
    'Ellipsis',
    'NotImplemented',
]:
    for _module in ('builtins', '__builtin__'):
        HARMLESS[_module, _name] = getattr(builtins, _name)
HARMLESS['builtins', 'getattr'] = HARMLESS['__builtin__', 'getattr'] = known_attribute
for _name in [
    '_rebuild_tensor',
    '_rebuild_tensor_v2',
    '_rebuild_tensor_v3',
    '_rebuild_parameter',
    '_rebuild_sparse_tensor',
    '_rebuild_qtensor',
    '_rebuild_meta_tensor_no_storage',
]:
    if hasattr(torch._utils, _name):  # not all of them in every torch
        HARMLESS['torch._utils', _name] = getattr(torch._utils, _name)
for _name, _value in vars(torch).items():
    if isinstance(_value, (torch.dtype, torch.qscheme, torch.memory_format)):
        HARMLESS['torch', _name] = _value
for _type in set(numpy.sctypeDict.values()):
    if _type is not numpy.object_:
        HARMLESS['numpy', _type.__name__] = _type
HARMLESS['numpy', 'bool_'] = numpy.bool_  # whose name numpy 2 shortened
for _class in BIT_GENERATORS.values():
    HARMLESS[_class.__module__, _class.__name__] = _class

# A pickle may also set attributes, on these and on nothing else: set on a class, they would change it for everybody.
MAY_GET_STATE = (
    collections.OrderedDict,
    argparse.Namespace,
    types.SimpleNamespace,
    uuid.UUID,
    HistoryBuffer,
    ConfigDict,
    numpy.ndarray,
    numpy.dtype,
    numpy.random.RandomState,
    numpy.random.Generator,
    numpy.random.BitGenerator,
    numpy.random.SeedSequence,
)
