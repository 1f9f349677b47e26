"""The training loop: exact resume, seeded data workers, finite steps, and fitting a config to the machine at hand."""

from .cpu_data_parallel import CPUDataParallel
from .reliable_train_loop import ReliableTrainLoop

__all__ = ['CPUDataParallel', 'ReliableTrainLoop']
