"""Members of an Enum out of a pickle, for classes that this process has imported anyway."""

import enum
import sys
from typing import Any, Optional, Type


class EnumMembers:
    """Stands for an Enum class in a pickle: gives the member of a value, and nothing else of the class.

    Args:
        owner: the class.
    """

    def __init__(self, owner: Type[enum.Enum]) -> None:
        self.owner = owner

    def __call__(self, value: Any) -> enum.Enum:
        return self.owner(value)


def find_enum(module: str, name: str) -> Optional[Any]:
    """The members of an Enum, or one that goes by a name of its own; None for other names. Nothing is imported."""
    found = vars(sys.modules[module]).get(name) if module in sys.modules else None
    if isinstance(found, enum.EnumMeta):
        return EnumMembers(found) if len(found.__members__) else None
    return found if isinstance(found, enum.Enum) else None
