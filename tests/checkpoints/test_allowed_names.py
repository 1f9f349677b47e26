"""What a weights file may hold beside tensors: harmless values always, a user's classes by name, functions never."""

import collections
import datetime
import decimal
import enum
import fractions
import functools
import http
import io
import operator
import os
import pathlib
import pickle
import re
import sys
import time
import types
import uuid

import numpy as np
import pytest
import torch

from fra_plugin.checkpoints import allow_globals
from fra_plugin.checkpoints.safe_loading import allowed_names, safe_unpickler
from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.checkpoints.whole_checkpoint import newest_whole_checkpoint

CLASSES = """
import enum

class Options:
    def __init__(self, lr):
        self.lr = lr

    class Inner(list):
        pass

class Mode(enum.Enum):
    FAST = 1

class Meta(type):
    pass

def function(text):
    raise AssertionError('called')

from functools import partial
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A module of the user's that the reader has not imported; saves one of its objects and forgets the module."""
    name = f'my_project_{tmp_path.name}'
    (tmp_path / f'{name}.py').write_text(CLASSES)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv('FRA_ALLOW_GLOBALS', raising=False)
    monkeypatch.setattr(allowed_names, '_allowed', {})

    def save(make, **options):
        module = __import__(name)
        torch.save(dict(state_dict=dict(w=torch.ones(1)), meta=make(module)), tmp_path / 'own.pth', **options)
        del sys.modules[name]
        return tmp_path / 'own.pth'

    return name, save


HARMLESS = [
    pathlib.Path('a/b.jpg'),
    pathlib.PureWindowsPath('C:/x'),
    collections.deque([1, 2], maxlen=3),
    datetime.datetime(2024, 1, 2, 3, tzinfo=datetime.timezone.utc),
    datetime.date(2024, 1, 2),
    datetime.timedelta(days=1, seconds=2),
    decimal.Decimal('1.50'),
    fractions.Fraction(1, 3),
    uuid.UUID(int=7),
    types.SimpleNamespace(a=[1]),
    time.localtime(0),
    http.HTTPStatus.NOT_FOUND,
    re.IGNORECASE | re.MULTILINE,
    torch.__version__,
    torch.sparse_csr,
    torch.per_channel_affine,
    np.float32,
    np.datetime64('2024-01-02'),
    np.array([datetime.date(2024, 1, 2), None], dtype=object),
    ...,
]


@pytest.mark.parametrize('protocol', [2, 5])
@pytest.mark.parametrize('value', HARMLESS, ids=lambda value: type(value).__name__)
def test_harmless_values_come_back(tmp_path, value, protocol):
    torch.save(dict(value=value), tmp_path / 'a.pth', pickle_protocol=protocol)
    read = safe_load(tmp_path / 'a.pth')['value']
    assert type(read) is type(value)
    assert np.array_equal(read, value) if isinstance(value, np.ndarray) else read == value


@pytest.mark.parametrize('kind', ['MT19937', 'PCG64', 'PCG64DXSM', 'Philox', 'SFC64'])
def test_random_generators_go_on_with_the_same_numbers(tmp_path, kind):
    bits = getattr(np.random, kind)(3)
    made = np.random.Generator(bits)
    made.integers(0, 9, 5, dtype=np.uint32)  # not at the start of a table
    content = dict(generator=made, old=np.random.RandomState(4), seeds=np.random.SeedSequence(5, spawn_key=(6,)))
    content['old'].rand(7)
    torch.save(content, tmp_path / 'a.pth')
    read = safe_load(tmp_path / 'a.pth')
    assert np.array_equal(read['generator'].random(9), made.random(9))
    assert np.array_equal(read['old'].rand(9), content['old'].rand(9))
    assert np.array_equal(read['seeds'].generate_state(4), content['seeds'].generate_state(4))


@pytest.mark.parametrize('place', [-1, 625, 10**6, None])
def test_a_position_outside_of_a_generators_table_is_refused(tmp_path, place):
    state = np.random.RandomState(0)
    content = state.__reduce__()
    inner = content[1][0].__reduce__() if isinstance(content[1][0], np.random.BitGenerator) else None
    forged = (inner or content)[2]
    forged = forged[0] if isinstance(forged, tuple) else forged
    forged['state']['pos'] = place

    class Forged:
        def __reduce__(self):
            return (inner or content)[:2] + (forged,)

    torch.save(Forged(), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth is refused.*position'):
        safe_load(tmp_path / 'a.pth')


@pytest.mark.filterwarnings('ignore')  # torch deprecates its quantised tensors
def test_sparse_quantised_and_other_tensors_come_back(tmp_path):
    content = dict(
        coo=torch.eye(3).to_sparse(),
        csr=torch.eye(3).to_sparse_csr(),
        tensor=torch.quantize_per_tensor(torch.arange(4.0), 0.5, 1, torch.qint8),
        channel=torch.quantize_per_channel(
            torch.ones(2, 2), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, torch.quint8
        ),
        meta=torch.empty(2, 3, device='meta'),
    )
    torch.save(content, tmp_path / 'a.pth')
    read = safe_load(tmp_path / 'a.pth')
    for name in ('coo', 'csr'):
        assert read[name].layout == content[name].layout and torch.equal(read[name].to_dense(), torch.eye(3))
    for name in ('tensor', 'channel'):
        assert read[name].is_quantized and torch.equal(read[name].int_repr(), content[name].int_repr())
        assert torch.equal(read[name].dequantize(), content[name].dequantize())
    assert read['meta'].shape == (2, 3) and read['meta'].is_meta


def test_a_sparse_tensor_that_points_outside_is_refused(tmp_path):
    torch.save(torch.sparse_coo_tensor([[7]], [1.0], (2,), check_invariants=False), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth'):
        safe_load(tmp_path / 'a.pth')


def test_a_users_class_is_refused_with_the_way_to_allow_it(project, monkeypatch):
    name, save = project
    path = save(lambda module: module.Options(0.1))
    with pytest.raises(
        ValueError, match=rf'own\.pth is refused: it names {name}\.Options.*FRA_ALLOW_GLOBALS={name}\.Options'
    ):
        safe_load(path)
    assert name not in sys.modules
    monkeypatch.setenv('FRA_ALLOW_GLOBALS', f'other.Thing, {name}.Options')
    read = safe_load(path)['meta']
    assert type(read).__qualname__ == 'Options' and read.lr == 0.1


def test_a_run_does_not_pass_over_its_own_checkpoint(project, monkeypatch):
    """As if it were damaged: --resume would go on from an older one."""
    name, save = project
    path = save(lambda module: module.Options(0.1))
    torch.save({}, path.with_name('older.pth'))
    os.utime(path.with_name('older.pth'), (1, 1))
    with pytest.raises(ValueError, match=rf'own\.pth is refused.*FRA_ALLOW_GLOBALS={name}\.Options'):
        newest_whole_checkpoint(str(path.parent), ['*.pth'])
    monkeypatch.setenv('FRA_ALLOW_GLOBALS', f'{name}.Options')
    assert newest_whole_checkpoint(str(path.parent), ['*.pth']) == str(path)


def test_a_class_is_allowed_from_python_by_name_and_by_itself(project):
    name, save = project
    path = save(lambda module: [module.Options(0.1), module.Options.Inner([1]), module.Mode.FAST], pickle_protocol=4)
    allow_globals(f'{name}.Options')
    with pytest.raises(ValueError, match=rf'{name}\.Options\.Inner'):
        safe_load(path)
    allow_globals(f'{name}.Options.Inner', sys.modules[name].Mode)
    options, inner, mode = safe_load(path)['meta']
    assert options.lr == 0.1 and inner == [1] and mode.name == 'FAST'


def test_classes_that_torch_was_told_of_are_allowed(project):
    if not hasattr(torch.serialization, 'safe_globals'):
        pytest.skip('torch learnt to allow classes in 2.5')
    name, save = project
    path = save(lambda module: module.Options(0.2))
    module = __import__(name)
    with torch.serialization.safe_globals([module.Options, module.function, functools.partial]):
        assert safe_load(path)['meta'].lr == 0.2
        path = save(lambda module: module.partial(print))
        with pytest.raises(ValueError, match='functools.partial'):
            safe_load(path)


def test_a_class_of_the_script_that_saved_the_file_has_its_own_advice(tmp_path, monkeypatch):
    class Own:
        pass

    Own.__module__, Own.__qualname__ = '__main__', 'Own'
    monkeypatch.setattr(sys.modules['__main__'], 'Own', Own, raising=False)
    monkeypatch.setattr(allowed_names, '_allowed', {})
    torch.save(Own(), tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='__main__.Own.*the script that saved the file'):
        safe_load(tmp_path / 'a.pth')
    allow_globals(Own)
    assert type(safe_load(tmp_path / 'a.pth')) is Own


@pytest.mark.parametrize('name', ['*', 'all', 'my_project.*', 'Options', 'my project.Options', 'a..b'])
def test_all_is_no_name(tmp_path, monkeypatch, name):
    with pytest.raises(ValueError, match='expected the full name of a class'):
        allow_globals(name)
    monkeypatch.setenv('FRA_ALLOW_GLOBALS', name)
    torch.save({}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='FRA_ALLOW_GLOBALS=.*expected the full name of a class'):
        safe_load(tmp_path / 'a.pth')


@pytest.mark.parametrize(
    'gadget',
    ['functools.partial', 'operator.methodcaller', 'subprocess.Popen', 'builtins.type', 'enum.Enum', 'os.system'],
)
def test_pythons_own_gadgets_cannot_be_allowed(gadget, monkeypatch):
    monkeypatch.setattr(allowed_names, '_allowed', {})
    with pytest.raises(ValueError, match="Python's own library"):
        allow_globals(gadget)


def test_neither_functions_nor_metaclasses_nor_gadgets_by_another_way_can_be_allowed(project, monkeypatch):
    name, save = project
    for other, message in (('function', 'expected a class, got function'), ('Meta', 'expected a class, got type'),
                           ('partial', "functools.partial is of Python's own"), ('gone', 'No module named')):  # fmt: skip
        with pytest.raises((ValueError, ImportError), match=message):
            allow_globals(f'{name}.{other}')
    monkeypatch.setenv('FRA_ALLOW_GLOBALS', f'{name}.function')

    class Call:
        def __reduce__(self):
            return __import__(name).function, ('x',)

    with pytest.raises(ValueError, match=r'own\.pth: .*function cannot be allowed.*expected a class'):
        safe_load(save(lambda module: Call()))


class Call:
    """Pickles to a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


class Shell(enum.Enum):
    """A member that can be called: what it gets, it runs."""

    RUN = 1

    def __call__(self, *args):
        CALLED.append(args)

    extend = append = add = __call__


CALLED = []


@pytest.mark.parametrize(
    'forged',
    [
        Call(functools.partial, print, 1),
        Call(operator.attrgetter('x')),
        Call(getattr, 'text', 'join'),
        Call(getattr, Shell, '__call__'),
        Call(getattr, pathlib.Path('a'), 'unlink'),
        Call(Shell.RUN, 'x'),
        Call(enum.Enum, 'New', 'A B'),
        Call(type, 'New', (), {}),
        Call(Shell, 1, 2),
        Call(np.random._pickle.__dict__['__bit_generator_ctor'], dict),
        Call(np.memmap, 'a'),
    ],
    ids=lambda forged: getattr(forged.call[0], '__name__', type(forged.call[0]).__name__),
)
def test_nothing_harmless_becomes_a_way_to_call_something_else(tmp_path, monkeypatch, forged):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a').write_bytes(b'12345678')
    torch.save([Shell.RUN, forged], tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth'):
        safe_load(tmp_path / 'a.pth')
    assert not CALLED and (tmp_path / 'a').read_bytes() == b'12345678'


def test_items_are_put_into_lists_and_sets_only():
    """APPENDS calls an attribute of whatever stands on the stack: one that the file itself has set."""
    namespace = b'cargparse\nNamespace\n)R}X\x06\x00\x00\x00extend' + pickle.dumps(Shell.RUN, 0)[:-1] + b'sb'
    for end in (b'(K\x01e.', b'K\x01a.'):
        with pytest.raises(pickle.UnpicklingError, match='items of Namespace'):
            safe_unpickler.load(io.BytesIO(namespace + end))
    with pytest.raises(pickle.UnpicklingError, match='items of Namespace'):
        safe_unpickler.load(io.BytesIO(b'\x80\x04' + namespace + b'(K\x01\x90.'))
    assert not CALLED


def test_state_is_set_on_no_class_and_no_enum():
    for name in (b'http\nHTTPStatus', b'pathlib\nPath'):
        with pytest.raises(pickle.UnpicklingError, match='attributes of'):
            safe_unpickler.load(io.BytesIO(b'c' + name + b'\nN}X\x01\x00\x00\x00xK\x01s\x86b.'))
    with pytest.raises(pickle.UnpicklingError, match='attributes of'):
        safe_unpickler.load(io.BytesIO(b'chttp\nHTTPStatus\nK\xc8\x85R}X\x01\x00\x00\x00xK\x01sb.'))


def test_a_path_of_the_other_system_is_a_pure_one():
    read = safe_unpickler.load(io.BytesIO(b'cpathlib\nWindowsPath\n(X\x03\x00\x00\x00C:\\X\x01\x00\x00\x00atR.'))
    assert read == (pathlib.WindowsPath if os.name == 'nt' else pathlib.PureWindowsPath)('C:\\', 'a')
