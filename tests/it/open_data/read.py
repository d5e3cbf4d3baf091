"""Reads tables with other engines and prints what each found, as one JSON object.

The argument is a JSON file: by table its folder, its live files, its version, and the columns of
two small questions: how many rows by `group`, and the greatest `instant` in microseconds. Whether
the answers are right is judged by the test that calls.
"""

import json
import sys

import duckdb
import polars
import pyarrow
import pyarrow.compute as compute
from deltalake import DeltaTable


def connection():
    opened = duckdb.connect()
    opened.execute("set timezone = 'UTC'")
    return opened


def by_duckdb(opened, source, table):
    group, instant = table["group"], table["instant"]
    rows = opened.execute(f"select count(*) from {source}").fetchall()[0][0]
    counts = opened.execute(f'select coalesce("{group}", \'\'), count(*) from {source} group by 1').fetchall()
    latest = opened.execute(f'select epoch_us(max("{instant}")) from {source}').fetchall()[0][0] if instant else None
    return {"rows": rows, "groups": dict(counts), "latest": latest}


def with_parquet_files(opened, table):
    files = ", ".join("'" + file.replace("'", "''") + "'" for file in table["files"])
    return by_duckdb(opened, f"read_parquet([{files}])", table)


def with_delta_extension(opened, table):
    folder = table["folder"].replace("'", "''")
    return by_duckdb(opened, f"delta_scan('{folder}')", table)


def with_polars(table):
    frame = polars.scan_delta(table["folder"], version=table["version"])
    group, instant = polars.col(table["group"]).fill_null(""), table["instant"]
    rows = frame.select(polars.len()).collect().item()
    counts = frame.group_by(group.alias("value")).agg(polars.len().alias("rows")).collect()
    latest = frame.select(polars.col(instant).max().dt.epoch("us")).collect().item() if instant else None
    return {"rows": rows, "groups": dict(counts.iter_rows()), "latest": latest}


def with_deltalake(table):
    opened = DeltaTable(table["folder"], version=table["version"])
    found = {uri.rsplit("/", 1)[-1] for uri in opened.file_uris()}
    expected = {file.rsplit("/", 1)[-1] for file in table["files"]}
    if found != expected:
        raise AssertionError(f"{table['folder']} names other files: {sorted(found ^ expected)}")
    # The whole table, so that every column is read.
    rows = opened.to_pyarrow_table()
    values = compute.fill_null(rows.column(table["group"]).cast(pyarrow.string()), "")
    counts = {count["values"]: count["counts"] for count in compute.value_counts(values).to_pylist()}
    latest = None
    if table["instant"]:
        column = rows.column(table["instant"]).cast(pyarrow.timestamp("us", "UTC"))
        latest = compute.max(column.cast(pyarrow.int64())).as_py()
    return {"rows": rows.num_rows, "groups": counts, "latest": latest}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        tables = json.load(file)
    opened = connection()
    readers = {
        "DuckDB over Parquet files": lambda table: with_parquet_files(opened, table),
        "Polars": with_polars,
        "deltalake": with_deltalake,
    }
    absent = {}
    try:
        # Only if it is on this machine: nothing is fetched for a test.
        opened.execute("set autoinstall_known_extensions = false")
        opened.execute("load delta")
        readers["DuckDB with delta_scan"] = lambda table: with_delta_extension(opened, table)
    except duckdb.Error as error:
        absent["DuckDB with delta_scan"] = str(error).splitlines()[0]
    found = {name: {key: read(table) for key, table in tables.items()} for name, read in readers.items()}
    print(json.dumps({"found": found, "absent": absent}))


if __name__ == "__main__":
    main()
