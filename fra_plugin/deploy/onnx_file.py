"""An onnx file of a network: any number of images at a time, how they are prepared in its metadata, and checked numbers."""

import json
import os
import shutil
import tempfile
import warnings
from typing import Any, Callable, Dict, List, Union

import numpy as np
import torch

from ..files.whole_file import whole_file
from .deployable import INPUT, Deployable, checked_differences

OPSET = 17
ONNX_PACKAGES = "pip install 'onnx>=1.14' 'onnxruntime>=1.16'"


def write_onnx(deployable: Deployable, out: Union[str, os.PathLike], opset: int = OPSET) -> Dict[str, float]:
    """Write the file if onnxruntime gives the numbers of torch, for one image and for three.

    Args:
        deployable: see :func:`read_deployable`.
        out: file to write, whole or not at all.
        opset: version of onnx's operators, 14 or higher. Defaults to 17.

    Returns:
        The largest difference of each output, relative to its largest number (but 1 at least).

    Raises:
        ImportError: without onnx or onnxruntime.
        ValueError: if the network can't be written so, or a difference is above 1e-4.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise ImportError(f'writing onnx needs {error.name}: {ONNX_PACKAGES}') from None
    if not 14 <= opset <= 20:
        raise ValueError(f'opset must be 14 to 20, got {opset}')
    with tempfile.TemporaryDirectory() as folder:
        draft = os.path.join(folder, 'draft.onnx')
        _export(deployable, draft, opset)
        model = onnx.load(draft)
        for name, value in deployable.facts.items():
            model.metadata_props.add(key=name, value=value if isinstance(value, str) else json.dumps(value))
        for value in model.graph.output:  # of some, torch names all dimensions
            _fixed(value, deployable)
        onnx.checker.check_model(model)
        onnx.save(model, draft)
        differences = checked_differences(deployable, _in_onnxruntime(deployable, draft), 'onnxruntime')
        with whole_file(out) as partial:
            shutil.copyfile(draft, partial)
    return differences


def _in_onnxruntime(deployable: Deployable, path: str) -> Callable[[torch.Tensor], List[np.ndarray]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
    return lambda images: session.run(deployable.outputs, {INPUT: images.numpy()})


def _export(deployable: Deployable, path: str, opset: int) -> None:
    # One way of torch's two works from 2.1 on, and is quick; later ones have the other as their default.
    options: Dict[str, Any] = dict(dynamo=False) if torch.__version__ >= (2, 5) else {}
    names = [INPUT, *deployable.outputs]
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter('ignore')
            torch.onnx.export(
                deployable.network,
                (deployable.example(),),
                path,
                input_names=[INPUT],
                output_names=deployable.outputs,
                dynamic_axes={name: {0: 'batch'} for name in names},
                opset_version=opset,
                **options,
            )
    except (RuntimeError, TypeError, NotImplementedError) as error:  # torch.onnx's own errors are RuntimeErrors
        reason = ' '.join(str(error).split())[:300]
        raise ValueError(f'torch {torch.__version__} cannot write this network as onnx: {reason}') from error


def _fixed(value: Any, deployable: Deployable) -> None:
    """All dimensions but the first as numbers."""
    shape = deployable.run(deployable.example())[deployable.outputs.index(value.name)].shape
    for place, length in enumerate(shape[1:], 1):
        value.type.tensor_type.shape.dim[place].dim_value = length
