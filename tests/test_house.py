"""The order of the source tree: names, rooms, and which room may import which."""

import ast
import importlib
import pkgutil
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest

import fra_plugin

PACKAGE = Path(fra_plugin.__file__).resolve().parent
SOURCES = {path: ast.parse(path.read_text(encoding='utf-8')) for path in sorted(PACKAGE.rglob('*.py'))}

# What everything may import, as it knows nothing of the rooms below.
GROUND = ('files', 'processes', 'process_pool', 'configs', 'stand_ins')
# The rooms (and loose modules) above the ground, and what each of them may import besides.
MAY_IMPORT = dict(
    datasets=(),
    checkpoints=('datasets',),
    models=('checkpoints',),
    evaluation=('datasets',),
    reports=(),
    faces=('datasets',),
    deploy=('datasets', 'checkpoints', 'models', 'evaluation', 'landmark', 'apis'),
    engine=('datasets', 'checkpoints', 'models', 'evaluation', 'reports'),
    landmark=('datasets', 'checkpoints', 'models', 'evaluation'),
    synthetic=('datasets',),
    model_names=(),
    apis=('datasets', 'checkpoints', 'models', 'evaluation', 'synthetic'),
    command=('datasets', 'checkpoints', 'engine', 'landmark'),
)


def public_names(tree: ast.Module):
    """Functions, classes and constants of a module whose names do not begin with an underscore."""
    for node in tree.body:
        found = [node] if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else getattr(node, 'targets', [])
        names = [getattr(item, 'name', getattr(item, 'id', '_')) for item in found]
        yield from (name for name in names if not name.startswith('_'))


def imported_rooms(path: Path):
    """The first part below the package of everything that a file imports from this package, and 'tools' for tools."""
    package = ['fra_plugin', *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(SOURCES[path]):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            source = '.'.join(start + ([node.module] if node.module else []))
            names = [f'{source}.{alias.name}' for alias in node.names]
        for first, *rest in (name.split('.') for name in names):
            if first == 'fra_plugin' and rest:
                yield rest[0]
            elif first == 'tools':
                yield first


def test_no_public_name_is_defined_in_two_files():
    files = defaultdict(set)
    for path, tree in SOURCES.items():
        for name in public_names(tree):
            files[name.replace('_', '').lower()].add(str(path.relative_to(PACKAGE)))
    assert {name: sorted(found) for name, found in files.items() if len(found) > 1} == {}


@pytest.mark.parametrize('folder', sorted({path.parent for path in SOURCES}), ids=lambda folder: folder.name)
def test_a_package_says_what_it_is_for_and_hides_none_of_its_modules(folder):
    assert ast.get_docstring(SOURCES[folder / '__init__.py'])
    if folder.name == 'landmark':
        pytest.importorskip('mmpose.models', exc_type=ImportError)
    package = importlib.import_module('.'.join(folder.relative_to(PACKAGE.parent).parts))
    for module in pkgutil.iter_modules(package.__path__):
        assert isinstance(getattr(package, module.name, package), ModuleType), f'{package.__name__}.{module.name}'


def test_every_room_imports_only_what_it_may():
    wrong = [
        f'{path.relative_to(PACKAGE.parent)} imports {target}'
        for path in SOURCES
        if path != PACKAGE / '__init__.py'
        for room in [path.relative_to(PACKAGE).with_suffix('').parts[0]]
        for target in imported_rooms(path)
        if target not in (room, *GROUND, *(() if room in GROUND else MAY_IMPORT[room]))
    ]
    assert not wrong


def test_no_function_has_more_than_six_positional_settings():
    long = []
    for path, tree in SOURCES.items():
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        private = [node for kind in classes if kind.name.startswith('_') for node in kind.body]  # torch's order, say
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node not in private:
                names = [arg.arg for arg in node.args.posonlyargs + node.args.args if arg.arg not in ('self', 'cls')]
                if len(names) > 6:
                    long.append(f'{path.relative_to(PACKAGE)}:{node.lineno} {node.name}({", ".join(names)})')
    assert not long, 'put a * before what is a setting'


def test_no_folder_holds_more_files_than_one_sees_at_a_glance():
    counts = defaultdict(int)
    for path in SOURCES:
        counts[str(path.parent.relative_to(PACKAGE))] += path.name != '__init__.py'
    assert {folder: count for folder, count in counts.items() if count > 15} == {}, (
        'make a room for what belongs together'
    )
