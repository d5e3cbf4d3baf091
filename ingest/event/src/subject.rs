//! The subject of a statement: by what the facts that it touches are computed together.
//!
//! It is the repository, else the service; what has neither stands for itself, or shares one of a
//! few buckets where no fact looks beyond the single thing. How subjects that influence each other
//! are joined belongs to `analytics`.

use crate::observation::{Artifact, Head, Record, Review};

/// How many subjects share what no fact relates to anything else.
const BUCKETS: u64 = 64;

/// The subject of something that stands for itself.
pub fn own_subject(entity_id: &str) -> String {
    format!("entity/{entity_id}")
}

/// The subject that something shares with others to which it has no relation.
pub fn shared_subject(entity_id: &str) -> String {
    // FNV-1a: the bucket must be the same for ever, which the standard hasher does not promise.
    let hash = entity_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("shared/{:02}", hash % BUCKETS)
}

/// The subject of a statement.
pub(crate) fn subject_of(head: &Head, record: &Record) -> String {
    let entity = head.part_of.as_ref().unwrap_or(&head.entity_id);
    let named = match record {
        Record::Commit(commit) => Some(commit.repository.as_str()),
        Record::PullRequest(pull_request) => Some(pull_request.repository.as_str()),
        Record::CiRun(run) => run.repository.as_deref(),
        Record::Deployment(deployment) => {
            let revision = deployment.revisions.first().and_then(|revision| revision.split('@').next());
            let hints = || deployment.service_hint.as_deref().or(deployment.application.as_deref());
            revision.filter(|repository| !repository.is_empty()).or_else(hints)
        }
        Record::Service(service) => Some(service.name.as_str()),
        Record::Evidence(evidence) => evidence.service_hint.as_deref().or(evidence.repository.as_deref()),
        Record::Incident(_) => None,
        // What names no repository says nothing about one, and is read by no fact of a unit.
        Record::Review(Review { repository: Some(repository), .. })
        | Record::Artifact(Artifact { source_repository: Some(repository), .. }) => Some(repository.as_str()),
        Record::CiJob(_)
        | Record::Review(_)
        | Record::Ticket(_)
        | Record::SurveyResponse(_)
        | Record::Journey(_)
        | Record::SloSample(_)
        | Record::Artifact(_) => return shared_subject(entity.as_str()),
    };
    match named.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => own_subject(entity.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::EntityId;
    use crate::observation::{Deployment, Incident, Ticket};

    fn deployment(revision: Option<&str>, service: Option<&str>) -> Record {
        Record::Deployment(Deployment {
            revisions: revision.into_iter().map(ToOwned::to_owned).collect(),
            service_hint: service.map(ToOwned::to_owned),
            ..Deployment::default()
        })
    }

    #[test]
    fn a_deployment_is_about_its_repository_else_its_service() {
        let head = Head { entity_id: EntityId::of("json", "deployment", "local", &["d1"]), ..Head::default() };
        let subject = |revision, service| subject_of(&head, &deployment(revision, service));
        assert_eq!(subject(Some("github.com/acme/checkout@5f1d"), Some("checkout")), "github.com/acme/checkout");
        assert_eq!(subject(Some("@5f1d"), Some("checkout")), "checkout");
        assert_eq!(subject(None, None), "entity/json:deployment:local:d1");
    }

    #[test]
    fn a_review_and_an_image_are_about_the_repository_that_they_name() {
        let head = Head { entity_id: EntityId::of("json", "review", "local", &["r1"]), ..Head::default() };
        let named = || Some("github.com/acme/checkout".to_owned());
        let review = |repository| Record::Review(Review { repository, ..Review::default() });
        let image = |source_repository| Record::Artifact(Artifact { source_repository, ..Artifact::default() });
        for record in [review(named()), image(named())] {
            assert_eq!(subject_of(&head, &record), "github.com/acme/checkout");
        }
        for record in [review(None), image(None)] {
            assert!(subject_of(&head, &record).starts_with("shared/"));
        }
    }

    #[test]
    fn a_moment_has_the_subject_of_its_entity() {
        let entity = EntityId::of("json", "incident", "local", &["i1"]);
        let state = Head { entity_id: entity.clone(), ..Head::default() };
        let moment = Head { entity_id: entity.moment("opened", "1"), part_of: Some(entity), ..Head::default() };
        for record in [Record::Incident(Incident::default()), Record::Ticket(Ticket::default())] {
            assert_eq!(subject_of(&state, &record), subject_of(&moment, &record));
        }
    }
}
