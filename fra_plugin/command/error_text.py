"""An error as one line that says what happened, to what, and what to do."""

import os
import re
import traceback
from types import FrameType
from typing import Iterator, Optional, Tuple

PIP_NAMES = dict(sklearn='scikit-learn', skimage='scikit-image')
WORKER_ERROR = re.compile(r'^Caught (\w+) in ')
WORKER_PLACE = re.compile(r'File "(.+)", line (\d+), in (\S+)\n\s+(.*)')
# What functions call the file that they read.
FILE_NAMES = ('filename', 'filepath', 'file_path', 'path', 'ann_file', 'annotation_file', 'img_path', 'file', 'source')


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks, and without the trace that a data worker sends along.

    Libraries often raise a KeyError with nothing but the key, or an assertion without a word. The line then says where it
    came from, and which file was being read where that is known.
    """
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    kind = type(error).__name__
    worker = WORKER_ERROR.match(text)
    place = None
    if worker and 'Original Traceback' in text:
        kind, places = worker.group(1), WORKER_PLACE.findall(text)
        text = text.strip().splitlines()[-1].partition(': ')[2]
        place = places[-1] if places else None
        if kind == 'KeyError' and text[:1] == text[-1:] and text[:1] in ('"', "'"):
            text = text[1:-1]
    if isinstance(error, ModuleNotFoundError) and error.name and error.name != 'mmpose':
        package = error.name.partition('.')[0]
        text += f': pip install {PIP_NAMES.get(package, package)}'
    text = ' '.join(text.split())
    return text if ' ' in text else _explained(error, kind, text, place)


def raised_in(error: BaseException) -> str:
    """Name of the package whose code raised an error."""
    return _frames(error)[-1][0].f_globals.get('__name__', '').partition('.')[0]


def _frames(error: BaseException) -> list:
    return list(traceback.walk_tb(error.__traceback__))


def _explained(error: BaseException, kind: str, word: str, place: Optional[Tuple[str, str, str, str]]) -> str:
    """A sentence in the place of a single word, or of none."""
    what = f'there is no entry {word!r}' if kind == 'KeyError' and word else ': '.join(filter(None, (kind, word)))
    if place is None and error.__traceback__ is not None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = last.filename, str(last.lineno), last.name, last.line or ''
    read = next(_files(error), None)
    if read:
        what += f' in {read}, or not where it was looked for' if kind == 'KeyError' else f' while {read} was read'
    if place:
        file, line, function, code = place
        what += f'; needed by {function}() at {_short(file)}:{line} ({code.strip()})'
    return f'{what}. Look for it in the config and in the files that it names; FRA_DEBUG=1 shows the traceback'


def _files(error: BaseException) -> Iterator[str]:
    """Files that the functions on the way to the error had in hand, the innermost first."""
    for frame, _ in reversed(_frames(error)):
        for name, value in _named(frame):
            if name in FILE_NAMES and isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
                yield os.fspath(value)


def _named(frame: FrameType) -> Iterator[Tuple[str, object]]:
    yield from frame.f_locals.items()
    yield from getattr(frame.f_locals.get('self'), '__dict__', {}).items()


def _short(file: str) -> str:
    """Path of a source file from its package on."""
    return re.sub(r'^.*/(?:site-packages|dist-packages|lib/python3\.\d+)/', '', file)
