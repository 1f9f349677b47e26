"""CelebA: 202,599 faces of celebrities with 40 yes/no attributes.

Source: Z. Liu et al., "Deep Learning Face Attributes in the Wild", ICCV 2015. Layout: the authors' archive, with
``list_attr_celeba.txt`` (the number of images, the names of the attributes, then ``000001.jpg -1 1 ...`` a line),
``list_eval_partition.txt`` (``000001.jpg 0``; 0 train, 1 val, 2 test) and ``img_align_celeba``, in their folders Anno,
Eval and Img or all in one.
"""

from typing import Dict, Iterator, List, Tuple

from mmpretrain.registry import DATASETS

from ..annotation_file import inside, integer, is_integer, text_lines
from .labelled_faces import LabelledFaces

_SPLITS = dict(train=0, val=1, test=2)


@DATASETS.register_module()
class CelebAAttributes(LabelledFaces):
    """List files and aligned images -> ``img_path``, ``gt_score`` (0. or 1. for each of the 40 attributes).

    The classes are the attributes' names, as the list file gives them.

    Example:
        >>> dict(type='CelebAAttributes', data_root='data/celeba', split='test')

    Args:
        data_root: folder with the list files and ``img_align_celeba``, or with Anno, Eval and Img.
        split: 'train' (162,770), 'val' (19,867) or 'test' (19,962). Defaults to 'train'.
        **kwargs: arguments of :class:`LabelledFaces`.
    """

    OFFICIAL_COUNTS = dict(train=162770, val=19867, test=19962)

    def read_split(self) -> Iterator[Tuple[str, dict]]:
        partition = self._read_partition()
        images = self.image_folder = self.find(
            'img_align_celeba', 'Img/img_align_celeba', 'img_align_celeba/img_align_celeba'
        )
        path = self.find('list_attr_celeba.txt', 'Anno/list_attr_celeba.txt')
        lines = text_lines(path)
        where, line = next(lines, (f'{path}:1', ''))
        if not is_integer(line) or int(line) < 1:
            raise ValueError(f'{where}: expected the number of images, got {line[:40]!r}')
        announced, named = int(line), set()
        where, line = next(lines, (f'{path}:2', ''))
        names = line.split()
        if not names:
            raise ValueError(f'{where}: expected the names of the attributes')
        self._metainfo.setdefault('classes', tuple(names))
        for where, line in lines:
            name, *values = line.split()
            if len(values) != len(names):
                raise ValueError(f'{where}: expected an image and {len(names)} values, got {len(values)} values')
            if name not in partition:
                raise ValueError(f'{where}: {name} is not in list_eval_partition.txt')
            if name in named:
                raise ValueError(f'{where}: {name} is listed a second time')
            named.add(name)
            if partition[name] == _SPLITS[self.split]:
                if not set(values) <= {'1', '-1'}:
                    raise ValueError(
                        f'{where}: an attribute must be 1 or -1, got {", ".join(sorted(set(values) - {"1", "-1"}))}'
                    )
                has = [float(value == '1') for value in values]
                yield where, dict(img_path=inside(images, name, where), gt_score=has)
        if len(named) != announced:
            raise ValueError(f'{path}: announces {announced:,} images, but lists {len(named):,}')
        without = [name for name, part in partition.items() if part == _SPLITS[self.split] and name not in named]
        if without:
            self.left_out.add('faces without attributes', without[0], len(without))

    def _read_partition(self) -> Dict[str, int]:
        partition = {}
        for where, line in text_lines(self.find('list_eval_partition.txt', 'Eval/list_eval_partition.txt')):
            fields: List[str] = line.split()
            if len(fields) != 2:
                raise ValueError(f'{where}: expected "IMAGE PARTITION", got {line!r}')
            partition[fields[0]] = integer(fields[1], _SPLITS.values(), where, 'the partition')
        return partition
