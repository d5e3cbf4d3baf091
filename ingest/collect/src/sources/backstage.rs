//! Backstage: `catalog-info.yaml` becomes services, with owner, system, lifecycle and tags.
//!
//! Reads entities of kind Component; groups, systems and the rest are counted as ignored. That an
//! entity has vanished cannot be seen in one file and is not claimed here.

use crate::source::{ITEMS_MAX, Normalised, Reading, Source};
use serde::Deserialize;
use std::collections::BTreeMap;
use waymark_event::{
    Delivery, EntityId, Head, Observation, OwnerKind, Read, Reason, Rejection, Service, ServiceKind, Stage, VersionRank,
    canonical_repository,
};

/// The dialect of Backstage's catalogue files.
pub(crate) struct Backstage;

#[derive(Deserialize)]
struct Entity {
    kind: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
struct Metadata {
    name: Option<String>,
    title: Option<String>,
    namespace: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(rename = "type")]
    component_type: Option<String>,
    lifecycle: Option<String>,
    owner: Option<String>,
    system: Option<String>,
    #[serde(rename = "dependsOn", default)]
    depends_on: Vec<String>,
}

impl Source for Backstage {
    fn name(&self) -> &'static str {
        "backstage"
    }

    fn is_vendor(&self) -> bool {
        true
    }

    fn default_instance(&self) -> &'static str {
        "local"
    }

    fn dialect_version(&self) -> i32 {
        1
    }

    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised {
        let text = match delivery.text() {
            Ok(text) => text,
            Err(rejection) => return Normalised::rejected(rejection),
        };
        let Ok(entities) = serde_saphyr::from_multiple::<Entity>(text) else {
            let message = "the file is not YAML of catalogue entities";
            return Normalised::rejected(Rejection::new(Stage::Parse, Reason::UnknownShape, message));
        };
        let mut normalised = Normalised::default();
        for (item, entity) in entities.iter().enumerate().take(ITEMS_MAX) {
            if !entity.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("component")) {
                continue;
            }
            match component(delivery, self.dialect_version(), reading, entity) {
                Ok(observation) => {
                    normalised.observations.push(described(delivery, self.dialect_version(), &observation));
                    normalised.observations.push(observation);
                }
                Err(rejection) => normalised.rejections.push(rejection.at_item(item)),
            }
        }
        if normalised == Normalised::default() {
            return Normalised::ignored("the file holds no entity of kind Component");
        }
        normalised
    }
}

fn component(delivery: &Delivery, dialect_version: i32, reading: &Reading, entity: &Entity) -> Result<Observation, Rejection> {
    let (metadata, spec) = (&entity.metadata, &entity.spec);
    let name = metadata.name.clone().ok_or_else(|| Rejection::missing("/metadata/name"))?;
    let namespace = metadata.namespace.as_deref().unwrap_or("default");
    let (owner_raw, owner_kind) = owner(spec.owner.as_deref(), reading);
    let repository = metadata
        .annotations
        .get("github.com/project-slug")
        .and_then(|slug| canonical_repository(&format!("github.com/{slug}")))
        .or_else(|| {
            let location = metadata.annotations.get("backstage.io/source-location")?;
            canonical_repository(root(location.trim_start_matches("url:")))
        });
    let record = Service {
        kind: ServiceKind::Service,
        name: name.to_lowercase(),
        title: metadata.title.clone(),
        type_raw: spec.component_type.clone(),
        lifecycle_raw: spec.lifecycle.clone(),
        system: spec.system.as_deref().map(bare_name),
        owner_raw,
        owner_kind,
        repository,
        depends_on: spec.depends_on.clone(),
        labels: metadata.tags.clone(),
        links: metadata.annotations.clone(),
        ..Service::default()
    };
    let entity_ref = format!("component:{namespace}/{name}").to_lowercase();
    let head = Head {
        entity_id: EntityId::of("backstage", "service", &delivery.instance, &[&entity_ref]),
        // A catalogue file has no time of its own: what was read later is the newer state.
        version_rank: VersionRank::of(None, delivery.received_at, 0, Read::Polled),
        occurred_at: Some(delivery.received_at),
        ..Head::default()
    };
    Ok(Observation::read(delivery, dialect_version, head, record))
}

/// The same as a moment, so that who owned a service in March is still known in May.
fn described(delivery: &Delivery, dialect_version: i32, observation: &Observation) -> Observation {
    let received_at = delivery.received_at;
    let head = Head {
        entity_id: observation.head.entity_id.moment("described", &received_at.micros().to_string()),
        part_of: Some(observation.head.entity_id.clone()),
        moment: Some("described".to_owned()),
        ..observation.head.clone()
    };
    Observation::read(delivery, dialect_version, head, observation.record.clone())
}

/// The address of the repository in which a file or folder lies, as providers write it.
fn root(address: &str) -> &str {
    let inside = ["/tree/", "/blob/", "/-/", "/src/"];
    let end = inside.iter().filter_map(|word| address.find(word)).min();
    end.and_then(|end| address.get(..end)).unwrap_or(address)
}

/// `group:default/payments`, `user:jane` or a bare name, which means a group.
fn owner(owner: Option<&str>, reading: &Reading) -> (Option<String>, Option<OwnerKind>) {
    let Some(owner) = owner else { return (None, None) };
    match owner.split_once(':') {
        Some((kind, name)) if kind.eq_ignore_ascii_case("user") => {
            (Some(reading.people.person(&bare_name(name))), Some(OwnerKind::Person))
        }
        Some((_, name)) => (Some(bare_name(name)), Some(OwnerKind::Team)),
        None => (Some(bare_name(owner)), Some(OwnerKind::Team)),
    }
}

fn bare_name(reference: &str) -> String {
    let name = reference.rsplit([':', '/']).next().unwrap_or(reference);
    name.trim().to_lowercase()
}
