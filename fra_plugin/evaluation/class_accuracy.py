"""Accuracy of each class, their mean, and the confusion matrix as a picture: what papers on expressions report."""

from typing import Dict, List, Optional

import numpy as np
import torch
from mmengine.logging import MessageHub
from mmengine.visualization import Visualizer
from mmpretrain.evaluation import ConfusionMatrix
from mmpretrain.registry import METRICS

from ..files.printable import drawable


@METRICS.register_module()
class ClassAccuracy(ConfusionMatrix):
    """Predicted and true label of each face -> confusion matrix -> accuracies in percent.

    The results are ``class_accuracy/mean``, over the classes that occur (mmpretrain's macro recall counts an absent
    class as 0), and one accuracy for each of these classes by its name. Plain accuracy is mmpretrain's ``Accuracy``.

    Example:
        >>> dict(type='ClassAccuracy', picture=False)

    Args:
        picture: hand the confusion matrix, each row in percent of its class, to the visualizer's backends: a file in
            ``vis_data/vis_image`` of the work directory, TensorBoard, ... Defaults to True.
        collect_device: 'cpu' or 'gpu', how processes exchange results. Defaults to 'cpu'.
        prefix: of the results' names. Defaults to None, 'class_accuracy'.
    """

    default_prefix = 'class_accuracy'

    def __init__(self, picture: bool = True, collect_device: str = 'cpu', prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.picture = picture

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        matrix = super().compute_metrics(results)['result']
        names = list((self.dataset_meta or {}).get('classes') or map(str, range(len(matrix))))
        # get_current_instance keeps a lock for good where there is no visualizer, so look first.
        if self.picture and Visualizer._instance_dict:
            step = MessageHub.get_current_instance().get_info('epoch', 0)
            Visualizer.get_current_instance().add_image('confusion_matrix', draw_confusion_matrix(matrix, names), step)
        return class_accuracies(matrix, names)


def class_accuracies(matrix: torch.Tensor, names: List[str]) -> Dict[str, float]:
    """Accuracies in percent from a confusion matrix (true class, predicted class), and their mean.

    A class that is called mean is given as 'class mean'.
    """
    counts = matrix.sum(dim=1)
    occurring = counts > 0
    accuracy = 100.0 * matrix.diag()[occurring].double() / counts[occurring]
    by_name = dict(zip((name for name, occurs in zip(names, occurring) if occurs), accuracy.tolist()))
    if 'mean' in by_name:
        by_name['class mean'] = by_name.pop('mean')
    return dict(by_name, mean=accuracy.mean().item())


def draw_confusion_matrix(matrix: torch.Tensor, names: List[str]) -> np.ndarray:
    """Picture (height, width, 3) uint8 RGB of a confusion matrix, each row in percent of its class."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    percent = (100.0 * matrix / matrix.sum(dim=1, keepdim=True).clamp(min=1)).round().long()
    figure = ConfusionMatrix.plot(percent, include_values=True, classes=list(map(drawable, names)), show=False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = np.asarray(canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return picture
