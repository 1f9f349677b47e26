"""Weights that travel: a folder with everything that a model needs, as the Hugging Face hub has it."""

from .hub import download_folder, upload_folder
from .hub_card import model_card
from .pretrained_folder import read_folder, write_folder

__all__ = ['download_folder', 'model_card', 'read_folder', 'upload_folder', 'write_folder']
