//! `waymark generate`: a large organisation that is made up, as one file of deliveries for each month.
//!
//! What happens in it is `waymark_sample::Scale`; the files are read by `waymark ingest file`.

use super::output;
use anyhow::{Context, bail};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use waymark_sample::Scale;

/// Flags of `waymark generate`.
#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// How large it is: 1 is 5,000 services with 20 million commits in three years, 0.01 a hundredth of that.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f64,
    /// How many years are played, up to 30.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=30))]
    years: u32,
    /// The seed: equal arguments give equal files.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The folder for the files; it is made when it is not there, and must hold no such files yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

const MONTH_EXTENSION: &str = "ndjson";
const SCALE_MAX: f64 = 100.0;
const WRITE_BYTES: usize = 1_048_576;
const DAY_MICROS: i64 = 86_400_000_000;

/// The file that is being written.
struct Month {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
}

/// Writes the configuration and the months.
pub(crate) fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    if !(args.scale > 0.0 && args.scale <= SCALE_MAX) {
        bail!("--scale {} is not above 0 and at most {SCALE_MAX}", args.scale);
    }
    let scale = Scale::of(args.scale, args.years, args.seed);
    let out = args.out.as_path();
    prepare(out)?;
    let configuration = format!("as_of = \"{}\"\n{}", scale.as_of().to_rfc3339(), scale.configuration());
    let path = out.join("waymark.toml");
    std::fs::write(&path, configuration).with_context(|| format!("failed to write `{}`", path.display()))?;
    let months = write_months(&scale, out)?;
    let folder = out.display();
    output::note(&format!("wrote {months} months, about {} observations, to {folder}", scale.observation_count_estimate()));
    output::note(&format!(
        "next: waymark ingest file --source json --config {folder}/waymark.toml {folder}/*.{MONTH_EXTENSION}"
    ));
    Ok(())
}

/// Months of another organisation would be read together with ours.
fn prepare(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("failed to make the folder `{}`", out.display()))?;
    let entries = std::fs::read_dir(out).with_context(|| format!("failed to list `{}`", out.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("failed to list `{}`", out.display()))?.path();
        if path.extension().is_some_and(|extension| extension == MONTH_EXTENSION) {
            bail!("`{}` is there already: give an empty folder", path.display());
        }
    }
    Ok(())
}

/// Writes one delivery per line, and says how many files that made.
fn write_months(scale: &Scale, out: &Path) -> anyhow::Result<usize> {
    let bar = output::progress(0, "writing days");
    let mut first = None;
    let mut months = 0;
    let mut month: Option<Month> = None;
    for delivery in scale.deliveries() {
        let began = *first.get_or_insert(delivery.received_at);
        let name = delivery.received_at.to_utc().format("%Y-%m").to_string();
        let mut current = match month.take() {
            Some(month) if month.name == name => month,
            finished => {
                finished.map_or(Ok(()), Month::finish)?;
                months += 1;
                bar.set_length(days(scale.as_of().micros() - began.micros()) + 1);
                bar.set_position(days(delivery.received_at.micros() - began.micros()));
                Month::create(out, name)?
            }
        };
        current.write(&delivery.body)?;
        month = Some(current);
    }
    month.map_or(Ok(()), Month::finish)?;
    bar.finish_and_clear();
    Ok(months)
}

impl Month {
    fn create(out: &Path, name: String) -> anyhow::Result<Self> {
        let path = out.join(&name).with_extension(MONTH_EXTENSION);
        let file = File::create(&path).with_context(|| format!("failed to create `{}`", path.display()))?;
        Ok(Self { name, path, file: BufWriter::with_capacity(WRITE_BYTES, file) })
    }

    fn write(&mut self, body: &[u8]) -> anyhow::Result<()> {
        let written = self.file.write_all(body).and_then(|()| self.file.write_all(b"\n"));
        written.with_context(|| format!("failed to write `{}`", self.path.display()))
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.file.flush().with_context(|| format!("failed to write `{}`", self.path.display()))
    }
}

/// Whole days of a span.
fn days(micros: i64) -> u64 {
    u64::try_from(micros / DAY_MICROS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(out: &Path, scale: f64) -> GenerateArgs {
        GenerateArgs { scale, years: 1, seed: 1, out: out.to_owned() }
    }

    #[test]
    fn a_year_is_thirteen_files_and_a_configuration_and_is_not_written_twice() {
        let folder = std::env::temp_dir().join(format!("waymark-generate-{}", std::process::id()));
        run(&args(&folder, 0.0002)).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let refused = run(&args(&folder, 0.0002)).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        // The last day of July, the months between, and July without its last day.
        assert_eq!(names.len(), 14, "{names:?}");
        assert_eq!((names[0].as_str(), names[12].as_str()), ("2025-07.ndjson", "2026-07.ndjson"));
        assert_eq!(names[13], "waymark.toml");
        assert!(refused.contains("is there already"), "{refused}");
    }

    #[test]
    fn a_scale_that_makes_nothing_is_refused() {
        for scale in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(run(&args(Path::new("never-made"), scale)).is_err(), "{scale}");
        }
    }
}
