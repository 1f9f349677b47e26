"""The loops (exact resume, seeded data, finite steps, watched workers), and training without a GPU."""

from .cpu_data_parallel import CPUDataParallel
from .reliable_train_loop import ReliableTrainLoop
from .reliable_val_loop import ReliableValLoop

__all__ = ['CPUDataParallel', 'ReliableTrainLoop', 'ReliableValLoop']
