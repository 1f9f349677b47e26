"""What all commands share: options of configs, a Runner from a config, images, and mistakes told in one line."""

from .config_options import add_config_options, merge_options
from .error_text import one_line
from .given_images import folder_or_files, tell_broken
from .run_config import add_config_arguments, build_runner, errors_in_one_line, read_config

__all__ = [
    'add_config_arguments',
    'add_config_options',
    'build_runner',
    'errors_in_one_line',
    'folder_or_files',
    'merge_options',
    'one_line',
    'read_config',
    'tell_broken',
]
