-- What is not known: attempts in environments that no rule names, and evidence that could not be read, now.
with bounds as (
    select max(as_of) as as_of from calendar
)
select
    (select count(distinct environment) from attempts where tier = 'unknown' and environment is not null) as unmatched_environments,
    (select count(*) from adoption_status
        where status = 'unknown' and fit = 'fits'
            and valid_from <= (select as_of from bounds) and (valid_to is null or valid_to > (select as_of from bounds))
            and service in (select service from service_owners where valid_to is null)) as unknown_evidence
