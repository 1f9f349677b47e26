"""What the face parsing data sets share: images with label maps, both checked to be there."""

from typing import Dict, List

from ..annotation_file import existing_images
from ..labelled.labelled_faces import LabelledFaces


class ParsedFaces(LabelledFaces):
    """Official folder -> ``img_path``, ``num_classes``, and ``seg_map_path`` or ``part_masks`` of each face.

    A subclass names the classes in ``METAINFO``, in the order of their numbers; number 0 is the background.

    Args:
        data_root: folder of the data set as its authors hand it out.
        split: a key of ``OFFICIAL_COUNTS``. Defaults to 'train'.
        **kwargs: other arguments of :class:`LabelledFaces`.

    Raises:
        FileNotFoundError: for a missing label map, and as :class:`LabelledFaces`.
        ValueError: as :class:`LabelledFaces`.
    """

    def load_data_list(self) -> List[dict]:
        data_list = super().load_data_list()
        maps = [(path, data['img_path']) for data in data_list for path in label_map_files(data)]
        existing_images(maps, self.data_root, self.follow_links)
        for data in data_list:
            data['num_classes'] = len(self.METAINFO['classes'])
        return data_list

    def get_cat_ids(self, idx: int) -> List[int]:
        """Classes are of pixels, so a face has none."""
        return []


def label_map_files(data: Dict) -> List[str]:
    """The files with the labels of a face's pixels."""
    return [data['seg_map_path']] if 'seg_map_path' in data else [path for path, _ in data['part_masks']]
