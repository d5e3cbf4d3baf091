-- One row per subject and service that was heard of, catalogued or not.
--
-- What `scopes` needs of the large facts, kept small: a service that nobody catalogued still counts
-- for itself and for the organisation.
select coalesce(repository, service) as subject, service from deployments where service is not null
union
select repository, service from ci_runs where service is not null and repository is not null
union
select repository, service_hint from commits where service_hint is not null
union
select service as subject, service from adoption_status
union
-- an incident stands for itself, whatever it is about
select 'entity/' || entity_id as subject, unnest(services) as service from incidents where services is not null
