"""The docstrings of what a config names: an example that fits, every argument, and the true defaults."""

import ast
import doctest
import inspect
import re
import sys
from pathlib import Path

import mmengine.registry
import pytest
from mmengine.registry import Registry

import fra_plugin

PACKAGE = Path(fra_plugin.__file__).resolve().parent
ENTRY = re.compile(r'    (\*{0,2}\w+(?:, \w+)*): ')
TYPED_ENTRY = re.compile(r'^ +\*{0,2}\w+ \([^)]*\): ', re.MULTILINE)


def registered(room: str) -> dict:
    """What this package registers below ``fra_plugin.room``, by name."""

    def below(registry):
        yield registry
        for child in registry.children.values():
            yield from below(child)

    registries = [item for item in vars(mmengine.registry).values() if isinstance(item, Registry)]
    return {
        name: item
        for root in registries
        for registry in below(root)
        for name, item in registry.module_dict.items()
        if getattr(item, '__module__', '').startswith(room)  # mmengine registers partial functions, too
    }


def landmark_parts() -> dict:
    pytest.importorskip('mmpose.models', exc_type=ImportError)
    import fra_plugin.landmark  # noqa: F401

    return registered('fra_plugin.landmark')


PARTS = registered('fra_plugin')


def arguments(item) -> dict:
    """The text about each argument in a docstring's section Args."""
    section = re.search(r'^Args:\n((?: .*\n|\n)*)', inspect.getdoc(item) + '\n', re.MULTILINE)
    entries, names = {}, []
    for line in section.group(1).splitlines() if section else ():
        match = ENTRY.match(line)
        if match:
            names = match.group(1).split(', ')
        for name in names:
            entries[name] = f'{entries.get(name, "")} {line[match.end() if match else 0 :].strip()}'.strip()
    return entries


def stated_defaults(text: str, module: str):
    """The values that follow "Defaults to", as Python reads them; the text itself where it is no value."""
    for stated in re.findall(r'Defaults to (.*)', text):
        ends = [match.start() for match in re.finditer(r'[.,:;]*(\s|$)', stated) if match.start()]
        for end in ends:
            try:
                yield eval(stated[:end].strip('`'), vars(sys.modules[module]))
                break
            except (SyntaxError, NameError):
                continue
        else:
            yield f'not a value: {stated}'


def check(name: str, item) -> list:
    """What is wrong with one docstring."""
    wrong = []
    parameters = inspect.signature(item).parameters
    own = parameters if inspect.isfunction(item) or '__init__' in vars(item) else {}
    entries = arguments(item)
    for parameter in own.values():
        keyword = {parameter.VAR_KEYWORD: '**', parameter.VAR_POSITIONAL: '*'}.get(parameter.kind, '') + parameter.name
        if keyword == '*args':
            continue
        if keyword not in entries:
            wrong.append(f'{keyword} is not explained')
        elif parameter.default is not parameter.empty and 'Defaults to' not in entries[keyword]:
            wrong.append(f'the default of {keyword} is not stated')
    passes_on = any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values())
    for keyword, text in entries.items():
        if keyword.startswith('*'):
            continue
        if keyword not in parameters:
            if not passes_on:
                wrong.append(f'{keyword} is explained, but is no argument')
            continue
        for stated in stated_defaults(text, item.__module__):
            if stated != parameters[keyword].default:
                wrong.append(f'{keyword} defaults to {parameters[keyword].default!r}, not to {stated!r}')
    return wrong + check_example(name, item)


def check_example(name: str, item) -> list:
    """The example is a config, and what it gives to the class are arguments of it."""
    found = []

    def look(value):
        if isinstance(value, dict):
            if name in (value.get('type'), value.get('constructor')):
                found.append(value)
            for part in value.values():
                look(part)
        elif isinstance(value, (list, tuple)):
            for part in value:
                look(part)

    try:
        for example in doctest.DocTestParser().get_examples(inspect.getdoc(item) or ''):
            look(eval(example.source, {}))
    except (SyntaxError, NameError) as error:
        return [f'the example is more than  >>> dict(type=...): {error}']
    if not found:
        return ['there is no example, such as  >>> dict(type=...)']
    try:
        for config in found:
            if config.get('type') == name:
                inspect.signature(item).bind_partial(**{key: value for key, value in config.items() if key != 'type'})
    except TypeError as error:
        return [f'the example does not fit: {error}']
    return []


@pytest.mark.parametrize('name', sorted(PARTS))
def test_docstring_is_true(name):
    assert check(name, PARTS[name]) == []


def test_docstrings_of_the_landmark_room_are_true():
    parts = landmark_parts()
    assert {'STARHead', 'WFLWSubsetDataset'} <= set(parts)
    assert {name: wrong for name, item in parts.items() for wrong in [check(name, item)] if wrong} == {}


def test_all_docstrings_speak_one_dialect():
    wrong = []
    for path in sorted(PACKAGE.rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node) or ''
                if 'Default: ' in text or TYPED_ENTRY.search(text):
                    wrong.append(f'{path.relative_to(PACKAGE)}: {getattr(node, "name", "module")}')
    assert not wrong, 'write "Defaults to X." and leave types to the signature'


@pytest.mark.parametrize(
    'docstring, message',
    [
        ('Does.\n\nArgs:\n    size: pixels. Defaults to 3.\n\nExample:\n    >>> dict(type="Part", size=2)', 'not to 3'),
        ('Does.\n\nArgs:\n    size: pixels.\n\nExample:\n    >>> dict(type="Part", size=2)', 'not stated'),
        ('Does.\n\nExample:\n    >>> dict(type="Part", size=2)', 'size is not explained'),
        ('Does.\n\nArgs:\n    size: pixels. Defaults to 2.', 'there is no example'),
        ('Does.\n\nArgs:\n    size: pixels. Defaults to 2.\n\nExample:\n    >>> dict(type="Part", side=2)', "'side'"),
        (
            'Does.\n\nArgs:\n    size: pixels. Defaults to 2.\n    side: no.\n\nExample:\n    >>> dict(type="Part")',
            'side',
        ),
    ],
)
def test_a_wrong_docstring_is_found(docstring, message):
    class Part:
        def __init__(self, size=2):
            self.size = size

    Part.__doc__ = docstring
    assert [text for text in check('Part', Part) if message in text]
