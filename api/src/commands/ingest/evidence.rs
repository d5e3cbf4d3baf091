//! `waymark ingest git PATH --evidence`: the rules of the platform applied to a clone and its history.

use super::ran::ran;
use super::{GitArgs, Workplace, counted, hand_in, output};
use anyhow::{Context, bail};
use sha2::Digest;
use std::collections::BTreeMap;
use std::path::Path;
use waymark_analytics::ServicePaths;
use waymark_collect::arrivals::git::{
    EvidenceProgress, EvidenceRequest, GitRequest, clone_key, read_evidence, runtime_evidence,
};
use waymark_collect::evidence::{KnownUses, ServicePath};
use waymark_event::canonical_repository;
use waymark_lake::StateStore;

/// What callable workflows call, of every repository that was scanned.
const USES: &str = "evidence uses";

/// The services that were named with folders of their own, where there is a rule to look by.
pub(super) fn asked(workplace: &Workplace, args: &GitArgs) -> anyhow::Result<Vec<ServicePath>> {
    if workplace.config.rules.rules().is_empty() {
        bail!("there is no rule of evidence: describe the platform in `platform/*.yaml` beside the configuration");
    }
    service_paths(&args.service_path)
}

/// Scans the weeks that were not scanned yet.
pub(super) async fn scan(
    workplace: &Workplace,
    services: Vec<ServicePath>,
    request: &GitRequest,
    path: &Path,
) -> anyhow::Result<()> {
    let rules = &workplace.config.rules;
    let mut request = EvidenceRequest { git: request.clone(), services };
    let repository = clone_key(path, &request.git)?;
    if request.services.is_empty() && request.git.service.is_none() {
        request.services = described_paths(&workplace.definitions.service_paths, &repository);
    }
    let state = StateStore::open(&workplace.layout)?;
    // Under another name the repository is another one, and everything about it is to be said.
    let group = format!("evidence {} {repository} {:?} {:?}", path.display(), request.git.service, request.git.branch);
    let (known_state, known_uses) = (state.group(&group)?, known_uses(&state)?);
    let bar = indicatif::ProgressBar::new_spinner();
    let progress = |done: EvidenceProgress| {
        bar.set_message(format!("looking for components: {} of {} weeks", done.weeks_done, done.weeks));
        bar.tick();
    };
    let now = workplace.clock.now();
    let read = || read_evidence(path, &request, rules, &known_uses, &known_state, now, &progress);
    let reading = tokio::task::block_in_place(read).context("failed to read the repository")?;
    bar.finish_and_clear();
    for warning in &reading.warnings {
        output::note(&format!("warning: {warning}"));
    }
    let repository = &reading.repository;
    if reading.weeks == 0 {
        output::note(&format!("{repository}: no new evidence in its files"));
    } else {
        for (component, _) in reading.seen.iter().filter(|(_, is_seen)| !**is_seen) {
            output::note(&format!("`{component}`: neither it nor an alternative is in this repository"));
        }
        hand_in(workplace, reading.deliveries).await?;
        let exported = reading.exported.iter().map(|(name, calls)| Ok((name.clone(), serde_json::to_string(calls)?)));
        state.store(USES, &exported.collect::<Result<BTreeMap<_, _>, serde_json::Error>>()?)?;
        state.store(&group, &reading.state)?;
        let (findings, weeks) = (counted(reading.findings, "finding"), counted(reading.weeks, "week"));
        output::note(&format!("{repository}: {findings} in {weeks}"));
    }
    what_ran(workplace, &state, &group, &request, repository).await
}

/// What runs and deployments that are known already show, where a rule asks for them.
async fn what_ran(
    workplace: &Workplace,
    state: &StateStore,
    group: &str,
    request: &EvidenceRequest,
    repository: &str,
) -> anyhow::Result<()> {
    let rules = &workplace.config.rules;
    if rules.rules().iter().all(|rule| rule.runtime.is_none()) {
        return Ok(());
    }
    if !request.services.is_empty() {
        output::note("what ran was passed over: runs and deployments do not say which of the repository's services they show");
        return Ok(());
    }
    let ran = ran(workplace, repository, request.git.service.as_deref()).await?;
    let (findings, deliveries) = runtime_evidence(repository, request, rules, &ran, workplace.clock.now())?;
    // The same runs show the same; only what differs is told again.
    let told: Vec<&[u8]> = deliveries.iter().filter_map(|one| one.body.splitn(2, |byte| *byte == b'\n').nth(1)).collect();
    let digest = format!("{:x}", sha2::Sha256::digest(told.concat()));
    if findings == 0 || state.group(group)?.get("ran") == Some(&digest) {
        return Ok(());
    }
    hand_in(workplace, deliveries).await?;
    state.store(group, &BTreeMap::from([("ran".to_owned(), digest)]))?;
    output::note(&format!("{repository}: {} from {} runs and deployments", counted(findings, "finding"), ran.len()));
    Ok(())
}

fn known_uses(state: &StateStore) -> anyhow::Result<KnownUses> {
    let known = state.group(USES)?.into_iter().map(|(name, calls)| Ok((name, serde_json::from_str(&calls)?)));
    known.collect::<Result<_, serde_json::Error>>().context("failed to read what other repositories call")
}

/// `NAME=PATH` of each service with a folder of its own.
fn service_paths(texts: &[String]) -> anyhow::Result<Vec<ServicePath>> {
    let understood = texts.iter().map(|text| {
        let Some((service, path)) = text.split_once('=').filter(|(service, path)| !service.is_empty() && !path.is_empty())
        else {
            bail!("`{text}` is no service and folder: write it as `checkout=services/checkout`");
        };
        Ok(ServicePath { service: Some(service.to_owned()), path: path.trim_matches('/').to_owned() })
    });
    understood.collect()
}

/// The folders that the platform describes for a repository: what stands before the first wild card.
fn described_paths(described: &[ServicePaths], repository: &str) -> Vec<ServicePath> {
    let of_repository = described.iter().filter(|paths| {
        canonical_repository(&paths.repository).is_some_and(|key| key == repository) || paths.repository == repository
    });
    let folders = of_repository.flat_map(|paths| paths.globs.iter().map(move |glob| (paths, glob)));
    folders
        .map(|(paths, glob)| {
            let parts = glob.trim_start_matches("./").split('/').take_while(|part| !part.contains(['*', '?', '[', '{']));
            let path = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
            ServicePath { service: Some(paths.service.clone()), path }
        })
        .collect()
}
