-- What is not known: attempts in environments that no rule names, and evidence that could not be read, now.
with bounds as (
    select max(as_of) as as_of from calendar
)
select
    (select count(distinct environment) from attempts where tier = 'unknown' and environment is not null) as unmatched_environments,
    (select count(*) from adoption_status
        where status = 'unknown' and fit = 'fits'
            and valid_from <= (select as_of from bounds) and (valid_to is null or valid_to > (select as_of from bounds))
            -- who is asleep is in no rate, so nothing is missing of it
            and service in (
                select service from service_activity
                where local_midnight(first_day) <= (select as_of from bounds) and local_midnight(end_day) > (select as_of from bounds)
            )) as unknown_evidence
