"""How the fuzz tests draw their cases: a few, the same ones each time, in `make test`; a thousand new ones of each kind of
file in the long run."""

import random
from typing import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def cases(few: int, many: int):
    """Parameter `cases`: `few` of them in `make test`, `many` in `make test-faults`."""
    return pytest.mark.parametrize(
        'cases', [few, pytest.param(many, marks=[pytest.mark.faults, pytest.mark.timeout(3600)])]
    )


# What people, editors and file systems put where something else was meant.
ODD_TEXT = st.sampled_from(
    [
        '',
        ' ',
        '-1',
        '0',
        '1',
        '7',
        '8',
        '1.5',
        '1e999',
        'nan',
        'inf',
        '99999999999999999999',
        '1_0',
        '٣',
        '²',
        'é',
        '\x00',
        '"',
        ',',
        '\t',
        '\r',
        '..',
        '../../etc/passwd',
        '/etc/passwd',
        'C:\\faces\\1.jpg',
        '~',
        'a' * 300,
        '\ud7ff',
        'NaN',
        'None',
    ]
) | st.text(max_size=5)
ODD_VALUE = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.integers()
    | st.floats()
    | st.floats(0, 1)
    | ODD_TEXT
    | st.sampled_from([float('nan'), float('inf'), float('-inf')])
    | st.lists(st.integers(-1, 3), max_size=3)
    | st.just({})
)


def fuzz(number: int, check: Callable, *strategies: st.SearchStrategy, **named: st.SearchStrategy) -> None:
    """Call `check` with that many drawn cases; a case that fails is reduced to the smallest one that does."""
    few = number <= 50
    settings(max_examples=number, deadline=None, database=None, derandomize=few, print_blob=not few,
             suppress_health_check=list(HealthCheck))(given(*strategies, **named)(check))()  # yapf: disable


@st.composite
def damaged_text(draw, text: str) -> bytes:
    """A text file with some fields, lines or bytes changed, lost, doubled or swapped."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    lines = text.split('\n')
    for _ in range(draw(st.integers(1, 4))):
        number = dice.randrange(len(lines))
        action = draw(st.sampled_from(['field', 'line', 'lost', 'doubled', 'joined', 'swapped']))
        if action == 'field':
            separator = ',' if ',' in lines[number] else None
            fields = lines[number].split(separator) or ['']
            fields[dice.randrange(len(fields))] = draw(ODD_TEXT)
            lines[number] = (separator or ' ').join(fields)
        elif action == 'line':
            lines[number] = draw(ODD_TEXT)
        elif action == 'lost' and len(lines) > 1:
            del lines[number]
        elif action == 'doubled':
            lines.insert(number, lines[number])
        elif action == 'joined':
            lines[number : number + 2] = [''.join(lines[number : number + 2])]
        else:
            other = dice.randrange(len(lines))
            lines[number], lines[other] = lines[other], lines[number]
    return draw(damaged_bytes('\n'.join(lines).encode('utf-8', 'surrogatepass'), least=0))


@st.composite
def damaged_bytes(draw, data: bytes, least: int = 1) -> bytes:
    """A file with some bytes changed, cut out or put in, or cut short."""
    data = bytearray(data)
    dice = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(draw(st.integers(least, 3))):
        place = dice.randrange(len(data) + 1)
        action = draw(st.sampled_from(['changed', 'cut short', 'cut out', 'put in']))
        if action == 'changed' and place < len(data):
            data[place] = dice.randrange(256)
        elif action == 'cut short':
            del data[place:]
        elif action == 'cut out':
            del data[place : place + dice.randrange(1, 20)]
        else:
            data[place:place] = dice.randbytes(dice.randrange(1, 20)) if hasattr(dice, 'randbytes') else b'\x00\xff'
    return bytes(data)
