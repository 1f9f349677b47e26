"""Keeps each face's annotation entry, and with it the test subsets that it names, up to the metric."""

from copy import deepcopy
from typing import Optional


class RawAnnotation:
    """Put before one of mmpose's face data sets that drop the entry (WFLW, 300W, AFLW): samples get ``raw_ann_info``.

    mmpose's PackPoseInputs carries ``raw_ann_info`` into the data sample, and FaceAlignmentMetric reads the list
    ``raw_ann_info['subsets']`` there. A file without such lists loads too; the metric then has the full set only.
    """

    def parse_data_info(self, raw_data_info: dict) -> Optional[dict]:
        """Annotation and image entry of a json file -> data of one face."""
        data_info = super().parse_data_info(raw_data_info)
        data_info['raw_ann_info'] = deepcopy(raw_data_info['raw_ann_info'])
        return data_info
