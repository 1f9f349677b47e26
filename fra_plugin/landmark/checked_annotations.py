"""Checks the annotation files of mmpose's face data sets when they are read.

mmpose itself takes any number, and learns from it or ends with ``error: center`` far from the file.
"""

from typing import List, Tuple

from mmengine.logging import MMLogger
from mmpose.datasets.datasets import face
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from ..datasets.annotation_file import inside
from ..datasets.landmarks.landmark_check import check_landmarks, read_landmark_json

# What they read of an annotation beside its landmarks; the others need a box.
_OF_CENTER = ('center', 'scale', 'num_keypoints', 'iscrowd', 'id')
_WITH_CENTER = (face.AFLWDataset, face.Face300VWDataset, face.Face300WDataset, face.WFLWDataset)


def check_file(dataset: BaseCocoStyleDataset) -> None:
    """Refuse the file of a face data set that has an impossible entry.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: naming the file and the entry.
    """
    content = read_landmark_json(dataset.ann_file)
    points, required = 'keypoints', _OF_CENTER if isinstance(dataset, _WITH_CENTER) else ('bbox',)
    if isinstance(dataset, face.CocoWholeBodyFaceDataset):
        points, required = 'face_kpts', ('face_box', 'iscrowd', 'id')
        content['annotations'] = [entry for entry in content['annotations'] if entry.get('face_valid')]
    if isinstance(dataset, face.AFLWDataset) and dataset.test_mode:
        required += ('box_size',)
    check_landmarks(content, dataset.ann_file, points, required, dataset.metainfo['num_keypoints'])
    for image in content['images']:
        inside(dataset.data_prefix.get('img') or '', image['file_name'], dataset.ann_file)


def _load_checked(
    dataset: BaseCocoStyleDataset, load=BaseCocoStyleDataset._load_annotations
) -> Tuple[List[dict], List[dict]]:
    """mmpose's ``_load_annotations``, after a check where the data set is one of faces."""
    if not any(kind.__module__.startswith(face.__name__) for kind in type(dataset).__mro__):
        return load(dataset)
    check_file(dataset)
    instances, images = load(dataset)
    left_out = [instance for instance in instances if not dataset._is_valid_instance(instance)]
    if left_out:
        MMLogger.get_current_instance().info(
            f'{dataset.ann_file}: left out: {len(left_out):,} of {len(instances):,} faces, without a landmark or of no size'
        )
    return instances, images


BaseCocoStyleDataset._load_annotations = _load_checked
