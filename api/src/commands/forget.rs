//! `waymark forget`: a person leaves the data, and does not come back with later deliveries, whichever machine takes them in.

use super::workplace::Workplace;
use super::writer::Writer;
use super::{Place, output};
use anyhow::{Context, bail};
use serde::Serialize;
use std::collections::BTreeSet;
use waymark_analytics::Definitions;
use waymark_collect::people_key;
use waymark_lake::{Snapshot, keep_newest_snapshot_only, scrub_database};

/// Flags of `waymark forget`.
#[derive(Debug, clap::Args)]
pub(crate) struct ForgetArgs {
    /// A login, a mail address, or source:instance:login where a login alone could mean several people.
    person: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    pseudonyms: usize,
    observations: usize,
    deliveries: usize,
    rewritten_files: usize,
    removed_files: usize,
    snapshot: String,
    /// The teams as whose member the configuration still names the person.
    named_as_members_of: Vec<String>,
}

/// Erases a person, and removes at once every file in which the person was named.
pub(crate) async fn run(place: &Place, args: ForgetArgs) -> anyhow::Result<()> {
    let person = args.person.trim();
    if person.is_empty() {
        bail!("`forget` needs a login, a mail address, or source:instance:login");
    }
    let workplace = Workplace::existing(place).await?;
    let layout = &workplace.layout;
    let mut writer = Writer::open(&workplace, "forget").await?;
    writer.drain().await?;
    let now = workplace.clock.now();
    let people = people_key(layout, now).await?;
    let erased = waymark_collect::forget(writer.pipeline().tables(), &people, person, now)
        .await
        .context("failed to forget the person: what was done stays, so do it again")?;
    let snapshot = writer.refresh_fully().await?;
    let removed_files = remove_unread(&mut writer, &workplace, &snapshot).await?;
    let is_scrubbed = scrub_database(layout)?;
    let answer = Answer {
        pseudonyms: erased.pseudonyms.len(),
        named_as_members_of: teams_that_name(&workplace.definitions, &erased.pseudonyms),
        observations: erased.observations,
        deliveries: erased.deliveries,
        rewritten_files: erased.files,
        removed_files,
        snapshot: snapshot.id,
    };
    if place.json {
        let text = serde_json::to_string_pretty(&answer).context("failed to write the answer as JSON")?;
        output::answer(&text);
        return Ok(());
    }
    output::answer(&format!(
        "{} observations name the person no more, {} deliveries lost body and headers; {} files were written anew, {} removed",
        answer.observations, answer.deliveries, answer.rewritten_files, answer.removed_files
    ));
    if answer.observations + answer.deliveries == 0 {
        output::note("nothing that is kept named this person; what arrives later is held back all the same");
    }
    for team in &answer.named_as_members_of {
        output::note(&format!("the configuration still names the person as a member of `{team}`: take the name out of it"));
    }
    if !is_scrubbed {
        output::note(
            "another process reads `waymark.sqlite`, so its log still holds what has left it: `waymark serve` empties the log \
             as soon as nobody reads there, or run `waymark forget` once more",
        );
    }
    if !layout.storage().is_local() {
        output::note(
            "on an object store every machine holds the person back from the next batch that it takes in; one that has begun \
             before may still commit something about the person, or be about to commit a file that nothing names yet, so old \
             files that were written within the last hour are still there: run `waymark forget` once more in an hour, which \
             removes both, and let the store's own rules remove the versions that it keeps",
        );
    }
    output::note(
        "older backups, topics and the sources themselves still know the person: after such a backup is restored, do it again",
    );
    Ok(())
}

/// The teams that have one of these pseudonyms among their members, each once.
fn teams_that_name(definitions: &Definitions, pseudonyms: &BTreeSet<String>) -> Vec<String> {
    let naming = definitions.memberships.iter().filter(|one| one.people.iter().any(|person| pseudonyms.contains(person)));
    naming.map(|membership| membership.team.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Older snapshots are let go of, so that no file with the person stays for their sake.
async fn remove_unread(writer: &mut Writer, workplace: &Workplace, newest: &Snapshot) -> anyhow::Result<usize> {
    keep_newest_snapshot_only(&workplace.layout).await?;
    let kept = Snapshot::kept(&workplace.layout).await?;
    let now = workplace.clock.now();
    let mut files = 0;
    for table in newest.tables.keys() {
        files += writer.pipeline().tables().sweep(table, &kept, 0, now).await?.files;
    }
    Ok(files)
}
