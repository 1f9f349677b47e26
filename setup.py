"""Packaging: the package itself, and beside it the folder `.mim` (configs, tools, indexes) that mim looks into."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

ROOT = Path(__file__).resolve().parent
MIM_PARTS = ('configs', 'tools', 'model-index.yml', 'dataset-index.yml')


def version() -> str:
    """`__version__` as written in the package, which is not imported: torch need not be there yet."""
    text = (ROOT / 'fra_plugin' / '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE).group(1)


def requirements(name: str) -> list:
    """Requirement lines of requirements/NAME.txt without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith(('#', '-'))]


def remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def link_mim() -> None:
    """For an editable install: links in the source tree, so that an edited config is the one mim runs."""
    mim = ROOT / 'fra_plugin' / '.mim'
    remove(mim)
    mim.mkdir()
    for part in MIM_PARTS:
        (mim / part).symlink_to(Path('..', '..', part))


def copy_mim(package: Path) -> None:
    """For a wheel: copies in the package that is being built."""
    mim = package / '.mim'
    remove(mim)
    mim.mkdir(parents=True)
    for part in MIM_PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, mim / part, ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))
        else:
            shutil.copy2(ROOT / part, mim / part)


class BuildWithMim(build_py):
    """Runs for wheels, and with `editable_mode` for the editable installs of today's pip."""

    def run(self):
        super().run()
        if getattr(self, 'editable_mode', False):
            link_mim()
        else:
            copy_mim(Path(self.build_lib) / 'fra_plugin')


class DevelopWithMim(develop):
    """Runs for the editable installs of an older pip, which call `setup.py develop` and no build command."""

    def run(self):
        super().run()
        link_mim()


if __name__ == '__main__':
    setup(
        name='fra_plugin',
        version=version(),
        description='Self-supervised facial representation learning with facial region awareness, for OpenMMLab',
        long_description=(ROOT / 'README.md').read_text(encoding='utf-8') if (ROOT / 'README.md').is_file() else '',
        long_description_content_type='text/markdown',
        license='Apache-2.0',
        python_requires='>=3.8',
        packages=find_packages(include=('fra_plugin', 'fra_plugin.*')),
        package_data={'fra_plugin': ['weights/*']},
        install_requires=requirements('base'),
        extras_require={
            name: requirements(name) for name in ('lite', 'mmpose', 'mim', 'tools', 'hub', 'onnx', 'app', 'test')
        },
        cmdclass=dict(build_py=BuildWithMim, develop=DevelopWithMim),
        zip_safe=False,
    )
