"""The training loop (exact resume, seeded data, finite steps, watched workers), and training without a GPU."""

from .cpu_data_parallel import CPUDataParallel
from .reliable_train_loop import ReliableTrainLoop

__all__ = ['CPUDataParallel', 'ReliableTrainLoop']
