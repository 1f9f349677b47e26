"""What a result depends on, kept beside it: a result is used again only while all of that is the same."""

import functools
import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Mapping, Optional, Tuple, Union

from ..configs import dicts
from .file_hash import sha256
from .printable import printable
from .whole_file import whole_file

KEPT_IN_FULL = 200  # letters of a fact that is kept in full
MOST_READ = 1 << 30  # bytes of files that are read to tell whether they are the same


class Stamp:
    """Named facts: settings as plain values, texts of configs, and hashes of files.

    Example:
        >>> stamp = Stamp(seed=0, weights=sha256('fra.pth'), config=cfg.to_dict())
        >>> stamp.difference(read_stamp('run/stamp.json'))
        'seed was 1, is 0'
        >>> stamp.write('run/stamp.json')

    Args:
        **facts: values that json can hold, or that turn into text. What is long, such as a config, is kept as its hash.
    """

    def __init__(self, **facts: Any) -> None:
        self.facts = {name: _short(value) for name, value in facts.items()}

    def difference(self, former: Optional[Mapping[str, Any]]) -> Optional[str]:
        """In words, how former facts differ from these; None if they are the same."""
        if former is None:
            return 'it is not known what it was made from'
        words = []
        for name in dict.fromkeys([*self.facts, *former]):
            was, now = former.get(name), self.facts.get(name)
            if (json.dumps(was), name in former) != (json.dumps(now), name in self.facts):
                hashed = isinstance(was, dict) or isinstance(now, dict)
                words.append(f'{name} changed' if hashed else f'{name} was {_word(was)}, is {_word(now)}')
        return '; '.join(words) or None

    def write(self, path: Union[str, os.PathLike]) -> None:
        """Beside the result; whole or not at all."""
        with whole_file(path) as partial:
            Path(partial).write_text(json.dumps(self.facts, indent=1, sort_keys=True) + '\n')


def read_stamp(path: Union[str, os.PathLike]) -> Optional[dict]:
    """The facts of a stamp's file; None where there is none that can be read."""
    try:
        facts = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def listing(files: Iterable[Union[str, os.PathLike]]) -> dict:
    """A hash of what is in the files and of their names below the folder that they share, which may move.

    Of more than 1 GiB, sizes and times count in the place of contents. A time may be set back, and a mounted bucket may
    have one for all files, so it counts only where there is too much to read.
    """
    stats = {os.path.abspath(path): os.stat(path) for path in files}
    root = os.path.commonpath([os.path.dirname(path) for path in stats]) if stats else '/'
    is_read = sum(stat.st_size for stat in stats.values()) <= MOST_READ
    digest = hashlib.sha256()
    for path, stat in stats.items():
        name = os.fsencode(os.path.relpath(path, root))
        content = _file_hash(path, stat) if is_read else f'{stat.st_size}\0{stat.st_mtime_ns}'
        digest.update(name + f'\0{content}\n'.encode())
    return dict(sha256=digest.hexdigest())


def data_files(config: Any, without: Union[str, os.PathLike, None] = None) -> Iterator[str]:
    """All files in the folders of the data sets in a config, as the name or the folder of a file may be its label.

    Args:
        config: dictionaries in each other, with ``data_root`` and ``data_prefix``.
        without: folder of what comes out, which may lie in that of the data. Defaults to None.
    """
    folders = set()
    for part in dicts(config):
        prefixes = part.get('data_prefix') or ''
        for prefix in prefixes.values() if isinstance(prefixes, dict) else [prefixes]:
            folders.add(os.path.join(part.get('data_root') or '', prefix or ''))
    left_out = None if without is None else Path(without).resolve()
    for folder in sorted(folders - {''}):
        for place, folders_in, names in os.walk(folder):
            if Path(place).resolve() == left_out:
                folders_in.clear()
                continue
            folders_in[:] = sorted(name for name in folders_in if name[0] != '.')
            paths = (os.path.join(place, name) for name in sorted(names) if name[0] != '.')
            yield from filter(os.path.isfile, paths)  # a pipe would never end


def label_files(config: Any, without: Union[str, os.PathLike, None] = None) -> Dict[str, str]:
    """Hashes of the lists, tables and annotations of the data sets in a config: what it names, and what their folders hold.

    Args:
        config: dictionaries in each other, with ``data_root``, ``ann_file`` and the like.
        without: folder of what comes out, which may lie in that of the data. Defaults to None.
    """
    found: Dict[str, str] = {}
    for part in dicts(config):
        root = part.get('data_root') or ''
        named = [os.path.join(root, value) for value in part.values() if isinstance(value, str) and value]
        tables = [path for path in (_tables_in(root) if root else ()) if not _is_in(path, without)]
        for path in [path for path in named if os.path.isfile(path)] + tables:
            found[path] = _file_hash(path, os.stat(path))
    return found


def _is_in(path: str, folder: Union[str, os.PathLike, None]) -> bool:
    return folder is not None and Path(folder).resolve() in Path(path).resolve().parents


@functools.lru_cache(maxsize=None)  # the data sets of a run have one folder, which may hold thousands of pictures
def _tables_in(folder: str) -> Tuple[str, ...]:
    """The lists, tables and annotations in a folder of data and in the folders in it."""
    paths = sorted(path for pattern in ('*', '*/*') for path in Path(folder).glob(pattern))
    kinds = ('.txt', '.csv', '.json')
    return tuple(str(path) for path in paths if path.suffix in kinds and path.name[0] != '.' and path.is_file())


@functools.lru_cache(maxsize=None)
def _hash_of(path: str, *_: int) -> str:
    return sha256(path)


def _file_hash(path: str, stat: os.stat_result) -> str:
    """Read once for all data sets and runs that have the file, as long as it stays as it is."""
    return _hash_of(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)  # nobody sets the last one back


def _short(value: Any) -> Any:
    """A value as json has it; a long one as its hash, in a form of its own."""
    text = json.dumps(value, default=str)
    return json.loads(text) if len(text) <= KEPT_IN_FULL else dict(sha256=hashlib.sha256(text.encode()).hexdigest())


def _word(value: Any) -> str:
    return printable(str(value)) if isinstance(value, str) else json.dumps(value)
