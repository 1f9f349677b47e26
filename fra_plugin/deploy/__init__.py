"""Models for other programs: one file with the network, and in it how its images are prepared."""

from .deployable import Deployable, read_deployable
from .exported_program import write_program
from .onnx_file import write_onnx

__all__ = ['Deployable', 'read_deployable', 'write_onnx', 'write_program']
