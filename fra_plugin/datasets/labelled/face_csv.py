"""A user's own labelled faces: one csv file with a row per image."""

import os.path as osp
from typing import Dict, List, Optional, Sequence, Tuple, Union

from mmengine.logging import MMLogger
from mmpretrain.registry import DATASETS

from ..annotation_file import csv_rows, existing_images, inside, is_integer
from ..image_files import LeftOut
from ..replaced_images import ReplacedImages
from .labelled_faces import categories

# What pandas reads as no value, and writes where there is none.
_EMPTY = ('', '<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan', 'null')
_UNLABELLED = ('skip_empty', 'skip', 'error')


@DATASETS.register_module()
class FaceCSV(ReplacedImages):
    """csv file -> ``img_path`` and ``gt_label`` (one label a face) or ``gt_score`` (several yes/no attributes).

    Example:
        >>> dict(type='FaceCSV', ann_file='labels.csv', data_root='data/my_faces', data_prefix='images', split='train')
        >>> dict(type='FaceCSV', ann_file='val.csv', data_root='data/my_faces', classes_from='train.csv', test_mode=True)

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
        classes_from: where each split has a file of its own, that of the training split, relative to ``data_root``: its
            labels are the classes, so that all splits number them alike. Defaults to '', this file.
        unlabelled: 'skip_empty' leaves out the rows whose label (or one of whose attributes) is empty, nan, None, NULL
            or NA and not among ``classes``, and refuses other labels that are not among them; 'skip' leaves out both, but
            refuses attributes that are neither yes nor no; 'error' refuses both. The log counts the rows left out.
            Defaults to 'skip_empty'.
        follow_links: whether a path may leave the folder of the images by a symbolic link. Defaults to False.
        max_missing: share of the images that may be missing in training: they are left out and counted in the log. With
            ``test_mode`` none may. Defaults to 0.05.
        **kwargs: ``pipeline`` and the other arguments of mmpretrain's ``BaseDataset``. ``test_mode`` defaults to True
            where ``split`` is given and is not 'train'.

    Raises:
        ValueError: for a bad row (file and line are named), an unknown split, no row at all, or an argument that is none
            of the above.
        FileNotFoundError: if the file or an image is missing.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: Union[str, dict] = '',
        *,
        image_column: str = 'path',
        label_column: str = 'label',
        attribute_columns: Optional[Sequence[str]] = None,
        yes: Sequence[str] = ('1',),
        no: Sequence[str] = ('0', '-1'),
        split: Optional[str] = None,
        split_column: str = 'split',
        classes: Optional[Sequence[str]] = None,
        classes_from: str = '',
        unlabelled: str = 'skip_empty',
        follow_links: bool = False,
        max_missing: float = 0.05,
        **kwargs,
    ) -> None:
        if unlabelled not in _UNLABELLED:
            raise ValueError(f'unlabelled must be one of {", ".join(_UNLABELLED)}, got {unlabelled!r}')
        if classes_from and (classes or attribute_columns):
            raise ValueError(
                'classes_from is for labels whose classes are not given, but there are '
                + ('classes' if classes else 'attribute_columns')
            )
        if not 0 <= max_missing < 1:
            raise ValueError(f'max_missing must be in [0, 1), got {max_missing}')
        if classes and not isinstance(classes, str):
            classes = [str(name) for name in classes]  # 1 and 2 in a config are '1' and '2' in the file
        self.image_column = image_column
        self.label_column = label_column
        self.attribute_columns = list(attribute_columns or [])
        self.yes, self.no = tuple(map(str, yes)), tuple(map(str, no))
        self.split = split
        self.split_column = split_column
        self.classes_from = osp.join(osp.expanduser(data_root), osp.expanduser(classes_from)) if classes_from else ''
        self.unlabelled = unlabelled
        self.follow_links = follow_links
        self.max_missing = max_missing
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
            self._metainfo.setdefault('classes', self._numbered_labels(rows))
        self._numbers = {name: number for number, name in enumerate(self.CLASSES)}
        samples, left_out = [], LeftOut()
        for where, row in self._in_split(rows):
            target, unknown = self._target(where, row)
            if unknown is None:
                path = inside(self.img_prefix, row[self.image_column], where)
                samples.append((where, dict(img_path=path, **target)))
            else:
                left_out.add(f'rows whose {unknown}', where)
        if left_out:
            MMLogger.get_current_instance().warning(f'{self.ann_file}: left out: {left_out}')
        if not samples:
            raise ValueError(f'{self.ann_file}: no labelled face')
        files = [(data['img_path'], where) for where, data in samples]
        found = existing_images(files, self.img_prefix, self.follow_links, 0 if self.test_mode else self.max_missing)
        return [data for _, data in samples if data['img_path'] in found]

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
            if value in self._numbers:
                return dict(gt_label=self._numbers[value]), None
            return {}, self._leave_out(where, self.label_column, value, self.CLASSES)
        values = []
        for column in self.attribute_columns:
            value = row[column]
            if value not in self.yes + self.no:
                return {}, self._leave_out(where, column, value, self.yes + self.no)
            values.append(float(value in self.yes))
        return dict(gt_score=values), None

    def _leave_out(self, where: str, column: str, value: str, expected: Sequence[str]) -> str:
        """The reason for which a row is left out, if it may be."""
        is_empty = value in _EMPTY
        # 'skip' has never passed over an attribute that is neither yes nor no.
        if self.unlabelled != 'error' and (is_empty or (self.unlabelled == 'skip' and not self.attribute_columns)):
            return f'{column} is {value!r}'
        hint = "; unlabelled='skip_empty' leaves such rows out" if is_empty else ''
        raise ValueError(f'{where}: {column} must be one of {", ".join(expected)}, got {value!r}{hint}')

    def _numbered_labels(self, rows: List[Tuple[str, Dict[str, str]]]) -> Tuple[str, ...]:
        """The labels of this file, or of that of ``classes_from``, in the order of their numbers."""
        if self.classes_from:
            rows = csv_rows(self.classes_from, [self.label_column])
        names = {row[self.label_column] for _, row in rows} - set(_EMPTY)
        # The name decides between '1' and '01', so that no order depends on that of a set.
        return tuple(
            sorted(names, key=lambda name: (int(name), name)) if all(map(is_integer, names)) else sorted(names)
        )
