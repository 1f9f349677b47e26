"""Weights files with anything in them: tensors, or a ValueError; and never code that runs."""

import io
import os
import pickle

import torch
from fuzz.many_cases import cases, damaged_bytes, fuzz
from hypothesis import strategies as st

from fra_plugin.checkpoints.safe_loading.safe_load import safe_load
from fra_plugin.checkpoints.whole_checkpoint import fault_in


def saved(**options) -> bytes:
    file = io.BytesIO()
    state_dict = dict(weight=torch.arange(6.0).view(2, 3), bias=torch.zeros(2))
    torch.save(dict(meta=dict(epoch=1), state_dict=state_dict), file, **options)
    return file.getvalue()


@cases(50, 1000)
def test_a_damaged_weights_file_is_read_or_refused(tmp_path, cases):
    path = tmp_path / 'weights.pth'

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            safe_load(path)
        except ValueError as error:
            assert str(path) in str(error)

    zipped, legacy = saved(), saved(_use_new_zipfile_serialization=False)
    pickles = st.binary(max_size=50).map(lambda end: b'\x80\x02' + end)
    fuzz(cases, check, damaged_bytes(zipped) | damaged_bytes(legacy) | pickles)


@cases(50, 1000)
def test_a_checkpoint_that_is_found_whole_has_all_its_bits(tmp_path, cases):
    """Cut short anywhere, or with changed bytes before the archive's directory, which is at the end."""
    path = tmp_path / 'epoch_1.pth'
    data = saved()

    def check(length: int, changes: dict) -> None:
        damaged = bytearray(data)
        for place, byte in changes.items():
            damaged[place] = byte
        path.write_bytes(damaged[:length])
        if fault_in(str(path)) is None:
            assert length == len(data)
            weights = safe_load(path)['state_dict']
            assert torch.equal(weights['weight'], torch.arange(6.0).view(2, 3)) and torch.equal(
                weights['bias'], torch.zeros(2)
            )

    check(len(data), {})
    changes = st.dictionaries(st.integers(0, data.index(b'PK\x01\x02') - 1), st.integers(0, 255), max_size=3)
    fuzz(cases, check, st.just(len(data)) | st.integers(0, len(data)), changes)


@cases(50, 1000)
def test_no_pickle_calls_what_it_names(tmp_path, cases):
    """Any importable callable, with any arguments: only the loader's own short list is ever called."""
    path, trace = tmp_path / 'weights.pth', tmp_path / 'ran'

    class Attack:
        def __init__(self, call):
            self.call = call

        def __reduce__(self):
            return self.call

    calls = st.sampled_from(
        [
            (os.system, (f'touch {trace}',)),
            (open, (str(trace), 'w')),
            (exec, (f'open({str(trace)!r}, "w")',)),
            (eval, (f'open({str(trace)!r}, "w")',)),
            (os.mkdir, (str(trace),)),
            (torch.hub.load, ('a', 'b')),
            (torch.load, (str(path),)),
            (getattr, ([], 'clear')),
            (__import__, ('os',)),
            (os.putenv, ('A', 'B')),
        ]
    )

    def check(call, protocol: int, place: str) -> None:
        attack = Attack(call)
        content = {'alone': attack, 'weight': dict(state_dict=dict(weight=attack)), 'meta': dict(meta=[attack])}
        torch.save(content[place], path, pickle_protocol=protocol)
        try:
            safe_load(path)
        except ValueError as error:
            assert 'may run code' in str(error)
        else:
            raise AssertionError(f'{call} was let through')
        assert not trace.exists()

    fuzz(cases, check, calls, st.integers(2, pickle.HIGHEST_PROTOCOL), st.sampled_from(['alone', 'weight', 'meta']))
