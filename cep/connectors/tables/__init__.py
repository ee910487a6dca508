"""Files that hold reference tables: CSV, JSON lines, Parquet and SQLite. Connectors layer: imports the core only."""

from cep.connectors.tables.files import TableFile

__all__ = ["TableFile"]
