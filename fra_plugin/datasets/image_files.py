"""Which files are images: one rule for every data set, for FRAFeatures and for the converters.

- A file in a folder is an image by its ending, in any case (:data:`EXTENSIONS`).
- What is hidden (``.name``) and what a system or a device keeps beside a user's files (:data:`SYSTEM_FOLDERS`) is no image
  and no class. What is left out is counted and told once, see :class:`LeftOut`.
- A file that a list, a csv or the user names is taken whatever it is called.
- What is in a file decides how it is read. Only :data:`FORMATS` are, see :func:`open_image`.
"""

from collections import Counter
from typing import Dict, Sequence

from PIL import Image

from ..files.printable import printable

FORMATS_BY_EXTENSION = {
    '.jpg': 'JPEG',
    '.jpeg': 'JPEG',
    '.png': 'PNG',
    '.bmp': 'BMP',
    '.webp': 'WEBP',
    '.tif': 'TIFF',
    '.tiff': 'TIFF',
    '.gif': 'GIF',
    '.ppm': 'PPM',
    '.pgm': 'PPM',
}
EXTENSIONS = tuple(FORMATS_BY_EXTENSION)
FORMATS = tuple(dict.fromkeys(FORMATS_BY_EXTENSION.values()))
# In lower case: of ext4, of NAS boxes (with thumbnails in them that end in .jpg), of Windows, of zip files from macOS, of FAT.
SYSTEM_FOLDERS = frozenset(
    ['lost+found', '@eadir', '@tmp', '#recycle', '#snapshot', '@recycle', '@recently-snapshot']
    + ['$recycle.bin', 'recycler', 'system volume information', '__macosx', 'found.000', 'lost.dir']
)

HIDDEN = 'hidden files or folders'
SYSTEM = 'folders of the system'
OTHER = 'files with another ending'


def is_image_name(name: str, extensions: Sequence[str] = EXTENSIONS) -> bool:
    """Whether a file of this name (without its folder) is an image; ``extensions`` are in lower case, with their dot."""
    return name[:1] != '.' and name.lower().endswith(tuple(extensions))


def is_user_folder(name: str) -> bool:
    """Whether a folder of this name (without the one above it) may hold images or be a class."""
    return name[:1] != '.' and name.lower() not in SYSTEM_FOLDERS


def open_image(file) -> Image.Image:
    """``PIL.Image.open`` for :data:`FORMATS` only.

    Pillow recognises a format by the first bytes, whatever the name is, and runs Ghostscript on PostScript.

    Args:
        file: path, or a file that is open for reading in binary.

    Raises:
        PIL.UnidentifiedImageError: if it is no image of these formats.
        OSError: if it can't be read.
    """
    return Image.open(file, formats=FORMATS)


class LeftOut:
    """Counts what a data set leaves out, by reason, to tell it in one line.

    Example:
        >>> left_out = LeftOut()
        >>> left_out.add(HIDDEN, 'n01/.DS_Store')
        >>> str(left_out)
        'hidden files or folders: 1 (n01/.DS_Store)'
    """

    def __init__(self) -> None:
        self.counts: Counter = Counter()
        self.examples: Dict[str, str] = {}

    def add(self, reason: str, example: str, count: int = 1) -> None:
        """Count something that is left out; the first example of each reason is named."""
        self.counts[reason] += count
        self.examples.setdefault(reason, example)

    def update(self, other: 'LeftOut') -> None:
        """Add what another one counted."""
        for reason, count in other.counts.items():
            self.add(reason, other.examples[reason], count)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        return ', '.join(
            f'{reason}: {count:,} ({"" if count == 1 else "such as "}{printable(self.examples[reason])})'
            for reason, count in self.counts.items()
        )
