"""What breaks in production and how it is repaired, from raw observations in DuckDB.

The three metrics of DORA that `raw_tables.py` lacks, by its rules and its tables. They are simpler
than ours, to DuckDB's advantage: the deployment that a rollback replaces is the one that failed,
reverts and hotfixes are not looked for, nothing has to be mature, and episodes that are not over are
left out. What is compared is time, not numbers. Nobody else is asked.
"""

from raw_tables import DUCKDB_DEPLOYED, DUCKDB_OWNERS, NEWEST

FAIL_RATE = "change fail rate by team and week"
REWORK = "rework rate by team and week"
RECOVERY = "p50 of recovery time by team and week"

JUDGED = f"""
judged as (
    select *, lag(entity_id) over stream as replaced_id,
        -- what runs again after something else ran is a rollback
        declared_rollback or min(deployed_at) over (partition by service, environment, track, version_key) < deployed_at as is_rollback
    from deployed
    window stream as (partition by service, environment, track order by deployed_at, entity_id)
),
told as (
    select deployment_links, impact_started_at, coalesce(first_alert_at, opened_at) as noticed_at,
        coalesce(mitigated_at, resolved_at) as over_at
    from (select * from incidents where part_of is null qualify {NEWEST} = 1)
    where not is_deleted
),
linked as (
    select unnest(deployment_links) as link, impact_started_at, noticed_at, over_at from told
),
evidence as (
    select judged.entity_id as failed_id, coalesce(impact_started_at, greatest(judged.deployed_at, noticed_at)) as impaired_at,
        over_at as restored_at
    from linked
    join judged on judged.native_id = linked.link
    union all
    select failed.entity_id, failed.deployed_at, rollbacks.deployed_at
    from judged as rollbacks
    join judged as failed on failed.entity_id = rollbacks.replaced_id
    where rollbacks.is_rollback
),
failed as (
    select failed_id, min(impaired_at) as impaired_at, min(restored_at) as restored_at
    from evidence
    group by failed_id
)"""

PLACED = """
select team, cast(date_trunc('week', cast({at} as date)) as date) as week, {value}
from {source}
join owners on owners.service = {service} and {at} >= valid_from and {at} < valid_to
where cast({at} as date) >= date '{{start}}' and cast({at} as date) < date '{{end}}'
group by 1, 2"""


def placed(value, source="judged", at="deployed_at", service="judged.service"):
    return f"with {DUCKDB_OWNERS}, {DUCKDB_DEPLOYED}, {JUDGED}" + PLACED.format(value=value, source=source, at=at, service=service)


DUCKDB = {
    FAIL_RATE: placed("count(failed_id) / count(*)", "judged left join failed on failed.failed_id = judged.entity_id"),
    REWORK: placed("count(*) filter (where is_rollback or purpose = 'remediation') / count(*)"),
    RECOVERY: placed(
        "median(epoch_us(restored_at) / 1e6 - epoch_us(impaired_at) / 1e6)",
        "failed join judged on judged.entity_id = failed.failed_id",
        "impaired_at",
    ),
}


def duckdb_questions(opened):
    """Each question as a function of the first and the last day; the views are `opened`'s own."""
    return {
        name: lambda start, end, sql=sql: opened.execute(sql.replace("{start}", start).replace("{end}", end)).fetchall()
        for name, sql in DUCKDB.items()
    }
