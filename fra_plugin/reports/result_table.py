"""One table of results as csv, Markdown and a self-contained html page."""

import csv
from pathlib import Path
from typing import Any, Sequence, Union

import numpy as np

from ..files.whole_file import whole_file
from .report import Report


def write_table(
    folder: Union[str, Path],
    name: str,
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    notes: Sequence[str] = (),
    commands: Sequence[str] = (),
    figure: Any = None,
    caption: str = '',
) -> str:
    """Write ``name.csv``, ``name.md`` and ``name.html``, each whole or not at all.

    Args:
        folder: where to; it is made.
        name: of the files, without ending.
        title: of the two pages.
        header: a word or two for each column.
        rows: texts and numbers, as many in each row as in the header; None is empty.
        notes: paragraphs below the table, not in the csv file.
        commands: what was run, below them.
        figure: a picture above the table, of the html page only. Defaults to None.
        caption: below it. Defaults to ''.

    Returns:
        The table in Markdown.
    """
    folder = Path(folder)
    # A name of a file or folder that is not UTF-8 must not cost the results.
    text = dict(encoding='utf-8', errors='backslashreplace')
    with whole_file(folder / f'{name}.csv') as partial, open(partial, 'w', newline='', **text) as file:
        csv.writer(file).writerows([header, *rows])

    table = '\n'.join([_line(header), _line(['---'] * len(header)), *map(_line, rows)])
    lines = [f'# {title}', '', table]
    for note in notes:
        lines += ['', note]
    if commands:
        lines += ['', '```', *commands, '```']
    with whole_file(folder / f'{name}.md') as partial:
        Path(partial).write_text('\n'.join(lines) + '\n', **text)

    report = Report(title)
    if figure is not None:
        report.figure(figure, caption=caption)
    report.table(header, rows)
    for note in notes:
        report.text(note)
    if commands:
        report.heading('Commands').text('\n'.join(commands))
    report.save(folder / f'{name}.html')
    return table


def fill_page(page: Union[str, Path], name: str, content: str) -> None:
    """Put a text into a Markdown page, between ``<!-- name -->`` and ``<!-- end of name -->``.

    Raises:
        FileNotFoundError: if there is no such page.
        ValueError: if the page has not both marks, once each and in this order.
    """
    text = Path(page).read_text(encoding='utf-8')
    start, end = f'<!-- {name} -->\n', f'<!-- end of {name} -->'
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise ValueError(f'{page}: expected one line {start.strip()} and after it one line {end}')
    before, after = text[: text.index(start) + len(start)], text[text.index(end) :]
    with whole_file(page) as partial:
        Path(partial).write_text(f'{before}\n{content}\n\n{after}', encoding='utf-8')


def mean_and_std(values: Sequence[float]) -> str:
    """'12.3 ± 0.4': mean and sample standard deviation; the mean alone of a single value."""
    if len(values) < 2:
        return f'{values[0]:.2f}' if values else ''
    return f'{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}'


def _line(cells: Sequence[Any]) -> str:
    texts = ['' if cell is None else f'{cell:.4g}' if isinstance(cell, float) else str(cell) for cell in cells]
    return '| ' + ' | '.join(text.replace('|', '\\|').replace('\n', ' ') for text in texts) + ' |'
