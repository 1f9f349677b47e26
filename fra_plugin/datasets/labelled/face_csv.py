"""A user's own labelled faces: one csv file with a row per image."""

import os.path as osp
from collections import Counter
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

from mmengine.logging import MMLogger
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from .annotation_file import csv_rows, inside, require_images
from .labelled_faces import categories


@DATASETS.register_module()
class FaceCSV(BaseDataset):
    """csv file -> ``img_path`` and ``gt_label`` (one label a face) or ``gt_score`` (several yes/no attributes).

    Args:
        ann_file: the csv file, relative to ``data_root``; its first line names the columns.
        data_root: folder of the data set. Defaults to '', the current folder.
        data_prefix: folder of the images, relative to ``data_root``. Defaults to '', ``data_root`` itself.
        image_column: column with the image's path inside that folder. Defaults to 'path'.
        label_column: column with the label. Defaults to 'label'.
        attribute_columns: columns of yes/no attributes to take instead of the label. Defaults to None.
        yes: what means yes in such a column. Defaults to ('1',).
        no: what means no. Defaults to ('0', '-1').
        split: which rows to take, a value of ``split_column``. Defaults to None, all.
        split_column: column with the split. Defaults to 'split'.
        classes: names of the labels in the order of their numbers. Defaults to None: those of the whole file, in
            numerical order if all are integers, else in alphabetical order.
        unlabelled: what to do with a row whose label is not among ``classes``, or whose label or attribute is empty:
            'error', or 'skip' to leave it out and count it in the log. Defaults to 'error'.
        **kwargs: ``pipeline`` and the other arguments of mmpretrain's ``BaseDataset``. ``test_mode`` defaults to True
            where ``split`` is given and is not 'train'.

    Raises:
        ValueError: for a bad row (file and line are named), an unknown split, or no row at all.
        FileNotFoundError: if the file or an image is missing.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        image_column: str = 'path',
        label_column: str = 'label',
        attribute_columns: Optional[Sequence[str]] = None,
        yes: Sequence[str] = ('1',),
        no: Sequence[str] = ('0', '-1'),
        split: Optional[str] = None,
        split_column: str = 'split',
        classes: Optional[Sequence[str]] = None,
        unlabelled: str = 'error',
        **kwargs,
    ) -> None:
        if unlabelled not in ('error', 'skip'):
            raise ValueError(f'unlabelled must be error or skip, got {unlabelled!r}')
        self.image_column = image_column
        self.label_column = label_column
        self.attribute_columns = list(attribute_columns or [])
        self.yes, self.no = tuple(yes), tuple(no)
        self.split = split
        self.split_column = split_column
        self.unlabelled = unlabelled
        super().__init__(
            ann_file,
            data_root=osp.expanduser(data_root),
            data_prefix=data_prefix,
            classes=classes or self.attribute_columns or None,
            test_mode=kwargs.pop('test_mode', split not in (None, 'train')),
            **kwargs,
        )

    def load_data_list(self) -> List[dict]:
        targets = self.attribute_columns or [self.label_column]
        columns = [self.image_column, *targets] + ([] if self.split is None else [self.split_column])
        rows = list(csv_rows(self.ann_file, columns))
        if not self.attribute_columns:
            self._metainfo.setdefault('classes', _sorted_labels(row[self.label_column] for _, row in rows))
        samples, skipped = [], Counter()
        for where, row in self._in_split(rows):
            target, unknown = self._target(where, row)
            if unknown is None:
                path = inside(self.img_prefix, row[self.image_column], where)
                samples.append((where, dict(img_path=path, **target)))
            else:
                skipped[unknown] += 1
        if skipped:
            counts = ', '.join(f'{count:,} with {value!r}' for value, count in skipped.most_common())
            MMLogger.get_current_instance().info(f'{self.ann_file}: rows left out as unlabelled: {counts}')
        if not samples:
            raise ValueError(f'{self.ann_file}: no labelled face')
        require_images([(data['img_path'], where) for where, data in samples])
        return [data for _, data in samples]

    def get_cat_ids(self, idx: int) -> List[int]:
        """The label of face ``idx``, or all attributes that it has."""
        return categories(self.get_data_info(idx))

    def _in_split(self, rows: List[Tuple[str, Dict[str, str]]]) -> List[Tuple[str, Dict[str, str]]]:
        if self.split is None:
            return rows
        splits = {row[self.split_column] for _, row in rows}
        if self.split not in splits:
            raise ValueError(
                f'{self.ann_file}: the column {self.split_column!r} has no {self.split!r}, but '
                f'{", ".join(sorted(map(repr, splits))) or "no value"}'
            )
        return [(where, row) for where, row in rows if row[self.split_column] == self.split]

    def _target(self, where: str, row: Dict[str, str]) -> Tuple[dict, Optional[str]]:
        """What to learn of a row, or the value for which it is left out."""
        if not self.attribute_columns:
            value = row[self.label_column]
            if value in self.CLASSES:
                return dict(gt_label=self.CLASSES.index(value)), None
            if self.unlabelled == 'skip':
                return {}, value
            raise ValueError(f'{where}: {self.label_column} must be one of {", ".join(self.CLASSES)}, got {value!r}')
        values = []
        for column in self.attribute_columns:
            value = row[column]
            if not value and self.unlabelled == 'skip':
                return {}, f'{column}='
            if value not in self.yes + self.no:
                raise ValueError(f'{where}: {column} must be one of {", ".join(self.yes + self.no)}, got {value!r}')
            values.append(float(value in self.yes))
        return dict(gt_score=values), None


def _sorted_labels(labels: Iterator[str]) -> Tuple[str, ...]:
    names = {label for label in labels if label}
    numeric = all(name.lstrip('-').isdigit() for name in names)
    return tuple(sorted(names, key=int) if numeric else sorted(names))
