"""A file of torch.export: the network as a program for torch alone, without the code of this package or OpenMMLab's."""

import json
import os
from typing import Dict, Union

import torch

from ..files.whole_file import whole_file
from .deployable import Deployable, checked_differences

FACTS = 'fra_plugin.json'


def write_program(deployable: Deployable, out: Union[str, os.PathLike]) -> Dict[str, float]:
    """Write the file, ``torch.export.load`` of which gives the network's numbers for any number of images.

    How images are prepared is in it as the extra file ``fra_plugin.json``.

    Args:
        deployable: see :func:`read_deployable`.
        out: file to write, by its ending ``.pt2``, whole or not at all.

    Returns:
        The largest difference of each output, relative to its largest number (but 1 at least).

    Raises:
        ValueError: with a torch before 2.5, if the network can't be written so, or a difference is above 1e-4.
    """
    if torch.__version__ < (2, 5):
        raise ValueError(f'torch.export needs torch 2.5 or later, this is {torch.__version__}: write onnx')
    with whole_file(out) as partial:
        try:
            with torch.no_grad():
                batch = torch.export.Dim('batch')
                program = torch.export.export(
                    deployable.network, (deployable.example(),), dynamic_shapes=({0: batch},), strict=False
                )
        except Exception as error:  # of torch's compiler, whose errors have many classes
            reason = ' '.join(str(error).split())[:300]
            raise ValueError(f'torch.export cannot take this network: {reason}') from error
        torch.export.save(program, partial, extra_files={FACTS: json.dumps(deployable.facts)})
        module = torch.export.load(partial).module()
        differences = checked_differences(
            deployable, lambda images: [values.detach().numpy() for values in module(images)], 'torch.export'
        )
    return differences
