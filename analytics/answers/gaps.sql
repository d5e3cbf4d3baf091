-- What is not known: attempts in environments that no rule names, and evidence that could not be read.
select
    (select count(distinct environment) from attempts where tier = 'unknown' and environment is not null) as unmatched_environments,
    (select count(*) from adoption_status
        where status = 'unknown' and valid_to is null
            and service in (select service from service_owners where valid_to is null)) as unknown_evidence
