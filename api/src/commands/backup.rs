//! `waymark backup` and `restore`: a copy of the data folder that is whole, made while it is used.

use super::workplace::{Workplace, is_locked};
use super::writer::Writer;
use super::{Place, output};
use anyhow::bail;
use std::path::PathBuf;
use waymark_api::size_in_words;

/// Flags of `waymark backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// An empty folder, or one that holds an older backup, which is brought up to date.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Flags of `waymark restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup; `--data` names the new data folder.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Copies the data folder; a process may go on serving it.
pub(crate) async fn backup(place: &Place, args: BackupArgs) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let writer = if workplace.layout.storage().is_local() { settled(&workplace).await? } else { None };
    let done = waymark_lake::backup(&workplace.layout, &args.folder, workplace.clock.now()).await?;
    drop(writer);
    output::answer(&format!(
        "backed up snapshot {} into {}: {} files ({}), of which {} ({}) were copied now",
        done.snapshot,
        args.folder.display(),
        done.files,
        size_in_words(done.size_bytes),
        done.copied_files,
        size_in_words(done.copied_bytes)
    ));
    output::note("it holds the key of pseudonyms and raw messages: keep it as carefully as a password");
    Ok(())
}

/// When nobody else writes here, nobody else would publish the snapshot that the backup waits for.
async fn settled(workplace: &Workplace) -> anyhow::Result<Option<Writer>> {
    match Writer::open(workplace, "backup").await {
        Ok(mut writer) => {
            writer.drain().await?;
            writer.refresh().await?;
            Ok(Some(writer))
        }
        Err(error) if is_locked(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a new data folder of a backup.
pub(crate) async fn restore(place: &Place, args: RestoreArgs) -> anyhow::Result<()> {
    if place.address().is_some() {
        bail!("a backup is restored into a folder of this machine: give one with `--data`");
    }
    let restored = waymark_lake::restore(&args.folder, &place.data).await?;
    let data = place.data.display();
    output::answer(&format!(
        "restored snapshot {} of {} into {data}: {} files ({})",
        restored.snapshot,
        restored.made_at.to_rfc3339(),
        restored.files,
        size_in_words(restored.size_bytes)
    ));
    output::note(&format!("next: waymark check --data {data}"));
    Ok(())
}
