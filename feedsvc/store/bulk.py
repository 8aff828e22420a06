"""Many rows in one statement, handed to the driver as they are.

SQLAlchemy looks at each value of each row; for tens of thousands of rows that costs more than to
write them. Whoever uses this says the order of the columns once, best in a NamedTuple.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insertion(table: Table, *columns: str) -> str:
    """The statement that adds rows of these columns."""
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  our own names


def replacement(table: Table, *columns: str, key: str) -> str:
    """The statement that sets these columns of the row whose `key` comes behind them."""
    values = ", ".join(f"{name} = ?" for name in columns)
    return f"UPDATE {table.name} SET {values} WHERE {key} = ?"  # noqa: S608  our own names


def write(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement once for each row; nothing for none."""
    if rows:
        connection.exec_driver_sql(statement, rows)
