"""Pairs of faces, of the same person or not, as LFW's verification protocol lists them.

Source: G. B. Huang et al., "Labeled Faces in the Wild", technical report 07-49, University of Massachusetts, 2007.
Layout: ``pairs.txt`` starts with the number of folds and of pairs of each kind in a fold (10 and 300), or, as
``pairsDevTest.txt``, with the number of pairs of each kind. For each fold follow the pairs of the same person
(``Abel_Pacheco 1 4``), then those of two (``Abdel_Madi_Shabneh 1 Dean_Barker 1``). Image 4 of Abel_Pacheco is
``Abel_Pacheco/Abel_Pacheco_0004.jpg``.
"""

import os.path as osp
from typing import Dict, Iterator, List, Optional, Tuple, Union

from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ..annotation_file import csv_rows, existing_images, inside, integer, is_integer, text_lines
from ..image_files import EXTENSIONS

# Where a pair is listed, its two images, whether they show the same person, and its fold.
_Pair = Tuple[str, str, str, bool, Optional[int]]


@DATASETS.register_module()
class FacePairs(BaseDataset):
    """List of pairs -> every image once (``img_path``), and the pairs in the meta information.

    ``metainfo['pairs']`` is a list of (index of one image, index of the other, same person, fold or None), which
    :class:`VerificationMetric` reads.

    Example:
        >>> dict(type='FacePairs', ann_file='pairs.txt', data_root='data/lfw', data_prefix='images')

    Args:
        ann_file: ``pairs.txt``, or a csv file with the columns path_a, path_b, same (1 or 0) and, if wanted, fold;
            relative to ``data_root``.
        data_root: folder of the data set. Defaults to '', the current folder.
        data_prefix: folder of the images, relative to ``data_root``: with one folder per person as LFW has it, or flat.
            Defaults to '', ``data_root`` itself.
        follow_links: whether an image may lie outside that folder, behind a symbolic link. Defaults to False.
        **kwargs: ``pipeline`` and the other arguments of mmpretrain's ``BaseDataset``. ``test_mode`` defaults to True.

    Raises:
        ValueError: for a line that is no pair (file and line are named), fewer or more pairs than announced, or no pair.
        FileNotFoundError: if the list or an image is missing.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        follow_links: bool = False,
        **kwargs,
    ) -> None:
        self.follow_links = follow_links
        super().__init__(
            ann_file,
            data_root=osp.expanduser(data_root),
            data_prefix=data_prefix,
            test_mode=kwargs.pop('test_mode', True),
            **kwargs,
        )

    def load_data_list(self) -> List[dict]:
        is_csv = self.ann_file.lower().endswith('.csv')
        pairs = list(self._csv_pairs() if is_csv else self._lfw_pairs())
        if not pairs:
            raise ValueError(f'{self.ann_file}: no pair of faces')
        files = [(path, where) for where, *images, _, _ in pairs for path in images]
        existing_images(files, self.img_prefix, self.follow_links)
        index: Dict[str, int] = {}
        self._metainfo['pairs'] = [
            (index.setdefault(a, len(index)), index.setdefault(b, len(index)), same, fold)
            for _, a, b, same, fold in pairs
        ]
        return [dict(img_path=path) for path in index]

    def _csv_pairs(self) -> Iterator[_Pair]:
        for where, row in csv_rows(self.ann_file, ('path_a', 'path_b', 'same')):
            images = [inside(self.img_prefix, row[column], where) for column in ('path_a', 'path_b')]
            fold = integer(row['fold'], range(1000), where, 'fold') if row.get('fold') else None
            yield (where, *images, bool(integer(row['same'], (0, 1), where, 'same')), fold)

    def _lfw_pairs(self) -> Iterator[_Pair]:
        lines = text_lines(self.ann_file)
        where, line = next(lines, (f'{self.ann_file}:1', ''))
        numbers = line.split()
        if len(numbers) not in (1, 2) or not all(map(is_integer, numbers)):
            raise ValueError(f'{where}: expected the number of folds and of pairs in each, got {line!r}')
        folds, size = (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else (1, int(numbers[0]))
        for fold in range(folds if size else 0):
            for same in (place < size for place in range(2 * size)):
                where, line = next(lines, (where, ''))
                fields = line.split()
                if len(fields) != (3 if same else 4):
                    expected = '"NAME NUMBER NUMBER"' if same else '"NAME NUMBER NAME NUMBER"'
                    raise ValueError(
                        f'{where}: expected {expected}, got {line!r}'
                        if line
                        else f'{self.ann_file}: ends after {where.rsplit(":", 1)[1]} lines, but announces '
                        f'{folds} x {2 * size} pairs'
                    )
                name_a, a, name_b, b = [*fields[:2], fields[0], fields[2]] if same else fields
                yield (
                    where,
                    self._lfw_image(name_a, a, where),
                    self._lfw_image(name_b, b, where),
                    same,
                    fold if folds > 1 else None,
                )
        where, line = next(lines, (where, ''))
        if line:
            raise ValueError(
                f'{where}: the list goes on after the {folds} x {2 * size} pairs that its first line announces'
            )

    def _lfw_image(self, name: str, number: str, where: str) -> str:
        """Path of a person's image: in the person's folder if there is one, and a .jpg unless it is a .png."""
        file_name = f'{name}_{integer(number, range(10000), where, "the number of the image"):04d}'
        folder = name if osp.isdir(inside(self.img_prefix, name, where)) else '.'
        paths = [inside(self.img_prefix, osp.join(folder, file_name + suffix), where) for suffix in EXTENSIONS]
        return next((path for path in paths if osp.exists(path)), paths[0])
