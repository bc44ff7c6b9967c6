"""Rows by their keys: found, inserted, upserted and updated, many at a time.

On SQLite the statements are written here and run by the driver itself: the library's way from
a row to the driver takes several times as long as SQLite takes to store it. Elsewhere SQLAlchemy
writes them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select, tuple_
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql

from .types import from_sqlite, is_plain, to_sqlite

_CHUNK = 400
Row = dict[str, Any]


def find(
    connection: Connection,
    table: Table,
    key: Sequence[str],
    values: Iterable[tuple[Any, ...]],
    columns: Sequence[str] | None = None,
    *,
    lock: bool = False,
) -> Iterator[Row]:
    """The rows whose `key` columns have one of these values; `lock` keeps them to the commit."""
    names = tuple(columns or table.c.keys())
    wanted = sorted(set(values))
    if _is_sqlite(connection):
        yield from _find_in_sqlite(connection, table, tuple(key), wanted, names)
        return
    columns_of_key = tuple_(*(table.c[name] for name in key))
    for start in range(0, len(wanted), _CHUNK):
        query = select(*(table.c[name] for name in names))
        query = query.where(columns_of_key.in_(wanted[start : start + _CHUNK]))
        if lock:
            query = query.order_by(*(table.c[name] for name in key)).with_for_update()
        for row in connection.execute(query).mappings():
            yield dict(row)


def greatest(
    connection: Connection, table: Table, key: Sequence[str], value: tuple[Any, ...], column: str
) -> Any:
    """The greatest value of a column in the rows whose `key` columns are these; None: no row."""
    names = (column,)
    if _is_sqlite(connection):
        sql, read = _select_sql(table, tuple(key), names)
        write = _converter(table, tuple(key), to_sqlite, by_name=False)
        cursor = connection.connection.cursor()
        try:
            last = f"{sql} ORDER BY {_quoted(column)} DESC LIMIT 1"
            found = cursor.execute(last, write(value)).fetchone()
        finally:
            cursor.close()
        return None if found is None else read(found)[0]
    same = (table.c[name] == part for name, part in zip(key, value, strict=True))
    query = select(table.c[column]).where(*same).order_by(table.c[column].desc()).limit(1)
    return connection.execute(query).scalar()


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows; a key that is there already raises."""
    if not rows:
        return
    if _is_sqlite(connection):
        _run_in_sqlite(connection, _insert_sql(table, tuple(rows[0])), table, rows)
    else:
        connection.execute(table.insert(), list(rows))


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose key is not there yet."""
    if not rows:
        return
    if _is_sqlite(connection):
        sql = _insert_sql(table, tuple(rows[0])) + " ON CONFLICT DO NOTHING"
        _run_in_sqlite(connection, sql, table, rows)
    else:
        connection.execute(postgresql.insert(table).on_conflict_do_nothing(), list(rows))


def upsert(
    connection: Connection, table: Table, rows: Sequence[Row], columns: Sequence[str]
) -> None:
    """Insert the rows; where the key is there, set these columns."""
    if not rows:
        return
    if _is_sqlite(connection):
        _run_in_sqlite(connection, _upsert_sql(table, tuple(rows[0]), tuple(columns)), table, rows)
        return
    statement = postgresql.insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: getattr(statement.excluded, name) for name in columns},
    )
    connection.execute(statement, list(rows))


def update(
    connection: Connection, table: Table, rows: Sequence[Row], unless_null: Sequence[str] = ()
) -> None:
    """Set the other columns of the rows with these primary keys.

    A null leaves the columns of `unless_null` as they are.
    """
    if not rows:
        return
    names = tuple(rows[0])
    if _is_sqlite(connection):
        sql, order = _update_sql(table, names, tuple(unless_null))
        _run_in_sqlite(connection, sql, table, rows, order)
        return
    key = [column.name for column in table.primary_key]
    values = {
        name: _value_of(table, name, unless_null=name in unless_null)
        for name in names
        if name not in key
    }
    same = (table.c[name] == bindparam(f"of_{name}") for name in key)
    statement = sql_update(table).where(*same).values(values)
    renamed = [{f"of_{k}" if k in key else k: v for k, v in row.items()} for row in rows]
    connection.execute(statement, renamed)


def _value_of(table: Table, name: str, *, unless_null: bool) -> Any:
    value = bindparam(name, type_=table.c[name].type)
    return func.coalesce(value, table.c[name]) if unless_null else value


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _find_in_sqlite(
    connection: Connection,
    table: Table,
    key: tuple[str, ...],
    values: Iterable[tuple[Any, ...]],
    names: tuple[str, ...],
) -> Iterator[Row]:
    sql, read = _select_sql(table, key, names)
    write = _converter(table, key, to_sqlite, by_name=False)
    cursor = connection.connection.cursor()
    try:
        for value in values:
            cursor.execute(sql, write(value))
            for found in cursor.fetchall():
                yield dict(zip(names, read(found), strict=True))
    finally:
        cursor.close()


def _run_in_sqlite(
    connection: Connection,
    sql: str,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    order: tuple[str, ...] | None = None,
) -> None:
    names = order or tuple(rows[0])
    convert = _converter(table, names, to_sqlite, by_name=True)
    connection.exec_driver_sql(sql, list(map(convert, rows)))


Convert = Callable[[Any], Any]


@lru_cache
def _converter(
    table: Table,
    names: tuple[str, ...],
    find_convert: Callable[[Any], Convert | None],
    *,
    by_name: bool,
) -> Callable[[Any], tuple[Any, ...]]:
    """A function from a row, as a mapping or in this order, to the tuple of its converted values.

    It is written out, since a loop over the columns takes three times as long.
    """
    converts: dict[str, Convert] = {}
    parts = []
    for index, name in enumerate(names):
        value = f"row[{(name if by_name else index)!r}]"
        convert = find_convert(table.c[name].type)
        if convert is not None:
            converts[f"convert_{index}"] = convert
            stays = is_plain(table.c[name].type).format(value=value)
            value = f"({value} if {stays} else convert_{index}({value}))"
        parts.append(value + ",")
    written: Callable[[Any], tuple[Any, ...]] = eval(f"lambda row: ({' '.join(parts)})", converts)
    return written


@lru_cache
def _select_sql(
    table: Table, key: tuple[str, ...], names: tuple[str, ...]
) -> tuple[str, Callable[[Any], tuple[Any, ...]]]:
    same = " AND ".join(f"{_quoted(name)} = ?" for name in key)
    sql = f"SELECT {_listed(names)} FROM {_quoted(table.name)} WHERE {same}"
    return sql, _converter(table, names, from_sqlite, by_name=False)


@lru_cache
def _insert_sql(table: Table, names: tuple[str, ...]) -> str:
    places = ", ".join("?" for _ in names)
    return f"INSERT INTO {_quoted(table.name)} ({_listed(names)}) VALUES ({places})"


@lru_cache
def _upsert_sql(table: Table, names: tuple[str, ...], columns: tuple[str, ...]) -> str:
    key = _listed(column.name for column in table.primary_key)
    changes = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in columns)
    return f"{_insert_sql(table, names)} ON CONFLICT ({key}) DO UPDATE SET {changes}"


@lru_cache
def _update_sql(
    table: Table, names: tuple[str, ...], unless_null: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    key = tuple(column.name for column in table.primary_key)
    changed = tuple(name for name in names if name not in key)
    changes = ", ".join(
        f"{_quoted(n)} = coalesce(?, {_quoted(n)})" if n in unless_null else f"{_quoted(n)} = ?"
        for n in changed
    )
    same = " AND ".join(f"{_quoted(name)} = ?" for name in key)
    return f"UPDATE {_quoted(table.name)} SET {changes} WHERE {same}", (*changed, *key)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_quoted(name) for name in names)


def _quoted(name: str) -> str:
    return f'"{name}"'
