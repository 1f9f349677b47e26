"""Classes that a user trusts in weights files, beside the harmless names: each by its own name, never all of them."""

import importlib
import importlib.util
import os
import sys
import sysconfig
from typing import Any, Dict, List, Optional, Tuple, Union

import torch

VARIABLE = 'FRA_ALLOW_GLOBALS'
_allowed: Dict[Tuple[str, str], type] = {}


def allow_globals(*classes: Union[str, type]) -> None:
    """Lets weights files hold objects of these classes, for as long as this process lives.

    Reading such a file calls the class with what the file says, and sets its attributes. The environment variable
    ``FRA_ALLOW_GLOBALS`` does the same for commands: names with commas between them. Classes that were given to
    ``torch.serialization.add_safe_globals`` are allowed too.

    Example:
        >>> allow_globals('my_project.options.Options', Mode)

    Args:
        *classes: a class, or its name as errors print it.

    Raises:
        ValueError: for a name that is no class, such as a function or ``*``, or a class of Python's own library, in which
            many would run any code.
        ImportError: if the module of a name can't be imported.
    """
    for given in classes:
        found = _import(given) if isinstance(given, str) else _suitable(given, repr(given))
        names = [(found.__module__, found.__qualname__)]
        if isinstance(given, str):  # which may be another way to the same class
            names.append(_split(given, found))
        _allowed.update(dict.fromkeys(names, found))


def find_allowed(module: str, name: str) -> Optional[type]:
    """The class of that name if the user allows it; None otherwise.

    Raises:
        ValueError, ImportError: as :func:`allow_globals`, for a name in the environment variable.
    """
    key = module, name
    if key in _allowed:
        return _allowed[key]
    if f'{module}.{name}' in names_in_environment():
        return _import(f'{module}.{name}')
    for given in getattr(torch.serialization, 'get_safe_globals', list)():  # torch 2.4 and later
        found, called = given if isinstance(given, tuple) else (given, None)
        if isinstance(found, type) and (called or f'{found.__module__}.{found.__qualname__}') == f'{module}.{name}':
            return None if is_standard(found.__module__) else found
    return None


def names_in_environment() -> List[str]:
    """The names in the environment variable.

    Raises:
        ValueError: for a text that is no name of a class in a module.
    """
    names = [name.strip() for name in os.environ.get(VARIABLE, '').split(',') if name.strip()]
    for name in names:
        _refuse_unnamed(name, f'{VARIABLE}={name}')
    return names


def is_standard(module: str) -> bool:
    """Whether a module comes with Python, where harmless classes are allowed already. Nothing is imported."""
    package = module.partition('.')[0]
    if package in ('__builtin__', 'copy_reg') or package in sys.builtin_module_names:
        return True
    if hasattr(sys, 'stdlib_module_names'):  # Python 3.10 and later
        return package in sys.stdlib_module_names
    try:
        origin = getattr(importlib.util.find_spec(package), 'origin', None) or ''
    except (ImportError, ValueError):  # __main__ has no spec
        return False
    return origin in ('built-in', 'frozen') or (
        origin.startswith(sysconfig.get_paths()['stdlib'] + os.sep) and '-packages' not in origin
    )


def _refuse_unnamed(name: str, what: str) -> None:
    if '.' not in name or not all(part.isidentifier() for part in name.split('.')):
        raise ValueError(f'{what}: expected the full name of a class, such as my_project.options.Options')


def _import(name: str) -> type:
    """The class of a full name, also of one inside another class."""
    what = f'{name} cannot be allowed in weights files'
    _refuse_unnamed(name, what)
    parts = name.split('.')
    if is_standard(parts[0]):
        raise ValueError(f"{what}: it is of Python's own library, of which only harmless classes are read")
    try:
        found: Any = importlib.import_module(parts[0])
        for place, part in enumerate(parts[1:], 2):
            if not hasattr(found, part) and isinstance(found, type(sys)):
                importlib.import_module('.'.join(parts[:place]))
            found = getattr(found, part)
    except Exception as error:  # a module can fail in any way
        raise ImportError(f'{what}: {error} (PYTHONPATH may name the folder of its module)') from error
    return _suitable(found, what)


def _suitable(found: Any, what: str) -> type:
    if not isinstance(found, type) or issubclass(found, type):
        raise ValueError(f'{what}: expected a class, got {type(found).__name__}')
    if is_standard(found.__module__):
        raise ValueError(f"{what}: {found.__module__}.{found.__qualname__} is of Python's own library")
    return found


def _split(name: str, found: type) -> Tuple[str, str]:
    """Module and name of a class, as a pickle writes them."""
    levels = found.__qualname__.count('.') + 1
    parts = name.split('.')
    return '.'.join(parts[:-levels]), '.'.join(parts[-levels:])
