"""Types of a config as the names under which they are registered.

mmengine's pure Python configs name classes themselves, which a stored config then holds as the path of their import, such
as ``mmpretrain.models.ResNet``.
"""

import sys
from typing import Any, Optional

from mmpretrain.registry import MODELS


def registered_name(kind: Any) -> Optional[str]:
    """The plain name of a registered model or layer; None for all else. Nothing is imported.

    Args:
        kind: a class, its name, its name with the scope of mmpretrain, or the path of its import.
    """
    registered = {**MODELS.parent.module_dict, **MODELS.module_dict}
    if isinstance(kind, str):
        plain = kind[len('mmpretrain.') :] if kind.startswith('mmpretrain.') else kind
        if plain in registered:
            return plain
        module, _, name = kind.rpartition('.')
        kind = vars(sys.modules[module]).get(name) if module in sys.modules else None
    names = [name for name, value in registered.items() if value is kind and kind is not None]
    own = getattr(kind, '__name__', None)
    return own if own in names else next(iter(names), None)


def with_names(config: Any) -> Any:
    """A config in whose dictionaries every ``type`` that is registered is its plain name."""
    if isinstance(config, dict):
        named = {key: with_names(value) for key, value in config.items()}
        if 'type' in named:
            named['type'] = registered_name(named['type']) or named['type']
        return named
    return type(config)(map(with_names, config)) if type(config) in (list, tuple) else config
