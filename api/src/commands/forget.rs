//! `waymark forget`: a person leaves the data folder, and does not come back with later deliveries.

use super::workplace::Workplace;
use super::writer::Writer;
use super::{Place, output};
use anyhow::{Context, anyhow, bail};
use serde::Serialize;
use waymark_event::PeopleKey;
use waymark_lake::{Snapshot, StateStore, keep_newest_snapshot_only, scrub_database};

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
}

/// Erases a person, and removes at once every file in which the person was named.
pub(crate) async fn run(place: &Place, args: ForgetArgs) -> anyhow::Result<()> {
    let person = args.person.trim();
    if person.is_empty() {
        bail!("`forget` needs a login, a mail address, or source:instance:login");
    }
    let workplace = Workplace::open(place).await?;
    let layout = &workplace.layout;
    let mut writer = Writer::open(&workplace, "forget").await?;
    writer.drain().await?;
    // The writer has made a key where there was none, so this one is never stored.
    let key = layout.people_key(&[0; 32]).await?;
    let key: [u8; 32] = key.try_into().map_err(|_| anyhow!("the key of pseudonyms is not 32 bytes long"))?;
    let state = StateStore::open(layout)?;
    let now = workplace.clock.now();
    let people = PeopleKey::new(key);
    let erased = waymark_collect::forget(writer.pipeline().tables(), &state, &people, person, now)
        .await
        .context("failed to forget the person: what was done stays, so do it again")?;
    writer.pipeline().heed_forgotten()?;
    let snapshot = writer.refresh_fully().await?;
    let removed_files = remove_unread(&mut writer, &workplace, &snapshot).await?;
    drop(state);
    scrub_database(layout)?;
    let answer = Answer {
        pseudonyms: erased.pseudonyms,
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
    output::note("older backups, topics and the sources themselves still know the person");
    Ok(())
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
