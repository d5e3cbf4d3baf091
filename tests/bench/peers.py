#!/usr/bin/env python3
"""Waymark beside DuckDB, Polars and chDB: the same data, the same machine, the same run.

    waymark --data FOLDER serve &
    python tests/bench/peers.py --data FOLDER         (needs duckdb and polars; chdb where it is installed)

Free SQL: the questions of `peers/*.sql`, in DuckDB over the Parquet files of the newest snapshot and
in Waymark over HTTP, one after the other, with the same rows as answer. Catalogue metrics: 13 weeks of
every team over HTTP, beside the same from raw observations (`raw_tables.py`, `raw_dora.py`); a series that was asked
for before is remembered, so "computed" names every team and one that nobody ever asked for, and
"again" asks for what is remembered. Times are medians of warm runs in milliseconds, Waymark's with connection, encoding and reading. Prints Markdown, judges only
whether the answers are the same. Nothing is written.
"""

import argparse
import csv
import http.client
import io
import json
import math
import statistics
import sys
import time
import urllib.parse
import uuid
import zoneinfo
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import polars

sys.dont_write_bytecode = True
import raw_dora  # noqa: E402  (beside this file, which leaves nothing there)
import raw_tables  # noqa: E402  (beside this file, which leaves nothing there)

WEEKS = 13
OBSERVED = ("deployments", "ci_runs", "services", "commits", "incidents")
# The catalogue's name of a question, and in which column of a series the raw value stands.
METRICS = {
    raw_tables.DEPLOYMENTS: ("deployment_frequency", "rate", "numerator"),
    raw_tables.CI_SUCCESS: ("ci_success_rate", "share", "value"),
    raw_tables.LEAD_TIME: ("change_lead_time", "p50", None),
    raw_dora.FAIL_RATE: ("change_fail_rate", "share", None),
    raw_dora.REWORK: ("deployment_rework_rate", "share", None),
    raw_dora.RECOVERY: ("failed_deployment_recovery_time", "p50", None),
}
# The five of DORA, which only DuckDB is asked for altogether.
DORA = (raw_tables.DEPLOYMENTS, raw_tables.LEAD_TIME, raw_dora.FAIL_RATE, raw_dora.REWORK, raw_dora.RECOVERY)
CI_DURATION_SQL = """
select scopes.scope as team, cast(date_trunc('week', ci_runs.day) as date) as week, median(ci_runs.duration_seconds) as value
from ci_runs
join scopes on scopes.service = ci_runs.service and scopes.scope_kind = 'team'
    and ci_runs.finished_at >= scopes.valid_from and ci_runs.finished_at < scopes.valid_to
where ci_runs.duration_seconds is not null
    and ci_runs.day >= cast('{start}' as date) and ci_runs.day < cast('{end}' as date)
group by scopes.scope, cast(date_trunc('week', ci_runs.day) as date)"""


class Waymark:
    """A running `waymark serve`, over one connection that stays open."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=120)

    def request(self, method, path, body=None):
        headers = {"content-type": "text/plain"} if body is not None else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise SystemExit(f"{method} {path} answered {answer.status}: {text[:500]}")
        return answer, text

    def snapshot(self):
        answer, _ = self.request("POST", "/api/v1/sql?format=csv", "select 1 as one")
        return answer.headers["waymark-snapshot"]

    def ask(self, sql):
        _, text = self.request("POST", "/api/v1/sql?format=csv&deadline_ms=30000", sql.encode())
        return list(csv.reader(io.StringIO(text)))[1:]

    def series(self, metric, statistic, start, end, teams=()):
        window = {"scope_kind": "team", "grain": "week", "statistic": statistic, "from": start, "to": end}
        if teams:
            window["scope"] = ",".join(teams)
        _, text = self.request("GET", f"/api/v1/metrics/{metric}/series?{urllib.parse.urlencode(window)}")
        return json.loads(text)


def newest_snapshot(folder):
    manifests = sorted((folder / "snapshots").glob("*.json"))
    if not manifests:
        raise SystemExit(f"{folder} has no snapshot: let `waymark serve` make one")
    return json.loads(manifests[-1].read_text())


def files_of(folder, snapshot, table):
    return [str(folder / "lake" / table / file["path"]) for file in snapshot["tables"][table]["files"]]


def with_views(files):
    opened = duckdb.connect()
    opened.execute("set timezone = 'UTC'")
    for name, paths in files.items():
        if paths:
            quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            opened.execute(f'create view "{name}" as select * from read_parquet([{quoted}], union_by_name = true)')
    return opened


def timed(work):
    began = time.perf_counter()
    answer = work()
    return (time.perf_counter() - began) * 1_000, answer


def medians(runs, works):
    """The median time of each work, which take turns; each runs once before."""
    for work in works.values():
        work(-1)
    seen = {name: [] for name in works}
    for run in range(runs):
        for name, work in works.items():
            seen[name].append(timed(lambda work=work, run=run: work(run))[0])
    return {name: statistics.median(times) for name, times in seen.items()}


def plain(value):
    """A value as both sides can say it: six digits of a number, a day or a second of an instant."""
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        instant = value.astimezone(timezone.utc).isoformat()[:19] if value.tzinfo else value.isoformat()[:19]
        return instant
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text[:19] if text[:2] == "20" and text[10:11] == "T" else text


def same_rows(ours, theirs):
    """In any order: rows that are equal in what decides the order may come as they like."""
    return sorted([plain(value) for value in row] for row in ours) == sorted([plain(value) for value in row] for row in theirs)


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def free_sql(waymark, opened, as_of, runs):
    service = opened.execute("select service from ci_runs group by 1 order by count(*) desc, 1 limit 1").fetchall()[0][0]
    sha = opened.execute("select sha from attribution order by sha limit 1").fetchall()[0][0]
    start = f"cast('{(as_of.date() - timedelta(days=90)).isoformat()}' as date)"
    print("\n| Free SQL on facts | rows | DuckDB | Waymark | ratio |\n|---|---:|---:|---:|---:|")
    ratios, wrong = [], []
    for path in sorted((Path(__file__).parent / "peers").glob("*.sql")):
        sql = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("--"))
        sql = sql.replace(":service", literal(service)).replace(":sha", literal(sha)).replace(":from", start)
        ours, theirs = waymark.ask(sql), opened.execute(sql).fetchall()
        if len(ours) != len(theirs) or not same_rows(ours, theirs):
            wrong.append(path.stem)
        works = {"duckdb": lambda run, sql=sql: opened.execute(sql).fetchall(), "waymark": lambda run, sql=sql: waymark.ask(sql)}
        seen = medians(runs, works)
        ratios.append(seen["waymark"] / seen["duckdb"])
        mark = " (**answers differ**)" if path.stem in wrong else ""
        print(f"| {path.stem.replace('_', ' ')}{mark} | {len(ours)} | {seen['duckdb']:.1f} | {seen['waymark']:.1f} | {ratios[-1]:.2f} |")
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))
    print(f"| **geometric mean of {len(ratios)}** | | | | **{mean:.2f}** |")
    return wrong


def week_of(instant, zone):
    return datetime.fromisoformat(instant.replace("Z", "+00:00")).astimezone(zone).date().isoformat()


def cells(rows):
    return {(team, str(week)[:10]): float(value) for team, week, value in rows if value not in (None, "")}


def agreement(ours, theirs):
    # A raw table has no row where nothing happened; a series says 0.
    keys = {key for key, value in ours.items() if value} | {key for key, value in theirs.items() if value}
    same = sum(math.isclose(ours.get(key, 0.0), theirs.get(key, 0.0), rel_tol=1e-6) for key in keys)
    return f"{same} of {len(keys)} cells"


def asked_of_waymark(waymark, question):
    """How Waymark is asked a question, and its answer as cells of (team, week)."""
    if question == raw_tables.CI_DURATION:
        # The catalogue has no metric of it, so it is asked in SQL, and nothing is remembered.
        def ask(start, end, teams=()):
            return waymark.ask(CI_DURATION_SQL.format(start=start, end=end))

        return ask, lambda answer, zone: cells(answer)
    metric, statistic, column = METRICS[question]

    def ask(start, end, teams=()):
        return waymark.series(metric, statistic, start, end, teams)

    def told(answer, zone):
        return cells((row["scope"], week_of(row["period_start"], zone), row[column]) for row in answer["rows"])

    return ask, told if column else None


def catalogue_metrics(waymark, folder, snapshot, as_of, runs):
    files = {table: files_of(folder, snapshot, f"observed/{table}") for table in OBSERVED}
    opened = with_views(files)
    duckdb_questions = raw_tables.duckdb_questions(opened) | raw_dora.duckdb_questions(opened)
    peers = {"DuckDB": duckdb_questions, "Polars": raw_tables.polars_questions(polars, files)}
    try:
        import chdb.session

        peers["chDB"] = raw_tables.chdb_questions(chdb.session.Session(), files)
    except ImportError:
        print("\nchDB is not installed, so its column is missing.")
    weeks = window(as_of)
    whole = waymark.series("deployment_frequency", "rate", *weeks)
    zone_name, teams = whole["zone"], sorted({row["scope"] for row in whole["rows"]})
    zone = zoneinfo.ZoneInfo(zone_name)
    names = " | ".join(peers)
    print(f"\n| Catalogue metric, {WEEKS} weeks by team | {names} | Waymark, computed | Waymark, again | computed / best | agrees |")
    print("|---|" + "---:|" * (len(peers) + 4))
    sums = {"DuckDB": 0.0, "computed": 0.0, "again": 0.0}
    for question in duckdb_questions:
        ask, told = asked_of_waymark(waymark, question)
        works = {
            name: lambda run, ask=questions[question]: ask(*weeks) for name, questions in peers.items() if question in questions
        }
        works["computed"] = lambda run, ask=ask: ask(*weeks, [*teams, f"nobody-{uuid.uuid4().hex}"])
        works["again"] = lambda run, ask=ask: ask(*weeks)
        seen = medians(runs, works)
        best = min(seen[name] for name in peers if name in seen)
        if question in DORA:
            sums = {name: sums[name] + seen[name] for name in sums}
        agrees = "another definition"
        if told:
            # Timed in UTC, which is cheaper for them; compared in the zone of the organisation.
            opened.execute(f"set timezone = '{zone_name}'")
            theirs = cells(peers["DuckDB"][question](*weeks))
            opened.execute("set timezone = 'UTC'")
            agrees = agreement(told(ask(*weeks), zone), theirs)
        label = question if question in METRICS else f"{question} (SQL on facts)"
        times = " | ".join(f"{seen[name]:.1f}" if name in seen else "–" for name in [*peers, "computed", "again"])
        print(f"| {label} | {times} | {seen['computed'] / best:.2f} | {agrees} |")
    times = " | ".join(f"{sums[name]:.1f}" if name in sums else "–" for name in [*peers, "computed", "again"])
    print(f"| **the five of DORA** | {times} | **{sums['computed'] / sums['DuckDB']:.2f}** | at most 0.2 |")


def window(as_of):
    """The first day of the last complete weeks, and the first day after them."""
    monday = as_of.date() - timedelta(days=as_of.weekday())
    return (monday - timedelta(weeks=WEEKS)).isoformat(), monday.isoformat()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, required=True, help="the data folder that is served")
    arguments.add_argument("--address", default="127.0.0.1:8080", help="where `waymark serve` listens")
    arguments.add_argument("--metrics-only", action="store_true", help="leave free SQL out, which at 5,000 services needs more memory than it gets")
    arguments.add_argument("--runs", type=int, default=5, help="timed runs of each question")
    options = arguments.parse_args()
    snapshot = newest_snapshot(options.data)
    waymark = Waymark(options.address)
    if waymark.snapshot() != snapshot["id"]:
        raise SystemExit(f"{options.address} serves another snapshot than the newest of {options.data}")
    as_of = datetime.fromisoformat(snapshot["as_of"].replace("Z", "+00:00"))
    tables = [name for name in snapshot["tables"] if name.startswith("facts/")]
    facts = {name.removeprefix("facts/"): files_of(options.data, snapshot, name) for name in tables}
    rows = {table: sum(file["rows"] for file in version["files"]) for table, version in snapshot["tables"].items()}
    sizes = ", ".join(f"{rows[f'facts/{fact}']:,} {fact}" for fact in ("deployments", "ci_runs", "delivered_changes", "commits"))
    print(f"Snapshot {snapshot['id']} as of {snapshot['as_of']}: {sizes}. Medians of {options.runs} warm runs in ms.")
    print(f"DuckDB {duckdb.__version__}, Polars {polars.__version__}.")
    wrong = [] if options.metrics_only else free_sql(waymark, with_views(facts), as_of, options.runs)
    catalogue_metrics(waymark, options.data, snapshot, as_of, options.runs)
    if wrong:
        sys.exit(f"answers differ: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
