"""A pickle's objects, without the code that it may order to run: the ``pickle_module`` that safe_load gives to torch."""

import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import deque
from typing import Any, BinaryIO, Dict, Set

import numpy
from mmengine.logging import HistoryBuffer

from .allowed_names import VARIABLE, find_allowed, is_standard
from .harmless_names import HARMLESS, MAY_GET_STATE
from .known_enums import find_enum
from .numpy_random import check_state, set_seed


class UnknownName(pickle.UnpicklingError):
    """A name that is neither harmless nor allowed."""

    def __init__(self, module: str, name: str) -> None:
        super().__init__(f'{module}.{name}')
        self.module = module

    def advice(self) -> str:
        """How the user can allow the name, where that is possible."""
        if is_standard(self.module):
            return 'expected tensors, numbers, text and other plain values only'
        if self.module == '__main__':
            return (
                'it is a class of the script that saved the file. There, save plain values in its place; or, if you trust '
                'the file, read it in a script that has this class, after fra_plugin.checkpoints.allow_globals(the class)'
            )
        return (
            f'if you trust the file, allow this one name: {VARIABLE}={self} in the environment (several with commas), or '
            f"fra_plugin.checkpoints.allow_globals('{self}')"
        )


class UnsuitableName(pickle.UnpicklingError):
    """A name that the user allows and that can't be allowed."""


class Unpickler(pickle._Unpickler):  # the C version offers no way to check what gets attributes
    """Reads the harmless names and those that the user allows; any other ends the reading before it is imported.

    Only what a name in the file stands for is called: no object that was made on the way, and nothing through a method.
    """

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.named: Dict[int, Any] = {}
        self.allowed: Set[type] = set()  # by the user

    def find_class(self, module: str, name: str) -> Any:
        found = HARMLESS.get((module, name))
        if found is None and self.proto < 3:  # torch.save writes the names of Python 2: xrange for range
            module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
            found = HARMLESS.get((module, name))
        if found is None:
            try:
                found = find_allowed(module, name)
            except (ValueError, ImportError) as error:
                raise UnsuitableName(str(error)) from error
            if found is not None:
                self.allowed.add(found)
            else:
                found = find_enum(module, name)
        if found is None:
            raise UnknownName(module, name)
        self.named[id(found)] = found
        return found

    def get_extension(self, code: int) -> None:
        raise pickle.UnpicklingError(f'copyreg extension {code}')

    def _may_call(self, function: Any) -> None:
        if self.named.get(id(function)) is not function:
            raise pickle.UnpicklingError(f'a call of {type(function).__name__} {function!r}')

    def load_reduce(self) -> None:
        self._may_call(self.stack[-2])
        super().load_reduce()

    def _instantiate(self, klass: Any, args: Any) -> None:
        self._may_call(klass)
        super()._instantiate(klass, args)

    def load_newobj(self) -> None:
        self._may_call(self.stack[-2])
        super().load_newobj()

    def load_newobj_ex(self) -> None:
        self._may_call(self.stack[-3])
        super().load_newobj_ex()

    def _may_fill(self, container: Any) -> None:
        # Of another object, pickle would call an attribute named append, extend or add, which a file may have set.
        if not isinstance(container, (list, set, deque)) and type(container) not in self.allowed:
            raise pickle.UnpicklingError(f'items of {type(container).__name__} {container!r}')

    def load_append(self) -> None:
        self._may_fill(self.stack[-2])
        super().load_append()

    def load_appends(self) -> None:
        self._may_fill(self.metastack[-1][-1])
        super().load_appends()

    def load_additems(self) -> None:
        self._may_fill(self.metastack[-1][-1])
        super().load_additems()

    def load_build(self) -> None:
        owner, state = self.stack[-2:]
        if not isinstance(owner, MAY_GET_STATE) and type(owner) not in self.allowed:
            raise pickle.UnpicklingError(f'attributes of {owner!r}')
        if isinstance(owner, HistoryBuffer):
            state.pop('statistics_methods', None)  # which would replace those of the class
        if isinstance(owner, numpy.random.SeedSequence):
            set_seed(owner, self.stack.pop())
            return
        if isinstance(owner, (numpy.random.RandomState, numpy.random.Generator, numpy.random.BitGenerator)):
            check_state(state)
        super().load_build()

    def load_binpersid(self) -> None:
        pid = self.stack[-1]
        if not (isinstance(pid, tuple) and pid and pid[0] in ('storage', b'storage')):
            raise pickle.UnpicklingError('a whole pickled module')
        super().load_binpersid()

    for _code, _method in (
        (pickle.REDUCE, load_reduce),
        (pickle.NEWOBJ, load_newobj),
        (pickle.NEWOBJ_EX, load_newobj_ex),
        (pickle.APPEND, load_append),
        (pickle.APPENDS, load_appends),
        (pickle.ADDITEMS, load_additems),
        (pickle.BUILD, load_build),
        (pickle.BINPERSID, load_binpersid),
    ):
        dispatch[_code[0]] = _method
    del _code, _method


def load(file: BinaryIO, **options: Any) -> Any:
    """`pickle.load` with the Unpickler above: this module is the `pickle_module` of `torch.load`."""
    return Unpickler(file, **options).load()
