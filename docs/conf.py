"""Sphinx: the pages of this folder and an API reference from the docstrings. `make docs` writes work_dirs/docs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import fra_plugin

project = 'fra_plugin'
author = 'the fra_plugin authors'
release = fra_plugin.__version__

extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx.ext.viewcode']
myst_enable_extensions = ['colon_fence']
myst_heading_anchors = 3
html_theme = 'furo'
html_title = f'fra_plugin {release}'
exclude_patterns = ['notebooks']

autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # the docstrings say it
autodoc_default_options = {'members': True, 'show-inheritance': True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
